//! What a world is about.

use crate::{
    clients::Clients,
    here::Here,
    invariants::{Books, Chronicle},
    read_models::Kept,
    sim::Sim,
};
use interstate_eventing::{
    Service,
    runtime::{Commands, Env},
};
use std::sync::{Arc, Mutex};

/// What is played in a world: its services, what runs beside them in each process, its people, and its books.
/// Log, clock, faults, machines and invariants are the same in every world.
pub trait Play: Send + Sync + 'static {
    /// What its log says.
    type Books: Books;

    /// The service whose events the machines' read model follows.
    const FOLLOWED: &'static str;

    /// One before its day.
    fn new(sim: &Sim) -> Arc<Self>;

    /// Its services.
    fn services() -> Vec<Service>;

    /// The services' own read models, as a machine has them before its first process.
    fn read_models() -> Vec<Box<dyn Kept>> {
        Vec::new()
    }

    /// Empty books.
    fn books(&self) -> Self::Books;

    /// Starts what runs beside the partitions of a process.
    fn begin(&self, at: &Workplace);

    /// What people do in good weather, before the day.
    fn prepare(self: &Arc<Self>, _clients: &Arc<Clients>) {}

    /// What people do on the day.
    fn people(self: &Arc<Self>, clients: &Arc<Clients>, seen: &Seen<Self::Books>);
}

/// What has happened so far, for people who look around.
pub type Seen<B> = Arc<Mutex<Chronicle<B>>>;

/// Where something runs.
#[derive(Clone)]
pub struct Workplace {
    /// The process.
    pub here: Here,
    /// Its environment.
    pub env: Env,
    /// The way to all aggregates.
    pub commands: Commands,
    /// The machine's name. What it keeps on its disk outlives the process.
    pub machine: String,
}
