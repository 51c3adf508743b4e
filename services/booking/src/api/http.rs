//! The routes, and what their handlers share.

use super::{StartCodes, bookings, live, quotes, trips};
use crate::{
    domain::{quote::QuoteRules, tariff::TariffVersion},
    ports::RouteFinder,
    read::BookingHistory,
};
use aide::axum::{
    ApiRouter,
    routing::{get, post},
};
use interstate_eventing::{
    projection::ReadPosition,
    runtime::{Clock, Commands},
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
        .api_route("/v1/quotes", post(quotes::ask_for))
        .api_route("/v1/quotes/{quote}", get(quotes::one))
        .api_route("/v1/bookings", post(bookings::book).get(bookings::list))
        .api_route("/v1/bookings/{booking}", get(bookings::one))
        .api_route("/v1/bookings/{booking}/story", get(bookings::story))
        .api_route("/v1/bookings/{booking}/stream", get(live::stream))
        .api_route(
            "/v1/bookings/{booking}/cancellation-terms",
            get(trips::cancellation_terms),
        )
        .api_route("/v1/bookings/{booking}/cancel", post(trips::cancel))
        .api_route("/v1/bookings/{booking}/arrive", post(trips::arrive))
        .api_route("/v1/bookings/{booking}/start", post(trips::start))
        .api_route("/v1/bookings/{booking}/end", post(trips::end))
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
