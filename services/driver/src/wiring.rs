//! Puts the service together: everything that runs beside its partitions.

use crate::{
    SERVICE,
    api::Edge,
    effects::Proposer,
    ports::LiveFixes,
    read::{DispatchProjection, DispatchReads, Roster},
};
use interstate_auth::UniqueValues;
use interstate_eventing::{
    projection::{Changes, Consumers, Follow, Runner},
    runtime::{Clock, Commands},
    sealed::KeyRing,
};
use interstate_http::Streams;
use interstate_log::Log;
use interstate_stores::{Sqlite, SqliteError, SqliteReadModel};
use std::{io, path::PathBuf, sync::Arc};

/// What the service is given.
pub struct Parts {
    /// The truth.
    pub log: Arc<dyn Log>,
    /// Log time.
    pub clock: Arc<dyn Clock>,
    /// The way to its aggregates.
    pub commands: Commands,
    /// Where its consumers show how far they are.
    pub consumers: Consumers,
    /// Where drivers are.
    pub fixes: Arc<dyn LiveFixes>,
    /// Everybody's keys, for the names of drivers.
    pub keys: Arc<dyn KeyRing>,
    /// Hashes number plates.
    pub unique: UniqueValues,
    /// Live streams.
    pub streams: Streams,
    /// A folder for the read model; it is made where it is missing.
    pub folder: PathBuf,
    /// The service's partitions.
    pub partitions: u32,
}

/// What is to be run, and what the routes need.
pub struct Assembled {
    /// For [`crate::api::router`].
    pub edge: Edge,
    /// Searches and offers, for rebuilds and for what is parked.
    pub dispatches: SqliteReadModel<DispatchProjection>,
    /// Carry the events into the read models: spawn [`Runner::run`] of each.
    pub runners: Vec<Runner>,
    /// Names candidates: spawn [`Proposer::run`].
    pub proposer: Proposer,
}

/// Why the service cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// The read model's file.
    #[error(transparent)]
    Store(#[from] SqliteError),
    /// The folder.
    #[error("the folder of the driver service cannot be used: {0}")]
    Folder(#[from] io::Error),
}

/// Opens the read models and puts the parts together. Nothing runs yet.
///
/// # Errors
/// The folder or the file in it cannot be used.
pub async fn assemble(parts: Parts) -> Result<Assembled, AssemblyError> {
    std::fs::create_dir_all(&parts.folder)?;
    let db = Sqlite::open(parts.folder.join("driver.db")).await?;
    let changes = Changes::default();
    let dispatches = SqliteReadModel::open(&db, DispatchProjection::new(changes.clone())).await?;
    let follow = Follow {
        log: parts.log,
        clock: parts.clock.clone(),
        consumers: parts.consumers,
    };
    let (dispatches_position, mut runners) =
        follow.projection(Arc::new(dispatches.clone()), SERVICE, parts.partitions);
    let roster = Roster::default();
    let (roster_position, of_roster) = follow.projection(roster.projection(), SERVICE, parts.partitions);
    runners.extend(of_roster);
    let proposer = Proposer::new(
        roster.clone(),
        parts.fixes,
        parts.commands.clone(),
        parts.clock.clone(),
    );
    let edge = Edge {
        commands: parts.commands,
        roster,
        roster_position,
        dispatches: DispatchReads::new(db.readers().clone(), changes),
        dispatches_position,
        keys: parts.keys,
        unique: parts.unique,
        clock: parts.clock,
        streams: parts.streams,
    };
    Ok(Assembled {
        edge,
        dispatches,
        runners,
        proposer,
    })
}
