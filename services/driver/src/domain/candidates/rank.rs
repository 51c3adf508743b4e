//! The order in which drivers are asked. All arithmetic is in integers, so that the same facts give the same
//! scores on every machine and in every replay.
//!
//! **A feature without an input is absent**: it has no value, and its weight goes to the features that are
//! there, in proportion to their own (score = Σ weight × value ÷ Σ weight, over those present). A new driver
//! without a rating is thus neither helped nor punished for it. No feature is, or stands in for, a protected
//! attribute.

use super::{
    facts::{CandidateFacts, TripNeeds},
    policy::RankPolicy,
};
use interstate_schemas::{DriverId, Timestamp, TripKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// A share of 1 in millionths: 0 to 1,000,000.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Millionths(u32);

impl Millionths {
    /// All of it.
    pub const ONE: Self = Self(1_000_000);

    /// `part / whole`, rounded down and held between none and all; none of nothing.
    pub fn of(part: i128, whole: i128) -> Self {
        if whole <= 0 {
            return Self(0);
        }
        Self(u32::try_from(part.clamp(0, whole).saturating_mul(1_000_000) / whole).unwrap_or(Self::ONE.0))
    }

    /// What is missing to all.
    #[must_use]
    pub const fn rest(self) -> Self {
        Self(Self::ONE.0 - self.0)
    }

    /// The count of millionths.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// What a candidate is ranked by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Feature {
    /// Few metres driven empty to the pickup.
    DeadKm,
    /// Time to spare before the pickup.
    EtaSlack,
    /// The drop is nearer to the driver's home than the pickup.
    ReturnLeg,
    /// Confirmations given and pickups on time, taken towards the mean where there are few.
    Reliability,
    /// Earned less in seven days than others of the class.
    Fairness,
    /// The riders' rating.
    Rating,
    /// Trips on the same corridor.
    Corridor,
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 7] = [
        Self::DeadKm,
        Self::EtaSlack,
        Self::ReturnLeg,
        Self::Reliability,
        Self::Fairness,
        Self::Rating,
        Self::Corridor,
    ];

    /// Its weight in the policy, before that of absent features is spread.
    pub const fn weight(self, policy: &RankPolicy) -> u32 {
        match self {
            Self::DeadKm => policy.dead_km_weight,
            Self::EtaSlack => policy.eta_slack_weight,
            Self::ReturnLeg => policy.return_leg_weight,
            Self::Reliability => policy.reliability_weight,
            Self::Fairness => policy.fairness_weight,
            Self::Rating => policy.rating_weight,
            Self::Corridor => policy.corridor_weight,
        }
    }

    fn value(
        self,
        facts: &CandidateFacts,
        needs: &TripNeeds,
        policy: &RankPolicy,
        now: Timestamp,
    ) -> Option<Millionths> {
        match self {
            Self::DeadKm => facts.dead_metres.map(|metres| {
                Millionths::of(i128::from(metres), i128::from(policy.dead_metres_worst)).rest()
            }),
            Self::EtaSlack => facts.pickup_seconds.map(|seconds| {
                let spare = i128::from(needs.pickup_at.duration_since(now).as_secs()) - i128::from(seconds);
                Millionths::of(spare, i128::from(policy.slack_minutes_best) * 60)
            }),
            Self::ReturnLeg => return_leg(facts, needs),
            Self::Reliability => facts.promises.map(|promises| {
                let weight = i128::from(policy.mean_reliability_count);
                let kept = i128::from(promises.kept.min(promises.due)) * 1_000_000
                    + weight * i128::from(policy.mean_reliability);
                Millionths::of(kept, (i128::from(promises.due) + weight) * 1_000_000)
            }),
            Self::Fairness => {
                let (earned, mean) = (facts.earned?, facts.mean_earned_in_class?);
                let missing = i128::from(mean.amount) - i128::from(earned.amount);
                (earned.currency == mean.currency).then(|| Millionths::of(missing, i128::from(mean.amount)))
            }
            // 1 to 5 stars.
            Self::Rating => facts
                .rating_thousandths
                .map(|rating| Millionths::of(i128::from(rating) - 1_000, 4_000)),
            Self::Corridor => facts
                .corridor_trips
                .map(|trips| Millionths::of(i128::from(trips), i128::from(policy.corridor_trips_best))),
        }
    }
}

