//! A vehicle: what it is, whose, and its papers.

use super::plate::PlateCommand;
use crate::domain::{
    candidates::Fuel,
    documents::{
        self, Document, DocumentKind, MOST_PAPERS, check_days, check_room, day_in_india,
        is_within_a_lifetime, missing_at, too_many_papers,
    },
    driver::DriverCommand,
};
use interstate_eventing::{Aggregate, Context, Decision, Message, Rejection, events};
use interstate_schemas::{
    AddressedCommand, DriverId, StateCode, StepOutcome, StepRef, StepReply, Timestamp, UserId, VehicleClass,
    VehicleId,
};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const PLATE: &str = "claim the plate";

/// A number plate without the plate: its keyed hash, made at the edge, and the end that riders look for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlateKey {
    /// Keyed hash of the plate in capitals without blanks, in hex.
    pub hash: String,
    /// Its last four characters.
    pub ending: String,
}

/// What a vehicle is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Description {
    /// Its class.
    pub class: VehicleClass,
    /// Passengers that it seats, the driver not counted.
    pub seats: u8,
    /// Large bags that it takes.
    pub bags: u8,
    /// The state that it is registered in.
    pub home_state: StateCode,
    /// The day of first registration.
    pub first_registered: Date,
    /// What it runs on.
    pub fuel: Fuel,
}

/// What a vehicle can be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum VehicleCommand {
    /// It is registered by the driver who drives it.
    Register {
        /// Who drives it.
        driver: DriverId,
        /// Its plate.
        plate: PlateKey,
        /// What it is.
        description: Description,
        /// Its papers.
        papers: Vec<Document>,
    },
    /// Another paper, or a renewal.
    AddPaper {
        /// Which.
        paper: Document,
    },
    /// Support takes the plate back: it was claimed by somebody who does not drive with it. Or the driver has as many
    /// vehicles as one may have.
    ReleasePlate,
    /// The plate's answer.
    Step(StepReply<()>),
}

impl AddressedCommand for VehicleCommand {
    const SERVICE: &'static str = "driver";
    const AGGREGATE: &'static str = "vehicle";
}

/// It is registered; whether its plate is free is being asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VehicleRegistered {
    /// Which vehicle.
    pub vehicle: VehicleId,
    /// Who drives it.
    pub driver: DriverId,
    /// Its plate.
    pub plate: PlateKey,
    /// What it is.
    pub description: Description,
    /// Its papers.
    pub papers: Vec<Document>,
}

/// The plate is its own: it can be driven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VehicleAdmitted {
    /// Which vehicle.
    pub vehicle: VehicleId,
    /// Who drives it.
    pub driver: DriverId,
}

/// Another vehicle has the plate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VehicleRefused {
    /// Which vehicle.
    pub vehicle: VehicleId,
    /// Why.
    pub code: String,
}

/// Support has taken its plate back: it cannot be driven, and can be registered again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VehiclePlateReleased {
    /// Which vehicle.
    pub vehicle: VehicleId,
}

/// A paper came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VehiclePaperAdded {
    /// Which vehicle.
    pub vehicle: VehicleId,
    /// The paper.
    pub paper: Document,
}

events! {
    /// What happens to a vehicle.
    pub enum VehicleEvent {
        Registered(VehicleRegistered) = "vehicle.registered.v1",
        Admitted(VehicleAdmitted) = "vehicle.admitted.v1",
        Refused(VehicleRefused) = "vehicle.refused.v1",
        PlateReleased(VehiclePlateReleased) = "vehicle.plate_released.v1",
        PaperAdded(VehiclePaperAdded) = "vehicle.paper_added.v1",
    }
}

/// Where its registration stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VehicleStatus {
    /// Not registered.
    #[default]
    Unknown,
    /// Whether the plate is free is being asked.
    Pending,
    /// It can be driven.
    Admitted,
    /// Its plate is another's.
    Refused,
    /// Support has taken its plate back.
    Released,
}

/// A vehicle.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Vehicle {
    /// Where its registration stands.
    pub status: VehicleStatus,
    /// What was registered.
    pub registered: Option<VehicleRegistered>,
    /// Every paper that no other one has replaced.
    pub papers: Vec<Document>,
    /// How often it was registered.
    #[serde(default)]
    registrations: u32,
}

impl Vehicle {
    /// What it cannot carry passengers without and has not at that moment. Where it has neither permit, the
    /// tourist permit stands for both.
    pub fn missing_papers(&self, at: Timestamp) -> Vec<DocumentKind> {
        let mut missing = missing_at(&self.papers, &DocumentKind::OF_EVERY_VEHICLE, at);
        let permitted = |paper: &Document| paper.kind().is_permit() && paper.holds_at(at);
        if !self.papers.iter().any(permitted) {
            missing.push(DocumentKind::AllIndiaTouristPermit);
        }
        missing
    }
}

impl Aggregate for Vehicle {
    const NAME: &'static str = "vehicle";
    /// 2: papers that others have replaced are forgotten.
    const VERSION: u32 = 2;
    type Command = VehicleCommand;
    type Event = VehicleEvent;

