//! The HTTP API of places, routes, fixes and live positions.

mod ask;
mod assigned;
mod code;
mod fixes;
mod grpc;
mod http;
mod nearby;
mod places;
mod policy;
mod position;
mod routes;
mod tracking;

pub use assigned::{ASKED_EVERY, AssignedDrivers, HOLDS_FOR};
pub use code::{CODES, codes};
pub use fixes::{FixReport, FixesTaken, RefusedFix, ReportedFix};
pub use grpc::{CALLERS, questions};
pub use http::{Edge, router};
pub use places::StateAt;
pub use policy::ROWS;
pub use position::PositionView;
pub use routes::{LegLine, RouteQuestion, RouteView};
pub use tracking::TrackingView;
