//! Who could take a trip, with what is known of each.

use super::{
    Roster, Wanted, empty,
    roster::Rows,
    subject::{Approach, Subject},
};
use crate::{
    domain::{
        candidates::{DispatchPolicy, FilterCode, Judged, TripNeeds, first_failure},
        dispatch::Candidate,
        documents::{day_in_india, midnight},
        duty::DutyPlan,
    },
    ports::{FixesUnavailable, LiveFix, LiveFixes},
};
use interstate_schemas::{DriverId, GeoPoint, SignedDuration, Timestamp, TripRequest};
use std::collections::{BTreeMap, BTreeSet};

/// Candidates that are judged at a time, at most: enough to choose from, few enough to judge in a millisecond. Who
/// was asked before and who cannot come at first sight takes no place among them.
pub const MOST_CANDIDATES: usize = 60;

/// So many who could take the trip are enough: several rounds would not ask more.
const ENOUGH: usize = 20;
/// How often a round looks for more where hardly any of those judged could, at most. It bounds what a search costs
/// for which nobody will do; the next round begins elsewhere.
const MOST_LOOKS: usize = 4;
/// Drivers that the live positions are asked for; those of another class among them are passed over.
const NEAREST: usize = 500;
/// Others of the class that are looked at, at most.
const FARTHER: usize = 500;
/// How far away a driver is looked for, in metres.
const RADIUS: u32 = 100_000;

/// The candidates of a search.
#[derive(Default)]
pub struct Prospects {
    /// Those who were judged.
    pub judged: Vec<Judged>,
    /// Those who cannot come at first sight and are not among the judged: what was in the way, counted.
    pub passed_over: BTreeMap<FilterCode, u32>,
    /// The time that each of the judged would be taken for.
    pub plans: BTreeMap<DriverId, Candidate>,
}

/// The candidates of a round: those of the class who are near, then others of the class, without those who were
/// asked before. Where positions cannot be asked for, nobody counts as near.
pub async fn prospects(
    roster: &Roster,
    fixes: &dyn LiveFixes,
    wanted: &Wanted,
    policy: &DispatchPolicy,
    now: Timestamp,
) -> Prospects {
    let trip = &*wanted.of.trip;
    let Some(least) = plan_of(trip, None, policy) else {
        return Prospects::default();
    };
    let pickup = trip.route.stops.first().map(|stop| stop.point);
    let near = match pickup {
        Some(point) => known(fixes.nearest(point, RADIUS, NEAREST, now).await),
        None => Vec::new(),
    };
    let mut round = Round {
        wanted,
        policy,
        now,
        needs: needs(wanted),
        least,
        pickup,
        near_ids: near.iter().map(|fix| fix.driver).collect(),
        near,
        seen: 0,
        passed_over: Vec::new(),
        able: 0,
        found: Prospects::default(),
    };
    for _ in 0..MOST_LOOKS {
        let mut chosen = round.choose(&roster.rows());
        let at_the_end = chosen.len() < MOST_CANDIDATES;
        see(fixes, &mut chosen).await;
        round.judge(&roster.rows(), chosen);
        if at_the_end || round.able >= ENOUGH {
            break;
        }
    }
    round.finish(&roster.rows())
}

fn known(fixes: Result<Vec<LiveFix>, FixesUnavailable>) -> Vec<LiveFix> {
    fixes.unwrap_or_else(|error| {
        tracing::warn!(%error, "a search goes on without positions");
        Vec::new()
    })
}

/// Finds out where those were seen last who are not near.
async fn see(fixes: &dyn LiveFixes, chosen: &mut [Chosen]) {
    let unseen = |one: &&Chosen| one.fix.is_none();
    let asked: Vec<DriverId> = chosen.iter().filter(unseen).map(|one| one.driver).collect();
    if asked.is_empty() {
        return;
    }
    let last = known(fixes.last(&asked).await);
    let last: BTreeMap<DriverId, LiveFix> = last.into_iter().map(|fix| (fix.driver, fix)).collect();
    for one in chosen.iter_mut().filter(|one| one.fix.is_none()) {
        one.fix = last.get(&one.driver).copied();
    }
}

/// Who is looked at.
struct Chosen {
    driver: DriverId,
    fix: Option<LiveFix>,
}

/// One round's way through the drivers of a class.
struct Round<'a> {
    wanted: &'a Wanted,
    policy: &'a DispatchPolicy,
    now: Timestamp,
    needs: TripNeeds,
    /// The time that the trip takes of somebody who is at the pickup already: who has not even that cannot come.
    least: DutyPlan,
    pickup: Option<GeoPoint>,
    near: Vec<LiveFix>,
    near_ids: BTreeSet<DriverId>,
    /// How many were looked at.
    seen: usize,
    /// Those of them who cannot come at first sight, and why.
    passed_over: Vec<(Chosen, FilterCode)>,
    /// How many of the judged could.
    able: usize,
    found: Prospects,
}

