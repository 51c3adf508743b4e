//! The routes, and what their handlers share.

use super::reports;
use crate::read::Reports;
use aide::{
    axum::{ApiRouter, routing::get_with},
    transform::TransformOperation,
};
use interstate_eventing::{
    projection::{Consumers, ReadPosition},
    runtime::Clock,
};
use std::sync::Arc;

/// What the handlers work with.
#[derive(Clone)]
pub struct Edge {
    /// The facts.
    pub reports: Arc<dyn Reports>,
    /// How far the facts of each service are, for those who want to see what they have done.
    pub positions: Arc<[ReadPosition]>,
    /// What is known of those who follow.
    pub consumers: Consumers,
    /// Log time.
    pub clock: Arc<dyn Clock>,
}

/// All routes.
pub fn router(edge: Edge) -> ApiRouter {
    ApiRouter::new()
        .api_route(
            "/v1/analytics/bookings",
            get_with(reports::bookings, |operation| {
                told(
                    operation,
                    "What became of bookings, by day, corridor and class",
                    "By the day on which they were made. A booking counts in every stage that it has come to.",
                )
            }),
        )
        .api_route(
            "/v1/analytics/revenue",
            get_with(reports::revenue, |operation| {
                told(
                    operation,
                    "Gross value, net revenue and take rate, by day, corridor and class",
                    "By the day on which a trip was priced or an entry posted. Net revenue is commission and \
                     cancellation fees, less credits and refunds at our cost, from the journal. No event knows of \
                     tips, incentives or the provider's charges: they are in no figure.",
                )
            }),
        )
        .api_route(
            "/v1/analytics/cancellations",
            get_with(reports::cancellations, |operation| {
                told(
                    operation,
                    "Who withdrew, why and how late, by day, corridor and class",
                    "A driver who gives a trip back counts, and so does a booking that nobody was found for.",
                )
            }),
        )
        .api_route(
            "/v1/analytics/funnel",
            get_with(reports::funnel, |operation| {
                told(
                    operation,
                    "How quotes become bookings, and bookings trips",
                    "Quotes by the day of issue, bookings by the day of the pickup.",
                )
            }),
        )
        .api_route(
            "/v1/analytics/assignments",
            get_with(reports::assignments, |operation| {
                told(
                    operation,
                    "How long bookings waited for a driver",
                    "By the day of the confirmation. No event says which offers a driver has seen, so there is no \
                     rate of acceptance; the counts of offers are here.",
                )
            }),
        )
        .api_route(
            "/v1/analytics/fare-gaps",
            get_with(reports::fare_gaps, |operation| {
                told(
                    operation,
                    "How invoices differ from quotes, line by line",
                    "Of trips that were priced in the period. What is unexplained is nothing, or something is wrong.",
                )
            }),
        )
        .api_route(
            "/v1/analytics/activity",
            get_with(reports::activity, |operation| {
                told(
                    operation,
                    "How often what happened, by day",
                    "Every event of every service counts once.",
                )
            }),
        )
        .with_state(edge)
}

fn told<'t>(operation: TransformOperation<'t>, summary: &str, description: &str) -> TransformOperation<'t> {
    operation.summary(summary).description(description)
}
