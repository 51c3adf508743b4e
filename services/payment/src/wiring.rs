//! Puts the service together: everything that runs beside its partitions.

use crate::{
    SERVICE,
    api::Edge,
    effects::{
        EffectsOptions, EffectsPorts, FilePositions, PaymentEffects, Provider, Queue, Wakes, WebhookSecret,
    },
    read::Opened,
};
use interstate_auth::WallClock;
use interstate_eventing::{
    projection::{Consumers, Follow, Runner},
    runtime::{Clock, Commands},
};
use interstate_log::Log;
use interstate_stores::StoredModel;
use std::{io, path::PathBuf, sync::Arc};

/// What the service is given.
pub struct Parts {
    /// The truth.
    pub log: Arc<dyn Log>,
    /// Log time.
    pub clock: Arc<dyn Clock>,
    /// Real time, for the age of signatures.
    pub wall_clock: WallClock,
    /// The way to its aggregates.
    pub commands: Commands,
    /// Where its consumers show how far they are.
    pub consumers: Consumers,
    /// Who moves the money.
    pub provider: Arc<dyn Provider>,
    /// What the provider signs its webhooks with; without it they are refused.
    pub webhook_secret: Option<WebhookSecret>,
    /// The read model in its store.
    pub books: Opened,
    /// A folder for the worker's positions; it is made where it is missing.
    pub folder: PathBuf,
    /// The service's partitions.
    pub partitions: u32,
    /// By which operations reach a worker.
    pub queue: Queue,
    /// How operations are carried out.
    pub options: EffectsOptions,
}

/// What is to be run, and what the routes need.
pub struct Assembled {
    /// For [`crate::api::router`].
    pub edge: Edge,
    /// The read model, for rebuilds and for what is parked.
    pub books: Arc<dyn StoredModel>,
    /// Carry the events into the read model: spawn [`Runner::run`] of each.
    pub runners: Vec<Runner>,
    /// Carries operations out: spawn [`PaymentEffects::run`].
    pub effects: PaymentEffects,
}

/// Why the service cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// The folder.
    #[error("the folder of the payment service cannot be used: {0}")]
    Folder(#[from] io::Error),
}

/// Puts the parts together. Nothing runs yet.
pub async fn assemble(parts: Parts) -> Result<Assembled, AssemblyError> {
    let positions = FilePositions::open(&parts.folder)?;
    let follow = Follow {
        log: parts.log.clone(),
        clock: parts.clock.clone(),
        consumers: parts.consumers.clone(),
    };
    let (position, runners) = follow.projection(parts.books.model.clone(), SERVICE, parts.partitions);
    let wakes = Wakes::default();
    let ports = EffectsPorts {
        log: parts.log,
        clock: parts.clock,
        provider: parts.provider,
        results: Arc::new(parts.commands.clone()),
        positions: Arc::new(positions),
        wakes: wakes.clone(),
        queue: parts.queue,
        consumers: parts.consumers,
    };
    let edge = Edge {
        commands: parts.commands,
        reads: parts.books.reads,
        position,
        webhook_secret: parts.webhook_secret,
        wakes,
        wall_clock: parts.wall_clock,
    };
    let effects = PaymentEffects::new(ports, parts.partitions, parts.options);
    Ok(Assembled {
        edge,
        books: parts.books.model,
        runners,
        effects,
    })
}
