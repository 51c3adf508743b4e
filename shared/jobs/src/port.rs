//! The port.

use crate::{Job, JobsError};
use async_trait::async_trait;
use std::{fmt, time::Duration};

/// A queue of jobs.
#[async_trait]
pub trait Jobs: Send + Sync + 'static {
    /// Hands a job on. Returns once the queue keeps it: on a server, with the server's word for it. After an error it
    /// may have been kept nevertheless.
    async fn enqueue(&self, job: &Job) -> Result<(), JobsError>;

    /// Waits for a job, for as long as it takes. It is this worker's alone until it is settled or dropped.
    async fn next(&self) -> Delivery;

    /// How many may be held at a time.
    fn at_once(&self) -> usize;

    /// Whether jobs outlive this process and may be taken by another one. Where they do not, a worker keeps what it has
    /// taken until its end.
    fn is_shared(&self) -> bool;

    /// How the queue stands, as far as is known.
    fn standing(&self) -> Standing;
}

/// A job that was taken. Dropped without a word, it goes to whoever takes it next: so does that of a worker that died.
pub struct Delivery {
    /// What to look at.
    pub job: Job,
    /// Whether it had been given to somebody who did not settle it.
    pub redelivered: bool,
    settle: Box<dyn Settle>,
}

/// What becomes of a job that was taken; each is told once.
#[async_trait]
pub trait Settle: Send + Sync {
    /// Forgets it.
    async fn done(self: Box<Self>) -> Result<(), JobsError>;
    /// Gives `job` in its place, not before `after`, which may be rounded.
    async fn later(self: Box<Self>, job: Job, after: Duration) -> Result<(), JobsError>;
    /// Puts it aside for a person.
    async fn give_up(self: Box<Self>, why: String) -> Result<(), JobsError>;
    /// Whether it has gone back by itself, so that nothing can be told any more.
    fn is_void(&self) -> bool {
        false
    }
}

impl Delivery {
    /// For adapters.
    pub fn new(job: Job, redelivered: bool, settle: Box<dyn Settle>) -> Self {
        Self {
            job,
            redelivered,
            settle,
        }
    }

    pub(crate) fn is_void(&self) -> bool {
        self.settle.is_void()
    }

    /// There is nothing left to do.
    pub async fn done(self) -> Result<(), JobsError> {
        self.settle.done().await
    }

    /// It is to be looked at again, as its next attempt.
    pub async fn later(self, after: Duration) -> Result<(), JobsError> {
        self.settle.later(self.job.next(), after).await
    }

    /// Nobody can do anything with it.
    pub async fn give_up(self, why: impl Into<String>) -> Result<(), JobsError> {
        self.settle.give_up(why.into()).await
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("job", &self.job)
            .field("redelivered", &self.redelivered)
            .finish_non_exhaustive()
    }
}

/// The way to the queue: a breaker with one connection behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// It answers.
    Up,
    /// It is being tried; nothing is sent meanwhile.
    Trying(String),
    /// It is away and is left alone for a moment: what is sent fails at once, for this reason.
    Away(String),
}

/// How a queue stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub queue: String,
    /// The way to it.
    pub link: Link,
    /// Jobs that wait for a worker.
    pub waiting: u64,
    /// Jobs that wait for their time.
    pub delayed: u64,
    /// Jobs that were put aside and wait for a person.
    pub dead: u64,
    /// Jobs that this process has handed on.
    pub enqueued: u64,
    /// Jobs that this process could not hand on.
    pub refused: u64,
    /// Jobs that this process has taken.
    pub taken: u64,
    /// Why this process has put jobs aside: the last few.
    pub why_dead: Vec<String>,
}
