//! Machines: each runs all services in a process, and starts a new one when that dies.

use crate::{
    here::{Disk, Here, StoreMoments},
    log::Cluster,
    play::{Play, Workplace},
    read_models::Kept,
    sim::{ProcessId, Sim, WORLD, lock},
};
use interstate_eventing::{
    Event, Service, Topology,
    projection::{Consumers, Follow, MemoryReadModel, ReadPosition, Rows},
    runtime::{Commands, Env, Host},
    snapshot::Snapshots,
};
use object_store::memory::InMemory;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// Worlds are short: of each partition there are a few.
const SNAPSHOT_EVERY: u64 = 30;

/// A process as clients see it.
#[derive(Clone)]
pub struct Instance {
    /// The process.
    pub process: ProcessId,
    /// Its way in.
    pub commands: Commands,
    /// How far its read model is.
    pub position: ReadPosition,
    /// Its read model.
    pub model: MemoryReadModel,
    /// The services' own read models on its machine.
    pub disk: Arc<[Box<dyn Kept>]>,
    /// How far each of them is.
    pub kept: Vec<ReadPosition>,
    /// Its partitions.
    pub env: Env,
}

/// What outlives processes.
pub struct Machine {
    /// `m1`.
    pub name: String,
    /// Caches of partitions.
    pub disk: Disk,
    /// The read model's store.
    pub model: MemoryReadModel,
    /// The services' own read models.
    pub kept: Arc<[Box<dyn Kept>]>,
    running: Mutex<Option<Instance>>,
}

/// All of them.
pub struct Machines {
    /// The world.
    pub sim: Sim,
    /// The log.
    pub cluster: Arc<Cluster>,
    /// What each of them hosts.
    pub services: Vec<Service>,
    /// How many partitions each service has.
    pub topology: Topology,
    /// The service that the read models follow.
    pub followed: &'static str,
    /// Starts what runs beside the partitions.
    begin: Box<dyn Fn(&Workplace) + Send + Sync>,
    /// Where machines find what their disks have lost.
    snapshots: Snapshots,
    /// The machines.
    pub all: Vec<Machine>,
}

/// Counts the events of each aggregate, which no event may do twice, and keeps how far it has read.
pub fn fold(rows: &mut Rows<'_>, event: &Event) -> Result<(), String> {
    let count = rows
        .get(&event.subject)
        .and_then(|row| row.split(|byte| *byte == b' ').next())
        .and_then(|count| std::str::from_utf8(count).ok()?.parse::<u64>().ok())
        .unwrap_or(0);
    rows.put(
        event.subject.clone(),
        format!("{} {}", count + 1, event.event_type),
    );
    rows.put(
        format!("read up to {}", event.partition),
        event.sequence.to_string(),
    );
    Ok(())
}

impl Machines {
    /// So many machines, none of them running.
    pub fn new<P: Play>(sim: &Sim, cluster: Arc<Cluster>, count: u32, play: &Arc<P>) -> Arc<Self> {
        let machine = |index: u32| Machine {
            name: format!("m{index}"),
            disk: Disk::default(),
            model: MemoryReadModel::new(P::FOLLOWED, fold),
            kept: P::read_models().into(),
            running: Mutex::default(),
        };
        let (services, play) = (P::services(), play.clone());
        Arc::new(Self {
            sim: sim.clone(),
            cluster,
            topology: Topology::of(&services),
            services,
            followed: P::FOLLOWED,
            begin: Box::new(move |at| play.begin(at)),
            snapshots: Snapshots::new(Arc::new(InMemory::new()), SNAPSHOT_EVERY),
            all: (1..=count).map(machine).collect(),
        })
    }

    /// Starts what does not run, for ever.
    pub async fn keep_running(self: Arc<Self>) {
        loop {
            for machine in &self.all {
                let runs = lock(&machine.running)
                    .as_ref()
                    .is_some_and(|instance| self.sim.is_alive(instance.process));
                if !runs {
                    let pause = self.sim.draw(|rng| rng.between(0, 3_000));
                    self.sim.sleep(Duration::from_millis(pause)).await;
                    self.start(machine);
                }
            }
            self.sim.sleep(Duration::from_millis(300)).await;
        }
    }

