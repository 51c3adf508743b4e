//! A small trade run by the product's own engine: trips are ordered, paid for from accounts whose money a
//! provider holds, and kept free of overlaps by calendars. Narrow, but every mechanism is used.

pub mod account;
pub mod books;
pub mod calendar;
pub mod effects;
pub mod ledger;
pub mod offer;
mod people;
pub mod provider;
pub mod trip;

use crate::{
    clients::Clients,
    play::{Play, Seen, Workplace},
    sim::Sim,
};
use books::TradeBooks;
use effects::Worker;
use interstate_eventing::Service;
use provider::Provider;
use std::sync::Arc;

/// The trade.
pub struct Trade {
    provider: Provider,
}

impl Play for Trade {
    type Books = TradeBooks;

    const FOLLOWED: &'static str = "trip";

    fn new(sim: &Sim) -> Arc<Self> {
        Arc::new(Self {
            provider: Provider::new(sim),
        })
    }

    fn services() -> Vec<Service> {
        vec![
            Service::new("trip")
                .partitions(2)
                .aggregate::<trip::Trip>()
                .aggregate::<offer::Offer>(),
            Service::new("account")
                .partitions(2)
                .aggregate::<account::Account>()
                .aggregate::<ledger::Ledger>(),
            Service::new("calendar")
                .partitions(2)
                .aggregate::<calendar::Calendar>(),
        ]
    }

    fn books(&self) -> TradeBooks {
        TradeBooks::new(self.provider.clone())
    }

    fn begin(&self, at: &Workplace) {
        for partition in 0..2 {
            let worker = Worker {
                here: at.here.clone(),
                env: at.env.clone(),
                commands: at.commands.clone(),
                provider: self.provider.clone(),
                partition,
            };
            at.env.spawn.spawn(Box::pin(worker.run()));
        }
    }

    fn people(self: &Arc<Self>, clients: &Arc<Clients>, _: &Seen<TradeBooks>) {
        people::start(clients, 3);
    }
}
