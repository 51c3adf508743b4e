//! Who could take a trip, with what is known of each.

use super::{OpenSearch, Roster, empty, ring::Ring, roster::Rows};
use crate::{
    domain::{
        candidates::{CandidateFacts, DispatchPolicy, TripNeeds, VehicleFit},
        dispatch::Candidate,
        documents::{day_in_india, midnight},
        driver::{Driver, DriverStatus},
        duty::{DutyCalendar, DutyFit, DutyPlan, DutyState},
        vehicle::Vehicle,
    },
    ports::{FixesUnavailable, LiveFix, LiveFixes},
};
use interstate_schemas::{
    CalendarOwner, DriverId, SignedDuration, Timestamp, TripRequest, TripRoute, VehicleClass, VehicleId,
};
use std::collections::{BTreeMap, BTreeSet};

/// Candidates that one search looks at, at most: enough to fill every round, few enough to judge in a
/// millisecond.
pub const MOST_CANDIDATES: usize = 60;

/// Drivers that the live positions are asked for; those of another class among them are passed over.
const NEAREST: usize = 500;
/// Others of the class that are looked at, at most.
const FARTHER: usize = 500;
/// How far away a driver is looked for, in metres.
const RADIUS: u32 = 100_000;

/// The candidates of a search.
pub struct Prospects {
    /// What the trip asks for.
    pub needs: TripNeeds,
    /// What is known of each candidate.
    pub facts: Vec<CandidateFacts>,
    /// The time that each would be taken for.
    pub plans: BTreeMap<DriverId, Candidate>,
}

/// The candidates of a search: those of the class who are near, then others of the class, at most
/// [`MOST_CANDIDATES`]. Where positions cannot be asked for, nobody counts as near.
pub async fn prospects(
    roster: &Roster,
    fixes: &dyn LiveFixes,
    search: &OpenSearch,
    policy: &DispatchPolicy,
    now: Timestamp,
) -> Prospects {
    let pickup = search.trip.route.stops.first().map(|stop| stop.point);
    let near = match pickup {
        Some(point) => known(fixes.nearest(point, RADIUS, NEAREST, now).await),
        None => Vec::new(),
    };
    let mut chosen = choose(&roster.rows(), search, &near, now);
    let unseen = |one: &&Chosen| one.free && one.fix.is_none();
    let asked: Vec<DriverId> = chosen.iter().filter(unseen).map(|one| one.driver).collect();
    if !asked.is_empty() {
        let last = known(fixes.last(&asked).await);
        let last: BTreeMap<DriverId, LiveFix> = last.into_iter().map(|fix| (fix.driver, fix)).collect();
        for one in chosen.iter_mut().filter(|one| one.free && one.fix.is_none()) {
            one.fix = last.get(&one.driver).copied();
        }
    }
    judge(&roster.rows(), chosen, search, policy, now)
}

fn known(fixes: Result<Vec<LiveFix>, FixesUnavailable>) -> Vec<LiveFix> {
    fixes.unwrap_or_else(|error| {
        tracing::warn!(%error, "a search goes on without positions");
        Vec::new()
    })
}

/// Who is looked at.
struct Chosen {
    driver: DriverId,
    fix: Option<LiveFix>,
    free: bool,
}

fn choose(rows: &Rows, search: &OpenSearch, near: &[LiveFix], now: Timestamp) -> Vec<Chosen> {
    let trip = &*search.trip;
    let none = Ring::default();
    let of_class = rows.by_class.get(&trip.class).unwrap_or(&none);
    let known: BTreeSet<DriverId> = near.iter().map(|fix| fix.driver).collect();
    // Beginning somewhere else for each booking, so that it is not always the same who are looked at.
    let rest = of_class
        .beginning_at(trip.booking)
        .filter(|id| !known.contains(id));
    let everybody = near
        .iter()
        .filter(|fix| of_class.contains(fix.driver))
        .map(|fix| (fix.driver, Some(*fix)))
        .chain(rest.take(FARTHER).map(|id| (id, None)));
    // Those whose time is free fill the places first; a record in which all are taken says so with the others.
    let mut chosen = Vec::with_capacity(MOST_CANDIDATES);
    let mut taken = Vec::new();
    for (driver, fix) in everybody {
        if chosen.len() == MOST_CANDIDATES {
            break;
        }
        let free = !rows.is_taken(driver, trip.pickup_at, trip.ends_at, now);
        let list = if free { &mut chosen } else { &mut taken };
        list.push(Chosen { driver, fix, free });
    }
    let places = MOST_CANDIDATES - chosen.len();
    chosen.extend(taken.into_iter().take(places));
    chosen
}

fn judge(
    rows: &Rows,
    chosen: Vec<Chosen>,
    search: &OpenSearch,
    policy: &DispatchPolicy,
    now: Timestamp,
) -> Prospects {
    let trip = &*search.trip;
    let pickup = trip.route.stops.first().map(|stop| stop.point);
    let mut found = Prospects {
        needs: needs(search),
        facts: Vec::with_capacity(chosen.len()),
        plans: BTreeMap::new(),
    };
    for Chosen { driver: id, fix, .. } in chosen {
        let Some((driver, (vehicle_id, vehicle))) = rows
            .drivers
            .get(&id)
            .and_then(|driver| Some((driver, vehicle_for(rows, driver, trip.class)?)))
        else {
            continue;
        };
        let dead = fix
            .zip(pickup)
            .map(|(fix, point)| empty::metres_by_road(fix.point, point));
        let Some(plan) = plan_of(trip, dead, policy) else {
            continue;
        };
        let subject = Subject {
            id,
            driver,
            vehicle_id,
            vehicle,
            fix,
            dead,
            plan,
        };
        found.facts.push(facts(rows, &subject, &trip.route, policy, now));
        found.plans.insert(
            id,
            Candidate {
                driver: id,
                vehicle: vehicle_id,
                plan,
                card: None,
            },
        );
    }
    found
}

