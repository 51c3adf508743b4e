//! Drivers, vehicles, calendars and open searches as they stand now. Folded with the aggregates' own `evolve`,
//! so that a candidate is judged by exactly what its aggregates would say. There are few of each, and each start
//! reads them from the log again.

use super::{offered::Offered, ring::Ring};
use crate::domain::{
    calendar::Calendar,
    dispatch::{Candidate, Dispatch, DispatchEvent},
    driver::{Driver, DriverStatus, MOST_VEHICLES},
    duty::DutyCalendar,
    vehicle::{Vehicle, VehicleStatus},
};
use interstate_eventing::{
    Aggregate, DecodeError, Event,
    projection::{MemoryReadModel, ReadModel},
};
use interstate_schemas::{
    CalendarOwner, DispatchId, DriverCard, DriverId, EventId, Timestamp, TripRequest, VehicleClass, VehicleId,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};
use tokio::sync::watch;

/// A search that goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenSearch {
    /// Its number.
    pub search: u32,
    /// For what.
    pub trip: Arc<TripRequest>,
    /// About now, or ahead.
    pub mode: crate::domain::offers::DispatchMode,
    /// Who was asked in an earlier round: nobody is asked twice.
    pub asked: Arc<BTreeSet<DriverId>>,
}

/// Candidates that somebody has to name.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// By which dispatch.
    pub dispatch: DispatchId,
    /// The event that asked: what makes the answer the same command when it is given twice.
    pub event: EventId,
    /// For which round.
    pub round: u32,
    /// The search.
    pub of: OpenSearch,
}

/// Everything in it.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) drivers: HashMap<DriverId, Driver>,
    pub(super) vehicles: HashMap<VehicleId, Vehicle>,
    calendars: HashMap<CalendarOwner, Calendar>,
    /// The calendar of whoever has none yet.
    free: DutyCalendar,
    /// Approved drivers by the classes that they can drive.
    pub(super) by_class: BTreeMap<VehicleClass, Ring>,
    /// What drivers are being asked for, so that not every search asks the same ones at once.
    offered: Offered,
    searches: HashMap<DispatchId, OpenSearch>,
    wanted: BTreeMap<DispatchId, (EventId, u32)>,
}

#[derive(Default)]
struct Shared {
    rows: RwLock<Rows>,
    wanted: watch::Sender<u64>,
}

/// The roster. Clones share it.
#[derive(Clone, Default)]
pub struct Roster(Arc<Shared>);

impl Roster {
    /// The projection that keeps it. Its positions live beside it in memory: both begin at the beginning.
    pub fn projection(&self) -> Arc<dyn ReadModel> {
        let roster = self.clone();
        Arc::new(MemoryReadModel::new("roster", move |_, event| {
            roster.take_up(event).map_err(|error| error.to_string())
        }))
    }

    /// A driver.
    pub fn driver(&self, driver: DriverId) -> Option<Driver> {
        self.rows().drivers.get(&driver).cloned()
    }

    /// A vehicle.
    pub fn vehicle(&self, vehicle: VehicleId) -> Option<Vehicle> {
        self.rows().vehicles.get(&vehicle).cloned()
    }

    /// The vehicles of a driver, those among them that are not admitted.
    pub fn vehicles_of(&self, driver: DriverId) -> Vec<Vehicle> {
        let rows = self.rows();
        let of_driver = rows.vehicles.values().filter(|vehicle| {
            vehicle
                .registered
                .as_ref()
                .is_some_and(|registered| registered.driver == driver)
        });
        let mut found: Vec<_> = of_driver.cloned().collect();
        found.sort_by_key(|vehicle| vehicle.registered.as_ref().map(|registered| registered.vehicle));
        found
    }

