//! The payment service on an embedded log, with workers that come and go.

use interstate_eventing::{
    Batches, DomainEvent, Event, Topology,
    projection::Consumers,
    runtime::{Ask, Clock, Commands, Env, Host, MachineClock, TokioSpawn},
    store::FjallCaches,
};
use interstate_log::{
    Log, Topic,
    embedded::{EmbeddedLog, Options},
};
use interstate_payment::{
    domain::{Command, PaymentEvent},
    effects::{EffectsOptions, EffectsPorts, MemoryPositions, PaymentEffects, Provider, Queue, Wakes},
    service,
};
use interstate_schemas::{Actor, BookingId, DriverId, Money, PaymentId, PaymentMethod, Settlement, UserId};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle};

pub const ADVANCE: Money = Money::inr(94_000);

pub struct Node {
    pub log: Arc<dyn Log>,
    pub commands: Commands,
    pub positions: Arc<MemoryPositions>,
    pub clock: Arc<dyn Clock>,
    host: Host,
    _folder: tempfile::TempDir,
}

pub struct Worker {
    pub wakes: Wakes,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Worker {
    pub async fn stop(self) {
        self.stop.send_replace(true);
        self.task.await.unwrap();
    }
}

/// Waits that do not slow tests down.
pub fn quick() -> EffectsOptions {
    let (first_wait, longest_wait) = (Duration::from_millis(5), Duration::from_millis(50));
    EffectsOptions {
        concurrency: 4,
        first_wait,
        longest_wait,
    }
}

pub fn booking(n: u32) -> BookingId {
    BookingId::derive(1, &[&n.to_be_bytes()])
}

pub fn card(token: &str) -> PaymentMethod {
    PaymentMethod::Card {
        token: token.to_owned(),
    }
}

pub fn hold(n: u32, method: PaymentMethod) -> Command {
    Command::Hold {
        booking: booking(n),
        rider: UserId::derive(1, &[b"asha"]),
        amount: ADVANCE,
        method,
    }
}

pub fn capture(n: u32, method: PaymentMethod) -> Command {
    Command::Capture {
        booking: booking(n),
        rider: UserId::derive(1, &[b"asha"]),
        amount: ADVANCE,
        method,
    }
}

/// A trip of ₹4,699, whose balance the driver says to have in cash.
pub fn driven(n: u32) -> Settlement {
    let payable = Money::inr(469_900);
    Settlement {
        booking: booking(n),
        driver: DriverId::derive(1, &[b"ravi"]),
        payable,
        commission: Money::ZERO,
        commission_gst: Money::ZERO,
        tds: Money::ZERO,
        fare_gst: Money::ZERO,
        round_off: Money::ZERO,
        driver_due: payable,
        cash_collected: payable - ADVANCE,
    }
}

impl Node {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = service().partitions(1);
        let log: Arc<dyn Log> = Arc::new(EmbeddedLog::open(Options::new(folder.path().join("log"))).unwrap());
        let caches = Arc::new(FjallCaches::open(&folder.path().join("cache")).unwrap());
        let clock: Arc<dyn Clock> = Arc::new(MachineClock::real());
        let topology = Topology::of([&service]);
        let env = Env::new(
            log.clone(),
            clock.clone(),
            Arc::new(TokioSpawn),
            caches,
            "node",
            topology,
        );
        let host = Host::start(&env, vec![service]).await.unwrap();
        let (commands, positions) = (Commands::new(env), Arc::default());
        Self {
            log,
            commands,
            positions,
            clock,
            host,
            _folder: folder,
        }
    }

    pub fn worker(&self, provider: impl Provider, options: EffectsOptions) -> Worker {
        self.worker_by(Queue::in_process(self.clock.clone()), provider, options)
    }

    /// A worker that takes its operations from this queue.
    pub fn worker_by(&self, queue: Queue, provider: impl Provider, options: EffectsOptions) -> Worker {
        let wakes = Wakes::default();
        let ports = EffectsPorts {
            log: self.log.clone(),
            clock: self.clock.clone(),
            provider: Arc::new(provider),
            results: Arc::new(self.commands.clone()),
            positions: self.positions.clone(),
            wakes: wakes.clone(),
            queue,
            consumers: Consumers::default(),
        };
        let effects = PaymentEffects::new(ports, 1, options);
        let (stop, stopping) = watch::channel(false);
        Worker {
            wakes,
            stop,
            task: tokio::spawn(effects.run(stopping)),
        }
    }

    pub async fn tell(&self, n: u32, command: Command) {
        let actor = Actor::Service("booking".to_owned());
        self.commands
            .ask(Ask::to(PaymentId::from(booking(n)), &command, actor))
            .await
            .unwrap();
    }

    /// Everything that has happened.
    pub async fn events(&self) -> Vec<Event> {
        let mut reader = self.log.read(&Topic::events("payment"), 0, 0).await.unwrap();
        let mut batches = Batches::new("payment".into(), 0, 0, 0);
        let mut events = Vec::new();
        loop {
            let chunk = reader.poll(500).await.unwrap();
            if chunk.records.is_empty() {
                return events;
            }
            for stored in &chunk.records {
                events.extend(
                    batches
                        .push(stored)
                        .unwrap()
                        .into_iter()
                        .flat_map(|batch| batch.events),
                );
            }
        }
    }

    /// How often an event of this type has happened.
    pub async fn count(&self, event_type: &str) -> usize {
        assert!(
            PaymentEvent::TYPES.contains(&event_type),
            "{event_type} is none of ours"
        );
        self.events()
            .await
            .iter()
            .filter(|event| event.event_type == event_type)
            .count()
    }

    /// Waits until an event of this type has happened so often.
    #[track_caller]
    pub fn until(&self, event_type: &'static str, times: usize) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            for _ in 0..500 {
                if self.count(event_type).await >= times {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let types: Vec<_> = self
                .events()
                .await
                .into_iter()
                .map(|event| event.event_type)
                .collect();
            panic!("{caller}: {event_type} did not happen {times} times: {types:?}");
        }
    }

    pub async fn stop(self) {
        self.host.stop().await;
    }
}
