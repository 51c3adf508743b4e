//! Jobs within the process. They end with it, and are made again from the log at the next start.

use crate::{Delivery, Job, Jobs, JobsError, Link, Settle, Standing};
use async_trait::async_trait;
use interstate_eventing::runtime::Clock;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// Jobs put aside whose reasons are kept.
pub(crate) const REASONS: usize = 10;

/// The queue. Clones share it.
#[derive(Clone)]
pub struct MemoryJobs {
    clock: Arc<dyn Clock>,
    most: usize,
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    queue: Mutex<Queue>,
    arrived: Notify,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Job, bool)>,
    delayed: u64,
    enqueued: u64,
    refused: u64,
    taken: u64,
    dead: u64,
    why_dead: VecDeque<String>,
}

impl MemoryJobs {
    /// A queue of at most so many jobs that wait.
    pub fn new(clock: Arc<dyn Clock>, most: usize) -> Self {
        Self {
            clock,
            most,
            inner: Arc::default(),
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was taken before is not refused: it had its place.
    fn put(&self, job: Job, redelivered: bool) {
        self.lock().waiting.push_back((job, redelivered));
        self.arrived.notify_one();
    }
}

#[async_trait]
impl Jobs for MemoryJobs {
    async fn enqueue(&self, job: &Job) -> Result<(), JobsError> {
        job.encode()?;
        {
            let mut queue = self.inner.lock();
            if queue.waiting.len() >= self.most {
                queue.refused += 1;
                return Err(JobsError::Full {
                    queue: "in the process".to_owned(),
                });
            }
            queue.enqueued += 1;
        }
        self.inner.put(job.clone(), false);
        Ok(())
    }

    async fn next(&self) -> Delivery {
        loop {
            let taken = {
                let mut queue = self.inner.lock();
                let taken = queue.waiting.pop_front();
                queue.taken += u64::from(taken.is_some());
                if taken.is_some() && !queue.waiting.is_empty() {
                    self.inner.arrived.notify_one();
                }
                taken
            };
            if let Some((job, redelivered)) = taken {
                let settle = Held {
                    jobs: self.clone(),
                    job: Some(job.clone()),
                };
                return Delivery::new(job, redelivered, Box::new(settle));
            }
            self.inner.arrived.notified().await;
        }
    }

    fn at_once(&self) -> usize {
        self.most
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn standing(&self) -> Standing {
        let queue = self.inner.lock();
        Standing {
            queue: "in the process".to_owned(),
            link: Link::Up,
            waiting: queue.waiting.len() as u64,
            delayed: queue.delayed,
            dead: queue.dead,
            enqueued: queue.enqueued,
            refused: queue.refused,
            taken: queue.taken,
            why_dead: queue.why_dead.iter().cloned().collect(),
        }
    }
}

struct Held {
    jobs: MemoryJobs,
    /// Nothing once it is settled.
    job: Option<Job>,
}

#[async_trait]
impl Settle for Held {
    async fn done(mut self: Box<Self>) -> Result<(), JobsError> {
        self.job = None;
        Ok(())
    }

    async fn later(mut self: Box<Self>, job: Job, after: Duration) -> Result<(), JobsError> {
        self.jobs.inner.lock().delayed += 1;
        let _counted = Delayed(self.jobs.inner.clone());
        // Still held: whoever drops this wait gives the job back at once.
        self.jobs.clock.sleep(after).await;
        self.job = None;
        self.jobs.inner.put(job, false);
        Ok(())
    }

    async fn give_up(mut self: Box<Self>, why: String) -> Result<(), JobsError> {
        if let Some(job) = self.job.take() {
            tracing::error!(subject = %job.subject, %why, "a job is put aside for a person");
            let mut queue = self.jobs.inner.lock();
            queue.dead += 1;
            remember(&mut queue.why_dead, format!("{}: {why}", job.subject));
        }
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(job) = self.job.take() {
            self.jobs.inner.put(job, true);
        }
    }
}

/// Counts a job that waits for its time, for as long as it does.
struct Delayed(Arc<Inner>);

impl Drop for Delayed {
    fn drop(&mut self) {
        self.0.lock().delayed -= 1;
    }
}

/// Keeps the last few reasons.
pub(crate) fn remember(reasons: &mut VecDeque<String>, why: String) {
    if reasons.len() == REASONS {
        reasons.pop_front();
    }
    reasons.push_back(why);
}
