//! The planted bugs, each shown by a story that is right without it. The simulator has to find them by itself.

use super::people::*;
use crate::domain::OperationKind;
use interstate_eventing::plant::{Bug, switch};
use interstate_schemas::Money;

/// Off again at the end, also of a story that fails.
struct Planted;

impl Planted {
    fn with(bug: Bug) -> Self {
        switch(Some(bug));
        Self
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        switch(None);
    }
}

#[test]
fn a_high_water_mark_loses_the_result_that_was_overtaken() {
    let first = captured().when(saga(), refund("a", Some(1_000), 0));
    let one = request(&first, OperationKind::Refund, Money::inr(1_000));
    let second = first.story().when(saga(), refund("b", Some(2_000), 0));
    let two = request(&second, OperationKind::Refund, Money::inr(2_000));
    let _planted = Planted::with(Bug::EffectClosedByHighWater);
    let story = second.story().when(worker(), done(two)).story();
    story.when(worker(), done(one)).then_nothing();
}

#[test]
fn a_void_without_a_tombstone_lets_the_late_hold_win() {
    let _planted = Planted::with(Bug::ReleaseOvertakesReserve);
    let story = payment()
        .for_step(step("hold", 1))
        .when(saga(), void())
        .then_nothing();
    request(&story.when(saga(), hold()), OperationKind::Hold, ADVANCE);
}

#[test]
fn a_repeated_refund_gives_back_twice() {
    let asked = captured().when(saga(), refund("cancel", Some(1_000), 0));
    let first = request(&asked, OperationKind::Refund, Money::inr(1_000));
    let story = asked.story().when(worker(), done(first)).story();
    let _planted = Planted::with(Bug::CompensationNotIdempotent);
    let again = story
        .for_step(step("cancel", 1))
        .when(saga(), refund("cancel", Some(1_000), 0));
    request(&again, OperationKind::Refund, Money::inr(1_000));
}
