//! Vehicles, and the number plates that no two of them share.

mod aggregate;
mod plate;

pub use aggregate::{
    Description, PlateKey, Vehicle, VehicleAdmitted, VehicleCommand, VehicleEvent, VehiclePaperAdded,
    VehicleRefused, VehicleRegistered, VehicleStatus,
};
pub use plate::{Plate, PlateClaimed, PlateCommand, PlateEvent};

#[cfg(test)]
mod tests;
