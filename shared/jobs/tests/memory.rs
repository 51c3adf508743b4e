//! The queue in the process does what every queue has to do.
#![allow(clippy::unwrap_used, reason = "tests")]

use interstate_eventing::runtime::MachineClock;
use interstate_jobs::{Jobs, JobsError, MemoryJobs, conformance};
use std::sync::Arc;

fn queue() -> MemoryJobs {
    MemoryJobs::new(Arc::new(MachineClock::real()), 1_000)
}

#[tokio::test]
async fn each_comes_once_and_in_order() {
    conformance::each_comes_once_and_in_order(&queue()).await;
}

#[tokio::test]
async fn what_is_held_is_nobody_elses() {
    let jobs = queue();
    conformance::what_is_held_is_nobody_elses(&jobs, &jobs.clone()).await;
}

#[tokio::test]
async fn one_that_was_dropped_comes_again() {
    conformance::one_that_was_dropped_comes_again(&queue()).await;
}

#[tokio::test]
async fn later_is_not_before_its_time() {
    conformance::later_is_not_before_its_time(&queue()).await;
}

#[tokio::test]
async fn what_is_given_up_is_shown() {
    conformance::what_is_given_up_is_shown(&queue()).await;
}

#[tokio::test]
async fn many_are_all_done() {
    let jobs = queue();
    conformance::many_are_all_done(&jobs, &jobs.clone()).await;
}

#[tokio::test]
async fn one_more_than_it_holds_is_refused() {
    let jobs = MemoryJobs::new(Arc::new(MachineClock::real()), 2);
    for number in 0..2 {
        jobs.enqueue(&conformance::job(number)).await.unwrap();
    }
    let refused = jobs.enqueue(&conformance::job(2)).await.unwrap_err();
    assert!(matches!(refused, JobsError::Full { .. }) && refused.may_pass());
    assert_eq!(jobs.standing().refused, 1);
}
