//! Time of drivers and vehicles: nobody is at two places at once. It follows from the events of the calendars alone,
//! and not from what the calendars made of them.

use super::{Audit, Check};
use interstate_driver::domain::calendar::{Calendar, CalendarEvent};
use interstate_eventing::{Aggregate, Event};
use interstate_schemas::{BookingId, Timestamp};
use std::collections::BTreeMap;

/// What somebody's time is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Taken {
    from: Timestamp,
    until: Timestamp,
    booking: BookingId,
    search: u32,
}

/// Firm duties by whose calendar they stand in, as the log tells them, one partition after the other: only those of one
/// are in memory. Time that is only held is not taken yet.
#[derive(Debug, Default)]
pub struct Duties {
    by_owner: BTreeMap<String, Vec<Taken>>,
    owners: usize,
    count: usize,
    violations: Vec<String>,
}

impl Audit for Duties {
    fn take(&mut self, event: &Event) {
        if event.aggregate != Calendar::NAME {
            return;
        }
        let decoded = match event.decode() {
            Ok(decoded) => decoded,
            Err(error) => return self.violations.push(format!("{}: {error}", event.subject)),
        };
        let taken = self.by_owner.entry(event.subject.clone()).or_default();
        match decoded {
            CalendarEvent::Reserved(duty) => {
                // A later search of the same booking replaces what an earlier one has.
                taken.retain(|other| other.booking != duty.booking);
                taken.push(Taken {
                    from: duty.plan.reserved.start(),
                    until: duty.plan.reserved.end(),
                    booking: duty.booking,
                    search: duty.search,
                });
            }
            CalendarEvent::Released(duty) => {
                taken.retain(|other| other.booking != duty.booking || other.search > duty.search);
            }
            CalendarEvent::Closed(duty) => {
                // A trip that was late is a fact; the rest after it ends where the next duty begins.
                let free = duty
                    .clash
                    .map_or(duty.rest_until, |clash| clash.next.held.start());
                let closed =
                    |other: &&mut Taken| (other.booking, other.search) == (duty.booking, duty.search);
                taken
                    .iter_mut()
                    .filter(closed)
                    .for_each(|other| other.until = free);
            }
            _ => {}
        }
    }

    /// Notes whose time is taken twice.
    fn end_of_partition(&mut self) {
        for (owner, mut taken) in std::mem::take(&mut self.by_owner) {
            taken.sort();
            self.owners += 1;
            self.count += taken.len();
            for pair in taken.windows(2) {
                let [one, other] = pair else { continue };
                if one.until > other.from {
                    self.violations.push(format!(
                        "{owner} is taken for {} until {}, and for {} from {}",
                        one.booking, one.until, other.booking, other.from
                    ));
                }
            }
        }
    }

    fn check(&mut self) -> Check {
        let Self { count, owners, .. } = self;
        Check::new(
            format!("nobody is at two places at once: {count} duties of {owners} drivers and vehicles"),
            std::mem::take(&mut self.violations),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use interstate_driver::domain::{
        calendar::{DutyReleased, DutyReserved},
        duty::{DutyPlan, Interval},
    };
    use interstate_eventing::DomainEvent;
    use interstate_schemas::{Actor, CalendarOwner, CommandId, DriverId, EventId, SignedDuration};

    fn driver() -> DriverId {
        DriverId::derive(1, &[b"devi"])
    }

    fn booking(name: &str) -> BookingId {
        BookingId::derive(1, &[name.as_bytes()])
    }

    fn told(duties: &mut Duties, event: &CalendarEvent) {
        let command = CommandId::derive(1, &[b"a command"]);
        duties.take(&Event {
            id: EventId::derive(1, &[b"an event"]),
            service: "driver".into(),
            partition: 0,
            sequence: 1,
            aggregate: Calendar::NAME.into(),
            subject: driver().to_string(),
            version: 1,
            event_type: event.event_type().into(),
            time: Timestamp::UNIX_EPOCH,
            actor: Actor::System,
            correlation: command,
            causation: command,
            trace: None,
            payload: event.encode().into(),
        });
    }

    fn reserved(name: &str, from: i64, until: i64) -> CalendarEvent {
        let at = |hour| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour);
        let time = Interval::new(at(from), at(until)).unwrap();
        CalendarEvent::from(DutyReserved {
            owner: CalendarOwner::Driver(driver()),
            booking: booking(name),
            search: 1,
            plan: DutyPlan {
                on_duty: time,
                reserved: time,
                driving_minutes: None,
            },
        })
    }

    #[test]
    fn time_that_was_given_back_may_be_given_again_and_other_time_may_not() {
        let mut duties = Duties::default();
        told(&mut duties, &reserved("a", 0, 5));
        told(&mut duties, &reserved("b", 5, 9));
        let released = CalendarEvent::from(DutyReleased {
            owner: CalendarOwner::Driver(driver()),
            booking: booking("a"),
            search: 1,
        });
        told(&mut duties, &released);
        told(&mut duties, &reserved("c", 1, 5));
        let mut damaged = Duties {
            by_owner: duties.by_owner.clone(),
            ..Duties::default()
        };
        duties.end_of_partition();
        let healthy = duties.check();
        assert_eq!(healthy.violations, [""; 0]);
        assert!(
            healthy.name.ends_with("2 duties of 1 drivers and vehicles"),
            "{}",
            healthy.name
        );

        told(&mut damaged, &reserved("d", 4, 6));
        damaged.end_of_partition();
        let found = damaged.check().violations;
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains(&booking("c").to_string()), "{found:?}");
        assert!(found[1].contains(&booking("b").to_string()), "{found:?}");
    }
}
