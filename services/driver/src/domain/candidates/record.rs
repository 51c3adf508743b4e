//! What is kept of a search, so that "why this driver" and "why no driver" can be answered years later.

use super::{
    facts::{CandidateFacts, TripNeeds},
    filters::evaluate,
    policy::DispatchPolicy,
    rank::{Ranked, Score, score},
    verdict::{FilterCode, Verdict},
};
use interstate_schemas::{BookingId, DriverId, Timestamp, VehicleId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::BTreeMap};

/// How many candidates of one search are kept in full.
const IN_FULL: usize = 20;

/// One candidate as it was judged. What became of an offer is told by the offer's own events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CandidateRecord {
    /// The driver.
    pub driver: DriverId,
    /// The vehicle that would have been driven.
    pub vehicle: VehicleId,
    /// When the position was taken that distances were measured from.
    pub fix_at: Option<Timestamp>,
    /// How old it was, in seconds.
    pub fix_age_seconds: Option<u32>,
    /// The filters that failed or could not be applied.
    pub verdict: Verdict,
    /// What the rank would have been made of; also of those who were filtered out.
    pub score: Score,
    /// 1 for the best of those who passed; nothing for those who did not.
    pub rank: Option<u32>,
}

/// A search for a driver at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SearchRecord {
    /// For which booking.
    pub booking: BookingId,
    /// 1 for the first round of offers.
    pub round: u32,
    /// When it was made.
    pub at: Timestamp,
    /// The version of the policy that it went by.
    pub policy_version: String,
    /// How many candidates there were.
    pub considered: u32,
    /// How many passed every filter.
    pub passed: u32,
    /// Those kept in full, at most 20: by rank, then those who came nearest to passing.
    pub candidates: Vec<CandidateRecord>,
    /// First failures of those who are not kept in full, counted.
    pub others: BTreeMap<FilterCode, u32>,
}

/// What a search finds: what is kept, and everybody who may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// What is kept.
    pub record: SearchRecord,
    /// Who may be asked, best first; not cut at 20.
    pub ranked: Vec<Ranked>,
}

/// A reason why nobody was found, and how many candidates it was the first for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// The first failure.
    pub code: FilterCode,
    /// How many candidates it stopped.
    pub candidates: u32,
}

/// A candidate to whom every filter was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    record: CandidateRecord,
    ranked: Ranked,
}

impl Judged {
    /// Applies every filter, and works out the score.
    pub fn of(facts: &CandidateFacts, needs: &TripNeeds, policy: &DispatchPolicy, now: Timestamp) -> Self {
        let score = score(facts, needs, &policy.rank, now);
        // A fix from the future is a clock that runs ahead: as good as new.
        let age = |fix_at| u32::try_from(now.duration_since(fix_at).as_secs().max(0)).unwrap_or(u32::MAX);
        let record = CandidateRecord {
            driver: facts.driver,
            vehicle: facts.vehicle,
            fix_at: facts.fix_at,
            fix_age_seconds: facts.fix_at.map(age),
            verdict: evaluate(facts, needs, policy, now),
            score: score.clone(),
            rank: None,
        };
        let ranked = Ranked {
            driver: facts.driver,
            score,
            idle_since: facts.idle_since,
        };
        Self { record, ranked }
    }

    /// Whether nothing stands against them.
    pub fn passes(&self) -> bool {
        self.record.verdict.passes()
    }

    fn failures(&self) -> usize {
        self.record.verdict.failures.len()
    }
}

impl SearchRecord {
    /// The record of those who were judged, and of those who were passed over: of these only the failure that was met
    /// first is known, counted. The order in which the judged come in does not matter.
    pub fn of(
        booking: BookingId,
        round: u32,
        judged: Vec<Judged>,
        passed_over: BTreeMap<FilterCode, u32>,
        policy: &DispatchPolicy,
        now: Timestamp,
    ) -> Considered {
        let considered = count(judged.len()).saturating_add(passed_over.values().sum());
        let (mut able, mut unable): (Vec<_>, Vec<_>) = judged.into_iter().partition(Judged::passes);
        able.sort_by(|one, other| one.ranked.before(&other.ranked));
        unable.sort_by(|one, other| {
            let failures = one.failures().cmp(&other.failures());
            failures.then_with(|| one.ranked.before(&other.ranked))
        });

        let passed = count(able.len());
        let ranked = able.iter().map(|judged| judged.ranked.clone()).collect();
        for (judged, rank) in able.iter_mut().zip(1..) {
            judged.record.rank = Some(rank);
        }
        let mut kept: Vec<_> = able
            .into_iter()
            .chain(unable)
            .map(|judged| judged.record)
            .collect();
        let mut others = passed_over;
        for (code, count) in first_failures(kept.iter().skip(IN_FULL)) {
            *others.entry(code).or_default() += count;
        }
        kept.truncate(IN_FULL);
        let record = Self {
            booking,
            round,
            at: now,
            policy_version: policy.version.clone(),
            considered,
            passed,
            candidates: kept,
            others,
        };
        Considered { record, ranked }
    }

    /// Why candidates were left out: how many each filter was the first to stop, the most frequent first.
    /// Empty where there were no candidates at all.
    pub fn why_no_driver(&self) -> Vec<Reason> {
        let mut counts = first_failures(&self.candidates);
        for (&code, count) in &self.others {
            *counts.entry(code).or_default() += count;
        }
        let mut reasons: Vec<_> = counts
            .into_iter()
            .map(|(code, candidates)| Reason { code, candidates })
            .collect();
        reasons.sort_by_key(|reason| (Reverse(reason.candidates), reason.code));
        reasons
    }
}

