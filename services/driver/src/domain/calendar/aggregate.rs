//! Decides who gets the time of a driver or a vehicle. The intervals themselves are kept apart by
//! [`DutyCalendar`].

use super::{
    event::{
        CalendarEvent, CalendarReinstated, CalendarSuspended, DutyClosed, DutyReleased, DutyReserved,
        DutyStarted, HoldsExpired, TimeHeld,
    },
    request::CalendarRequest,
};
use crate::domain::duty::{
    Claim, Duty, DutyCalendar, DutyPlan, DutyState, Hold, Holder, HoursPolicy, Interval, Refusal, Reserved,
};
use interstate_eventing::{
    Aggregate, Context, Deadline, Decision, Message, Rejection,
    plant::{self, Bug},
};
use interstate_schemas::{
    BookingId, BookingMessage, CalendarOwner, DriverAnswer, DriverId, SignedDuration, StepOutcome, Timestamp,
};
use serde::{Deserialize, Serialize};

const HOLD_EXPIRES: &str = "hold_expires";

/// How long a calendar remembers: longer than a command can be late (14 days) and than hours count (7 days).
const MEMORY: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A trip that ends later than this after its plan takes the next one from a driver who would not have rested.
const DELAY_THAT_COUNTS: SignedDuration = SignedDuration::from_mins(30);

/// The calendar of one driver or vehicle.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Calendar {
    owner: Option<CalendarOwner>,
    duties: DutyCalendar,
    /// Whether the driver may not drive.
    #[serde(default)]
    suspended: bool,
}

impl Calendar {
    /// Whose it is; nothing before the first event.
    pub const fn owner(&self) -> Option<CalendarOwner> {
        self.owner
    }

    /// What stands in it.
    pub const fn duties(&self) -> &DutyCalendar {
        &self.duties
    }

    fn take(&self, wanted: Wanted, cx: &Context<'_>) -> Result<Decision<CalendarEvent>, Rejection> {
        let Wanted {
            owner,
            booking,
            search,
            plan,
            hold,
        } = wanted;
        let claim = Claim::booking(booking, search);
        let reserved = self
            .duties
            .may_reserve(claim, &plan, hold, cx.now)
            .map_err(refused)?;
        if self.suspended && reserved != Reserved::Already {
            return Err(Rejection::conflict(
                "duty.driver_suspended",
                "The driver may not drive now, so no time of theirs is given to a trip.",
            ));
        }
        let decision = match (reserved, hold) {
            (Reserved::Already, _) => Decision::nothing(),
            (_, Hold::Tentative { expires_at }) => Decision::event(TimeHeld {
                owner,
                booking,
                search,
                plan,
                expires_at,
            }),
            _ => Decision::event(DutyReserved {
                owner,
                booking,
                search,
                plan,
            }),
        };
        Ok(answered(decision, cx, StepOutcome::Done(DriverAnswer::Reserved)))
    }

    fn release(
        &self,
        owner: CalendarOwner,
        booking: BookingId,
        mut search: u32,
        cx: &Context<'_>,
    ) -> Decision<CalendarEvent> {
        let held = self.duties.of(Holder::Booking(booking));
        let released = self.duties.is_released(Claim::booking(booking, search));
        if plant::on(Bug::CompensationNotIdempotent)
            && released
            && let Some(held) = held
        {
            search = held.claim.attempt;
        } else if released || (plant::on(Bug::ReleaseOvertakesReserve) && held.is_none()) {
            return answered(Decision::nothing(), cx, StepOutcome::Undone);
        }
        let decision = Decision::event(DutyReleased {
            owner,
            booking,
            search,
        });
        answered(decision, cx, StepOutcome::Undone)
    }

    /// Nobody gets time from now on, and the trips that have not begun are given away.
    fn suspend(&self, driver: DriverId) -> Decision<CalendarEvent> {
        let decision = if self.suspended {
            Decision::nothing()
        } else {
            Decision::event(CalendarSuspended {
                owner: CalendarOwner::Driver(driver),
            })
        };
        self.give_away(driver, decision)
    }

    /// Each booking whose trip has not begun hears that it has lost its driver. The time stays theirs until they
    /// give it back, as after every release.
    fn give_away(&self, driver: DriverId, decision: Decision<CalendarEvent>) -> Decision<CalendarEvent> {
        let all = self.duties.duties().iter();
        let told = all.filter_map(|duty| lost(driver, duty));
        told.fold(decision, Decision::send)
    }

