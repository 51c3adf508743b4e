//! From a route and a time to what a price depends on.

use super::Issue;
use crate::domain::{
    fare::{Driving, FareError, FareInput, Interval, KmBasis, StateEntry, price},
    tariff::Tariff,
};
use interstate_schemas::{Money, SignedDuration, Timestamp, TripKind, TripRoute};

/// Driving seconds after which a driver must have rested: ten hours in a day.
const DRIVING_A_DAY: i64 = 10 * 3_600;
/// The rest that follows them, to the next day's start.
const NIGHT_HALT: i64 = 14 * 3_600;
/// Driving seconds after which half an hour's break is due.
const DRIVING_AT_A_STRETCH: i64 = 5 * 3_600;
/// That break.
const BREAK: i64 = 30 * 60;

/// When the vehicle moves if it leaves at the pickup's time and only halts for breaks and nights. The last of the
/// intervals ends with the road.
fn drives(seconds: u32, pickup_at: Timestamp) -> Vec<Interval> {
    let driving = i64::from(seconds);
    let after = |seconds| {
        pickup_at
            .saturating_add(SignedDuration::from_secs(seconds))
            .unwrap_or(Timestamp::MAX)
    };
    let (mut driven, mut passed) = (0, 0);
    let mut drives = Vec::new();
    loop {
        let spell = (driving - driven).min(DRIVING_AT_A_STRETCH);
        drives.push(Interval {
            from: after(passed),
            to: after(passed + spell),
        });
        (driven, passed) = (driven + spell, passed + spell);
        if driven >= driving {
            return drives;
        }
        let night = if driven % DRIVING_A_DAY == 0 {
            NIGHT_HALT
        } else {
            0
        };
        passed += BREAK + night;
    }
}

/// When a trip on this route is over, breaks and night halts included. No earlier than the rider wants the
/// vehicle.
pub(super) fn ends_at(route: &TripRoute, pickup_at: Timestamp, until: Option<Timestamp>) -> Timestamp {
    let planned = drives(route.seconds, pickup_at)
        .last()
        .map_or(pickup_at, |last| last.to);
    until.map_or(planned, |until| until.max(planned))
}

/// What the quote's price depends on.
pub(super) fn fare_input(tariff: &Tariff, issue: &Issue, ends_at: Timestamp) -> Result<FareInput, FareError> {
    let route = &issue.route;
    let boarding_state = route.stops[0].state;
    let mut input = FareInput {
        class: issue.class,
        kind: issue.kind,
        period: Interval {
            from: issue.pickup_at,
            to: ends_at,
        },
        leg_metres: route.legs.iter().map(|leg| u64::from(leg.metres)).collect(),
        km_basis: KmBasis::Planned,
        factor: issue.factor,
        extra_hours: 0,
        waits: Vec::new(),
        driving: match issue.kind {
            TripKind::OneWay => Driving::During {
                intervals: drives(route.seconds, issue.pickup_at),
            },
            TripKind::RoundTrip | TripKind::MultiCity => Driving::ByDay,
        },
        hill_days: 0,
        toll: route.toll(),
        // Only vehicles with an All India Tourist Permit are sent across a border.
        state_entry: if route.states.iter().any(|state| *state != boarding_state) {
            StateEntry::CoveredByAitp
        } else {
            StateEntry::NoBorder
        },
        parking: Money::ZERO,
        discount: issue.discount.clone(),
        boarding_state,
        recipient: issue.recipient,
        advance_paid: None,
    };
    let hill_legs = route.legs.iter().filter(|leg| leg.hill).count();
    if hill_legs > 0 {
        // Each leg in hills makes one day a hill day, and no trip has more of them than days.
        let days = price(tariff, &input)?.days;
        input.hill_days = days.min(u32::try_from(hill_legs).unwrap_or(u32::MAX));
    }
    Ok(input)
}
