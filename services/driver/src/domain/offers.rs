//! How many drivers are asked at a time, and how long each offer stands.

use interstate_schemas::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether the car is wanted about now or at a time ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DispatchMode {
    /// The pickup is near: a few nearby drivers, seconds to answer.
    OnDemand,
    /// The pickup is hours or days ahead: more drivers, minutes to answer.
    Reserved,
}

/// The figures of offers. Those marked `own` have no source outside of this project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferPolicy {
    /// A pickup less than so many minutes ahead is on demand. 180, the usual notice: what is sold with less
    /// is sold because a driver is near. For a reserved trip it is also when the search gives up (`own`).
    pub on_demand_lead_minutes: u32,
    /// Drivers asked at once on demand.
    pub on_demand_batch: u8,
    /// Seconds that an offer on demand stands.
    pub on_demand_ttl_seconds: u32,
    /// Rounds of offers on demand before "no driver".
    pub on_demand_rounds: u32,
    /// Drivers asked at once for a reserved trip.
    pub reserved_batch: u8,
    /// Seconds that an offer stands with more than `far_hours` to the pickup.
    pub reserved_far_ttl_seconds: u32,
    /// Seconds that it stands between `near_hours` and `far_hours`, both included (`own`).
    pub reserved_middle_ttl_seconds: u32,
    /// Seconds that it stands with less than `near_hours` to the pickup.
    pub reserved_near_ttl_seconds: u32,
    /// Where "far" begins.
    pub far_hours: u16,
    /// Where "near" ends.
    pub near_hours: u16,
}

impl Default for OfferPolicy {
    fn default() -> Self {
        Self {
            on_demand_lead_minutes: 180,
            on_demand_batch: 3,
            on_demand_ttl_seconds: 30,
            on_demand_rounds: 5,
            reserved_batch: 5,
            reserved_far_ttl_seconds: 15 * 60,
            reserved_middle_ttl_seconds: 10 * 60,
            reserved_near_ttl_seconds: 5 * 60,
            far_hours: 24,
            near_hours: 6,
        }
    }
}

/// What one round of offers is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferRound {
    /// 1 for the first.
    pub round: u32,
    /// Drivers asked at once.
    pub batch: u8,
    /// When an unanswered offer of this round expires.
    pub expires_at: Timestamp,
}

impl OfferPolicy {
    /// How to search for a driver at that pickup. Decided once, when the search begins: a reserved search
    /// that has run into the last hours ends, it does not turn into one on demand.
    pub fn mode(&self, pickup: Timestamp, now: Timestamp) -> DispatchMode {
        if pickup.duration_since(now) < self.lead() {
            DispatchMode::OnDemand
        } else {
            DispatchMode::Reserved
        }
    }

    /// The round after `done` rounds, or nothing when no more are left or the rider should have been picked up. When the
    /// search gives up before that, its booking says.
    pub fn next_round(
        &self,
        mode: DispatchMode,
        done: u32,
        pickup: Timestamp,
        now: Timestamp,
    ) -> Option<OfferRound> {
        let rounds_are_left = mode == DispatchMode::Reserved || done < self.on_demand_rounds;
        (now < pickup && rounds_are_left).then(|| OfferRound {
            round: done.saturating_add(1),
            batch: self.batch(mode),
            expires_at: now
                .checked_add(self.ttl(mode, pickup, now))
                .unwrap_or(pickup)
                .min(pickup),
        })
    }

    /// Drivers asked at once.
    pub fn batch(&self, mode: DispatchMode) -> u8 {
        match mode {
            DispatchMode::OnDemand => self.on_demand_batch,
            DispatchMode::Reserved => self.reserved_batch,
        }
    }

    /// How long an offer made now stands.
    pub fn ttl(&self, mode: DispatchMode, pickup: Timestamp, now: Timestamp) -> SignedDuration {
        let ahead = pickup.duration_since(now);
        let seconds = match mode {
            DispatchMode::OnDemand => self.on_demand_ttl_seconds,
            DispatchMode::Reserved if ahead > hours(self.far_hours) => self.reserved_far_ttl_seconds,
            DispatchMode::Reserved if ahead < hours(self.near_hours) => self.reserved_near_ttl_seconds,
            DispatchMode::Reserved => self.reserved_middle_ttl_seconds,
        };
        SignedDuration::from_secs(seconds.into())
    }

    fn lead(&self) -> SignedDuration {
        SignedDuration::from_mins(self.on_demand_lead_minutes.into())
    }
}

fn hours(hours: u16) -> SignedDuration {
    SignedDuration::from_hours(hours.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> OfferPolicy {
        OfferPolicy::default()
    }

    fn pickup() -> Timestamp {
        "2026-11-20T09:00:00+05:30".parse().unwrap()
    }

    fn before(minutes: i64) -> Timestamp {
        pickup() - SignedDuration::from_mins(minutes)
    }

    #[test]
    fn an_offer_stands_longer_the_further_the_pickup() {
        let minutes = |ahead: i64| {
            policy()
                .ttl(DispatchMode::Reserved, pickup(), before(ahead))
                .as_mins()
        };
        assert_eq!(minutes(24 * 60 + 1), 15);
        assert_eq!(minutes(24 * 60), 10);
        assert_eq!(minutes(6 * 60), 10);
        assert_eq!(minutes(6 * 60 - 1), 5);
        assert_eq!(
            policy()
                .ttl(DispatchMode::OnDemand, pickup(), before(20))
                .as_secs(),
            30
        );
    }

    #[test]
    fn a_trip_in_an_hour_asks_three_drivers_five_times_and_then_gives_up() {
        let (mut now, mut done, mut asked) = (before(60), 0, 0);
        assert_eq!(policy().mode(pickup(), now), DispatchMode::OnDemand);
        while let Some(round) = policy().next_round(DispatchMode::OnDemand, done, pickup(), now) {
            assert_eq!(round.round, done + 1);
            asked += u32::from(round.batch);
            (now, done) = (round.expires_at, round.round);
        }
        assert_eq!((done, asked), (5, 15));
        assert_eq!(now.duration_since(before(60)).as_secs(), 150);
    }

    #[test]
    fn a_trip_tomorrow_is_offered_in_any_number_of_rounds_and_no_offer_outlives_its_pickup() {
        let mode = policy().mode(pickup(), before(1_440));
        assert_eq!(mode, DispatchMode::Reserved);
        let last = policy().next_round(mode, 70, pickup(), before(2)).unwrap();
        assert_eq!((last.batch, last.expires_at), (5, pickup()));
        assert_eq!(policy().next_round(mode, 71, pickup(), pickup()), None);
    }
}