    /// What was kept after the trip's end beyond the driver's rest: the way home, which is as long after a
    /// trip that ended early or late. The vehicle has to come back too.
    fn way_home(&self, claim: Claim) -> SignedDuration {
        let held = self.duties.of(claim.holder);
        held.filter(|duty| duty.claim == claim)
            .map_or(SignedDuration::ZERO, |duty| {
                let kept = duty.reserved.end().duration_since(duty.on_duty.end());
                (kept - drivers_rest()).max(SignedDuration::ZERO)
            })
    }

    fn close(
        &self,
        booking: BookingId,
        search: u32,
        ended_at: Timestamp,
        cx: &Context<'_>,
    ) -> Result<Decision<CalendarEvent>, Rejection> {
        let owner = self.owner.ok_or(Refusal::NotHeld).map_err(refused)?;
        let claim = Claim::booking(booking, search);
        let owed = self.way_home(claim) + rest_of(owner);
        let rest_until = ended_at.saturating_add(owed).unwrap_or(ended_at);
        let mut after = self.duties.clone();
        let clash = after
            .close(claim, ended_at, rest_until, None, cx.now)
            .map_err(refused)?;
        if after == self.duties {
            return Ok(Decision::nothing());
        }
        let decision = Decision::event(DutyClosed {
            owner,
            booking,
            search,
            on_duty_until: ended_at,
            rest_until,
            clash,
        });
        let late = self.duties.of(claim.holder).is_some_and(|duty| {
            duty.claim == claim && ended_at.duration_since(duty.on_duty.end()) > DELAY_THAT_COUNTS
        });
        let next = clash.filter(|_| late).map(|clash| clash.next.with.holder);
        Ok(match (owner, next.and_then(|holder| self.duties.of(holder))) {
            (CalendarOwner::Driver(driver), Some(next))
                if next.on_duty.start().duration_since(ended_at) < drivers_rest() =>
            {
                lost(driver, next).into_iter().fold(decision, Decision::send)
            }
            _ => decision,
        })
    }
}

/// What the booking of a duty that has not begun hears when its driver cannot come.
fn lost(driver: DriverId, duty: &Duty) -> Option<Message> {
    match duty.claim.holder {
        Holder::Booking(booking) if duty.state == DutyState::Reserved => {
            let search = duty.claim.attempt;
            Some(Message::to(
                booking,
                &BookingMessage::DriverUnavailable { driver, search },
            ))
        }
        _ => None,
    }
}

/// Time that somebody wants.
struct Wanted {
    owner: CalendarOwner,
    booking: BookingId,
    search: u32,
    plan: DutyPlan,
    hold: Hold,
}

impl Aggregate for Calendar {
    const NAME: &'static str = "calendar";
    type Command = CalendarRequest;
    type Event = CalendarEvent;

    fn decide(
        &self,
        request: CalendarRequest,
        cx: &Context<'_>,
    ) -> Result<Decision<CalendarEvent>, Rejection> {
        if cx.actor.user().is_some() {
            return Err(Rejection::forbidden(
                "duty.not_yours",
                "Calendars are kept by bookings and searches; nobody changes one by hand.",
            ));
        }
        match request {
            CalendarRequest::Reserve {
                owner,
                booking,
                search,
                from,
                to,
                ends_at,
                ..
            } => {
                let plan = Interval::new(from, to)
                    .ok()
                    .and_then(|reserved| DutyPlan::of_reserved(reserved, ends_at, rest_of(owner)))
                    .ok_or_else(|| {
                        Rejection::invalid("duty.empty", "The time to reserve ends before it begins.")
                    })?;
                self.take(
                    Wanted {
                        owner,
                        booking,
                        search,
                        plan,
                        hold: Hold::Firm,
                    },
                    cx,
                )
            }
            CalendarRequest::Hold {
                owner,
                booking,
                search,
                plan,
                expires_at,
            } => {
                let hold = Hold::Tentative { expires_at };
                self.take(
                    Wanted {
                        owner,
                        booking,
                        search,
                        plan,
                        hold,
                    },
                    cx,
                )
            }
            CalendarRequest::Release {
                owner,
                booking,
                search,
            } => Ok(self.release(owner, booking, search, cx)),
            CalendarRequest::Start { booking, search } => {
                let mut after = self.duties.clone();
                after.start(Claim::booking(booking, search)).map_err(refused)?;
                if after == self.duties {
                    return Ok(Decision::nothing());
                }
                Ok(Decision::event(DutyStarted { booking, search }))
            }
            CalendarRequest::Close {
                booking,
                search,
                ended_at,
            } => self.close(booking, search, ended_at, cx),
            CalendarRequest::ExpireHolds => {
                let claims = self.duties.clone().forget_expired(cx.now);
                if claims.is_empty() {
                    return Ok(Decision::nothing());
                }
                let owner = self.owner;
                Ok(Decision::event(HoldsExpired { owner, claims }))
            }
            CalendarRequest::Suspend { driver } => Ok(self.suspend(driver)),
            CalendarRequest::GiveAway { driver } => Ok(self.give_away(driver, Decision::nothing())),
            CalendarRequest::Reinstate { .. } if !self.suspended => Ok(Decision::nothing()),
            CalendarRequest::Reinstate { driver } => Ok(Decision::event(CalendarReinstated {
                owner: CalendarOwner::Driver(driver),
            })),
        }
    }

