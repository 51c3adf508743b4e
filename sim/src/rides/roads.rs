//! The ports to the location service: which way leads where, and who waits at its beginning.

use crate::{here::Here, unsure};
use async_trait::async_trait;
use interstate_booking::ports::{PlaceRef, RouteError, RouteFinder};
use interstate_driver::ports::{FixesUnavailable, LiveFix, LiveFixes};
use interstate_schemas::{
    DriverId, GeoPoint, Money, RouteLeg, RouteSource, StateCode, Stop, Timestamp, TollStop, TripRoute,
    VehicleClass,
};

pub(super) fn ahmedabad() -> GeoPoint {
    GeoPoint::new(23.0225, 72.5714).expect("it is on the globe")
}

pub(super) fn udaipur() -> GeoPoint {
    GeoPoint::new(24.5854, 73.7125).expect("it is on the globe")
}

/// Knows one road, and does not always answer.
pub(super) struct Roads(pub(super) Here);

#[async_trait]
impl RouteFinder for Roads {
    async fn route(&self, _: &[PlaceRef], _: VehicleClass) -> Result<TripRoute, RouteError> {
        let found = unsure::look_up(&self.0, road).await;
        found.map_err(|_| RouteError::Unavailable("no answer came in time".to_owned()))
    }
}

fn road() -> TripRoute {
    let stop = |name: &str, point, state| Stop {
        name: name.to_owned(),
        point,
        state,
    };
    let (metres, seconds) = (270_400, 5 * 3_600);
    TripRoute {
        stops: vec![
            stop("Ahmedabad", ahmedabad(), StateCode::GJ),
            stop("Udaipur", udaipur(), StateCode::RJ),
        ],
        legs: vec![RouteLeg {
            metres,
            seconds,
            hill: false,
            hill_metres: Some(0),
        }],
        metres,
        seconds,
        states: vec![StateCode::GJ, StateCode::RJ],
        tolls: vec![TollStop {
            plaza: 7,
            name: "Shamlaji".to_owned(),
            fee: Money::rupees(295),
        }],
        source: RouteSource::Approximate,
    }
}

/// Everybody waits where the road begins.
pub(super) struct Waiting(pub(super) Vec<DriverId>);

#[async_trait]
impl LiveFixes for Waiting {
    async fn nearest(
        &self,
        _: GeoPoint,
        _: u32,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<LiveFix>, FixesUnavailable> {
        let drivers = self.0.iter().take(limit);
        Ok(drivers.map(|driver| fix(*driver, now)).collect())
    }

    async fn last(&self, _: &[DriverId]) -> Result<Vec<LiveFix>, FixesUnavailable> {
        Ok(Vec::new())
    }
}

fn fix(driver: DriverId, at: Timestamp) -> LiveFix {
    LiveFix {
        driver,
        point: ahmedabad(),
        at,
    }
}
