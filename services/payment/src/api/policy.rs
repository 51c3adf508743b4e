//! Who may call what. Whose records they may touch is decided by the read model's owner and by the payment.

use interstate_auth::{Access, Row};
use interstate_schemas::Role;

const STAFF: Access = Access::Roles(&[Role::Support, Role::Admin]);

/// The rows of this service.
pub const ROWS: &[Row] = &[
    Row::new("GET", "/v1/payments", STAFF),
    Row::new(
        "GET",
        "/v1/payments/{booking}",
        Access::Roles(&[Role::Rider, Role::Support, Role::Admin]),
    ),
    Row::new("POST", "/v1/payments/{booking}/refund-again", STAFF),
    Row::new("GET", "/v1/drivers/me/statement", Access::Roles(&[Role::Driver])),
    Row::new("GET", "/v1/ledger/trial-balance", Access::Roles(&[Role::Admin])),
    Row::new(
        "POST",
        "/v1/bookings/{booking}/balance",
        Access::Roles(&[Role::Rider, Role::Driver, Role::Support, Role::Admin]),
    ),
    Row::new(
        "POST",
        "/v1/bookings/{booking}/cash",
        Access::Roles(&[Role::Rider, Role::Driver, Role::Support, Role::Admin]),
    ),
    // Signed by the provider instead.
    Row::new("POST", "/v1/webhooks/payments", Access::Public),
];