impl Round<'_> {
    /// The next who could come at first sight, at most [`MOST_CANDIDATES`]. Those on the way to them are passed over:
    /// they must not keep out somebody behind them who could.
    fn choose(&mut self, rows: &Rows) -> Vec<Chosen> {
        let trip = &*self.wanted.of.trip;
        let mut chosen = Vec::with_capacity(MOST_CANDIDATES);
        let everybody = everybody(rows, self.wanted, &self.near, &self.near_ids);
        for (driver, fix) in everybody.skip(self.seen) {
            if chosen.len() == MOST_CANDIDATES {
                break;
            }
            self.seen += 1;
            // Somebody who came in between moves the others on by one.
            let again = self.found.plans.contains_key(&driver);
            let Some(subject) = Subject::of(rows, driver, trip).filter(|_| !again) else {
                continue;
            };
            // Whose time is taken is found at once, and of a busy fleet that is most; papers take ten times as long.
            let obstacle = if subject.is_taken(self.least.reserved, self.now) {
                Some(FilterCode::DutyOverlap)
            } else {
                first_failure(&subject.on_file(), &self.needs, self.policy, self.now)
            };
            let one = Chosen { driver, fix };
            match obstacle {
                None => chosen.push(one),
                Some(code) => self.passed_over.push((one, code)),
            }
        }
        chosen
    }

    /// Applies every filter.
    fn judge(&mut self, rows: &Rows, chosen: impl IntoIterator<Item = Chosen>) {
        let trip = &*self.wanted.of.trip;
        for Chosen { driver, fix } in chosen {
            let Some(subject) = Subject::of(rows, driver, trip) else {
                continue;
            };
            let Some(approach) = self.approach(fix) else {
                continue;
            };
            let facts = subject.facts(&approach, &self.policy.hours, self.now);
            let judged = Judged::of(&facts, &self.needs, self.policy, self.now);
            self.able += usize::from(judged.passes());
            self.found.judged.push(judged);
            let candidate = Candidate {
                driver,
                vehicle: subject.vehicle_id,
                plan: approach.plan,
                card: None,
            };
            self.found.plans.insert(driver, candidate);
        }
    }

    /// The way to the pickup from where a driver is.
    fn approach(&self, fix: Option<LiveFix>) -> Option<Approach> {
        let trip = &*self.wanted.of.trip;
        let dead_metres = fix
            .zip(self.pickup)
            .map(|(fix, point)| empty::metres_by_road(fix.point, point));
        let seconds = dead_metres.map(|metres| {
            let travel = empty::to_pickup(&trip.route, metres, &self.policy.travel).as_secs();
            u32::try_from(travel).unwrap_or(u32::MAX)
        });
        Some(Approach {
            fix_at: fix.map(|fix| fix.at),
            dead_metres,
            seconds,
            plan: plan_of(trip, dead_metres, self.policy)?,
        })
    }

    /// Those who were passed over fill the places that are left, so that all that stands against them is on record;
    /// of the rest the first obstacle is counted.
    fn finish(mut self, rows: &Rows) -> Prospects {
        let places = MOST_CANDIDATES.saturating_sub(self.found.judged.len());
        let rest = self.passed_over.split_off(places.min(self.passed_over.len()));
        let first = std::mem::take(&mut self.passed_over);
        self.judge(rows, first.into_iter().map(|(one, _)| one));
        for (_, code) in rest {
            *self.found.passed_over.entry(code).or_default() += 1;
        }
        self.found
    }
}

/// The drivers of the class in the order in which they are looked at: the nearest first, then the others, beginning
/// somewhere else for each booking and round, so that it is not always the same who are looked at.
fn everybody<'a>(
    rows: &'a Rows,
    wanted: &'a Wanted,
    near: &'a [LiveFix],
    near_ids: &'a BTreeSet<DriverId>,
) -> impl Iterator<Item = (DriverId, Option<LiveFix>)> {
    let search = &wanted.of;
    let was_asked = move |driver: DriverId| search.asked.contains(&driver);
    let ring = rows.by_class.get(&search.trip.class);
    ring.into_iter().flat_map(move |ring| {
        // Where there are more of them than one round looks at, the next one goes on behind those.
        let looked_at = MOST_LOOKS * MOST_CANDIDATES * (wanted.round.max(1) as usize - 1);
        let from = match near.len() {
            few if few <= MOST_LOOKS * MOST_CANDIDATES => 0,
            many => looked_at % many,
        };
        let near = near[from..].iter().chain(&near[..from]);
        let near = near
            .filter(move |fix| ring.contains(fix.driver) && !was_asked(fix.driver))
            .map(|fix| (fix.driver, Some(*fix)));
        let farther = ring
            .beginning_at(search.trip.booking, wanted.round)
            .filter(move |id| !near_ids.contains(id) && !was_asked(*id))
            .take(FARTHER);
        near.chain(farther.map(|id| (id, None)))
    })
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

fn needs(wanted: &Wanted) -> TripNeeds {
    let trip = &*wanted.of.trip;
    TripNeeds {
        mode: wanted.of.mode,
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

#[cfg(test)]
#[path = "candidates_tests.rs"]
mod tests;