fn first_failures<'a>(records: impl IntoIterator<Item = &'a CandidateRecord>) -> BTreeMap<FilterCode, u32> {
    let mut counts = BTreeMap::new();
    for code in records
        .into_iter()
        .filter_map(|record| record.verdict.first_failure())
    {
        *counts.entry(code).or_default() += 1;
    }
    counts
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{candidate, now, policy, trip};
    use super::*;

    fn search(candidates: &[CandidateFacts]) -> Considered {
        passing_over(BTreeMap::new(), candidates)
    }

    fn passing_over(others: BTreeMap<FilterCode, u32>, candidates: &[CandidateFacts]) -> Considered {
        let booking = BookingId::derive(0, &[b"booking"]);
        let judged = candidates
            .iter()
            .map(|facts| Judged::of(facts, &trip(), &policy(), now()));
        SearchRecord::of(booking, 1, judged.collect(), others, &policy(), now())
    }

    fn driver(number: usize) -> CandidateFacts<'static> {
        candidate(&format!("driver {number}"))
    }

    #[test]
    fn those_who_passed_are_ranked_and_the_others_say_why_not() {
        let near = CandidateFacts {
            dead_metres: Some(500),
            ..driver(1)
        };
        let far = CandidateFacts {
            dead_metres: Some(20_000),
            ..driver(2)
        };
        let offline = CandidateFacts {
            online: Some(false),
            ..driver(3)
        };
        let Considered { record, ranked } = search(&[offline.clone(), far.clone(), near.clone()]);
        let order: Vec<_> = record
            .candidates
            .iter()
            .map(|kept| (kept.driver, kept.rank))
            .collect();
        assert_eq!(
            order,
            [
                (near.driver, Some(1)),
                (far.driver, Some(2)),
                (offline.driver, None)
            ]
        );
        assert_eq!(
            ranked.iter().map(|ranked| ranked.driver).collect::<Vec<_>>(),
            [near.driver, far.driver]
        );
        assert_eq!((record.considered, record.passed), (3, 2));
        assert_eq!(record.candidates[0].fix_age_seconds, Some(0));
    }

    #[test]
    fn twenty_are_kept_in_full_and_the_rest_is_counted() {
        let candidates: Vec<_> = (0..120)
            .map(|number| match number {
                // Two filters fail, so these come last and are counted under the first of the two.
                0..40 => CandidateFacts {
                    online: Some(false),
                    sanctioned: Some(true),
                    ..driver(number)
                },
                40..100 => CandidateFacts {
                    seats: Some(1),
                    ..driver(number)
                },
                _ => driver(number),
            })
            .collect();
        let Considered { record, ranked } = search(&candidates);
        assert_eq!((record.considered, record.passed, ranked.len()), (120, 20, 20));
        assert_eq!(record.candidates.len(), 20);
        let others = [(FilterCode::DriverOffline, 40), (FilterCode::SeatsShort, 60)];
        assert_eq!(record.others, BTreeMap::from(others));
        let reason = |code, candidates| Reason { code, candidates };
        assert_eq!(
            record.why_no_driver(),
            [
                reason(FilterCode::SeatsShort, 60),
                reason(FilterCode::DriverOffline, 40)
            ]
        );
    }

    #[test]
    fn those_who_were_passed_over_count_as_considered_and_say_why_not() {
        let candidates: Vec<_> = (0..30)
            .map(|number| CandidateFacts {
                seats: Some(1),
                ..driver(number)
            })
            .collect();
        let over = [(FilterCode::SeatsShort, 5), (FilterCode::DutyOverlap, 300)];
        let Considered { record, .. } = passing_over(BTreeMap::from(over), &candidates);
        assert_eq!((record.considered, record.passed), (335, 0));
        assert_eq!(record.candidates.len(), 20);
        let others = [(FilterCode::SeatsShort, 15), (FilterCode::DutyOverlap, 300)];
        assert_eq!(record.others, BTreeMap::from(others));
        assert_eq!(record.why_no_driver()[1].candidates, 35);
    }

    #[test]
    fn everybody_who_passed_may_be_asked_even_beyond_those_kept_in_full() {
        let candidates: Vec<_> = (0..60).map(driver).collect();
        let Considered { record, ranked } = search(&candidates);
        assert_eq!((record.candidates.len(), ranked.len()), (20, 60));
        assert!(record.others.is_empty() && record.why_no_driver().is_empty());
    }

    #[test]
    fn the_record_is_the_same_however_the_candidates_come_in_and_reads_back() {
        let mut candidates: Vec<_> = (0..70)
            .map(|number| CandidateFacts {
                active: Some(number % 3 > 0),
                ..driver(number)
            })
            .collect();
        let first = search(&candidates);
        candidates.reverse();
        assert_eq!(search(&candidates), first);
        let text = serde_json::to_string(&first.record).unwrap();
        assert_eq!(serde_json::from_str::<SearchRecord>(&text).unwrap(), first.record);
    }

    #[test]
    fn without_candidates_there_is_no_reason_to_name() {
        let Considered { record, ranked } = search(&[]);
        assert_eq!((record.considered, ranked.len()), (0, 0));
        assert_eq!(record.why_no_driver(), []);
    }
}
