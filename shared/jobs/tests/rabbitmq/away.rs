//! A broker that is away for a while and comes back, under load.

use crate::broker::Broker;
use interstate_jobs::{Jobs, JobsError, Link, RabbitJobs, conformance};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{task::JoinHandle, time::timeout};

const PATIENCE: Duration = Duration::from_secs(60);

/// Hands jobs on as fast as they are confirmed, and takes them in two places.
struct Load {
    maker: Arc<RabbitJobs>,
    taker: Arc<RabbitJobs>,
    stop: Arc<AtomicBool>,
    making: JoinHandle<(u64, Vec<JobsError>)>,
    taking: [JoinHandle<()>; 2],
    /// How often each was done.
    done: Arc<Mutex<BTreeMap<u64, u32>>>,
}

impl Load {
    async fn on(broker: &Broker) -> Self {
        let (maker, taker) = (
            Arc::new(broker.queue("load").await),
            Arc::new(broker.queue("load").await),
        );
        let (stop, done) = (
            Arc::new(AtomicBool::new(false)),
            Arc::<Mutex<BTreeMap<u64, u32>>>::default(),
        );
        let making = {
            let (maker, stop) = (maker.clone(), stop.clone());
            tokio::spawn(async move {
                let (mut number, mut errors) = (0, Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    // One is handed on until it is confirmed, as whoever follows the log does.
                    match maker.enqueue(&conformance::job(number)).await {
                        Ok(()) => number += 1,
                        Err(error) => {
                            errors.push(error);
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    }
                }
                (number, errors)
            })
        };
        // Whoever hands jobs on takes some as well: what a process is given is its own until it says so.
        let taking = [&maker, &taker].map(|jobs| {
            let (jobs, done) = (jobs.clone(), done.clone());
            tokio::spawn(async move {
                loop {
                    let taken = jobs.next().await;
                    *done.lock().unwrap().entry(taken.job.cause.sequence).or_default() += 1;
                    // Where the connection has gone meanwhile it comes once more.
                    let _ = taken.done().await;
                }
            })
        });
        Self {
            maker,
            taker,
            stop,
            making,
            taking,
            done,
        }
    }

    async fn until_done(&self, more: usize) {
        let target = self.count() + more;
        let reached = async {
            while self.count() < target {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let reached = timeout(PATIENCE, reached).await;
        reached.unwrap_or_else(|_| panic!("nothing goes on: {:?}", self.maker.standing()));
    }

    fn count(&self) -> usize {
        self.done.lock().unwrap().len()
    }

    async fn until_away(&self) {
        let away = async {
            while matches!(self.maker.standing().link, Link::Up)
                || matches!(self.taker.standing().link, Link::Up)
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(PATIENCE, away)
            .await
            .expect("it is seen that the broker is away");
    }

    /// Every job that was confirmed is done.
    async fn end(self) -> Vec<JobsError> {
        self.stop.store(true, Ordering::Relaxed);
        let (confirmed, errors) = self.making.await.unwrap();
        let complete = async {
            while (self.done.lock().unwrap().len() as u64) < confirmed {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let complete = timeout(PATIENCE, complete).await;
        let lost: Vec<u64> = (0..confirmed)
            .filter(|number| !self.done.lock().unwrap().contains_key(number))
            .collect();
        let some = &lost[..lost.len().min(10)];
        assert!(complete.is_ok(), "{} confirmed and lost, as {some:?}", lost.len());
        self.taking.iter().for_each(JoinHandle::abort);
        assert!(errors.iter().all(JobsError::may_pass), "{errors:?}");
        errors
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_and_comes_back_has_lost_nothing_that_it_confirmed() {
    let mut broker = Broker::start();
    let load = Load::on(&broker).await;
    load.until_done(200).await;
    broker.0.kill();
    load.until_away().await;
    broker.0.again();
    load.until_done(200).await;
    let errors = load.end().await;
    assert!(!errors.is_empty(), "nobody noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stands_still_is_noticed_and_what_it_confirmed_is_done() {
    let broker = Broker::start();
    let load = Load::on(&broker).await;
    load.until_done(200).await;
    broker.0.pause();
    load.until_away().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    broker.0.resume();
    load.until_done(200).await;
    let errors = load.end().await;
    assert!(!errors.is_empty(), "nobody noticed");
}

/// An administrator deletes it; it is made anew, empty.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_is_deleted_is_made_again() {
    let broker = Broker::start();
    let jobs = broker.queue("deleted").await;
    broker
        .manage(
            reqwest::Method::DELETE,
            "queues/%2f/deleted",
            serde_json::json!({}),
        )
        .await;
    let again = async {
        while jobs.enqueue(&conformance::job(1)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, again).await.expect("the queue is made again");
    conformance::next(&jobs).await.done().await.unwrap();
}
