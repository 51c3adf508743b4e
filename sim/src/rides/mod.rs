//! The platform's own services in a simulated world: quotes, bookings with their sagas, drivers with their
//! calendars and searches, payments with the worker that asks the provider. Only ports are replaced: the log,
//! the clock, disks, the roads and the provider.

mod accounts;
mod books;
mod driver;
mod money;
mod newcomer;
mod provider;
mod rider;
mod roads;
mod tracking;

use crate::{
    clients::Clients,
    play::{Play, Seen, Workplace},
    read_models::{Kept, Shelf},
    sim::{Sim, lock},
};
use books::RideBooks;
use interstate_booking::read::BookingProjection;
use interstate_driver::{
    effects::{Proposer, ProposerPorts},
    read::{Roster, sqlite::DispatchProjection},
};
use interstate_eventing::{
    Service,
    projection::{Changes, Consumers, Follow},
};
use interstate_payment::{
    effects::{EffectsOptions, EffectsPorts, MemoryPositions, PaymentEffects, Positions, Queue, Wakes},
    read::sqlite::PaymentBooks,
};
use interstate_user::read::sqlite::PeopleProjection;
use provider::{AtProvider, Provider};
use roads::Waiting;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, atomic::AtomicUsize},
    time::Duration,
};
use tokio::sync::watch;

/// Partitions of each service: few, so that much meets in each.
const PARTITIONS: u32 = 2;
/// Drivers, each with a vehicle.
const DRIVERS: u32 = 3;
/// Riders.
const RIDERS: u32 = 3;
/// People who sign up.
const NEWCOMERS: u32 = 2;

/// When riders come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Traffic {
    /// Each at a time of their own.
    Spread,
    /// First all at once and for the same hours, while drivers take what they can get: those meet in calendars.
    Rush,
    /// Drivers think offers over to the last moment, all of them.
    Late,
}

/// Waits between two attempts at the provider: shorter than in production, where nobody counts the turns.
const OPTIONS: EffectsOptions = EffectsOptions {
    concurrency: 4,
    first_wait: Duration::from_millis(300),
    longest_wait: Duration::from_secs(10),
};

/// The platform.
pub struct Rides {
    provider: Provider,
    /// What the worker of operations keeps on each machine's disk.
    positions: Mutex<BTreeMap<String, Arc<MemoryPositions>>>,
}

impl Play for Rides {
    type Books = RideBooks;

    const FOLLOWED: &'static str = interstate_booking::SERVICE;

    fn new(sim: &Sim) -> Arc<Self> {
        Arc::new(Self {
            provider: Provider::new(sim),
            positions: Mutex::default(),
        })
    }

    fn services() -> Vec<Service> {
        vec![
            interstate_booking::service().partitions(PARTITIONS),
            interstate_driver::service().partitions(PARTITIONS),
            interstate_payment::service().partitions(PARTITIONS),
            interstate_user::service().partitions(PARTITIONS),
            interstate_location::service().partitions(1),
        ]
    }

    fn read_models() -> Vec<Box<dyn Kept>> {
        vec![
            Shelf::boxed(interstate_booking::SERVICE, || {
                BookingProjection::new(Changes::default())
            }),
            Shelf::boxed(interstate_driver::SERVICE, || {
                DispatchProjection::new(Changes::default())
            }),
            Shelf::boxed(interstate_payment::SERVICE, || PaymentBooks),
            Shelf::boxed(interstate_user::NAME, || PeopleProjection),
        ]
    }

    fn books(&self) -> RideBooks {
        RideBooks::new(self.provider.clone())
    }

    fn begin(&self, at: &Workplace) {
        self.carry_operations_out(at);
        name_candidates(at);
    }

    fn prepare(self: &Arc<Self>, clients: &Arc<Clients>) {
        for number in 0..DRIVERS {
            clients.begin(driver::admission(clients.clone(), number));
        }
    }

    fn people(self: &Arc<Self>, clients: &Arc<Clients>, seen: &Seen<RideBooks>) {
        for number in 0..NEWCOMERS {
            clients.begin(newcomer::day(clients.clone(), number));
        }
        let riding = Arc::new(AtomicUsize::new(RIDERS as usize));
        let traffic = match clients.draw(0, 3) {
            0 => Traffic::Rush,
            1 => Traffic::Late,
            _ => Traffic::Spread,
        };
        for number in 0..RIDERS {
            let day = rider::day(clients.clone(), seen.clone(), number, traffic, riding.clone());
            clients.begin(day);
        }
        for number in 0..DRIVERS {
            let day = driver::day(clients.clone(), seen.clone(), number, traffic, riding.clone());
            clients.begin(day);
        }
    }
}

impl Rides {
    /// The payment service's worker, at the simulated provider.
    fn carry_operations_out(&self, at: &Workplace) {
        let positions: Arc<dyn Positions> = lock(&self.positions)
            .entry(at.machine.clone())
            .or_default()
            .clone();
        let wakes = Wakes::default();
        self.provider.listens(&wakes);
        let ports = EffectsPorts {
            log: at.env.log.clone(),
            clock: at.env.clock.clone(),
            provider: Arc::new(AtProvider {
                here: at.here.clone(),
                provider: self.provider.clone(),
            }),
            results: Arc::new(at.commands.clone()),
            positions,
            wakes,
            queue: Queue::in_process(at.env.clock.clone()),
            consumers: Consumers::default(),
        };
        let worker = PaymentEffects::new(ports, PARTITIONS, OPTIONS);
        at.env.spawn.spawn(Box::pin(async move {
            let (running, stop) = watch::channel(false);
            worker.run(stop).await;
            drop(running);
        }));
    }
}

/// The driver service's roster and the proposer that reads it.
fn name_candidates(at: &Workplace) {
    let roster = Roster::default();
    let follow = Follow {
        log: at.env.log.clone(),
        clock: at.env.clock.clone(),
        consumers: Consumers::default(),
    };
    let (roster_position, runners) =
        follow.projection(roster.projection(), interstate_driver::SERVICE, PARTITIONS);
    for runner in runners {
        at.env.spawn.spawn(Box::pin(runner.run()));
    }
    let drivers = (0..DRIVERS).map(driver::id).collect();
    let proposer = Proposer::new(ProposerPorts {
        roster,
        roster_position,
        log: at.env.log.clone(),
        fixes: Arc::new(Waiting(drivers)),
        commands: at.commands.clone(),
        clock: at.env.clock.clone(),
    });
    at.env.spawn.spawn(Box::pin(proposer.run()));
}
