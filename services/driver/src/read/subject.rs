//! One driver with the vehicle that they would come in, as a search sees them.

use super::roster::Rows;
use crate::domain::{
    candidates::{CandidateFacts, VehicleFit},
    driver::{Driver, DriverStatus},
    duty::{DutyCalendar, DutyFit, DutyPlan, DutyState, HoursPolicy, Interval},
    vehicle::Vehicle,
};
use interstate_schemas::{CalendarOwner, DriverId, Timestamp, TripRequest, VehicleId};

/// A candidate before they are judged.
pub(super) struct Subject<'a> {
    pub(super) driver_id: DriverId,
    pub(super) vehicle_id: VehicleId,
    driver: &'a Driver,
    vehicle: &'a Vehicle,
    duties: &'a DutyCalendar,
    duties_of_vehicle: &'a DutyCalendar,
}

/// What depends on where the driver is.
pub(super) struct Approach {
    /// When they were seen there.
    pub(super) fix_at: Option<Timestamp>,
    /// Road metres to the pickup.
    pub(super) dead_metres: Option<u32>,
    /// Seconds that they take.
    pub(super) seconds: Option<u32>,
    /// The time that the trip would take out of the calendars.
    pub(super) plan: DutyPlan,
}

impl<'a> Subject<'a> {
    /// The driver in the vehicle that they would come in for this trip; nothing where they have none of its class.
    pub(super) fn of(rows: &'a Rows, driver_id: DriverId, trip: &TripRequest) -> Option<Self> {
        let driver = rows.drivers.get(&driver_id)?;
        let (vehicle_id, vehicle) = vehicle_for(rows, driver, trip)?;
        Some(Self {
            driver_id,
            vehicle_id,
            driver,
            vehicle,
            duties: rows.duties(CalendarOwner::Driver(driver_id)),
            duties_of_vehicle: rows.duties(CalendarOwner::Vehicle(vehicle_id)),
        })
    }

    /// Whether the driver or the vehicle has something else in that time.
    pub(super) fn is_taken(&self, time: Interval, now: Timestamp) -> bool {
        let overlaps = |duties: &DutyCalendar| duties.first_overlap(time, now).is_some();
        overlaps(self.duties) || overlaps(self.duties_of_vehicle)
    }

    /// What is written of them, without their calendars and without where they are: cheap to put together, for a
    /// first look.
    pub(super) fn on_file(&self) -> CandidateFacts<'a> {
        let Self { driver, vehicle, .. } = *self;
        let what = vehicle
            .registered
            .as_ref()
            .map(|registered| &registered.description);
        CandidateFacts {
            active: Some(driver.status == DriverStatus::Approved),
            online: Some(driver.online.is_some()),
            sanctioned: Some(driver.status == DriverStatus::Suspended),
            driver_documents: Some(driver.documents.as_slice().into()),
            vehicle_documents: Some(vehicle.papers.as_slice().into()),
            class: what.map(|what| what.class),
            seats: what.map(|what| what.seats),
            bags: what.map(|what| what.bags),
            home_state: what.map(|what| what.home_state),
            first_registered: what.map(|what| what.first_registered),
            fuel: what.map(|what| what.fuel),
            hill_cleared: driver.profile.map(|profile| profile.hill_roads),
            drives_at_night: driver.profile.map(|profile| profile.drives_at_night),
            ..CandidateFacts::unknown(self.driver_id, self.vehicle_id)
        }
    }

    /// All that is known of them.
    pub(super) fn facts(
        &self,
        approach: &Approach,
        hours: &HoursPolicy,
        now: Timestamp,
    ) -> CandidateFacts<'a> {
        let plan = &approach.plan;
        let trips = self.duties.duties().iter();
        let driven = trips.filter(|duty| duty.state == DutyState::Closed);
        CandidateFacts {
            driver_duty: Some(DutyFit::of(self.duties, plan, hours, now)),
            vehicle_duty: Some(VehicleFit {
                overlap: self.duties_of_vehicle.first_overlap(plan.reserved, now),
            }),
            fix_at: approach.fix_at,
            dead_metres: approach.dead_metres,
            pickup_seconds: approach.seconds,
            idle_since: driven.map(|duty| duty.on_duty.end()).max(),
            ..self.on_file()
        }
    }
}

/// The vehicle that the driver is online with, where it is of the class; otherwise the first of theirs that is. One
/// whose papers end before the trip does only where none of the others does better.
fn vehicle_for<'a>(rows: &'a Rows, driver: &Driver, trip: &TripRequest) -> Option<(VehicleId, &'a Vehicle)> {
    let of_class = |id: &VehicleId| {
        let vehicle = rows.vehicles.get(id)?;
        let what = &vehicle.registered.as_ref()?.description;
        (what.class == trip.class).then_some((*id, vehicle))
    };
    let mut all = driver.online.iter().chain(&driver.vehicles).filter_map(of_class);
    let first = all.next()?;
    let may_run = |(_, vehicle): &(VehicleId, &Vehicle)| vehicle.missing_papers(trip.ends_at).is_empty();
    if may_run(&first) {
        return Some(first);
    }
    Some(all.find(may_run).unwrap_or(first))
}
