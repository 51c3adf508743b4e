//! Who may call what. Whose records they may touch, the aggregates decide.

use interstate_auth::{Access, Row};
use interstate_schemas::Role;

const RIDERS: Access = Access::Roles(&[Role::Rider, Role::Support, Role::Admin]);
const DRIVERS: Access = Access::Roles(&[Role::Driver, Role::Support, Role::Admin]);

/// The rows of this service.
pub const ROWS: &[Row] = &[
    Row::new("POST", "/v1/quotes", RIDERS),
    Row::new("GET", "/v1/quotes/{quote}", RIDERS),
    Row::new("POST", "/v1/bookings", RIDERS),
    Row::new("GET", "/v1/bookings", Access::SignedIn),
    Row::new("GET", "/v1/bookings/{booking}", Access::SignedIn),
    Row::new("GET", "/v1/bookings/{booking}/story", RIDERS),
    Row::new("GET", "/v1/bookings/{booking}/stream", Access::SignedIn),
    Row::new(
        "GET",
        "/v1/bookings/{booking}/cancellation-terms",
        Access::SignedIn,
    ),
    Row::new("POST", "/v1/bookings/{booking}/cancel", Access::SignedIn),
    Row::new("POST", "/v1/bookings/{booking}/confirm", DRIVERS),
    Row::new("POST", "/v1/bookings/{booking}/set-off", DRIVERS),
    Row::new("POST", "/v1/bookings/{booking}/arrive", DRIVERS),
    Row::new("POST", "/v1/bookings/{booking}/start", DRIVERS),
    Row::new("POST", "/v1/bookings/{booking}/end", DRIVERS),
];