    /// A process that runs, by chance.
    pub fn any(&self) -> Option<Instance> {
        let running: Vec<Instance> = self
            .all
            .iter()
            .filter_map(|machine| lock(&machine.running).clone())
            .filter(|instance| self.sim.is_alive(instance.process))
            .collect();
        let index = self.sim.draw(|rng| rng.below(running.len() as u64)) as usize;
        running.get(index).cloned()
    }

    /// All processes that run.
    pub fn running(&self) -> Vec<Instance> {
        self.all
            .iter()
            .filter_map(|machine| lock(&machine.running).clone())
            .filter(|instance| self.sim.is_alive(instance.process))
            .collect()
    }

    /// How many partitions the machines' read model follows.
    pub fn followed_partitions(&self) -> u32 {
        self.partitions_of(self.followed)
    }

    /// How many partitions a service has.
    pub fn partitions_of(&self, service: &str) -> u32 {
        let mut services = self.topology.services();
        let found = services.find(|(name, _)| *name == service);
        found.map_or(0, |(_, partitions)| partitions)
    }

    fn start(self: &Arc<Self>, machine: &Machine) {
        let process = self.sim.process(machine.name.clone());
        self.sim.tell(|| format!("{} starts", machine.name));
        let here = Here::new(&self.sim, process);
        if self.sim.strikes(|faults| faults.lost_disk) {
            self.sim.tell(|| format!("{} has lost its disk", machine.name));
            machine.disk.lose();
        }
        let mut env = Env::new(
            self.cluster.client(process),
            Arc::new(here.clone()),
            Arc::new(here.clone()),
            Arc::new(machine.disk.clone()),
            machine.name.clone(),
            self.topology.clone(),
        );
        env.snapshots = Some(self.snapshots.clone());
        let commands = Commands::new(env.clone());
        let model = machine.model.with_sequencer(Arc::new(StoreMoments(here.clone())));
        let follow = Follow {
            log: env.log.clone(),
            clock: env.clock.clone(),
            consumers: Consumers::default(),
        };
        let partitions = self.followed_partitions();
        let (position, mut runners) = follow.projection(Arc::new(model.clone()), self.followed, partitions);
        let mut kept = Vec::new();
        for read_model in machine.kept.iter() {
            let partitions = self.partitions_of(read_model.service());
            let (position, of_kept) =
                follow.projection(read_model.open(&here), read_model.service(), partitions);
            kept.push(position);
            runners.extend(of_kept);
        }
        *lock(&machine.running) = Some(Instance {
            process,
            commands: commands.clone(),
            position,
            model: machine.model.clone(),
            disk: machine.kept.clone(),
            kept,
            env: env.clone(),
        });
        let at = Workplace {
            here,
            env,
            commands,
            machine: machine.name.clone(),
        };
        let machines = self.clone();
        let sim = self.sim.clone();
        sim.clone().spawn(
            process,
            Box::pin(async move {
                let host = loop {
                    match Host::start(&at.env, machines.services.clone()).await {
                        Ok(host) => break host,
                        Err(_) => sim.sleep(Duration::from_millis(500)).await,
                    }
                };
                for runner in runners {
                    sim.spawn(process, Box::pin(runner.run()));
                }
                (machines.begin)(&at);
                std::future::pending::<()>().await;
                drop(host);
            }),
        );
    }

    /// Everybody sees the right time, and nobody stands still any more.
    pub fn heal(&self) {
        for instance in self.running() {
            self.sim.set_clock(instance.process, 0);
            self.sim.resume(instance.process);
        }
    }

    /// Ends every process as it stands.
    pub fn kill(&self) {
        for instance in self.running() {
            self.sim.doom(instance.process);
        }
        debug_assert!(self.sim.is_alive(WORLD));
    }
}
