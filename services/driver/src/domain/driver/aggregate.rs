//! Decides who may drive and when.

use super::{
    command::{DriverCommand, Profile},
    event::{
        DocumentAdded, DriverApproved, DriverEvent, DriverRegistered, DriverReinstated, DriverRejected,
        DriverSubmitted, DriverSuspended, OfflineReason, PapersReviewed, VehicleLinked, VehicleUnlinked,
        WentOffline, WentOnline,
    },
    papers,
};
use crate::domain::{
    calendar::CalendarRequest,
    documents::{self, Document, DocumentKind, check_days, check_room, day_in_india, missing_at},
    vehicle::VehicleCommand,
};
use interstate_eventing::{Aggregate, Context, Deadline, Decision, Draft, Message, Rejection};
use interstate_schemas::{CalendarOwner, DriverId, Role, Sealed, Timestamp, UserId, VehicleId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Vehicles that one driver may drive, at most.
pub const MOST_VEHICLES: usize = 10;

const PAPERS: &str = "papers";
const SUSPENSION_ENDS: &str = "suspension_ends";

/// Where an admission stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriverStatus {
    /// Nobody has registered.
    #[default]
    Unknown,
    /// Papers and a vehicle are being added.
    Draft,
    /// Support is looking at it.
    Submitted,
    /// May drive.
    Approved,
    /// Not admitted; may be submitted again.
    Rejected,
    /// May not drive for now.
    Suspended,
}

/// A driver.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Driver {
    /// Where the admission stands.
    pub status: DriverStatus,
    /// What is known of them; nothing before the registration.
    pub profile: Option<Profile>,
    /// What riders are to call them, under their own key.
    #[serde(default)]
    pub name: Option<Sealed<String>>,
    /// Every paper that no other one has replaced.
    pub documents: Vec<Document>,
    /// What they may drive.
    pub vehicles: Vec<VehicleId>,
    /// With which vehicle they take trips; nothing while they take none.
    pub online: Option<VehicleId>,
    /// When the papers were last looked at.
    reviewed: Option<Timestamp>,
    suspended_until: Option<Timestamp>,
}

impl Aggregate for Driver {
    const NAME: &'static str = "driver";
    /// 2: papers that others have replaced are forgotten.
    const VERSION: u32 = 2;
    type Command = DriverCommand;
    type Event = DriverEvent;

    fn decide(&self, command: DriverCommand, cx: &Context<'_>) -> Result<Decision<DriverEvent>, Rejection> {
        use DriverCommand as Asked;
        use DriverStatus as Is;
        let driver = id_of(cx)?;
        who_may(driver, &command, cx)?;
        match (self.status, command) {
            (Is::Unknown, Asked::Register { profile, name }) => {
                let user = UserId::from(driver);
                Ok(Decision::event(DriverRegistered {
                    driver,
                    user,
                    profile,
                    name,
                })
                .reply(&driver))
            }
            // A vehicle may be entered before its driver, on its way at once: it gives its plate back, so that it can be
            // entered again.
            (Is::Unknown, Asked::LinkVehicle { vehicle }) => {
                Ok(Decision::nothing().send(Message::to(vehicle, &VehicleCommand::ReleasePlate)))
            }
            (Is::Unknown, Asked::UnlinkVehicle { .. } | Asked::Retire { .. }) => Ok(Decision::nothing()),
            (Is::Unknown, _) => Err(Rejection::not_found(
                "driver-unknown",
                "There is no such driver: register first.",
            )),
            (_, Asked::Register { .. }) => Err(Rejection::conflict(
                "driver-exists",
                "This user is registered as a driver already.",
            )),
            (_, Asked::AddDocument { document }) => self.add(driver, document, cx.now),
            (_, Asked::LinkVehicle { vehicle }) if self.vehicles.contains(&vehicle) => {
                Ok(Decision::nothing())
            }
            // The edge refuses so many. Where they were on their way at once, nobody waits for an answer here: the last
            // ones give their plates back, and show it.
            (_, Asked::LinkVehicle { vehicle }) if self.vehicles.len() >= MOST_VEHICLES => {
                Ok(Decision::nothing().send(Message::to(vehicle, &VehicleCommand::ReleasePlate)))
            }
            (_, Asked::LinkVehicle { vehicle }) => Ok(Decision::event(VehicleLinked { driver, vehicle })),
            (_, Asked::UnlinkVehicle { vehicle }) => Ok(self.unlink(driver, vehicle, cx)),
            (Is::Draft | Is::Rejected, Asked::Submit) => {
                self.complete(cx.now)?;
                Ok(Decision::event(DriverSubmitted { driver }))
            }
            (Is::Submitted, Asked::Submit) | (Is::Approved, Asked::Approve | Asked::Reinstate) => {
                Ok(Decision::nothing())
            }
            (Is::Submitted, Asked::Approve) => {
                self.complete(cx.now)?;
                Ok(Decision::event(DriverApproved { driver }))
            }
            (Is::Submitted, Asked::Reject { reason }) => {
                Ok(Decision::event(DriverRejected { driver, reason }))
            }
            (Is::Approved, Asked::GoOnline { vehicle }) => self.go_online(driver, vehicle, cx.now),
            (_, Asked::GoOffline) if self.online.is_none() => Ok(Decision::nothing()),
            (_, Asked::GoOffline) => Ok(offline(driver, OfflineReason::Asked)),
            (Is::Approved | Is::Suspended, Asked::Suspend { reason, until }) => {
                Ok(self.suspend(driver, reason, until))
            }
            (_, Asked::Retire { reason }) => Ok(self.retire(driver, reason)),
            (Is::Suspended, Asked::Reinstate) => {
                let reinstated = Decision::event(DriverReinstated { driver });
                Ok(reinstated.send(calendar(driver, CalendarRequest::Reinstate { driver })))
            }
            (_, Asked::ReviewPapers) => Ok(self.review(driver, cx)),
            (
                _,
                Asked::Submit
                | Asked::Approve
                | Asked::Reject { .. }
                | Asked::GoOnline { .. }
                | Asked::Suspend { .. }
                | Asked::Reinstate,
            ) => Err(Rejection::conflict(
                "driver-not-now",
                format!(
                    "This is not possible while the admission is {}.",
                    self.status.text()
                ),
            )),
        }
    }

