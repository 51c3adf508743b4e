//! Who may call what. Who may see which driver is decided by the trip.

use interstate_auth::{Access, Row};
use interstate_schemas::Role;

const DRIVERS: Access = Access::Roles(&[Role::Driver]);
const DRIVERS_AND_STAFF: Access = Access::Roles(&[Role::Driver, Role::Support, Role::Admin]);
const STAFF: Access = Access::Roles(&[Role::Support, Role::Admin]);

/// The rows of this service.
pub const ROWS: &[Row] = &[
    Row::new("GET", "/v1/cities", Access::Public),
    Row::new("GET", "/v1/cities/nearest", Access::Public),
    Row::new("GET", "/v1/states/at", Access::Public),
    Row::new("POST", "/v1/routes", Access::Public),
    Row::new("POST", "/v1/fixes", DRIVERS),
    Row::new("GET", "/v1/positions/nearest", STAFF),
    Row::new("POST", "/v1/trips/{booking}/tracking", DRIVERS),
    Row::new("POST", "/v1/trips/{booking}/tracking/close", DRIVERS_AND_STAFF),
    Row::new("GET", "/v1/trips/{booking}/tracking", Access::SignedIn),
    Row::new("GET", "/v1/trips/{booking}/position", Access::SignedIn),
    Row::new("GET", "/v1/trips/{booking}/position/stream", Access::SignedIn),
];
