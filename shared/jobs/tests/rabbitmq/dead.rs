//! What nobody can work with is put aside; what does not fit is refused.

use crate::broker::{Broker, options};
use interstate_jobs::{Jobs, JobsError, Options, conformance};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_job_is_put_aside_and_shown_and_the_others_go_on() {
    let broker = Broker::start();
    let jobs = broker.queue("poison").await;
    broker.put("poison", b"\xff\x00 hunter2").await;
    broker.put("poison", &vec![b'{'; 100_000]).await;
    jobs.enqueue(&conformance::job(1)).await.unwrap();
    let good = conformance::next(&jobs).await;
    assert_eq!(good.job, conformance::job(1));
    good.done().await.unwrap();
    conformance::shows_dead(&jobs, 2).await;
    let why = jobs.standing().why_dead.join("; ");
    assert!(why.contains("10 bytes") && why.contains("100000 bytes"), "{why}");
    assert!(!why.contains("hunter2"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_no_worker_settles_is_put_aside() {
    let broker = Broker::start();
    let jobs = broker
        .with(Options {
            deliveries: 3,
            ..options("deadly")
        })
        .await;
    jobs.enqueue(&conformance::job(1)).await.unwrap();
    for _ in 0..4 {
        drop(conformance::next(&jobs).await);
    }
    assert!(conformance::is_quiet(&jobs).await, "it is given out for ever");
    conformance::shows_dead(&jobs, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_full_refuses_until_workers_have_caught_up() {
    let broker = Broker::start();
    let jobs = broker
        .with(Options {
            most_waiting: 10,
            prefetch: 1,
            ..options("short")
        })
        .await;
    // The broker looks at the length after it has accepted one, so a few more fit.
    let mut kept = 0;
    let refused = loop {
        match jobs.enqueue(&conformance::job(kept)).await {
            Ok(()) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 100, "the queue takes everything");
    };
    assert!(
        matches!(&refused, JobsError::Full { queue } if queue == "short"),
        "{refused}"
    );
    assert!(kept >= 10, "refused after {kept}");
    for number in 0..kept {
        let taken = conformance::next(&jobs).await;
        assert_eq!(taken.job, conformance::job(number), "a job was lost to the limit");
        taken.done().await.unwrap();
    }
    let caught_up = async {
        while jobs.enqueue(&conformance::job(1_000)).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), caught_up)
        .await
        .expect("there is room again");
    assert!(jobs.standing().refused >= 1);
}
