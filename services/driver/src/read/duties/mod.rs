//! Whose the time of drivers and vehicles is: what events of calendars change in the rows of duties, and a driver's own
//! view of them. Holds that wait for a booking are not here: they are over within a minute.

pub mod postgres;
pub mod sqlite;

use super::dispatches::{ReadError, parsed, time};
use crate::domain::calendar::CalendarEvent;
use interstate_eventing::Event;
use interstate_schemas::{BookingId, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

const RESERVED: &str = "reserved";
const ACTIVE: &str = "active";
const CLOSED: &str = "closed";

/// Time of a driver that a trip has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DutyRow {
    /// The trip's booking.
    pub booking: BookingId,
    /// `reserved`, `active` on the trip, or `closed`.
    pub state: String,
    /// When work begins: getting ready, and the way to the pickup.
    pub from: Timestamp,
    /// When the trip ends: as planned, or once it is closed as it was.
    pub on_duty_until: Timestamp,
    /// From when on the driver can have another trip: the way home and the rest that is owed are over.
    pub until: Timestamp,
}

/// Booking, state, from, on_duty_until and until, as a store has them; times are milliseconds.
type DutyColumns = (String, String, i64, i64, i64);

fn duty(columns: DutyColumns) -> Result<DutyRow, ReadError> {
    let (booking, state, from, on_duty_until, until) = columns;
    Ok(DutyRow {
        booking: parsed("booking", &booking)?,
        state,
        from: time("since", from)?,
        on_duty_until: time("on_duty_until", on_duty_until)?,
        until: time("until", until)?,
    })
}

/// Owner, booking and search.
type Key = (String, String, u32);

/// What a batch of events comes to. A store applies the three in this order.
#[derive(Debug, Default)]
pub(super) struct DutyChanges {
    /// Steps of duties that were reserved in an earlier batch.
    moved: BTreeMap<Key, DutyStep>,
    /// Of this owner and booking, duties up to this search are free again, those that are closed excepted.
    freed: BTreeMap<(String, String), u32>,
    /// Time that was given away.
    reserved: BTreeMap<Key, NewDuty>,
}

/// A later state. Times are milliseconds.
#[derive(Debug)]
struct DutyStep {
    pub state: &'static str,
    /// Where it has ended: `on_duty_until` and `until` as they were.
    pub ended: Option<(i64, i64)>,
}

/// Times are milliseconds.
#[derive(Debug)]
struct NewDuty {
    pub state: &'static str,
    pub from: i64,
    pub on_duty_until: i64,
    pub until: i64,
}

impl NewDuty {
    fn take(&mut self, step: DutyStep) {
        self.state = step.state;
        if let Some((on_duty_until, until)) = step.ended {
            self.on_duty_until = on_duty_until.max(self.from);
            self.until = until.max(self.from);
        }
    }
}

impl DutyChanges {
    pub fn take(&mut self, event: &Event, what: CalendarEvent) {
        let owner = &event.subject;
        match what {
            CalendarEvent::Reserved(duty) => {
                let booking = duty.booking.to_string();
                // A later search of the booking takes the place of what an earlier one still had.
                self.free(owner, &booking, duty.search.saturating_sub(1));
                let new = NewDuty {
                    state: RESERVED,
                    from: duty.plan.reserved.start().as_millisecond(),
                    on_duty_until: duty.plan.on_duty.end().as_millisecond(),
                    until: duty.plan.reserved.end().as_millisecond(),
                };
                self.reserved.insert((owner.clone(), booking, duty.search), new);
            }
            CalendarEvent::Released(duty) => self.free(owner, &duty.booking.to_string(), duty.search),
            CalendarEvent::Started(duty) => {
                let step = DutyStep {
                    state: ACTIVE,
                    ended: None,
                };
                self.step((owner.clone(), duty.booking.to_string(), duty.search), step);
            }
            CalendarEvent::Closed(duty) => {
                let (ended, rested) = (duty.on_duty_until, duty.rest_until.max(duty.on_duty_until));
                let step = DutyStep {
                    state: CLOSED,
                    ended: Some((ended.as_millisecond(), rested.as_millisecond())),
                };
                self.step((owner.clone(), duty.booking.to_string(), duty.search), step);
            }
            CalendarEvent::TimeHeld(_)
            | CalendarEvent::HoldsExpired(_)
            | CalendarEvent::Suspended(_)
            | CalendarEvent::Reinstated(_) => {}
        }
    }

    fn free(&mut self, owner: &str, booking: &str, up_to: u32) {
        if up_to == 0 {
            return;
        }
        let key = |search| (owner.to_owned(), booking.to_owned(), search);
        let gone = self
            .reserved
            .extract_if(key(0)..=key(up_to), |_, duty| duty.state != CLOSED);
        gone.for_each(drop);
        let freed = self
            .freed
            .entry((owner.to_owned(), booking.to_owned()))
            .or_default();
        *freed = up_to.max(*freed);
    }

    fn step(&mut self, key: Key, step: DutyStep) {
        match self.reserved.get_mut(&key) {
            Some(duty) => duty.take(step),
            None => drop(self.moved.insert(key, step)),
        }
    }
}