    fn evolve(&mut self, event: &DriverEvent, time: Timestamp) {
        match event {
            DriverEvent::Registered(registered) => {
                self.status = DriverStatus::Draft;
                self.profile = Some(registered.profile);
                self.name.clone_from(&registered.name);
                self.reviewed = Some(time);
            }
            DriverEvent::DocumentAdded(added) => documents::put(&mut self.documents, &added.document, time),
            DriverEvent::VehicleLinked(linked) => self.vehicles.push(linked.vehicle),
            DriverEvent::VehicleUnlinked(unlinked) => {
                self.vehicles.retain(|vehicle| *vehicle != unlinked.vehicle);
            }
            DriverEvent::Submitted(_) => self.status = DriverStatus::Submitted,
            DriverEvent::Approved(_) => self.status = DriverStatus::Approved,
            DriverEvent::Rejected(_) => self.status = DriverStatus::Rejected,
            DriverEvent::WentOnline(online) => self.online = Some(online.vehicle),
            DriverEvent::WentOffline(_) => self.online = None,
            DriverEvent::Suspended(suspended) => {
                self.status = DriverStatus::Suspended;
                self.suspended_until = suspended.until;
            }
            DriverEvent::Reinstated(_) => {
                self.status = DriverStatus::Approved;
                self.suspended_until = None;
            }
            DriverEvent::PapersReviewed(_) => self.reviewed = Some(time),
        }
    }

    fn deadlines(&self) -> Vec<Deadline> {
        let review = self
            .reviewed
            .and_then(|reviewed| papers::next_review(&self.documents, reviewed))
            .map(|due| Deadline::new(PAPERS, due));
        let back = self
            .suspended_until
            .map(|due| Deadline::new(SUSPENSION_ENDS, due));
        review.into_iter().chain(back).collect()
    }

    fn deadline_reached(name: &str) -> Option<DriverCommand> {
        match name {
            PAPERS => Some(DriverCommand::ReviewPapers),
            SUSPENSION_ENDS => Some(DriverCommand::Reinstate),
            _ => None,
        }
    }
}

impl Driver {
    fn add(
        &self,
        driver: DriverId,
        document: Document,
        now: Timestamp,
    ) -> Result<Decision<DriverEvent>, Rejection> {
        if !document.kind().is_drivers() {
            return Err(Rejection::invalid(
                "document-wrong-kind",
                "This is a paper of a vehicle, not of a driver: add it to the vehicle.",
            ));
        }
        if self.documents.contains(&document) {
            return Ok(Decision::nothing());
        }
        check_days(&document, day_in_india(now))?;
        check_room(&self.documents, &document, now)?;
        Ok(Decision::event(DocumentAdded { driver, document }))
    }

    fn complete(&self, now: Timestamp) -> Result<(), Rejection> {
        let missing = missing_at(&self.documents, &DocumentKind::OF_EVERY_DRIVER, now);
        if !missing.is_empty() {
            return Err(Rejection::conflict(
                "driver-papers-missing",
                format!("These papers are missing or do not hold today: {missing:?}."),
            ));
        }
        if self.vehicles.is_empty() {
            return Err(Rejection::conflict(
                "driver-no-vehicle",
                "There is no vehicle yet: register one and wait until its plate is confirmed.",
            ));
        }
        Ok(())
    }

    fn go_online(
        &self,
        driver: DriverId,
        vehicle: Option<VehicleId>,
        now: Timestamp,
    ) -> Result<Decision<DriverEvent>, Rejection> {
        self.complete(now)?;
        let vehicle = match (vehicle, self.vehicles.as_slice()) {
            (Some(wanted), mine) if mine.contains(&wanted) => wanted,
            (None, &[only]) => only,
            (Some(_), _) => {
                return Err(Rejection::conflict(
                    "driver-not-your-vehicle",
                    "This vehicle is not yours to drive.",
                ));
            }
            (None, _) => {
                return Err(Rejection::invalid(
                    "driver-which-vehicle",
                    "There are several vehicles: name the one that you drive.",
                ));
            }
        };
        if self.online == Some(vehicle) {
            return Ok(Decision::nothing());
        }
        Ok(Decision::event(WentOnline { driver, vehicle }))
    }