    /// Whether a driver may register this vehicle: it is theirs already, or they have few enough others.
    pub fn may_register(&self, driver: DriverId, vehicle: VehicleId) -> bool {
        let rows = self.rows();
        let theirs = |vehicle: &Vehicle| {
            let registered = vehicle.registered.as_ref();
            registered.is_some_and(|registered| registered.driver == driver)
                && matches!(vehicle.status, VehicleStatus::Pending | VehicleStatus::Admitted)
        };
        rows.vehicles.get(&vehicle).is_some_and(theirs)
            || rows.vehicles.values().filter(|known| theirs(known)).count() < MOST_VEHICLES
    }

    /// Drivers whose admission stands there, after this one in the order of their ids, with what they may drive.
    /// At most `limit`.
    pub fn at_stage(
        &self,
        status: DriverStatus,
        after: Option<DriverId>,
        limit: usize,
    ) -> Vec<(DriverId, Driver, Vec<Vehicle>)> {
        let rows = self.rows();
        let stands = |(id, driver): &(&DriverId, &Driver)| {
            driver.status == status && after.is_none_or(|after| **id > after)
        };
        let mut found: Vec<_> = rows.drivers.iter().filter(stands).collect();
        found.sort_by_key(|(id, _)| **id);
        found.truncate(limit);
        let with_vehicles = found.into_iter().map(|(id, driver)| {
            let vehicles = driver.vehicles.iter().filter_map(|id| rows.vehicles.get(id));
            (*id, driver.clone(), vehicles.cloned().collect())
        });
        with_vehicles.collect()
    }

    /// What a rider is shown of a driver in a vehicle.
    pub fn card(&self, driver: DriverId, vehicle: VehicleId) -> Option<DriverCard> {
        let rows = self.rows();
        let registered = rows.vehicles.get(&vehicle)?.registered.as_ref()?;
        Some(DriverCard {
            name: rows.drivers.get(&driver).and_then(|driver| driver.name.clone()),
            plate_ending: registered.plate.ending.clone(),
            class: registered.description.class,
            seats: registered.description.seats,
        })
    }

    /// Searches that want candidates and have none, at most `limit` of those that `is_new` accepts.
    pub fn wanted(&self, limit: usize, is_new: impl Fn(DispatchId, EventId) -> bool) -> Vec<Wanted> {
        let rows = self.rows();
        let of = |(&dispatch, &(event, round)): (&DispatchId, &(EventId, u32))| {
            let of = rows.searches.get(&dispatch)?.clone();
            Some(Wanted {
                dispatch,
                event,
                round,
                of,
            })
        };
        let new = rows
            .wanted
            .iter()
            .filter(|&(&dispatch, &(event, _))| is_new(dispatch, event));
        new.filter_map(of).take(limit).collect()
    }

    /// Whether a search still waits for an answer to this question.
    pub fn is_wanted(&self, dispatch: DispatchId, event: EventId) -> bool {
        self.rows()
            .wanted
            .get(&dispatch)
            .is_some_and(|(wanted, _)| *wanted == event)
    }

    /// These drivers are about to be asked; what the search's own events say takes its place.
    pub fn about_to_offer(&self, dispatch: DispatchId, candidates: &[Candidate]) {
        let mut rows = self.rows_mut();
        // One that is over meanwhile has no event to come that would take them off again.
        if rows.searches.contains_key(&dispatch) {
            rows.offered.replace(dispatch, candidates);
        }
    }

    /// Whether another search is asking this driver for some of this time.
    pub fn is_offered_elsewhere(&self, dispatch: DispatchId, candidate: &Candidate) -> bool {
        self.rows().offered.elsewhere(dispatch, candidate)
    }

    /// Changes whenever somebody wants candidates.
    pub fn wakes(&self) -> watch::Receiver<u64> {
        self.0.wanted.subscribe()
    }

