//! How long a driver travels without a passenger: to the pickup, and home again.

use crate::domain::duty::{Terrain, TravelPolicy};
use interstate_schemas::{GeoPoint, SignedDuration, TripKind, TripRequest, TripRoute};

/// A road is so many times as long as the crow flies.
const ROAD_OVER_CROW: f64 = 1.3;

/// What a road between two places is likely to measure.
pub(super) fn metres_by_road(from: GeoPoint, to: GeoPoint) -> u32 {
    // Never beyond half the globe, far below the bounds of the type.
    (from.metres_to(to) * ROAD_OVER_CROW) as u32
}

/// The way to a pickup that is so many metres off. It is a hill road where the trip sets out on one.
pub(super) fn to_pickup(route: &TripRoute, metres: u32, travel: &TravelPolicy) -> SignedDuration {
    let in_hills = |leg: &&interstate_schemas::RouteLeg| leg.metres_in_hills() > leg.metres / 2;
    let terrain = match route.legs.first().filter(in_hills) {
        Some(_) => Terrain::Hill,
        None => Terrain::Plain,
    };
    travel.travel(metres, terrain)
}

/// The way from the last stop back to the first, where the trip itself does not come back. It is as long, and
/// as hilly, as the trip's own road, or shorter where the trip went in a bow.
pub(super) fn way_home(trip: &TripRequest, travel: &TravelPolicy) -> SignedDuration {
    let route = &trip.route;
    let (TripKind::OneWay | TripKind::MultiCity, Some(first), Some(last)) =
        (trip.kind, route.stops.first(), route.stops.last())
    else {
        return SignedDuration::ZERO;
    };
    let metres = match route.stops.len() {
        2 => route.metres,
        _ => route.metres.min(metres_by_road(last.point, first.point)),
    };
    let hills: u64 = route
        .legs
        .iter()
        .map(|leg| u64::from(leg.metres_in_hills()))
        .sum();
    let in_hills = u64::from(metres) * hills / u64::from(route.metres.max(1));
    let in_hills = u32::try_from(in_hills).map_or(metres, |share| share.min(metres));
    travel.travel(metres - in_hills, Terrain::Plain) + travel.travel(in_hills, Terrain::Hill)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trip::ahmedabad_to_udaipur;
    use interstate_schemas::*;

    fn stop(name: &str, lat: f64, lon: f64) -> Stop {
        Stop {
            name: name.into(),
            point: GeoPoint::new(lat, lon).unwrap(),
            state: StateCode::HP,
        }
    }

    fn trip(kind: TripKind, stops: Vec<Stop>, legs: &[(u32, Option<u32>)]) -> TripRequest {
        let at: Timestamp = "2026-11-20T08:00:00+05:30".parse().unwrap();
        let leg = |&(metres, hill_metres): &(u32, Option<u32>)| RouteLeg {
            metres,
            seconds: 3_600,
            hill: hill_metres != Some(0),
            hill_metres,
        };
        let mut trip = *ahmedabad_to_udaipur(BookingId::derive(1, &[b"trip"]), at);
        trip.kind = kind;
        trip.route.metres = legs.iter().map(|leg| leg.0).sum();
        trip.route.legs = legs.iter().map(leg).collect();
        trip.route.stops = stops;
        trip
    }

    fn home(trip: &TripRequest) -> i64 {
        way_home(trip, &TravelPolicy::default()).as_mins()
    }

    fn plain_ends() -> Vec<Stop> {
        vec![stop("Ahmedabad", 23.02, 72.57), stop("Udaipur", 24.58, 73.71)]
    }

    #[test]
    fn who_drops_somebody_264_km_away_needs_six_hours_home_and_who_comes_back_none() {
        let legs = [(264_000, Some(0))];
        assert_eq!(home(&trip(TripKind::OneWay, plain_ends(), &legs)), 364);
        assert_eq!(home(&trip(TripKind::RoundTrip, plain_ends(), &legs)), 0);
    }

    #[test]
    fn the_hills_of_a_road_are_slow_on_the_way_home_too() {
        // 100 km of plain at 50 km/h and 60 km of hills at 30: 138 minutes each.
        let counted = trip(TripKind::OneWay, plain_ends(), &[(160_000, Some(60_000))]);
        assert_eq!(home(&counted), 276);
        let never_counted = trip(TripKind::OneWay, plain_ends(), &[(60_000, None)]);
        assert_eq!(home(&never_counted), 138);
    }

    #[test]
    fn after_a_bow_the_straight_road_leads_home_and_after_a_circle_none() {
        let (a, b) = (stop("Kochi", 9.97, 76.28), stop("Munnar", 10.09, 77.06));
        let c = stop("Alappuzha", 9.50, 76.34);
        let legs = [(128_000, Some(0)), (170_000, Some(0))];
        let bow = trip(TripKind::MultiCity, vec![a.clone(), b.clone(), c], &legs);
        assert!((85..95).contains(&home(&bow)), "{}", home(&bow));
        let circle = trip(TripKind::MultiCity, vec![a.clone(), b, a], &legs);
        assert_eq!(home(&circle), 0);
    }

    #[test]
    fn a_pickup_in_the_hills_is_reached_on_hill_roads() {
        let travel = TravelPolicy::default();
        let mins = |hills| {
            let route = trip(TripKind::OneWay, plain_ends(), &[(100_000, Some(hills))]).route;
            to_pickup(&route, 30_000, &travel).as_mins()
        };
        assert_eq!((mins(90_000), mins(30_000)), (69, 41));
    }
}
