//! The routes, and what their handlers share.

use super::{admissions, code::CODES, drivers, duties, live, offers};
use crate::read::{Dispatches, Roster};
use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use interstate_auth::{Caller, UniqueValues};
use interstate_eventing::{
    projection::ReadPosition,
    runtime::{Answered, Ask, Clock, Commands},
    sealed::KeyRing,
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
    /// Searches, offers and duties.
    pub dispatches: Arc<dyn Dispatches>,
    /// How far they are.
    pub dispatches_position: ReadPosition,
    /// Everybody's keys, for the names of drivers.
    pub keys: Arc<dyn KeyRing>,
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
        .api_route(
            "/v1/drivers",
            post_with(drivers::register, |op| op.summary("Ask to drive")).get_with(admissions::list, |op| {
                op.summary("Drivers at one stage of their admission, for support").description(
                    "Those that wait for an approval where nothing is said, the longest registered first.",
                )
            }),
        )
        .api_route(
            "/v1/drivers/me",
            get_with(drivers::me, |op| {
                op.summary("Oneself as a driver, with papers and vehicles")
            }),
        )
        .api_route(
            "/v1/drivers/me/documents",
            post_with(drivers::add_document, |op| {
                op.summary("Add a paper, or the renewal of one")
            }),
        )
        .api_route(
            "/v1/drivers/me/vehicles",
            post_with(drivers::register_vehicle, |op| {
                op.summary("Register a vehicle; its plate is looked up next")
            }),
        )
        .api_route(
            "/v1/drivers/me/vehicles/{vehicle}/documents",
            post_with(drivers::add_vehicle_document, |op| {
                op.summary("Add a paper of a vehicle, or the renewal of one")
            }),
        )
        .api_route(
            "/v1/vehicles/{vehicle}/release-plate",
            post_with(drivers::release_plate, |op| {
                op.summary("Take a plate back from a vehicle").description(
                    "For a plate that somebody registered who does not drive with it. The driver loses the vehicle, and \
                     without any other one the trips that have not begun.",
                )
            }),
        )
        .api_route(
            "/v1/drivers/me/submit",
            post_with(drivers::submit, |op| {
                op.summary("Hand everything in for support to look at")
            }),
        )
        .api_route(
            "/v1/drivers/me/availability",
            post_with(drivers::availability, |op| {
                op.summary("Take trips from now on, or take none")
            }),
        )
        .api_route(
            "/v1/drivers/me/duties",
            get_with(duties::own, |op| {
                op.summary("One's own calendar: the trips that have one's time, from a week ago on")
            }),
        )
        .api_route(
            "/v1/drivers/me/offers",
            get_with(offers::open, |op| op.summary("The offers that stand")),
        )
        .api_route(
            "/v1/drivers/me/offers/stream",
            get_with(live::stream, |op| op.summary("Offers as they come")),
        )
        .api_route(
            "/v1/drivers/{driver}",
            get_with(drivers::one, |op| op.summary("A driver, for support")),
        )
        .api_route(
            "/v1/drivers/{driver}/approve",
            post_with(drivers::approve, |op| op.summary("Admit a driver")),
        )
        .api_route(
            "/v1/drivers/{driver}/reject",
            post_with(drivers::reject, |op| op.summary("Do not admit a driver, for now")),
        )
        .api_route(
            "/v1/drivers/{driver}/suspend",
            post_with(drivers::suspend, |op| op.summary("Take a driver off the road")),
        )
        .api_route(
            "/v1/drivers/{driver}/reinstate",
            post_with(drivers::reinstate, |op| {
                op.summary("Let a suspended driver drive again")
            }),
        )
        .api_route(
            "/v1/dispatches/{dispatch}/offers/{offer}/accept",
            post_with(offers::accept, |op| op.summary("Take the trip that was offered")),
        )
        .api_route(
            "/v1/dispatches/{dispatch}/offers/{offer}/decline",
            post_with(offers::decline, |op| op.summary("Leave the trip to others")),
        )
        .api_route(
            "/v1/bookings/{booking}/dispatch",
            get_with(offers::of_booking, |op| {
                op.summary("How a driver is searched for a booking")
            }),
        )
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
