//! Decides what happens to a tracked trip.

use super::{
    command::TrackingCommand,
    event::{CloseReason, Milestone, MilestoneReached, TrackingEvent, TripClosed, TripOpened},
};
use interstate_eventing::{Aggregate, Context, Deadline, Decision, Rejection};
use interstate_schemas::{Actor, SignedDuration, StateCode, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A trip that nobody closes is closed this long after it should have ended: a driver who forgets is not
/// followed home.
pub const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(6);
/// The same plaza within this time is the same passage.
pub const SAME_GATE: SignedDuration = SignedDuration::from_mins(60);

const FORGET: &str = "forget";

/// A trip that is or was tracked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum TripTracking {
    /// Nobody has set out.
    #[default]
    NotOpened,
    /// Somebody drives.
    Open(OpenTrip),
    /// Nobody is followed by it any more, and why.
    Closed(CloseReason),
}

/// A trip while somebody drives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenTrip {
    /// Who drives whom from where to where.
    pub trip: TripOpened,
    /// Since when: it tells a trip from the same one that was opened again.
    pub opened_at: Timestamp,
    /// Milestones that are reached once.
    pub once: BTreeSet<Milestone>,
    /// The state that the last border led into.
    pub state: Option<StateCode>,
    /// Plazas, with when each was passed last.
    pub gates: BTreeMap<u32, Timestamp>,
}

impl OpenTrip {
    /// A trip that was opened at this moment.
    pub fn new(trip: TripOpened, opened_at: Timestamp) -> Self {
        Self {
            trip,
            opened_at,
            once: BTreeSet::new(),
            state: None,
            gates: BTreeMap::new(),
        }
    }

    /// Whether this would be something new.
    pub fn is_news(&self, milestone: Milestone, at: Timestamp) -> bool {
        match milestone {
            Milestone::ArrivedAtPickup => !self.once.contains(&milestone),
            Milestone::Departed => {
                self.once.contains(&Milestone::ArrivedAtPickup) && !self.once.contains(&milestone)
            }
            Milestone::NearDrop => {
                self.once.contains(&Milestone::Departed) && !self.once.contains(&milestone)
            }
            Milestone::BorderCrossed { from, to } => {
                from != to && self.state.is_none_or(|state| state == from)
            }
            Milestone::TollGatePassed { plaza } => self
                .gates
                .get(&plaza)
                .is_none_or(|passed| at.duration_since(*passed) > SAME_GATE),
        }
    }

    /// Takes a milestone up.
    pub fn take_up(&mut self, milestone: Milestone, at: Timestamp) {
        match milestone {
            Milestone::BorderCrossed { to, .. } => self.state = Some(to),
            Milestone::TollGatePassed { plaza } => _ = self.gates.insert(plaza, at),
            Milestone::ArrivedAtPickup | Milestone::Departed | Milestone::NearDrop => {
                self.once.insert(milestone);
            }
        }
    }
}

impl Aggregate for TripTracking {
    const NAME: &'static str = "trip";
    const VERSION: u32 = 2;
    type Command = TrackingCommand;
    type Event = TrackingEvent;

    fn decide(
        &self,
        command: TrackingCommand,
        cx: &Context<'_>,
    ) -> Result<Decision<TrackingEvent>, Rejection> {
        match (self, command) {
            (Self::Open(open), TrackingCommand::Open(trip)) if open.trip == *trip => Ok(Decision::nothing()),
            // Closing is one driver's word. The booking may go on, with another driver or with the same one, and
            // whoever opens it is assigned to it by booking's word.
            (
                Self::NotOpened | Self::Open(_) | Self::Closed(CloseReason::Ended),
                TrackingCommand::Open(trip),
            ) => {
                let own = cx.actor.is_user(trip.driver) || !is_person(cx.actor);
                if own {
                    Ok(Decision::event(*trip))
                } else {
                    Err(not_yours())
                }
            }
            // It would be forgotten again at once.
            (Self::Closed(CloseReason::Forgotten), TrackingCommand::Open(_)) => Err(Rejection::conflict(
                "trip-over",
                "This trip is over; its driver can no longer be followed.",
            )),
            (Self::Open(open), TrackingCommand::Reach { milestone, at }) => {
                if is_person(cx.actor) {
                    return Err(not_yours());
                }
                if !open.is_news(milestone, at) {
                    return Ok(Decision::nothing());
                }
                Ok(Decision::event(MilestoneReached {
                    booking: open.trip.booking,
                    milestone,
                    at,
                }))
            }
            (Self::Open(open), TrackingCommand::Close) => {
                let may = cx.actor.is_user(open.trip.driver) || cx.actor.is_staff() || !is_person(cx.actor);
                if may {
                    Ok(Decision::event(closed(open, CloseReason::Ended)))
                } else {
                    Err(not_yours())
                }
            }
            (Self::Open(open), TrackingCommand::Forget) => {
                Ok(Decision::event(closed(open, CloseReason::Forgotten)))
            }
            // Fixes and repeats that come after the end.
            (
                Self::Closed(_),
                TrackingCommand::Reach { .. } | TrackingCommand::Close | TrackingCommand::Forget,
            ) => Ok(Decision::nothing()),
            (
                Self::NotOpened,
                TrackingCommand::Reach { .. } | TrackingCommand::Close | TrackingCommand::Forget,
            ) => Err(Rejection::not_found(
                "trip-not-open",
                "Nobody drives this trip at present.",
            )),
        }
    }

    fn evolve(&mut self, event: &TrackingEvent, time: Timestamp) {
        match event {
            TrackingEvent::Opened(trip) => *self = Self::Open(OpenTrip::new(trip.clone(), time)),
            TrackingEvent::Reached(reached) => {
                if let Self::Open(open) = self {
                    open.take_up(reached.milestone, reached.at);
                }
            }
            TrackingEvent::Closed(closed) => *self = Self::Closed(closed.reason),
        }
    }

    fn deadlines(&self) -> Vec<Deadline> {
        let Self::Open(open) = self else {
            return Vec::new();
        };
        let due = open
            .trip
            .ends_at
            .saturating_add(FORGOTTEN_AFTER)
            .unwrap_or(open.trip.ends_at);
        vec![Deadline::new(FORGET, due)]
    }

    fn deadline_reached(name: &str) -> Option<TrackingCommand> {
        (name == FORGET).then_some(TrackingCommand::Forget)
    }
}

fn closed(open: &OpenTrip, reason: CloseReason) -> TripClosed {
    TripClosed {
        booking: open.trip.booking,
        reason,
    }
}

/// Services and the platform itself act for a trip as they find it.
fn is_person(actor: &Actor) -> bool {
    actor.user().is_some()
}

fn not_yours() -> Rejection {
    Rejection::forbidden("trip-not-yours", "Only the driver of this trip can do that.")
}
