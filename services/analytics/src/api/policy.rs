//! Who may call what: reports are the operator's.

use interstate_auth::{Access, Row};
use interstate_schemas::Role;

const STAFF: Access = Access::Roles(&[Role::Support, Role::Admin]);

/// The rows of this service.
pub const ROWS: &[Row] = &[
    Row::new("GET", "/v1/analytics/bookings", STAFF),
    Row::new("GET", "/v1/analytics/revenue", STAFF),
    Row::new("GET", "/v1/analytics/cancellations", STAFF),
    Row::new("GET", "/v1/analytics/funnel", STAFF),
    Row::new("GET", "/v1/analytics/assignments", STAFF),
    Row::new("GET", "/v1/analytics/fare-gaps", STAFF),
    Row::new("GET", "/v1/analytics/activity", STAFF),
];
