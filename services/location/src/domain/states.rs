//! Which state or union territory a point lies in.

use super::{
    area::Area,
    data::{self, DataError},
    geo::OnTheMap,
};
use interstate_schemas::{GeoPoint, StateCode};
use serde::Deserialize;

/// Borders are drawn to 300 m, so a jetty or a bend of a border river may fall outside of every polygon: a
/// point this close to a state still belongs to it.
const TOLERANCE_M: [f64; 2] = [300.0, 600.0];

/// The map of the states, with the borders that India states officially.
pub struct States {
    /// Small boxes first: an enclave is found before what surrounds it.
    states: Vec<(StateCode, Area)>,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(deserialize_with = "data::state_code")]
    rto_code: StateCode,
}

impl States {
    /// Reads the map that is part of the program.
    pub fn embedded() -> Result<Self, DataError> {
        let features = data::features::<Properties>("states.geojson", data::STATES)?;
        let mut states: Vec<_> = features
            .into_iter()
            .map(|feature| {
                (
                    feature.properties.rto_code,
                    Area::new(&feature.geometry.into_rings()),
                )
            })
            .collect();
        states.sort_by(|(_, a), (_, b)| a.box_size().total_cmp(&b.box_size()));
        Ok(Self { states })
    }

    /// The state that a point lies in; `None` at sea and abroad.
    pub fn at(&self, point: GeoPoint) -> Option<StateCode> {
        self.strictly_at(point).or_else(|| self.close_to(point))
    }

    /// Whether the point is on Indian land as drawn, without tolerance.
    pub fn on_land(&self, point: GeoPoint) -> bool {
        self.strictly_at(point).is_some()
    }

    /// The longest stretch, in metres, that a straight line from `a` to `b` spends at sea or abroad.
    pub fn longest_way_outside(&self, a: GeoPoint, b: GeoPoint) -> f64 {
        const STEP_M: f64 = 1_000.0;
        let metres = a.metres_to(b);
        let steps = (metres / STEP_M).ceil().max(1.0);
        let (mut run, mut longest) = (0u32, 0u32);
        for step in 1..steps as u32 {
            run = if self.on_land(a.towards(b, f64::from(step) / steps)) {
                0
            } else {
                run + 1
            };
            longest = longest.max(run);
        }
        f64::from(longest) * metres / steps
    }

    fn strictly_at(&self, point: GeoPoint) -> Option<StateCode> {
        self.states
            .iter()
            .find(|(_, area)| area.contains(point))
            .map(|(state, _)| *state)
    }

    fn close_to(&self, point: GeoPoint) -> Option<StateCode> {
        TOLERANCE_M.into_iter().find_map(|radius| {
            (0..8).find_map(|eighth| {
                let angle = f64::from(eighth) * std::f64::consts::FRAC_PI_4;
                self.strictly_at(point.offset(radius * angle.cos(), radius * angle.sin()))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state_at(lat: f64, lon: f64) -> Option<StateCode> {
        let states = States::embedded().unwrap();
        states.at(GeoPoint::new(lat, lon).unwrap())
    }

    #[test]
    fn a_point_belongs_to_its_state() {
        assert_eq!(state_at(23.03, 72.58), Some(StateCode::GJ), "Ahmedabad");
        assert_eq!(state_at(24.58, 73.68), Some(StateCode::RJ), "Udaipur");
        assert_eq!(
            state_at(30.7333, 76.7794),
            Some(StateCode::CH),
            "Chandigarh lies inside Punjab's box"
        );
        assert_eq!(
            state_at(11.93, 79.83),
            Some(StateCode::PY),
            "Puducherry lies inside Tamil Nadu's box"
        );
        assert_eq!(state_at(11.62, 92.73), Some(StateCode::AN), "Port Blair");
        assert_eq!(
            state_at(18.922, 72.8347),
            Some(StateCode::MH),
            "the Gateway of India, on the water's edge"
        );
    }

    #[test]
    fn names_of_the_map_that_have_changed_are_read() {
        assert_eq!(
            state_at(17.385, 78.4867),
            Some(StateCode::TG),
            "Hyderabad, TS on older plates"
        );
        assert_eq!(
            state_at(20.2739, 72.9967),
            Some(StateCode::DD),
            "Silvassa, DN before the merger of 2020"
        );
    }

    #[test]
    fn the_sea_and_abroad_are_no_state() {
        assert_eq!(state_at(18.5, 70.5), None, "the Arabian Sea");
        assert_eq!(state_at(27.7172, 85.324), None, "Kathmandu");
        assert_eq!(state_at(23.81, 90.41), None, "Dhaka, with India around it");
        assert_eq!(state_at(31.55, 74.34), None, "Lahore");
    }
}
