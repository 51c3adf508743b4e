//! What every adapter has to do. Each test takes an empty queue; it panics where the adapter does otherwise.
#![allow(clippy::expect_used, reason = "tests")]

use crate::{Cause, Delivery, Job, Jobs};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::{Instant, timeout};

/// Longer than any adapter takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough for something wrong to show.
const MOMENT: Duration = Duration::from_millis(500);

/// The job of this number.
pub fn job(number: u64) -> Job {
    let cause = Cause {
        partition: 0,
        sequence: number,
    };
    Job::new(format!("opn_{number}"), cause)
}

/// The next job, which comes.
///
/// # Panics
/// It does not.
pub async fn next(jobs: &dyn Jobs) -> Delivery {
    timeout(PATIENCE, jobs.next()).await.expect("a job comes")
}

/// Whether nothing comes for a moment.
pub async fn is_quiet(jobs: &dyn Jobs) -> bool {
    timeout(MOMENT, jobs.next()).await.is_err()
}

/// A job comes as it was, once, and in the order of its making where nothing fails.
pub async fn each_comes_once_and_in_order(jobs: &dyn Jobs) {
    for number in 0..20 {
        jobs.enqueue(&job(number)).await.expect("it is kept");
    }
    for number in 0..20 {
        let taken = next(jobs).await;
        assert_eq!((&taken.job, taken.redelivered), (&job(number), false));
        taken.done().await.expect("it is settled");
    }
    assert!(is_quiet(jobs).await, "a job that is done came again");
}

/// What one holds nobody else gets.
pub async fn what_is_held_is_nobody_elses(jobs: &dyn Jobs, other: &dyn Jobs) {
    jobs.enqueue(&job(1)).await.expect("it is kept");
    let held = next(jobs).await;
    assert!(is_quiet(other).await, "a job that is held came to another");
    held.done().await.expect("it is settled");
    assert!(is_quiet(other).await, "a job that is done came to another");
}

/// One that was dropped without a word comes again, and says so.
pub async fn one_that_was_dropped_comes_again(jobs: &dyn Jobs) {
    jobs.enqueue(&job(1)).await.expect("it is kept");
    drop(next(jobs).await);
    let again = next(jobs).await;
    assert_eq!((&again.job, again.redelivered), (&job(1), true));
    again.done().await.expect("it is settled");
    assert!(is_quiet(jobs).await);
}

/// One for later comes then, as its next attempt, and those behind it do not wait for it.
pub async fn later_is_not_before_its_time(jobs: &dyn Jobs) {
    let after = Duration::from_millis(900);
    jobs.enqueue(&job(1)).await.expect("it is kept");
    jobs.enqueue(&job(2)).await.expect("it is kept");
    let (first, began) = (next(jobs).await, Instant::now());
    let behind = async {
        let second = next(jobs).await;
        assert_eq!(second.job, job(2));
        assert!(began.elapsed() < after, "one that waits held up another");
        second.done().await.expect("it is settled");
        let again = next(jobs).await;
        assert!(began.elapsed() >= after, "it came after {:?}", began.elapsed());
        assert_eq!((&again.job, again.redelivered), (&job(1).next(), false));
        again.done().await.expect("it is settled");
    };
    let (put, ()) = tokio::join!(first.later(after), behind);
    put.expect("it is put for later");
    assert!(is_quiet(jobs).await, "it came once more");
}

/// What nobody can do anything with comes to nobody any more, and is counted.
pub async fn what_is_given_up_is_shown(jobs: &dyn Jobs) {
    jobs.enqueue(&job(1)).await.expect("it is kept");
    next(jobs)
        .await
        .give_up("it names nothing")
        .await
        .expect("it is put aside");
    assert!(is_quiet(jobs).await, "one that was given up came again");
    shows_dead(jobs, 1).await;
    assert!(
        jobs.standing()
            .why_dead
            .iter()
            .any(|why| why.contains("it names nothing"))
    );
}

/// Waits until so many are shown as put aside.
///
/// # Panics
/// They are not.
pub async fn shows_dead(jobs: &dyn Jobs, dead: u64) {
    let shown = async {
        while jobs.standing().dead != dead {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let shown = timeout(PATIENCE, shown).await;
    shown.unwrap_or_else(|_| panic!("{dead} should be put aside: {:?}", jobs.standing()));
}

/// Many, by several workers that drop some and put some off: each is done in the end.
pub async fn many_are_all_done(jobs: &dyn Jobs, other: &dyn Jobs) {
    const MANY: u64 = 300;
    let make = async {
        for number in 0..MANY {
            jobs.enqueue(&job(number)).await.expect("it is kept");
        }
    };
    let done = std::sync::Mutex::new(BTreeSet::new());
    let complete = || done.lock().expect("nobody panics").len() as u64 == MANY;
    let work = async |jobs: &dyn Jobs| {
        while !complete() {
            let Ok(taken) = timeout(MOMENT, jobs.next()).await else {
                continue;
            };
            let number = taken.job.cause.sequence;
            match (number % 7, taken.redelivered, taken.job.attempt) {
                (3, false, 1) => drop(taken),
                (5, _, 1) => taken
                    .later(Duration::from_millis(10))
                    .await
                    .expect("it is put off"),
                _ => {
                    done.lock().expect("nobody panics").insert(number);
                    taken.done().await.expect("it is settled");
                }
            }
        }
    };
    let all = async { tokio::join!(make, work(jobs), work(other)) };
    timeout(PATIENCE * 3, all).await.expect("all are done");
}
