//! The suite of what tasks promise each other, on whatever log: it knows the log's port, the runtime, and
//! processes that can be killed and paused. The embedded log, Kafka and the simulated log run the same cases.

mod alone;
mod business;
mod deadlines;
mod followers;
mod messages;
mod replies;
mod snapshots;
mod town;
mod twice;

use crate::runtime::{Clock, Spawn, Stores};
use async_trait::async_trait;
use futures::future::BoxFuture;
use interstate_log::Log;
use object_store::{ObjectStore, memory::InMemory};
use std::{sync::Arc, time::Duration};

/// What the suite needs to know about where it runs.
#[async_trait]
pub trait Harness: Send + Sync {
    /// A new process on the same storage. Where one process must have the storage to itself, every other one has
    /// been killed by then.
    async fn process(&self) -> Process;

    /// Sleeps, in whatever time the harness lives in.
    async fn sleep(&self, duration: Duration);

    /// Whether two processes can run at once, each with services of its own.
    fn many_processes(&self) -> bool;

    /// Longer than it takes until what a dead process had has an owner again.
    fn takeover(&self) -> Duration;

    /// An empty place for snapshots that all processes reach.
    fn shared(&self) -> Arc<dyn ObjectStore> {
        Arc::new(InMemory::new())
    }
}

/// A process that runs nothing yet.
pub struct Process {
    /// Its log.
    pub log: Arc<dyn Log>,
    /// Its clock.
    pub clock: Arc<dyn Clock>,
    /// Starts its work.
    pub spawn: Arc<dyn Spawn>,
    /// Its disk.
    pub stores: Arc<dyn Stores>,
    /// What can happen to it.
    pub life: Arc<dyn Life>,
}

/// What can happen to a process.
pub trait Life: Send + Sync {
    /// It dies as it stands.
    fn kill(&self);
    /// It stands still.
    fn pause(&self);
    /// It goes on as if nothing had been.
    fn resume(&self);
}

/// One promise of tasks.
pub struct Case {
    /// Says what holds.
    pub name: &'static str,
    /// Panics where it does not.
    pub run: for<'a> fn(&'a dyn Harness) -> BoxFuture<'a, ()>,
}

macro_rules! cases {
    ($($module:ident :: $name:ident),* $(,)?) => {
        /// The whole suite.
        pub fn cases() -> Vec<Case> {
            vec![$(Case {
                name: stringify!($name),
                run: |harness| Box::pin($module::$name(harness)),
            }),*]
        }
    };
}

cases! {
    messages::arrive_once_and_in_order_whoever_dies_or_stands_still,
    messages::sent_twice_arrive_once,
    replies::are_remembered_by_every_next_owner,
    deadlines::that_fell_due_in_an_outage_fire_after_what_stood_before_them,
    followers::take_over_where_the_log_ends,
    snapshots::start_an_empty_disk_near_the_end,
    alone::a_service_goes_on_while_another_is_dead,
}