/// One candidate before it is judged.
struct Subject<'a> {
    id: DriverId,
    driver: &'a Driver,
    vehicle_id: VehicleId,
    vehicle: &'a Vehicle,
    fix: Option<LiveFix>,
    dead: Option<u32>,
    plan: DutyPlan,
}

fn facts(
    rows: &Rows,
    subject: &Subject<'_>,
    route: &TripRoute,
    policy: &DispatchPolicy,
    now: Timestamp,
) -> CandidateFacts {
    let empty = DutyCalendar::default();
    let calendar = |owner: CalendarOwner| {
        rows.calendar(&owner.to_string())
            .map_or(&empty, |calendar| calendar.duties())
    };
    let Subject {
        id,
        driver,
        vehicle_id,
        vehicle,
        fix,
        dead,
        plan,
    } = subject;
    let duties = calendar(CalendarOwner::Driver(*id));
    let of_vehicle = calendar(CalendarOwner::Vehicle(*vehicle_id));
    let what = vehicle
        .registered
        .as_ref()
        .map(|registered| &registered.description);
    let last_trip = duties
        .duties()
        .iter()
        .filter(|duty| duty.state == DutyState::Closed)
        .map(|duty| duty.on_duty.end())
        .max();
    CandidateFacts {
        active: Some(driver.status == DriverStatus::Approved),
        online: Some(driver.online.is_some()),
        sanctioned: Some(driver.status == DriverStatus::Suspended),
        driver_documents: Some(driver.documents.clone()),
        vehicle_documents: Some(vehicle.papers.clone()),
        class: what.map(|what| what.class),
        seats: what.map(|what| what.seats),
        bags: what.map(|what| what.bags),
        home_state: what.map(|what| what.home_state),
        first_registered: what.map(|what| what.first_registered),
        fuel: what.map(|what| what.fuel),
        driver_duty: Some(DutyFit::of(duties, plan, &policy.hours, now)),
        vehicle_duty: Some(VehicleFit {
            overlap: of_vehicle.first_overlap(plan.reserved, now),
        }),
        fix_at: fix.map(|fix| fix.at),
        dead_metres: *dead,
        pickup_seconds: dead.map(|metres| {
            let travel = empty::to_pickup(route, metres, &policy.travel).as_secs();
            u32::try_from(travel).unwrap_or(u32::MAX)
        }),
        hill_cleared: driver.profile.map(|profile| profile.hill_roads),
        drives_at_night: driver.profile.map(|profile| profile.drives_at_night),
        idle_since: last_trip,
        ..CandidateFacts::unknown(*id, *vehicle_id)
    }
}

/// The vehicle that the driver is online with, where it is of the class; otherwise the first of theirs that is.
fn vehicle_for<'a>(rows: &'a Rows, driver: &Driver, class: VehicleClass) -> Option<(VehicleId, &'a Vehicle)> {
    let of_class = |id: &VehicleId| {
        let vehicle = rows.vehicles.get(id)?;
        let what = &vehicle.registered.as_ref()?.description;
        (what.class == class).then_some((*id, vehicle))
    };
    driver.online.iter().chain(&driver.vehicles).find_map(of_class)
}

/// The time that a trip takes.
fn plan_of(trip: &TripRequest, dead: Option<u32>, policy: &DispatchPolicy) -> Option<DutyPlan> {
    DutyPlan::of_trip(
        trip.pickup_at,
        trip.ends_at,
        empty::to_pickup(&trip.route, dead.unwrap_or(0), &policy.travel),
        empty::way_home(trip, &policy.travel),
        SignedDuration::from_mins(policy.hours.rest_minutes.into()),
        Some(SignedDuration::from_secs(trip.route.seconds.into())),
        &policy.travel,
    )
}

fn needs(search: &OpenSearch) -> TripNeeds {
    let trip = &*search.trip;
    TripNeeds {
        mode: search.mode,
        kind: trip.kind,
        pickup_at: trip.pickup_at,
        planned_end: trip.ends_at,
        states: trip.route.states.clone(),
        classes: vec![trip.class],
        passengers: trip.passengers,
        bags: Some(trip.bags),
        hill: Some(trip.route.has_hills()),
        night: trip
            .night
            .unwrap_or_else(|| at_night(trip.pickup_at, trip.ends_at)),
        // The advance is paid before, and the balance through the platform.
        cash: false,
        driver_gender: None,
    }
}

/// Whether any of the time lies between 22:00 and 06:00 in India: for trips of which nobody says when they are
/// driven.
fn at_night(from: Timestamp, until: Timestamp) -> bool {
    let day = midnight(day_in_india(from));
    let since_midnight = from.duration_since(day);
    let (morning, evening) = (SignedDuration::from_hours(6), SignedDuration::from_hours(22));
    since_midnight < morning || since_midnight >= evening || until.duration_since(day) > evening
}
