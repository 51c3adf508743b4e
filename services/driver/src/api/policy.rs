//! Who may call what. Whose offer it is, is decided by the search.

use interstate_auth::{Access, Row};
use interstate_schemas::Role;

const DRIVERS: Access = Access::Roles(&[Role::Driver]);
const STAFF: Access = Access::Roles(&[Role::Support, Role::Admin]);

/// The rows of this service.
pub const ROWS: &[Row] = &[
    Row::new("POST", "/v1/drivers", DRIVERS),
    Row::new("GET", "/v1/drivers", STAFF),
    Row::new("GET", "/v1/drivers/me", DRIVERS),
    Row::new("POST", "/v1/drivers/me/documents", DRIVERS),
    Row::new("POST", "/v1/drivers/me/vehicles", DRIVERS),
    Row::new("POST", "/v1/drivers/me/vehicles/{vehicle}/documents", DRIVERS),
    Row::new("POST", "/v1/drivers/me/submit", DRIVERS),
    Row::new("POST", "/v1/drivers/me/availability", DRIVERS),
    Row::new("GET", "/v1/drivers/me/duties", DRIVERS),
    Row::new("GET", "/v1/drivers/me/offers", DRIVERS),
    Row::new("GET", "/v1/drivers/me/offers/stream", DRIVERS),
    Row::new("GET", "/v1/drivers/{driver}", STAFF),
    Row::new("POST", "/v1/drivers/{driver}/approve", STAFF),
    Row::new("POST", "/v1/drivers/{driver}/reject", STAFF),
    Row::new("POST", "/v1/drivers/{driver}/suspend", STAFF),
    Row::new("POST", "/v1/drivers/{driver}/reinstate", STAFF),
    Row::new("POST", "/v1/vehicles/{vehicle}/release-plate", STAFF),
    Row::new("POST", "/v1/dispatches/{dispatch}/offers/{offer}/accept", DRIVERS),
    Row::new(
        "POST",
        "/v1/dispatches/{dispatch}/offers/{offer}/decline",
        DRIVERS,
    ),
    Row::new(
        "GET",
        "/v1/bookings/{booking}/dispatch",
        Access::Roles(&[Role::Rider, Role::Support, Role::Admin]),
    ),
];
