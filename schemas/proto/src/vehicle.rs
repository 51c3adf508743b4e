//! Classes of vehicles.

use crate::{Malformed, location};
use interstate_schemas::VehicleClass;

impl From<VehicleClass> for location::VehicleClass {
    fn from(class: VehicleClass) -> Self {
        match class {
            VehicleClass::Hatchback => Self::Hatchback,
            VehicleClass::Sedan => Self::Sedan,
            VehicleClass::Suv => Self::Suv,
            VehicleClass::PremiumSuv => Self::PremiumSuv,
            VehicleClass::TempoTraveller => Self::TempoTraveller,
        }
    }
}

impl TryFrom<location::VehicleClass> for VehicleClass {
    type Error = Malformed;

    fn try_from(class: location::VehicleClass) -> Result<Self, Malformed> {
        match class {
            location::VehicleClass::Unspecified => Err(Malformed::missing("vehicle class")),
            location::VehicleClass::Hatchback => Ok(Self::Hatchback),
            location::VehicleClass::Sedan => Ok(Self::Sedan),
            location::VehicleClass::Suv => Ok(Self::Suv),
            location::VehicleClass::PremiumSuv => Ok(Self::PremiumSuv),
            location::VehicleClass::TempoTraveller => Ok(Self::TempoTraveller),
        }
    }
}
