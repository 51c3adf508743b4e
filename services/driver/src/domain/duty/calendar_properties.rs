//! What holds of a calendar after any operations, in any order, however often each is repeated.

use super::{
    BlockReason, Claim, DutyCalendar, DutyPlan, DutyState, Hold, Interval, Refusal, Released, Reserved,
};
use interstate_schemas::{BookingId, DutyId, SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeSet;

#[derive(Debug, Clone)]
enum Operation {
    Reserve {
        claim: Claim,
        plan: DutyPlan,
        hold: Hold,
    },
    Release {
        claim: Claim,
    },
    Start {
        claim: Claim,
    },
    Replan {
        claim: Claim,
        plan: DutyPlan,
    },
    Close {
        claim: Claim,
        end: Timestamp,
        rest: SignedDuration,
    },
    ForgetExpired,
    Prune {
        hours_back: i64,
    },
}

fn hour(hour: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour)
}

fn claim() -> impl Strategy<Value = Claim> {
    prop_oneof![
        4 => (0u8..5, 1u32..4).prop_map(|(name, attempt)| Claim::booking(BookingId::derive(0, &[&[name]]), attempt)),
        1 => (0u8..2).prop_map(|name| Claim::block(DutyId::derive(0, &[&[name]]))),
    ]
}

fn plan() -> impl Strategy<Value = DutyPlan> {
    (0i64..60, 1i64..12, 0i64..10).prop_map(|(start, length, rest)| DutyPlan {
        on_duty: Interval::new(hour(start), hour(start + length)).unwrap(),
        reserved: Interval::new(hour(start), hour(start + length + rest)).unwrap(),
        driving_minutes: None,
    })
}

fn hold() -> impl Strategy<Value = Hold> {
    prop_oneof![
        (0i64..80).prop_map(|at| Hold::Tentative { expires_at: hour(at) }),
        Just(Hold::Firm),
        Just(Hold::Block {
            reason: BlockReason::Leave
        }),
    ]
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        6 => (claim(), plan(), hold()).prop_map(|(claim, plan, hold)| Operation::Reserve { claim, plan, hold }),
        2 => claim().prop_map(|claim| Operation::Release { claim }),
        2 => claim().prop_map(|claim| Operation::Start { claim }),
        2 => (claim(), plan()).prop_map(|(claim, plan)| Operation::Replan { claim, plan }),
        2 => (claim(), 0i64..90, 0i64..12).prop_map(|(claim, end, rest)| Operation::Close {
            claim,
            end: hour(end),
            rest: SignedDuration::from_hours(rest),
        }),
        1 => Just(Operation::ForgetExpired),
        1 => (0i64..40).prop_map(|hours_back| Operation::Prune { hours_back }),
    ]
}

/// Operations with the time of each; some come twice, and the clock may stand still but never goes back.
fn story() -> impl Strategy<Value = Vec<(Timestamp, Operation)>> {
    let step = (operation(), 0i64..3, any::<bool>());
    prop::collection::vec(step, 1..60).prop_flat_map(|steps| {
        let mut clock = 0;
        let mut told = Vec::new();
        for (operation, hours, twice) in steps {
            clock += hours;
            told.push((clock, operation.clone()));
            if twice {
                told.push((clock, operation));
            }
        }
        let clocks: Vec<_> = told.iter().map(|(at, _)| *at).collect();
        let operations: Vec<_> = told.into_iter().map(|(_, operation)| operation).collect();
        (Just(clocks), Just(operations).prop_shuffle())
            .prop_map(|(clocks, operations)| clocks.into_iter().map(hour).zip(operations).collect())
    })
}

fn apply(calendar: &mut DutyCalendar, operation: &Operation, now: Timestamp) {
    match operation {
        Operation::Reserve { claim, plan, hold } => {
            let (before, foreseen) = (calendar.clone(), calendar.may_reserve(*claim, plan, *hold, now));
            let answer = calendar.reserve(*claim, plan, *hold, now);
            assert_eq!(answer, foreseen);
            match answer {
                Err(_) | Ok(Reserved::Already) => assert_eq!(*calendar, before, "nothing may change"),
                Ok(_) => assert_eq!(calendar.reserve(*claim, plan, *hold, now), Ok(Reserved::Already)),
            }
        }
        Operation::Release { claim } => {
            calendar.release(*claim, now);
            let once = calendar.clone();
            assert_ne!(
                calendar.release(*claim, now),
                Released::Freed,
                "there is nothing left to free"
            );
            assert_eq!(*calendar, once);
        }
        Operation::Start { claim } => {
            let _ = calendar.start(*claim);
        }
        Operation::Replan { claim, plan } => {
            let before = calendar.clone();
            if calendar.replan(*claim, plan, now).is_err() {
                assert_eq!(*calendar, before);
            }
        }
        Operation::Close { claim, end, rest } => {
            let _ = calendar.close(*claim, *end, *end + *rest, None, now);
        }
        Operation::ForgetExpired => drop(calendar.forget_expired(now)),
        Operation::Prune { hours_back } => calendar.prune(now - SignedDuration::from_hours(*hours_back)),
    }
}

fn assert_sound(calendar: &DutyCalendar) {
    for pair in calendar.duties().windows(2) {
        assert!(
            pair[0].reserved.end() <= pair[1].reserved.start(),
            "{:?} overlaps {:?}",
            pair[0],
            pair[1]
        );
    }
    let mut open = BTreeSet::new();
    for duty in calendar.duties() {
        assert!(duty.on_duty.start() >= duty.reserved.start() && duty.on_duty.end() <= duty.reserved.end());
        let is_open = duty.state != DutyState::Closed;
        assert!(
            !is_open || open.insert(duty.claim.holder),
            "two open duties of {:?}",
            duty.claim.holder
        );
    }
}

proptest! {
    #[test]
    fn no_two_intervals_ever_overlap(story in story()) {
        let mut calendar = DutyCalendar::default();
        for (now, operation) in &story {
            apply(&mut calendar, operation, *now);
            assert_sound(&calendar);
        }
    }

    #[test]
    fn a_released_attempt_never_holds_time_again(story in story()) {
        let mut calendar = DutyCalendar::default();
        let mut released: BTreeSet<Claim> = BTreeSet::new();
        for (now, operation) in &story {
            // Forgetting is promised only for what is older than any message.
            if matches!(operation, Operation::Prune { .. }) {
                continue;
            }
            apply(&mut calendar, operation, *now);
            if let Operation::Release { claim } = operation {
                released.insert(*claim);
            }
            if let Operation::Reserve { claim, plan, hold } = operation && released.contains(claim) {
                let answer = calendar.may_reserve(*claim, plan, *hold, *now);
                prop_assert_eq!(answer, Err(Refusal::AlreadyReleased));
            }
            for duty in calendar.duties().iter().filter(|duty| duty.state != DutyState::Closed) {
                prop_assert!(!released.contains(&duty.claim), "{:?} is back", duty.claim);
            }
        }
    }

    #[test]
    fn without_a_race_for_the_time_the_order_of_a_reservation_and_its_release_does_not_matter(
        plan in plan(), release_first in any::<bool>(), repeats in 1usize..4,
    ) {
        let claim = Claim::booking(BookingId::derive(0, &[b"asha"]), 1);
        let mut calendar = DutyCalendar::default();
        for _ in 0..repeats {
            for release in [release_first, !release_first] {
                if release {
                    calendar.release(claim, hour(0));
                } else {
                    let _ = calendar.reserve(claim, &plan, Hold::Firm, hour(0));
                }
            }
        }
        prop_assert!(calendar.duties().is_empty());
    }
}
