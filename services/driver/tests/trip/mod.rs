//! The trip that tests seek a driver for.

use interstate_schemas::*;

/// 260 km and five hours, in a sedan.
pub fn ahmedabad_to_udaipur(booking: BookingId, pickup_at: Timestamp) -> Box<TripRequest> {
    let stop = |name: &str, lat, lon, state| Stop {
        name: name.into(),
        point: GeoPoint::new(lat, lon).unwrap(),
        state,
    };
    Box::new(TripRequest {
        booking,
        rider: UserId::derive(1, &[b"asha"]),
        class: VehicleClass::Sedan,
        kind: TripKind::OneWay,
        passengers: 2,
        bags: 1,
        pickup_at,
        ends_at: pickup_at + SignedDuration::from_hours(5),
        route: TripRoute {
            stops: vec![
                stop("Ahmedabad", 23.02, 72.57, StateCode::GJ),
                stop("Udaipur", 24.58, 73.71, StateCode::RJ),
            ],
            legs: vec![RouteLeg {
                metres: 260_000,
                seconds: 18_000,
                hill: false,
                hill_metres: None,
            }],
            metres: 260_000,
            seconds: 18_000,
            states: vec![StateCode::GJ, StateCode::RJ],
            tolls: Vec::new(),
            source: RouteSource::Approximate,
        },
        driver_earns: Money::rupees(3_000),
        night: None,
    })
}
