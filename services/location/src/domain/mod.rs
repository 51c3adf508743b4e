//! What the location service knows and decides, without a clock, a network or a disk.

mod area;
pub mod barriers;
mod data;
pub mod fix;
pub mod fix_log;
mod fold;
pub mod gazetteer;
mod geo;
pub mod place;
pub mod road;
mod seen;
pub mod states;
pub mod terrain;
pub mod toll_gates;
pub mod tracking;
pub mod trip_route;

pub use data::DataError;
pub use fix::{Fix, FixRefusal, FixVerdict};
pub use fix_log::{Distance, FixLog, Gap};
pub use gazetteer::{City, CityId, Gazetteer, GazetteerError, NearCity};

pub use place::Place;
pub use road::{Leg, RoadModel, Route, RouteError, RouteSource, TollClass, TollOnRoute};
pub use states::States;