    pub(super) fn rows(&self) -> RwLockReadGuard<'_, Rows> {
        self.0.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn rows_mut(&self) -> RwLockWriteGuard<'_, Rows> {
        self.0.rows.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take_up(&self, event: &Event) -> Result<(), DecodeError> {
        let unreadable = || DecodeError::Malformed {
            kind: event.event_type.to_string(),
            why: format!("`{}` is no id of its kind", event.subject),
        };
        match event.aggregate.as_ref() {
            Driver::NAME => {
                let id = event.subject.parse().map_err(|_| unreadable())?;
                let mut rows = self.rows_mut();
                evolve(rows.drivers.entry(id).or_default(), event)?;
                rows.index(id);
            }
            Vehicle::NAME => {
                let id = event.subject.parse().map_err(|_| unreadable())?;
                let mut rows = self.rows_mut();
                let vehicle = rows.vehicles.entry(id).or_default();
                evolve(vehicle, event)?;
                if let Some(driver) = vehicle.registered.as_ref().map(|registered| registered.driver) {
                    rows.index(driver);
                }
            }
            Calendar::NAME => {
                let owner = owner(&event.subject).ok_or_else(unreadable)?;
                let mut rows = self.rows_mut();
                evolve(rows.calendars.entry(owner).or_default(), event)?;
            }
            Dispatch::NAME => {
                let id = event.subject.parse().map_err(|_| unreadable())?;
                self.search(id, event)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn search(&self, id: DispatchId, event: &Event) -> Result<(), DecodeError> {
        match event.event_type.as_ref() {
            "dispatch.search_opened.v1" | "dispatch.candidates_wanted.v1" | "dispatch.offers_made.v1" => {}
            "dispatch.driver_found.v1" | "dispatch.no_driver.v1" | "dispatch.search_withdrawn.v1" => {
                let mut rows = self.rows_mut();
                rows.wanted.remove(&id);
                rows.searches.remove(&id);
                rows.offered.replace(id, &[]);
                return Ok(());
            }
            // The record is by far the largest event, and nothing here needs it.
            _ => return Ok(()),
        }
        match event.decode()? {
            DispatchEvent::Opened(opened) => {
                let open = OpenSearch {
                    search: opened.search,
                    trip: Arc::from(opened.trip),
                    mode: opened.mode,
                    asked: Arc::default(),
                };
                self.rows_mut().searches.insert(id, open);
            }
            DispatchEvent::Wanted(wanted) => {
                self.rows_mut().wanted.insert(id, (event.id, wanted.round));
                self.0.wanted.send_modify(|count| *count += 1);
            }
            DispatchEvent::OffersMade(made) => {
                let candidates: Vec<_> = made.offers.into_values().collect();
                let mut rows = self.rows_mut();
                rows.wanted.remove(&id);
                if let Some(search) = rows.searches.get_mut(&id) {
                    let drivers = candidates.iter().map(|candidate| candidate.driver);
                    Arc::make_mut(&mut search.asked).extend(drivers);
                }
                rows.offered.replace(id, &candidates);
            }
            _ => {}
        }
        Ok(())
    }
}

impl Rows {
    /// Finds out again what a driver can drive.
    fn index(&mut self, id: DriverId) {
        for drivers in self.by_class.values_mut() {
            drivers.remove(id);
        }
        let Some(driver) = self
            .drivers
            .get(&id)
            .filter(|driver| driver.status == DriverStatus::Approved)
        else {
            return;
        };
        for vehicle in &driver.vehicles {
            let registered = self
                .vehicles
                .get(vehicle)
                .and_then(|vehicle| vehicle.registered.as_ref());
            if let Some(registered) = registered {
                self.by_class
                    .entry(registered.description.class)
                    .or_default()
                    .insert(id);
            }
        }
    }

    /// What stands in an owner's calendar; nothing where nothing ever did.
    pub(super) fn duties(&self, owner: CalendarOwner) -> &DutyCalendar {
        self.calendars.get(&owner).map_or(&self.free, Calendar::duties)
    }
}

/// Whose calendar has this id.
fn owner(id: &str) -> Option<CalendarOwner> {
    let driver = id.parse().map(CalendarOwner::Driver);
    driver.or_else(|_| id.parse().map(CalendarOwner::Vehicle)).ok()
}

fn evolve<A: Aggregate>(state: &mut A, event: &Event) -> Result<(), DecodeError> {
    let time: Timestamp = event.time;
    state.evolve(&event.decode::<A::Event>()?, time);
    Ok(())
}
