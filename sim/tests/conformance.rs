//! The simulated log passes the suites that the real ones pass, in both of its modes and in any order of events:
//! that of the port, and that of tasks.
#![allow(clippy::unwrap_used, reason = "tests")]

use async_trait::async_trait;
use interstate_eventing::{
    conformance as tasks,
    plant::{self, Bug},
};
use interstate_log::{Log, conformance};
use interstate_sim::{
    faults::Faults,
    here::{Disk, Here},
    log::{Cluster, MAX_RECORD, Mode},
    sim::{ProcessId, Sim, WORLD},
};
use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

struct Harness {
    sim: Sim,
    mode: Mode,
    cluster: Arc<Cluster>,
    disk: Disk,
    /// Those that are open.
    processes: Mutex<Vec<ProcessId>>,
    services: AtomicU32,
}

#[async_trait]
impl conformance::Harness for Harness {
    async fn open(&self) -> Arc<dyn Log> {
        let mut processes = self.processes.lock().unwrap();
        let process = match (self.mode, processes.first()) {
            (Mode::Embedded, Some(only)) => *only,
            _ => {
                processes.push(self.sim.process("an instance"));
                processes[processes.len() - 1]
            }
        };
        self.cluster.client(process)
    }

    async fn crash(&self) {
        for process in self.processes.lock().unwrap().drain(..) {
            self.sim.doom(process);
        }
    }

    async fn sleep(&self, duration: Duration) {
        self.sim.sleep(duration).await;
    }

    fn service(&self) -> String {
        format!("service-{}", self.services.fetch_add(1, Ordering::Relaxed))
    }

    fn max_record(&self) -> usize {
        MAX_RECORD
    }

    fn members_share(&self) -> bool {
        self.mode == Mode::Kafka
    }
}

/// A process of the world.
struct Life(Sim, ProcessId);

impl tasks::Life for Life {
    fn kill(&self) {
        self.0.doom(self.1);
    }
    fn pause(&self) {
        self.0.pause(self.1);
    }
    fn resume(&self) {
        self.0.resume(self.1);
    }
}

#[async_trait]
impl tasks::Harness for Harness {
    async fn process(&self) -> tasks::Process {
        let process = self.sim.process("a process");
        let here = Here::new(&self.sim, process);
        tasks::Process {
            log: self.cluster.client(process),
            clock: Arc::new(here.clone()),
            spawn: Arc::new(here),
            stores: Arc::new(self.disk.clone()),
            life: Arc::new(Life(self.sim.clone(), process)),
        }
    }

    async fn sleep(&self, duration: Duration) {
        self.sim.sleep(duration).await;
    }

    fn many_processes(&self) -> bool {
        self.mode == Mode::Kafka
    }

    fn takeover(&self) -> Duration {
        Duration::from_secs(20)
    }
}

fn harness(seed: u64, mode: Mode) -> Arc<Harness> {
    let sim = Sim::new(seed, Faults::none(), false);
    Arc::new(Harness {
        cluster: Cluster::new(&sim, mode, 1_000),
        sim,
        mode,
        disk: Disk::default(),
        processes: Mutex::default(),
        services: AtomicU32::new(0),
    })
}

/// Runs work that belongs to nobody's process to its end.
fn ends(harness: &Harness, name: &str, work: impl Future<Output = ()> + Send + 'static) {
    let ended = Arc::new(AtomicU32::new(0));
    let over = ended.clone();
    let work = async move {
        work.await;
        ended.store(1, Ordering::Relaxed);
    };
    harness.sim.spawn(WORLD, Box::pin(work));
    let limit = Duration::from_secs(3600);
    let over = harness.sim.run(limit, || over.load(Ordering::Relaxed) == 1);
    assert!(over, "{name} does not end");
    harness.sim.end();
}

fn passes(mode: Mode) {
    for seed in 0..5 {
        for case in conformance::cases() {
            let harness = harness(seed, mode);
            let own = harness.clone();
            let work = async move { (case.run)(&*own).await };
            ends(&harness, &format!("seed {seed}: {}", case.name), work);
        }
    }
}

fn tasks_pass(mode: Mode) {
    for seed in 0..5 {
        for case in tasks::cases() {
            task_passes(seed, mode, case);
        }
    }
}

fn task_passes(seed: u64, mode: Mode, case: tasks::Case) {
    let harness = harness(seed, mode);
    let own = harness.clone();
    let work = async move { (case.run)(&*own).await };
    ends(&harness, &format!("seed {seed}: {}", case.name), work);
}

/// The suite itself is tested: each of these breaks what its case is about.
#[test]
fn an_engine_that_breaks_a_promise_fails_the_suite_of_tasks() {
    for (bug, name) in [
        (
            Bug::ChannelCountedAnew,
            "arrive_once_and_in_order_whoever_dies_or_stands_still",
        ),
        (
            Bug::StateOfOlderEpoch,
            "arrive_once_and_in_order_whoever_dies_or_stands_still",
        ),
        (Bug::NoDeduplication, "sent_twice_arrive_once"),
        (Bug::NoDeduplication, "are_remembered_by_every_next_owner"),
        (
            Bug::DeadlineBeforeBacklog,
            "that_fell_due_in_an_outage_fire_after_what_stood_before_them",
        ),
    ] {
        for mode in [Mode::Kafka, Mode::Embedded] {
            let fails = |seed| {
                let case = tasks::cases().into_iter().find(|case| case.name == name).unwrap();
                let run = || task_passes(seed, mode, case);
                std::panic::catch_unwind(AssertUnwindSafe(run)).is_err()
            };
            plant::switch(Some(bug));
            let found = (0..10).any(fails);
            plant::switch(None);
            assert!(found, "{bug:?} passes {name} in mode {mode:?}");
        }
    }
}

#[test]
fn tasks_on_the_simulated_kafka_keep_every_promise() {
    tasks_pass(Mode::Kafka);
}

#[test]
fn tasks_on_the_simulated_embedded_log_keep_every_promise() {
    tasks_pass(Mode::Embedded);
}

#[test]
fn the_simulated_kafka_keeps_the_promises_of_the_port() {
    passes(Mode::Kafka);
}

#[test]
fn the_simulated_embedded_log_keeps_the_promises_of_the_port() {
    passes(Mode::Embedded);
}
