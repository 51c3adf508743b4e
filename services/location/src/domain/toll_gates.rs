//! Which toll plaza a driver is passing.

use super::{data::DataError, geo::OnTheMap, road::plazas::Plaza};
use interstate_schemas::GeoPoint;
use rstar::{RTree, primitives::GeomWithData};

/// A vehicle this close to a plaza is at its gates. A plaza is some 300 m wide and a fix comes every 125 m at
/// 90 km/h, so that none is jumped over.
pub const AT_THE_GATE_M: f64 = 400.0;

/// The plazas of national highways by where they stand.
pub struct TollGates {
    by_place: RTree<GeomWithData<[f64; 3], (u32, GeoPoint)>>,
}

impl TollGates {
    /// Reads the plazas that are part of the program.
    pub fn embedded() -> Result<Self, DataError> {
        let gates = Plaza::embedded()?
            .into_iter()
            .map(|plaza| {
                let point = plaza.point()?;
                Ok(GeomWithData::new(point.on_sphere(), (plaza.nhai_id, point)))
            })
            .collect::<Result<Vec<_>, DataError>>()?;
        Ok(Self {
            by_place: RTree::bulk_load(gates),
        })
    }

    /// The plaza whose gates are here, by the highway authority's number.
    pub fn at(&self, point: GeoPoint) -> Option<u32> {
        let (plaza, stands_at) = self.by_place.nearest_neighbor(&point.on_sphere())?.data;
        (point.metres_to(stands_at) <= AT_THE_GATE_M).then_some(plaza)
    }
}
