//! Reads milestones off the fixes of one trip.

use super::{aggregate::OpenTrip, event::Milestone};
use crate::domain::{States, toll_gates::TollGates};
use interstate_schemas::{GeoPoint, StateCode, Timestamp};

/// Within this many metres of the pickup the driver is there.
pub const ARRIVED_M: f64 = 150.0;
/// So far from the pickup the driver has left: farther than arriving, so that a fix that jitters says neither.
pub const DEPARTED_M: f64 = 300.0;
/// So close to the drop the rider gets ready.
pub const NEAR_DROP_M: f64 = 2_000.0;
/// Farther from the drop than this, the trip is not at its end yet, wherever it has begun.
const FAR_FROM_DROP_M: f64 = 2.0 * NEAR_DROP_M;
/// So many fixes in a row in another state prove a border: the map is drawn to 300 m, and roads run along it.
const FIXES_OVER_THE_BORDER: u8 = 3;

/// The map, as far as milestones depend on it.
pub struct Ground<'a> {
    /// The states.
    pub states: &'a States,
    /// The toll plazas.
    pub gates: &'a TollGates,
}

/// What the fixes of one trip have shown so far.
#[derive(Debug, Clone)]
pub struct Observer {
    open: OpenTrip,
    last: Option<Timestamp>,
    state: Option<StateCode>,
    /// Another state that the last fixes were in, and how many of them.
    entering: Option<(StateCode, u8)>,
    /// Whether the trip has been far from its end: a round trip begins there.
    was_away: bool,
}

impl Observer {
    /// Goes on from the milestones that are known.
    pub fn new(open: OpenTrip) -> Self {
        Self {
            state: open.state,
            was_away: open.trip.pickup.metres_to(open.trip.drop) > FAR_FROM_DROP_M,
            open,
            last: None,
            entering: None,
        }
    }

    /// What this good fix shows that is new, in order. A fix that is older than one before shows nothing: what
    /// happened since is known.
    pub fn observe(&mut self, point: GeoPoint, at: Timestamp, ground: &Ground<'_>) -> Vec<Milestone> {
        if self.last.is_some_and(|last| at <= last) {
            return Vec::new();
        }
        self.last = Some(at);
        let trip = &self.open.trip;
        let from_pickup = point.metres_to(trip.pickup);
        let mut shown = Vec::new();
        if from_pickup <= ARRIVED_M {
            shown.push(Milestone::ArrivedAtPickup);
        }
        if from_pickup >= DEPARTED_M {
            shown.push(Milestone::Departed);
        }
        let to_drop = point.metres_to(trip.drop);
        self.was_away |= to_drop > FAR_FROM_DROP_M;
        if self.was_away && to_drop <= NEAR_DROP_M {
            shown.push(Milestone::NearDrop);
        }
        shown.extend(self.border(point, ground.states));
        shown.extend(
            ground
                .gates
                .at(point)
                .map(|plaza| Milestone::TollGatePassed { plaza }),
        );
        let open = &mut self.open;
        shown.retain(|milestone| {
            let news = open.is_news(*milestone, at);
            if news {
                open.take_up(*milestone, at);
            }
            news
        });
        shown
    }

    fn border(&mut self, point: GeoPoint, states: &States) -> Option<Milestone> {
        let here = states.at(point)?;
        let Some(from) = self.state else {
            self.state = Some(here);
            return None;
        };
        if here == from {
            self.entering = None;
            return None;
        }
        let count = match self.entering {
            Some((entering, count)) if entering == here => count + 1,
            _ => 1,
        };
        if count < FIXES_OVER_THE_BORDER {
            self.entering = Some((here, count));
            return None;
        }
        (self.state, self.entering) = (Some(here), None);
        Some(Milestone::BorderCrossed { from, to: here })
    }
}
