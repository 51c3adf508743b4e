//! Puts the service together: everything that runs beside its partitions.

use crate::{
    SERVICE,
    api::Edge,
    effects::{Proposer, ProposerPorts},
    ports::LiveFixes,
    read::{Opened, Roster},
};
use interstate_auth::UniqueValues;
use interstate_eventing::{
    projection::{Consumers, Follow, Runner},
    runtime::{Clock, Commands},
    sealed::KeyRing,
};
use interstate_http::Streams;
use interstate_log::Log;
use interstate_stores::StoredModel;
use std::sync::Arc;

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
    /// Searches and offers, in an opened store.
    pub dispatches: Opened,
    /// The service's partitions.
    pub partitions: u32,
}

/// What is to be run, and what the routes need.
pub struct Assembled {
    /// For [`crate::api::router`].
    pub edge: Edge,
    /// Searches and offers, for rebuilds and for what is parked.
    pub dispatches: Arc<dyn StoredModel>,
    /// Carry the events into the read models: spawn [`Runner::run`] of each.
    pub runners: Vec<Runner>,
    /// Names candidates: spawn [`Proposer::run`].
    pub proposer: Proposer,
}

/// Puts the parts together. Nothing runs yet.
pub fn assemble(parts: Parts) -> Assembled {
    let Opened { model, dispatches } = parts.dispatches;
    let follow = Follow {
        log: parts.log.clone(),
        clock: parts.clock.clone(),
        consumers: parts.consumers,
    };
    let (dispatches_position, mut runners) = follow.projection(model.clone(), SERVICE, parts.partitions);
    let roster = Roster::default();
    let (roster_position, of_roster) = follow.projection(roster.projection(), SERVICE, parts.partitions);
    runners.extend(of_roster);
    let proposer = Proposer::new(ProposerPorts {
        roster: roster.clone(),
        roster_position: roster_position.clone(),
        log: parts.log,
        fixes: parts.fixes,
        commands: parts.commands.clone(),
        clock: parts.clock.clone(),
    });
    let edge = Edge {
        commands: parts.commands,
        roster,
        roster_position,
        dispatches,
        dispatches_position,
        keys: parts.keys,
        unique: parts.unique,
        clock: parts.clock,
        streams: parts.streams,
    };
    Assembled {
        edge,
        dispatches: model,
        runners,
        proposer,
    }
}