    fn decide(&self, command: VehicleCommand, cx: &Context<'_>) -> Result<Decision<VehicleEvent>, Rejection> {
        match (&self.registered, command) {
            (
                registered,
                VehicleCommand::Register {
                    driver,
                    plate,
                    description,
                    papers,
                },
            ) if registered.is_none()
                || matches!(self.status, VehicleStatus::Refused | VehicleStatus::Released) =>
            {
                register(driver, plate, description, papers, self.registrations + 1, cx)
            }
            (_, VehicleCommand::Register { .. }) => Err(Rejection::conflict(
                "vehicle-exists",
                "This vehicle is registered already.",
            )),
            (Some(vehicle), VehicleCommand::AddPaper { paper }) => {
                of_driver(vehicle.driver, cx)?;
                check_paper(&paper, day_in_india(cx.now))?;
                if self.papers.contains(&paper) {
                    return Ok(Decision::nothing());
                }
                check_room(&self.papers, &paper, cx.now)?;
                let vehicle = vehicle.vehicle;
                Ok(Decision::event(VehiclePaperAdded { vehicle, paper }))
            }
            (Some(vehicle), VehicleCommand::ReleasePlate) => {
                by_staff(cx)?;
                Ok(match self.status {
                    VehicleStatus::Pending | VehicleStatus::Admitted => release_plate(vehicle),
                    _ => Decision::nothing(),
                })
            }
            (Some(vehicle), VehicleCommand::Step(reply))
                if self.status == VehicleStatus::Pending && reply.run >= self.registrations =>
            {
                Ok(plate_answered(vehicle, reply.outcome))
            }
            (_, VehicleCommand::Step(_)) => Ok(Decision::nothing()),
            (None, VehicleCommand::AddPaper { .. } | VehicleCommand::ReleasePlate) => Err(
                Rejection::not_found("vehicle-unknown", "There is no such vehicle."),
            ),
        }
    }

    fn evolve(&mut self, event: &VehicleEvent, time: Timestamp) {
        match event {
            VehicleEvent::Registered(registered) => {
                self.status = VehicleStatus::Pending;
                self.registrations += 1;
                self.papers.clone_from(&registered.papers);
                self.registered = Some(registered.clone());
            }
            VehicleEvent::Admitted(_) => self.status = VehicleStatus::Admitted,
            VehicleEvent::Refused(_) => self.status = VehicleStatus::Refused,
            VehicleEvent::PlateReleased(_) => self.status = VehicleStatus::Released,
            VehicleEvent::PaperAdded(added) => documents::put(&mut self.papers, &added.paper, time),
        }
    }
}

fn register(
    driver: DriverId,
    plate: PlateKey,
    description: Description,
    papers: Vec<Document>,
    run: u32,
    cx: &Context<'_>,
) -> Result<Decision<VehicleEvent>, Rejection> {
    of_driver(driver, cx)?;
    let today = day_in_india(cx.now);
    if papers.len() > MOST_PAPERS {
        return Err(too_many_papers());
    }
    papers.iter().try_for_each(|paper| check_paper(paper, today))?;
    let first = description.first_registered;
    if first > today || !is_within_a_lifetime(first, today) {
        return Err(Rejection::invalid(
            "vehicle-registration-date",
            format!("A vehicle that runs today was not first registered on {first}."),
        ));
    }
    let largest = description.class;
    if description.seats == 0 || description.seats > largest.seats() || description.bags > largest.bags() {
        return Err(Rejection::invalid(
            "vehicle-too-large",
            format!(
                "A vehicle of this class has 1 to {} seats and room for at most {} large bags.",
                largest.seats(),
                largest.bags()
            ),
        ));
    }
    let vehicle: VehicleId = cx.address.id.parse().map_err(|_| {
        Rejection::invalid(
            "vehicle-unknown",
            "A vehicle's id is expected here, such as veh_….",
        )
    })?;
    let step = StepRef {
        to: cx.address.clone(),
        step: PLATE.into(),
        run,
    };
    let claim = Message::to(&plate.hash, &PlateCommand::Claim { vehicle }).for_step(step);
    let registered = VehicleRegistered {
        vehicle,
        driver,
        plate,
        description,
        papers,
    };
    Ok(Decision::event(registered).send(claim).reply(&vehicle))
}

fn plate_answered(vehicle: &VehicleRegistered, outcome: StepOutcome<()>) -> Decision<VehicleEvent> {
    let (driver, vehicle) = (vehicle.driver, vehicle.vehicle);
    match outcome {
        StepOutcome::Done(()) => Decision::event(VehicleAdmitted { vehicle, driver })
            .send(Message::to(driver, &DriverCommand::LinkVehicle { vehicle })),
        StepOutcome::Refused { code } => Decision::event(VehicleRefused { vehicle, code }),
        StepOutcome::Undone => Decision::nothing(),
    }
}

/// The plate is free, and the driver has the vehicle no more. The claim may still be on its way: it comes first.
fn release_plate(registered: &VehicleRegistered) -> Decision<VehicleEvent> {
    let (driver, vehicle) = (registered.driver, registered.vehicle);
    Decision::event(VehiclePlateReleased { vehicle })
        .send(Message::to(
            &registered.plate.hash,
            &PlateCommand::Release { vehicle },
        ))
        .send(Message::to(driver, &DriverCommand::UnlinkVehicle { vehicle }))
}

fn by_staff(cx: &Context<'_>) -> Result<(), Rejection> {
    if cx.actor.is_staff() || cx.actor.user().is_none() {
        return Ok(());
    }
    Err(Rejection::forbidden(
        "vehicle-not-yours",
        "Only support takes a plate back.",
    ))
}

fn of_driver(driver: DriverId, cx: &Context<'_>) -> Result<(), Rejection> {
    if cx.actor.is_user(UserId::from(driver)) || cx.actor.user().is_none() {
        return Ok(());
    }
    Err(Rejection::forbidden(
        "vehicle-not-yours",
        "This vehicle is another driver's.",
    ))
}

fn check_paper(paper: &Document, today: Date) -> Result<(), Rejection> {
    if paper.kind().is_drivers() {
        return Err(Rejection::invalid(
            "document-wrong-kind",
            "This is a paper of a driver, not of a vehicle: add it to the driver.",
        ));
    }
    check_days(paper, today)
}