    fn evolve(&mut self, event: &CalendarEvent, time: Timestamp) {
        // What a decision allowed cannot be refused here: it was tried on the same state at the same time.
        match event {
            CalendarEvent::TimeHeld(held) => {
                self.owner = Some(held.owner);
                let hold = Hold::Tentative {
                    expires_at: held.expires_at,
                };
                let claim = Claim::booking(held.booking, held.search);
                let _ = self.duties.reserve(claim, &held.plan, hold, time);
            }
            CalendarEvent::Reserved(duty) => {
                self.owner = Some(duty.owner);
                let claim = Claim::booking(duty.booking, duty.search);
                let _ = self.duties.reserve(claim, &duty.plan, Hold::Firm, time);
            }
            CalendarEvent::Released(duty) => {
                self.owner = Some(duty.owner);
                self.duties
                    .release(Claim::booking(duty.booking, duty.search), time);
            }
            CalendarEvent::Started(duty) => {
                let _ = self.duties.start(Claim::booking(duty.booking, duty.search));
            }
            CalendarEvent::Closed(duty) => {
                let claim = Claim::booking(duty.booking, duty.search);
                let (until, rest) = (duty.on_duty_until, duty.rest_until);
                let _ = self.duties.close(claim, until, rest, None, time);
                self.duties
                    .prune(time.saturating_sub(MEMORY).unwrap_or(Timestamp::MIN));
            }
            CalendarEvent::HoldsExpired(_) => {
                self.duties.forget_expired(time);
            }
            CalendarEvent::Suspended(suspended) => {
                self.owner = Some(suspended.owner);
                self.suspended = true;
            }
            CalendarEvent::Reinstated(_) => self.suspended = false,
        }
    }

    fn deadlines(&self) -> Vec<Deadline> {
        let due = self.duties.next_expiry();
        due.map(|due| Deadline::new(HOLD_EXPIRES, due))
            .into_iter()
            .collect()
    }

    fn deadline_reached(name: &str) -> Option<CalendarRequest> {
        (name == HOLD_EXPIRES).then_some(CalendarRequest::ExpireHolds)
    }
}

/// The rest that is owed after a duty: a vehicle needs none.
fn rest_of(owner: CalendarOwner) -> SignedDuration {
    match owner {
        CalendarOwner::Driver(_) => drivers_rest(),
        CalendarOwner::Vehicle(_) => SignedDuration::ZERO,
    }
}

fn drivers_rest() -> SignedDuration {
    SignedDuration::from_mins(HoursPolicy::default().rest_minutes.into())
}

fn refused(refusal: Refusal) -> Rejection {
    let code = match refusal {
        Refusal::Overlap { .. } => "duty.overlap",
        Refusal::AlreadyReleased => "duty.released",
        Refusal::Superseded { .. } => "duty.superseded",
        Refusal::AskedDifferently { .. } => "duty.asked_differently",
        Refusal::LongPast { .. } => "duty.long_past",
        Refusal::NotHeld => "duty.not_held",
    };
    Rejection::conflict(code, refusal.to_string())
}

/// The decision with its answer to whoever runs the saga that asked.
fn answered(
    decision: Decision<CalendarEvent>,
    cx: &Context<'_>,
    outcome: StepOutcome<DriverAnswer>,
) -> Decision<CalendarEvent> {
    match cx.step {
        Some(step) => decision.send(Message::answer(step, outcome)),
        None => decision,
    }
}
