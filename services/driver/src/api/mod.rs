//! The HTTP API of drivers, their vehicles, their offers, and of what became of a search.

mod admissions;
mod code;
mod drivers;
mod duties;
mod http;
mod live;
mod offers;
mod policy;
mod view;

pub use code::{CODES, codes};
pub use http::{Edge, router};
pub use policy::ROWS;
pub use view::{DriverView, PlateText, RegisterVehicle, VehicleView};
