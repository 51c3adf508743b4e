//! The routes, and what their handlers share.

use super::{StartCodes, bookings, live, quotes, trips};
use crate::{
    domain::{quote::QuoteRules, tariff::TariffVersion},
    ports::RouteFinder,
    read::BookingHistory,
};
use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use interstate_eventing::{
    projection::ReadPosition,
    runtime::{Clock, Commands},
    sealed::KeyRing,
};
use interstate_http::Streams;
use std::sync::Arc;

/// What the handlers work with.
#[derive(Clone)]
pub struct Edge {
    /// The way to the aggregates.
    pub commands: Commands,
    /// The read model.
    pub history: BookingHistory,
    /// How far it is.
    pub position: ReadPosition,
    /// Finds routes.
    pub routes: Arc<dyn RouteFinder>,
    /// The codes that riders show at the start.
    pub start_codes: StartCodes,
    /// Everybody's keys, for the names of drivers.
    pub keys: Arc<dyn KeyRing>,
    /// Live streams.
    pub streams: Streams,
    /// For waits of a live stream.
    pub clock: Arc<dyn Clock>,
    /// What may be quoted.
    pub rules: QuoteRules,
    /// The tariff that new quotes use.
    pub tariff: TariffVersion,
}

/// All routes.
pub fn router(edge: Edge) -> ApiRouter {
    routes().with_state(edge)
}

fn routes() -> ApiRouter<Edge> {
    ApiRouter::new()
        .api_route(
            "/v1/quotes",
            post_with(quotes::ask_for, |operation| {
                operation
                    .summary("Ask for a price")
                    .description("Good for half an hour; every line says what it follows from.")
            }),
        )
        .api_route("/v1/quotes/{quote}", get_with(quotes::one, |operation| operation.summary("A quote")))
        .api_route(
            "/v1/bookings",
            post_with(bookings::book, |operation| {
                operation
                    .summary("Book at a quote's price")
                    .description("Answers at once; the booking's state tells when the advance is paid and a driver found.")
            })
            .get_with(bookings::list, |operation| {
                operation.summary("Your bookings, the last booked first; all of them for the operator's staff")
            }),
        )
        .api_route("/v1/bookings/{booking}", get_with(bookings::one, |operation| operation.summary("A booking")))
        .api_route(
            "/v1/bookings/{booking}/story",
            get_with(bookings::story, |operation| operation.summary("Everything that happened to a booking")),
        )
        .api_route(
            "/v1/bookings/{booking}/stream",
            get_with(live::stream, |operation| {
                operation.summary("A booking's states as they come").description(
                    "Server-sent events of the kind `booking`, from now to the booking's end; `data` is a booking.",
                )
            }),
        )
        .api_route(
            "/v1/bookings/{booking}/cancellation-terms",
            get_with(trips::cancellation_terms, |operation| {
                operation.summary("What it would cost and give to cancel now")
            }),
        )
        .api_route(
            "/v1/bookings/{booking}/cancel",
            post_with(trips::cancel, |operation| {
                operation.summary("Cancel; a driver gives the trip back, and another one is sought")
            }),
        )
        .api_route(
            "/v1/bookings/{booking}/confirm",
            post_with(trips::confirm, |operation| {
                operation.summary("The driver still comes").description(
                    "Asked of whoever took the trip more than a day ahead: from 24, 6 and 2 hours before the pickup \
                     on. At 20, 5 and 1 hours before it, a trip that is not confirmed goes to somebody else.",
                )
            }),
        )
        .api_route(
            "/v1/bookings/{booking}/set-off",
            post_with(trips::set_off, |operation| operation.summary("The driver is on the way to the pickup")),
        )
        .api_route(
            "/v1/bookings/{booking}/arrive",
            post_with(trips::arrive, |operation| operation.summary("The driver is at the pickup")),
        )
        .api_route(
            "/v1/bookings/{booking}/start",
            post_with(trips::start, |operation| operation.summary("The trip begins, by the rider's code")),
        )
        .api_route(
            "/v1/bookings/{booking}/end",
            post_with(trips::end, |operation| operation.summary("The trip is over; answers the invoice")),
        )
}

#[cfg(test)]
mod tests {
    use super::routes;
    use crate::api::{CODES, ROWS};
    use aide::openapi::OpenApi;
    use interstate_auth::Policy;

    #[test]
    fn every_route_has_its_row_in_the_policy_and_every_code_its_page() {
        let mut doc = OpenApi::default();
        let _ = routes().finish_api(&mut doc);
        let policy = Policy::new(ROWS).unwrap();
        assert_eq!(policy.disagreements(&interstate_http::routes(&doc)), [""; 0]);
        assert_eq!(interstate_http::check_codes(CODES.iter().copied()), [""; 0]);
    }
}
