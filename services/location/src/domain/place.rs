//! A place that a route starts at, stops at or ends at.

use interstate_schemas::GeoPoint;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where, and what people call it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The name to show and to name in errors; a city's, or what the rider typed.
    pub name: String,
    /// The point.
    pub point: GeoPoint,
}

impl Place {
    /// A named point.
    pub fn new(name: impl Into<String>, point: GeoPoint) -> Self {
        Self {
            name: name.into(),
            point,
        }
    }
}
