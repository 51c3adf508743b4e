//! The routes, and what their handlers share.

use super::{balance, queries, refunds, webhooks};
use crate::{
    effects::{Wakes, WebhookSecret},
    read::PaymentReads,
};
use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use interstate_auth::WallClock;
use interstate_eventing::{projection::ReadPosition, runtime::Commands};
use std::sync::Arc;

/// What the handlers work with.
#[derive(Clone)]
pub struct Edge {
    /// The way to the payments.
    pub commands: Commands,
    /// The read model.
    pub reads: Arc<dyn PaymentReads>,
    /// How far it is.
    pub position: ReadPosition,
    /// What the provider signs its webhooks with; without it they are refused.
    pub webhook_secret: Option<WebhookSecret>,
    /// Who is woken by a webhook.
    pub wakes: Wakes,
    /// Real time, for the age of signatures.
    pub wall_clock: WallClock,
}

/// All routes.
pub fn router(edge: Edge) -> ApiRouter {
    ApiRouter::new()
        .api_route(
            "/v1/payments",
            get_with(queries::list, |operation| {
                operation
                    .summary("Payments, for the operator's staff; the last booked first")
                    .description("`support_case=true` lists those that wait for a decision of support.")
            }),
        )
        .api_route(
            "/v1/payments/{booking}",
            get_with(queries::payment, |operation| {
                operation.summary("The money of a booking")
            }),
        )
        .api_route(
            "/v1/payments/{booking}/refund-again",
            post_with(refunds::again, |operation| {
                operation
                    .summary("Ask the provider again for refunds that it has refused")
                    .description("The case of a refund closes when the money has gone back.")
            }),
        )
        .api_route(
            "/v1/drivers/me/statement",
            get_with(queries::statement, |operation| {
                operation.summary("What a driver has earned, and is owed or owes")
            }),
        )
        .api_route(
            "/v1/ledger/trial-balance",
            get_with(queries::trial_balance, |operation| {
                operation.summary("All accounts with their balances, which sum to zero")
            }),
        )
        .api_route(
            "/v1/bookings/{booking}/balance",
            post_with(balance::pay, |operation| {
                operation
                    .summary("Pay what is left after the trip; a driver claims cash")
                    .description(
                        "Cash that the driver claims waits for the rider's word; support's claim does not.",
                    )
            }),
        )
        .api_route(
            "/v1/bookings/{booking}/cash",
            post_with(balance::answer_cash, |operation| {
                operation.summary("Confirm or dispute cash").description(
                    "What is not disputed within a day counts as paid. A dispute opens a case, which support \
                         decides in the same way.",
                )
            }),
        )
        .api_route(
            "/v1/webhooks/payments",
            post_with(webhooks::receive, |operation| {
                operation
                    .summary("What the payment provider tells")
                    .description("Signed by the provider; it only makes us ask the provider sooner.")
            }),
        )
        .with_state(edge)
}
