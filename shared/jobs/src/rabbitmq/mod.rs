//! The adapter for RabbitMQ: one connection a process, quorum queues, publisher confirms, manual acknowledgements.
//!
//! | file | subject |
//! | --- | --- |
//! | `topology` | exchanges and queues, and their arguments |
//! | `connect` | how a connection is made, and what its refusals mean |
//! | `session` | a connection while it lasts |
//! | `keep` | connections that follow each other |
//! | `delivery` | what becomes of a job that was taken |

mod connect;
mod delivery;
mod keep;
mod session;
mod topology;

use crate::{Delivery, Job, Jobs, JobsError, Link, Standing};
use async_trait::async_trait;
use connect::Address;
use interstate_config::RabbitMq;
use session::Session;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Mutex as AsyncMutex, mpsc, watch},
    task::JoinHandle,
};
pub use topology::{Exchange, Queue, Topology};

/// How a queue is made and used. What [`Topology`] is made of has to be the same in all processes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The queue, with which the names of all exchanges and queues begin.
    pub queue: String,
    /// Jobs that this process holds at a time.
    pub prefetch: u16,
    /// The waits that there are, in order: a queue each.
    pub delays: Vec<Duration>,
    /// Jobs that may wait in a queue; more are refused. The broker looks after it has taken one, so that more of a
    /// burst may be in before the first is refused.
    pub most_waiting: u32,
    /// How often a job is given to workers that do not settle it, before it is put aside.
    pub deliveries: u32,
    /// How long a job that was handed on may be unconfirmed.
    pub confirm: Duration,
    /// How long a connection may take until it works.
    pub connect: Duration,
    /// Between two looks at how long the queues are, which are also looks whether the broker answers.
    pub look: Duration,
}

impl Options {
    /// What suits a service's jobs.
    pub fn new(queue: impl Into<String>) -> Self {
        Self {
            queue: queue.into(),
            prefetch: 32,
            delays: [200, 1_000, 5_000, 30_000].map(Duration::from_millis).to_vec(),
            most_waiting: 100_000,
            deliveries: 20,
            confirm: Duration::from_secs(5),
            connect: Duration::from_secs(10),
            look: Duration::from_secs(5),
        }
    }
}

/// A queue on a broker. It connects anew for as long as this value lives; dropped, it lets go of what it holds.
pub struct RabbitJobs {
    shared: Arc<Shared>,
    keeper: JoinHandle<()>,
}

impl RabbitJobs {
    /// Connects, and makes the queues where they are missing. What a person must mend is an error; a broker that is away
    /// is waited for.
    pub async fn open(address: &RabbitMq, options: Options) -> Result<Self, JobsError> {
        let topology = Topology::of(&options);
        let address = Address::new(address)?;
        let (tell, arrived) = mpsc::channel(usize::from(options.prefetch.max(1)));
        let (link, _) = watch::channel(State::Trying("it has not been reached yet".to_owned()));
        let shared = Arc::new(Shared {
            address,
            topology,
            options,
            link,
            arrived: AsyncMutex::new(arrived),
            counts: Counts::default(),
            why_dead: Mutex::default(),
        });
        let first = match Session::open(&shared).await {
            Ok(session) => Some(session),
            Err(error) if error.may_pass() => {
                tracing::warn!(%error, "the queue is waited for");
                shared.link.send_replace(State::Away(error.to_string()));
                None
            }
            Err(error) => return Err(error),
        };
        if let Some(session) = &first {
            shared.link.send_replace(State::Up(session.publisher()));
        }
        let keeper = tokio::spawn(keep::keep(shared.clone(), first, tell));
        Ok(Self { shared, keeper })
    }

    /// Whether the broker lets the user into the virtual host, as [`RabbitJobs::open`] would find. Makes nothing there, so
    /// that rights on queues and the arguments of those that exist are not looked at.
    pub async fn look(address: &RabbitMq, options: &Options) -> Result<(), JobsError> {
        let connection = Address::new(address)?.connect(options).await?;
        session::close(&connection).await;
        Ok(())
    }

    /// Host, port and virtual host.
    pub fn at(&self) -> &str {
        &self.shared.address.at
    }
}

impl Drop for RabbitJobs {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

/// What the queue's parts have in common.
struct Shared {
    address: Address,
    topology: Topology,
    options: Options,
    link: watch::Sender<State>,
    /// Given to us by the broker, and taken by nobody here so far.
    arrived: AsyncMutex<mpsc::Receiver<Delivery>>,
    counts: Counts,
    why_dead: Mutex<VecDeque<String>>,
}

#[derive(Clone)]
enum State {
    Up(Arc<session::Publisher>),
    Trying(String),
    Away(String),
}

#[derive(Debug, Default)]
struct Counts {
    waiting: AtomicU64,
    delayed: AtomicU64,
    dead: AtomicU64,
    enqueued: AtomicU64,
    refused: AtomicU64,
    taken: AtomicU64,
}

impl Shared {
    /// Fails at once where the broker is away: whoever waits does so elsewhere.
    async fn publish(&self, exchange: &str, key: &str, job: &Job) -> Result<(), JobsError> {
        let body = job.encode()?;
        let publisher = match &*self.link.borrow() {
            State::Up(publisher) => publisher.clone(),
            State::Trying(why) | State::Away(why) => {
                return Err(JobsError::Away {
                    at: self.address.at.clone(),
                    why: why.clone(),
                });
            }
        };
        let sent = publisher.publish(self, exchange, key, &body).await;
        let count = if sent.is_ok() {
            &self.counts.enqueued
        } else {
            &self.counts.refused
        };
        count.fetch_add(1, Ordering::Relaxed);
        sent
    }

    /// Lets go of what a connection gave that has ended: the broker gives it out again. Where somebody waits for a job
    /// there is none.
    fn forget_arrived(&self) {
        if let Ok(mut arrived) = self.arrived.try_lock() {
            while arrived.try_recv().is_ok() {}
        }
    }

    fn put_aside(&self, why: String) {
        tracing::error!(queue = %self.topology.dead.name, %why, "a job is put aside for a person");
        crate::memory::remember(&mut self.reasons(), why);
    }

    fn reasons(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.why_dead.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Jobs for RabbitJobs {
    async fn enqueue(&self, job: &Job) -> Result<(), JobsError> {
        let queue = &self.shared.topology.ready.name;
        self.shared.publish(queue, queue, job).await
    }

    async fn next(&self) -> Delivery {
        loop {
            let next = self.shared.arrived.lock().await.recv().await;
            match next {
                // One of a connection that has broken since is given out again by the broker.
                Some(delivery) if delivery.is_void() => {}
                Some(delivery) => {
                    self.shared.counts.taken.fetch_add(1, Ordering::Relaxed);
                    return delivery;
                }
                // The keeper lives as long as this value.
                None => std::future::pending().await,
            }
        }
    }

    fn at_once(&self) -> usize {
        usize::from(self.shared.options.prefetch.max(1))
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn standing(&self) -> Standing {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.shared.counts;
        Standing {
            queue: self.shared.topology.ready.name.clone(),
            link: match &*self.shared.link.borrow() {
                State::Up(_) => Link::Up,
                State::Trying(why) => Link::Trying(why.clone()),
                State::Away(why) => Link::Away(why.clone()),
            },
            waiting: count(&counts.waiting),
            delayed: count(&counts.delayed),
            dead: count(&counts.dead),
            enqueued: count(&counts.enqueued),
            refused: count(&counts.refused),
            taken: count(&counts.taken),
            why_dead: self.shared.reasons().iter().cloned().collect(),
        }
    }
}
