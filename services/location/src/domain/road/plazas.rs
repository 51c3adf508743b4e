//! The toll plazas of national highways, and which of them a line on the map passes.

use super::route::TollOnRoute;
use crate::domain::{
    data::{self, DataError},
    geo::OnTheMap,
};
use interstate_schemas::{GeoPoint, Money, StateCode};
use rstar::{AABB, RTree, primitives::GeomWithData};
use serde::Deserialize;

/// The line of a route is straight between towns, the highway is not: a plaza this close to the line is
/// taken to be on the way.
const BESIDE_M: f64 = 4_000.0;
/// Plazas closer together than this are the two sides of one, or its slip roads: it charges once.
const SAME_PLAZA_M: f64 = 8_000.0;

/// A row of `toll-plazas.csv`.
#[derive(Debug, Clone, Deserialize)]
pub struct Plaza {
    /// The highway authority's number.
    pub nhai_id: u32,
    /// Its name.
    pub name: String,
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Its state.
    #[serde(deserialize_with = "data::state_code")]
    pub state: StateCode,
    /// `NH-48`; empty where not known.
    pub highway: String,
    /// Kilometres from where the highway, or its project, begins.
    pub chainage_km: Option<f64>,
    car_single_inr: Option<u32>,
    car_return_inr: Option<u32>,
    lcv_single_inr: Option<u32>,
    lcv_return_inr: Option<u32>,
    fee_effective_date: jiff::civil::Date,
}

impl Plaza {
    /// Every plaza, as in the file.
    pub fn embedded() -> Result<Vec<Self>, DataError> {
        data::rows("toll-plazas.csv", data::TOLL_PLAZAS)
    }

    /// Where it stands.
    pub fn point(&self) -> Result<GeoPoint, DataError> {
        GeoPoint::new(self.lat, self.lon).map_err(|error| DataError::new("toll-plazas.csv", error))
    }
}

/// Every plaza, found by place.
pub(crate) struct Plazas {
    tolls: Vec<TollOnRoute>,
    by_place: RTree<GeomWithData<[f64; 2], u32>>,
}

impl Plazas {
    pub fn embedded() -> Result<Self, DataError> {
        let plazas = Plaza::embedded()?;
        let tolls = plazas.into_iter().map(toll).collect::<Result<Vec<_>, _>>()?;
        let places = tolls
            .iter()
            .zip(0..)
            .map(|(toll, i)| GeomWithData::new([toll.at.lon(), toll.at.lat()], i));
        let by_place = RTree::bulk_load(places.collect());
        Ok(Self { tolls, by_place })
    }

    /// The plazas beside a line, in the order they are passed. `metres[i]` is how far along the road
    /// `line[i]` is.
    pub fn along(&self, line: &[GeoPoint], metres: &[f64]) -> Vec<TollOnRoute> {
        let mut beside: Vec<Beside> = Vec::new();
        for i in 1..line.len() {
            for toll in self.around(line[i - 1], line[i]) {
                let (fraction, off) = nearest_on(line[i - 1], line[i], self.tolls[toll as usize].at);
                if off <= BESIDE_M {
                    let at = metres[i - 1] + fraction * (metres[i] - metres[i - 1]);
                    beside.push(Beside { toll, off, at });
                }
            }
        }
        beside.sort_by(|a, b| a.off.total_cmp(&b.off).then(a.toll.cmp(&b.toll)));
        let mut passed: Vec<Beside> = Vec::new();
        for candidate in beside {
            let at = self.tolls[candidate.toll as usize].at;
            let again = |other: &Beside| {
                other.toll == candidate.toll
                    || self.tolls[other.toll as usize].at.metres_to(at) < SAME_PLAZA_M
            };
            if !passed.iter().any(again) {
                passed.push(candidate);
            }
        }
        passed.sort_by(|a, b| a.at.total_cmp(&b.at).then(a.toll.cmp(&b.toll)));
        passed
            .iter()
            .map(|p| TollOnRoute {
                metres_from_start: p.at.round() as u32,
                ..self.tolls[p.toll as usize].clone()
            })
            .collect()
    }

    fn around(&self, a: GeoPoint, b: GeoPoint) -> impl Iterator<Item = u32> {
        // 0.05 degrees are more than `BESIDE_M` everywhere in India.
        const MARGIN: f64 = 0.05;
        let low = [a.lon().min(b.lon()) - MARGIN, a.lat().min(b.lat()) - MARGIN];
        let high = [a.lon().max(b.lon()) + MARGIN, a.lat().max(b.lat()) + MARGIN];
        self.by_place
            .locate_in_envelope(&AABB::from_corners(low, high))
            .map(|found| found.data)
    }
}

struct Beside {
    toll: u32,
    /// Metres from the line.
    off: f64,
    /// Metres along the road.
    at: f64,
}

/// Where on the line from `a` to `b` is nearest to `p`: the fraction, and the metres between.
fn nearest_on(a: GeoPoint, b: GeoPoint, p: GeoPoint) -> (f64, f64) {
    let ((bx, by), (px, py)) = (a.plane_to(b), a.plane_to(p));
    let length = bx * bx + by * by;
    let fraction = if length > 0.0 {
        ((px * bx + py * by) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (fraction, (px - fraction * bx).hypot(py - fraction * by))
}

fn toll(plaza: Plaza) -> Result<TollOnRoute, DataError> {
    let rupees = |fee: Option<u32>| fee.map(|rupees| Money::rupees(i64::from(rupees)));
    Ok(TollOnRoute {
        plaza: plaza.nhai_id,
        at: plaza.point()?,
        name: plaza.name,
        state: plaza.state,
        highway: Some(plaza.highway).filter(|highway| !highway.is_empty()),
        metres_from_start: 0,
        car_single: rupees(plaza.car_single_inr),
        car_return: rupees(plaza.car_return_inr),
        lcv_single: rupees(plaza.lcv_single_inr),
        lcv_return: rupees(plaza.lcv_return_inr),
        fees_as_of: plaza.fee_effective_date,
    })
}
