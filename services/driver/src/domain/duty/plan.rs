//! From a trip to the time that it takes out of a driver's and a vehicle's calendar.

use super::interval::{Interval, shifted};
use interstate_schemas::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a road is like, as far as empty travel is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Terrain {
    /// Flat or rolling.
    Plain,
    /// Hill roads.
    Hill,
}

/// The figures of empty travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TravelPolicy {
    /// Average km/h on the plain.
    pub plain_kmh: u16,
    /// Average km/h in the hills.
    pub hill_kmh: u16,
    /// Per cent added to the time.
    pub margin_percent: u16,
    /// Minutes that a driver is ready before the travel to a pickup begins.
    pub ready_minutes: u16,
}

impl Default for TravelPolicy {
    fn default() -> Self {
        Self {
            plain_kmh: 50,
            hill_kmh: 30,
            margin_percent: 15,
            ready_minutes: 30,
        }
    }
}

impl TravelPolicy {
    /// How long so many metres take without a passenger, in whole seconds, rounded up.
    pub fn travel(&self, metres: u32, terrain: Terrain) -> SignedDuration {
        let kmh = match terrain {
            Terrain::Plain => self.plain_kmh,
            Terrain::Hill => self.hill_kmh,
        };
        // metres ÷ (km/h ÷ 3.6) × (100 + margin) ÷ 100, in integers; a speed of zero is a mistyped policy.
        let seconds = (u64::from(metres) * 36 * (100 + u64::from(self.margin_percent)))
            .div_ceil(u64::from(kmh.max(1)) * 1_000);
        SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))
    }
}

/// A trip as a calendar sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DutyPlan {
    /// From leaving for the pickup to the end of the trip: time on duty.
    pub on_duty: Interval,
    /// `on_duty`, the way home and the rest owed after it: what nobody else can have.
    pub reserved: Interval,
    /// Minutes at the wheel until the trip is over, empty travel to the pickup included. Nothing where nobody
    /// could say.
    pub driving_minutes: Option<u32>,
}

impl DutyPlan {
    /// The duty of a trip from `pickup` to `end`: it starts `to_pickup` and the time to get ready before the
    /// pickup. After the end come `way_home` (zero for a trip that comes back) and `rest`, which nobody can
    /// have either. The way home is not on duty: the driver may break it anywhere, for a night too, so that a
    /// long one does not use up the hours of a day. `driving` is the time at the wheel with a passenger;
    /// nothing where the end is not after the pickup.
    pub fn of_trip(
        pickup: Timestamp,
        end: Timestamp,
        to_pickup: SignedDuration,
        way_home: SignedDuration,
        rest: SignedDuration,
        driving: Option<SignedDuration>,
        travel: &TravelPolicy,
    ) -> Option<Self> {
        Interval::new(pickup, end).ok()?;
        let ready = SignedDuration::from_mins(travel.ready_minutes.into());
        let on_duty = Interval::new(shifted(shifted(pickup, -to_pickup), -ready), end).ok()?;
        let reserved = on_duty.ending(shifted(shifted(end, way_home), rest)).ok()?;
        let at_the_wheel = |ride: SignedDuration| {
            let seconds = [ride, to_pickup]
                .iter()
                .map(|part| part.as_secs().max(0))
                .sum::<i64>();
            u32::try_from((seconds + 59) / 60).unwrap_or(u32::MAX)
        };
        Some(Self {
            on_duty,
            reserved,
            driving_minutes: driving.map(at_the_wheel),
        })
    }

    /// The duty of time that was worked out before and of which only the whole is known: the last `rest` of
    /// it is the rest owed, though never so much that the trip, which ends at `end`, would be cut. Nothing
    /// where no time on duty would be left.
    pub fn of_reserved(reserved: Interval, end: Timestamp, rest: SignedDuration) -> Option<Self> {
        let on_duty_until = shifted(reserved.end(), -rest).max(end).min(reserved.end());
        Some(Self {
            on_duty: reserved.ending(on_duty_until).ok()?,
            reserved,
            driving_minutes: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn empty_travel_is_slower_in_the_hills_and_rounds_up() {
        let travel = TravelPolicy::default();
        assert_eq!(
            travel.travel(100_000, Terrain::Plain).as_mins(),
            138,
            "2 h and 15 %"
        );
        assert_eq!(travel.travel(60_000, Terrain::Hill).as_mins(), 138);
        assert_eq!(travel.travel(1, Terrain::Plain).as_secs(), 1);
        assert_eq!(travel.travel(0, Terrain::Hill).as_secs(), 0);
    }

    #[test]
    fn a_one_way_trip_takes_the_way_there_the_way_home_and_the_rest() {
        let travel = TravelPolicy::default();
        let plan = DutyPlan::of_trip(
            at("2026-11-20T08:00:00+05:30"),
            at("2026-11-20T13:00:00+05:30"),
            travel.travel(10_000, Terrain::Plain),
            travel.travel(260_000, Terrain::Plain),
            SignedDuration::from_hours(10),
            Some(SignedDuration::from_hours(5)),
            &travel,
        )
        .unwrap();
        // 10 km: 13 min 48 s before, and half an hour; 260 km: 5 h 58 min 48 s home.
        assert_eq!(plan.on_duty.start(), at("2026-11-20T07:16:12+05:30"));
        assert_eq!(plan.on_duty.end(), at("2026-11-20T13:00:00+05:30"));
        assert_eq!(plan.reserved.end(), at("2026-11-21T04:58:48+05:30"));
        assert_eq!(plan.driving_minutes, Some(300 + 14));
    }

    #[test]
    fn the_rest_is_found_again_in_the_time_reserved() {
        let (from, to) = (at("2026-11-20T07:00:00Z"), at("2026-11-21T04:00:00Z"));
        let reserved = Interval::new(from, to).unwrap();
        let on_duty_until = |end, rest| {
            let plan = DutyPlan::of_reserved(reserved, at(end), SignedDuration::from_hours(rest));
            plan.map(|plan| plan.on_duty.end())
        };
        assert_eq!(
            on_duty_until("2026-11-20T13:00:00Z", 10),
            Some(at("2026-11-20T18:00:00Z"))
        );
        assert_eq!(
            on_duty_until("2026-11-20T19:00:00Z", 10),
            Some(at("2026-11-20T19:00:00Z"))
        );
        assert_eq!(on_duty_until("2026-11-20T06:00:00Z", 30), None);
    }

    #[test]
    fn a_trip_that_ends_before_it_begins_has_no_duty() {
        let (pickup, zero) = (at("2026-11-20T08:00:00Z"), SignedDuration::ZERO);
        assert_eq!(
            DutyPlan::of_trip(pickup, pickup, zero, zero, zero, None, &TravelPolicy::default()),
            None
        );
    }
}
