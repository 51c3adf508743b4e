//! The simulated log passes the suite that the real ones pass, in both of its modes and in any order of events.
#![allow(clippy::unwrap_used, reason = "tests")]

use async_trait::async_trait;
use interstate_log::{Log, conformance};
use interstate_sim::{
    faults::Faults,
    log::{Cluster, MAX_RECORD, Mode},
    sim::{ProcessId, Sim, WORLD},
};
use std::{
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

fn passes(mode: Mode) {
    for seed in 0..5 {
        for case in conformance::cases() {
            let sim = Sim::new(seed, Faults::none(), false);
            let harness = Arc::new(Harness {
                cluster: Cluster::new(&sim, mode, 1_000),
                sim: sim.clone(),
                mode,
                processes: Mutex::default(),
                services: AtomicU32::new(0),
            });
            let ended = Arc::new(AtomicU32::new(0));
            let work = {
                let (harness, ended) = (harness.clone(), ended.clone());
                async move {
                    (case.run)(&*harness).await;
                    ended.store(1, Ordering::Relaxed);
                }
            };
            sim.spawn(WORLD, Box::pin(work));
            let over = sim.run(Duration::from_secs(3600), || ended.load(Ordering::Relaxed) == 1);
            assert!(over, "seed {seed}: {} does not end", case.name);
            sim.end();
        }
    }
}

#[test]
fn the_simulated_kafka_keeps_the_promises_of_the_port() {
    passes(Mode::Kafka);
}

#[test]
fn the_simulated_embedded_log_keeps_the_promises_of_the_port() {
    passes(Mode::Embedded);
}
