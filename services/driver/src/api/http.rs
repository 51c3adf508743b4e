//! The routes, and what their handlers share.

use super::{code::CODES, drivers, live, offers};
use crate::read::{DispatchReads, Roster};
use aide::axum::{
    ApiRouter,
    routing::{get, post},
};
use interstate_auth::{Caller, UniqueValues};
use interstate_eventing::{
    projection::ReadPosition,
    runtime::{Answered, Ask, Clock, Commands},
};
use interstate_http::{
    ConsistencyToken, IdempotencyKey, Problem, RequestContext, Streams, ask_problem, catch_up,
};
use interstate_schemas::AddressedCommand;
use std::{fmt::Display, sync::Arc};

/// What the handlers work with.
#[derive(Clone)]
pub struct Edge {
    /// The way to the aggregates.
    pub commands: Commands,
    /// Drivers and vehicles as they stand.
    pub roster: Roster,
    /// How far the roster is.
    pub roster_position: ReadPosition,
    /// Searches and offers.
    pub dispatches: DispatchReads,
    /// How far they are.
    pub dispatches_position: ReadPosition,
    /// Hashes number plates.
    pub unique: UniqueValues,
    /// Log time, and the machine's.
    pub clock: Arc<dyn Clock>,
    /// Live streams.
    pub streams: Streams,
}

/// All routes.
pub fn router(edge: Edge) -> ApiRouter {
    ApiRouter::new()
        .api_route("/v1/drivers", post(drivers::register))
        .api_route("/v1/drivers/me", get(drivers::me))
        .api_route("/v1/drivers/me/documents", post(drivers::add_document))
        .api_route("/v1/drivers/me/vehicles", post(drivers::register_vehicle))
        .api_route("/v1/drivers/me/submit", post(drivers::submit))
        .api_route("/v1/drivers/me/availability", post(drivers::availability))
        .api_route("/v1/drivers/me/offers", get(offers::open))
        .api_route("/v1/drivers/me/offers/stream", get(live::stream))
        .api_route("/v1/drivers/{driver}", get(drivers::one))
        .api_route("/v1/drivers/{driver}/approve", post(drivers::approve))
        .api_route("/v1/drivers/{driver}/reject", post(drivers::reject))
        .api_route("/v1/drivers/{driver}/suspend", post(drivers::suspend))
        .api_route("/v1/drivers/{driver}/reinstate", post(drivers::reinstate))
        .api_route(
            "/v1/dispatches/{dispatch}/offers/{offer}/accept",
            post(offers::accept),
        )
        .api_route(
            "/v1/dispatches/{dispatch}/offers/{offer}/decline",
            post(offers::decline),
        )
        .api_route("/v1/bookings/{booking}/dispatch", get(offers::of_booking))
        .with_state(edge)
}

impl Edge {
    /// Asks an aggregate; a repeat with the same key is the same command.
    pub(super) async fn ask<C: AddressedCommand>(
        &self,
        id: impl Display,
        command: &C,
        caller: &Caller,
        context: &RequestContext,
        (route, key): (&str, &IdempotencyKey),
    ) -> Result<Answered, Problem> {
        let ask = Ask::to(id, command, caller.actor())
            .idempotent(route, key.as_str())
            .trace(Some(context.trace.to_string()));
        self.commands
            .ask(ask)
            .await
            .map_err(|error| ask_problem(error, CODES))
    }

    /// Waits until the roster shows what the client has seen.
    pub(super) async fn roster_shows(&self, seen: &ConsistencyToken) -> Result<(), Problem> {
        catch_up(&self.roster_position, Some(seen), None).await
    }

    /// Waits until searches and offers show what the client has seen.
    pub(super) async fn dispatches_show(&self, seen: &ConsistencyToken) -> Result<(), Problem> {
        catch_up(&self.dispatches_position, Some(seen), None).await
    }
}
