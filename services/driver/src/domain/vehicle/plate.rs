//! One number plate, and which vehicle carries it. The aggregate's id is a keyed hash of the plate, so that two
//! registrations of the same one meet in the same place and the log does not reveal it.

use interstate_eventing::{Aggregate, Context, Decision, Message, Rejection, events};
use interstate_schemas::{AddressedCommand, StepOutcome, Timestamp, VehicleId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a plate can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlateCommand {
    /// This vehicle carries it. A step of the vehicle's registration; a repeat answers the same.
    Claim {
        /// Which vehicle.
        vehicle: VehicleId,
    },
    /// This vehicle does not carry it, or not any more.
    Release {
        /// Which vehicle.
        vehicle: VehicleId,
    },
}

impl AddressedCommand for PlateCommand {
    const SERVICE: &'static str = "driver";
    const AGGREGATE: &'static str = "plate";
}

/// The plate is this vehicle's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlateClaimed {
    /// Which vehicle.
    pub vehicle: VehicleId,
}

/// The plate is free for another vehicle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlateReleased {
    /// Which vehicle had it.
    pub vehicle: VehicleId,
}

events! {
    /// What happens to a plate.
    pub enum PlateEvent {
        Claimed(PlateClaimed) = "plate.claimed.v1",
        Released(PlateReleased) = "plate.released.v1",
    }
}

/// A plate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plate {
    vehicle: Option<VehicleId>,
}

impl Aggregate for Plate {
    const NAME: &'static str = "plate";
    type Command = PlateCommand;
    type Event = PlateEvent;

    fn decide(&self, command: PlateCommand, cx: &Context<'_>) -> Result<Decision<PlateEvent>, Rejection> {
        let vehicle = match command {
            PlateCommand::Claim { vehicle } => vehicle,
            PlateCommand::Release { vehicle } if self.vehicle == Some(vehicle) => {
                return Ok(Decision::event(PlateReleased { vehicle }));
            }
            PlateCommand::Release { .. } => return Ok(Decision::nothing()),
        };
        let decision = match self.vehicle {
            None => Decision::event(PlateClaimed { vehicle }),
            Some(holder) if holder == vehicle => Decision::nothing(),
            Some(_) => {
                return Err(Rejection::conflict(
                    "vehicle-plate-taken",
                    "A vehicle with this number plate is registered already.",
                ));
            }
        };
        Ok(match cx.step {
            Some(step) => decision.send(Message::answer(step, StepOutcome::Done(()))),
            None => decision,
        })
    }

    fn evolve(&mut self, event: &PlateEvent, _: Timestamp) {
        self.vehicle = match event {
            PlateEvent::Claimed(claimed) => Some(claimed.vehicle),
            PlateEvent::Released(_) => None,
        };
    }
}