    fn suspend(&self, driver: DriverId, reason: String, until: Option<Timestamp>) -> Decision<DriverEvent> {
        let suspended = Decision::event(DriverSuspended {
            driver,
            reason,
            until,
        });
        let suspended = suspended.send(calendar(driver, CalendarRequest::Suspend { driver }));
        match self.online {
            Some(_) => suspended.and(WentOffline {
                driver,
                reason: OfflineReason::Suspended,
            }),
            None => suspended,
        }
    }

    /// Nobody is admitted, or drives, who is not a driver any more. Support may take that back where the role is given
    /// back.
    fn retire(&self, driver: DriverId, reason: String) -> Decision<DriverEvent> {
        match self.status {
            DriverStatus::Submitted => Decision::event(DriverRejected { driver, reason }),
            DriverStatus::Suspended if self.suspended_until.is_none() => Decision::nothing(),
            DriverStatus::Approved | DriverStatus::Suspended => self.suspend(driver, reason, None),
            DriverStatus::Unknown | DriverStatus::Draft | DriverStatus::Rejected => Decision::nothing(),
        }
    }

    fn review(&self, driver: DriverId, cx: &Context<'_>) -> Decision<DriverEvent> {
        let Some(reviewed) = self.reviewed else {
            return Decision::nothing();
        };
        let (reminders, lapsed) = papers::review(&self.documents, reviewed, cx.now);
        let any_lapsed = !lapsed.is_empty();
        let mut draft = Draft::new(self, cx);
        draft.emit(PapersReviewed {
            driver,
            reminders,
            lapsed,
        });
        let missing = missing_at(&self.documents, &DocumentKind::OF_EVERY_DRIVER, cx.now);
        if !missing.is_empty() {
            if self.online.is_some() {
                draft.emit(WentOffline {
                    driver,
                    reason: OfflineReason::PaperLapsed,
                });
            }
            // Trips that they have and have not begun go to others.
            if any_lapsed {
                draft.send(calendar(driver, CalendarRequest::GiveAway { driver }));
            }
        }
        draft.finish()
    }

    /// A vehicle is theirs no more: the trips that they have in it go to others, and without any vehicle all.
    fn unlink(&self, driver: DriverId, vehicle: VehicleId, cx: &Context<'_>) -> Decision<DriverEvent> {
        let mut draft = Draft::new(self, cx);
        if self.vehicles.contains(&vehicle) {
            draft.emit(VehicleUnlinked { driver, vehicle });
            if self.online == Some(vehicle) {
                let reason = OfflineReason::VehicleGone;
                draft.emit(WentOffline { driver, reason });
            }
            let away = CalendarRequest::GiveAway { driver };
            draft.send(Message::to(CalendarOwner::Vehicle(vehicle), &away));
            if draft.state().vehicles.is_empty() {
                draft.send(calendar(driver, away));
            }
        }
        draft.finish()
    }
}

impl DriverStatus {
    const fn text(self) -> &'static str {
        match self {
            Self::Unknown => "not begun",
            Self::Draft => "a draft",
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Suspended => "suspended",
        }
    }
}

/// To the driver's own calendar, which gives no time while they are suspended.
fn calendar(driver: DriverId, request: CalendarRequest) -> Message {
    Message::to(CalendarOwner::Driver(driver), &request)
}

fn offline(driver: DriverId, reason: OfflineReason) -> Decision<DriverEvent> {
    Decision::event(WentOffline { driver, reason })
}

fn id_of(cx: &Context<'_>) -> Result<DriverId, Rejection> {
    cx.address
        .id
        .parse()
        .map_err(|_| Rejection::invalid("driver-unknown", "A driver's id is expected here, such as drv_…."))
}

/// What no person asks, staff neither.
const fn is_the_platforms(command: &DriverCommand) -> bool {
    matches!(
        command,
        DriverCommand::LinkVehicle { .. }
            | DriverCommand::UnlinkVehicle { .. }
            | DriverCommand::Retire { .. }
            | DriverCommand::ReviewPapers
    )
}

/// Support admits and suspends, the platform may do everything, and the rest is the driver's own.
fn who_may(driver: DriverId, command: &DriverCommand, cx: &Context<'_>) -> Result<(), Rejection> {
    use DriverCommand as Asked;
    let staff_only = matches!(
        command,
        Asked::Approve | Asked::Reject { .. } | Asked::Suspend { .. } | Asked::Reinstate
    );
    let allowed = match cx.actor.user() {
        None => true,
        Some(_) if is_the_platforms(command) => false,
        Some(_) if staff_only => cx.actor.is_staff(),
        Some(user) => user == UserId::from(driver) && cx.actor.role() == Some(Role::Driver),
    };
    if allowed {
        return Ok(());
    }
    Err(Rejection::forbidden(
        "driver-not-yours",
        "Only the driver, or support, may do this.",
    ))
}
