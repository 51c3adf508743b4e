//! What goes over the wire.

use crate::domain::{
    documents::Document,
    driver::{Driver, DriverStatus, Profile},
    vehicle::{Description, Vehicle, VehicleStatus},
};
use interstate_http::Text;
use interstate_schemas::{DriverId, StateCode, Timestamp, VehicleId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use std::borrow::Cow;

/// A number plate: letters and digits in capitals, without blanks and dashes. It is only ever hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlateText(String);

impl PlateText {
    /// The plate.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its last four characters, which riders look for.
    pub fn ending(&self) -> &str {
        &self.0[self.0.len() - 4..]
    }

    fn read(text: &str) -> Option<Self> {
        let plate: String = text
            .chars()
            .filter(|letter| !matches!(letter, ' ' | '-'))
            .map(|letter| letter.to_ascii_uppercase())
            .collect();
        let legal = (6..=11).contains(&plate.len()) && plate.bytes().all(|byte| byte.is_ascii_alphanumeric());
        legal.then_some(Self(plate))
    }
}

impl<'de> Deserialize<'de> for PlateText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| D::Error::custom("not a number plate such as GJ 01 AB 1234"))
    }
}

impl JsonSchema for PlateText {
    fn schema_name() -> Cow<'static, str> {
        "NumberPlate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A number plate such as GJ 01 AB 1234. Only a keyed hash and its last four characters are kept.",
        })
    }
}

/// Somebody who asks to drive.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterDriver {
    /// Where the driver lives.
    pub(super) home_state: StateCode,
    /// Whether the driver takes trips with driving at night.
    pub(super) drives_at_night: bool,
    /// Whether the driver is used to hill roads; confirmed at the approval.
    pub(super) hill_roads: bool,
    /// What riders are to call the driver. They see it once the driver is theirs.
    #[serde(default)]
    pub(super) name: Option<Text<60>>,
}

/// A vehicle to register.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterVehicle {
    /// Its plate.
    pub plate: PlateText,
    /// What it is.
    pub description: Description,
    /// Its papers.
    #[serde(default)]
    pub documents: Vec<Document>,
}

/// A driver's availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Availability {
    /// Whether the driver takes trips.
    pub(super) online: bool,
    /// With which vehicle; needed where there are several.
    #[serde(default)]
    pub(super) vehicle: Option<VehicleId>,
}

/// Why support says no.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Refusal {
    /// A code, such as `document_unreadable`.
    pub(super) reason: Text<100>,
    /// For a suspension: until when; nothing for until further notice.
    #[serde(default)]
    pub(super) until: Option<Timestamp>,
}

/// Something was done for this driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct OfDriver {
    /// Who.
    pub(super) driver: DriverId,
}

/// A vehicle was registered; its plate is looked up before it is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct OfVehicle {
    /// Which.
    pub(super) vehicle: VehicleId,
}

/// A driver.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct DriverView {
    /// Who.
    pub driver: DriverId,
    /// Where the admission stands.
    pub status: DriverStatus,
    /// What is known of them.
    pub profile: Option<Profile>,
    /// Their papers.
    pub documents: Vec<Document>,
    /// Their vehicles.
    pub vehicles: Vec<VehicleView>,
    /// With which vehicle they take trips.
    pub online: Option<VehicleId>,
}

/// A vehicle.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct VehicleView {
    /// Which.
    pub vehicle: VehicleId,
    /// Where its registration stands.
    pub status: VehicleStatus,
    /// The last characters of its plate.
    pub plate_ending: String,
    /// What it is.
    pub description: Description,
    /// Its papers.
    pub documents: Vec<Document>,
}

impl DriverView {
    pub(super) fn of(id: DriverId, driver: Driver, vehicles: Vec<Vehicle>) -> Self {
        Self {
            driver: id,
            status: driver.status,
            profile: driver.profile,
            documents: driver.documents,
            vehicles: vehicles.into_iter().filter_map(VehicleView::of).collect(),
            online: driver.online,
        }
    }
}

impl VehicleView {
    fn of(vehicle: Vehicle) -> Option<Self> {
        let registered = vehicle.registered?;
        Some(Self {
            vehicle: registered.vehicle,
            status: vehicle.status,
            plate_ending: registered.plate.ending,
            description: registered.description,
            documents: vehicle.papers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_plate_however_it_is_written() {
        for text in ["GJ01AB1234", "gj 01 ab 1234", "GJ-01-AB-1234"] {
            let plate = PlateText::read(text).unwrap();
            assert_eq!((plate.as_str(), plate.ending()), ("GJ01AB1234", "1234"), "{text}");
        }
        for wrong in ["", "GJ01", "GJ01AB12345678", "GJ01*B1234", "ГЖ01АВ1234"] {
            assert_eq!(PlateText::read(wrong), None, "{wrong}");
        }
    }
}