/// How much nearer to home the drop is than the pickup, as a share of the farther of the two: all the way home
/// is 1, neither nearer nor farther ½. A round trip ends where it began and has no return leg.
fn return_leg(facts: &CandidateFacts, needs: &TripNeeds) -> Option<Millionths> {
    if needs.kind == TripKind::RoundTrip {
        return None;
    }
    let (pickup, drop) = facts.metres_from_home?;
    let farther = i128::from(pickup.max(drop).max(1));
    Some(Millionths::of(
        i128::from(pickup) - i128::from(drop) + farther,
        2 * farther,
    ))
}

/// A feature of one candidate with its part in the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FeatureScore {
    /// Which.
    pub feature: Feature,
    /// How good, from 0 to 1.
    pub value: Millionths,
    /// Its share of the score, that of absent features spread.
    pub weight: Millionths,
}

/// How good a candidate is, and of what that is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// From 0 to 1; 0 where nothing is known.
    pub total: Millionths,
    /// The features that there was an input for.
    pub features: Vec<FeatureScore>,
    /// The features that there was none for.
    pub absent: Vec<Feature>,
}

/// The score of one candidate.
pub fn score(facts: &CandidateFacts, needs: &TripNeeds, policy: &RankPolicy, now: Timestamp) -> Score {
    let valued = Feature::ALL.map(|feature| (feature, feature.value(facts, needs, policy, now)));
    let present = || {
        valued
            .iter()
            .filter_map(|&(feature, value)| Some((feature, value?)))
    };
    let weights: i128 = present()
        .map(|(feature, _)| i128::from(feature.weight(policy)))
        .sum();
    let weighed = present()
        .map(|(feature, value)| i128::from(feature.weight(policy)) * i128::from(value.get()))
        .sum();
    Score {
        total: Millionths::of(weighed, weights * 1_000_000),
        features: present()
            .map(|(feature, value)| FeatureScore {
                feature,
                value,
                weight: Millionths::of(i128::from(feature.weight(policy)), weights),
            })
            .collect(),
        absent: valued
            .iter()
            .filter(|(_, value)| value.is_none())
            .map(|&(feature, _)| feature)
            .collect(),
    }
}

/// A candidate in the order of asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ranked {
    /// The driver.
    pub driver: DriverId,
    /// How good.
    pub score: Score,
    /// Since when without a trip.
    pub idle_since: Option<Timestamp>,
}

/// The candidates from best to worst: by score, then longest without a trip (unknown last), then by id. The
/// order in which they come in does not matter.
pub fn rank<'a, 'b: 'a>(
    candidates: impl IntoIterator<Item = &'a CandidateFacts<'b>>,
    needs: &TripNeeds,
    policy: &RankPolicy,
    now: Timestamp,
) -> Vec<Ranked> {
    let mut ranked: Vec<_> = candidates
        .into_iter()
        .map(|facts| Ranked {
            driver: facts.driver,
            score: score(facts, needs, policy, now),
            idle_since: facts.idle_since,
        })
        .collect();
    ranked.sort_by(Ranked::before);
    ranked
}

impl Ranked {
    pub(super) fn before(&self, other: &Self) -> Ordering {
        let idle = |ranked: &Self| ranked.idle_since.unwrap_or(Timestamp::MAX);
        other
            .score
            .total
            .cmp(&self.score.total)
            .then_with(|| idle(self).cmp(&idle(other)))
            .then_with(|| self.driver.cmp(&other.driver))
    }
}

#[cfg(test)]
#[path = "rank_tests.rs"]
mod tests;
