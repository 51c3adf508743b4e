//! What a route says besides its length: states and borders, hills, tolls, and why there is none.

mod common;

use common::World;
use interstate_location::domain::{Place, RouteError, RouteSource, TollClass, road::MAX_PLACES};
use interstate_schemas::{GeoPoint, StateCode};

fn named(name: &str, lat: f64, lon: f64) -> Place {
    Place::new(name, GeoPoint::new(lat, lon).expect("a point on the globe"))
}

#[test]
fn ahmedabad_to_udaipur_crosses_one_border_and_pays_at_plazas() {
    let route = World::new().route(&["Ahmedabad", "Udaipur"]);
    assert_eq!(route.source, RouteSource::Approximate);
    assert_eq!(route.states, [StateCode::GJ, StateCode::RJ]);
    let leg = &route.legs[0];
    assert_eq!(
        (leg.borders[0].from, leg.borders[0].to),
        (StateCode::GJ, StateCode::RJ)
    );
    assert_eq!(
        leg.states.iter().map(|stretch| stretch.metres).sum::<u32>(),
        leg.metres
    );
    assert_eq!(leg.borders[0].metres_from_start, leg.states[0].metres);
    assert!(
        (3 * 3_600..8 * 3_600).contains(&route.seconds),
        "{} s",
        route.seconds
    );
    assert!(
        !leg.hill,
        "a highway through the Aravalli earns no hill allowance"
    );
    assert!(leg.geometry.len() > 2 && leg.geometry[0] == leg.from.point);
    assert_eq!(leg.geometry.last(), Some(&leg.to.point));

    let tolls = route.tolls(TollClass::Car);
    assert!((2..=5).contains(&tolls.plazas), "{:?}", leg.tolls);
    assert!(tolls.total.is_positive() && tolls.total.amount < route.tolls(TollClass::Lcv).total.amount);
    assert!(leg.tolls.is_sorted_by_key(|toll| toll.metres_from_start));
}

#[test]
fn delhi_to_jaipur_passes_the_plazas_of_its_highway_in_order() {
    let route = World::new().route(&["Delhi", "Jaipur"]);
    assert_eq!(route.states, [StateCode::DL, StateCode::HR, StateCode::RJ]);
    let names: Vec<_> = route.legs[0]
        .tolls
        .iter()
        .map(|toll| toll.name.as_str())
        .collect();
    let place_of = |name: &str| names.iter().position(|other| *other == name);
    assert!(
        place_of("Shahjahanpur").is_some() && place_of("Shahjahanpur") < place_of("Daulatpura"),
        "{names:?}"
    );
}

#[test]
fn stops_between_make_legs_that_sum_up() {
    let world = World::new();
    let route = world.route(&["Kochi", "Munnar", "Madurai"]);
    assert_eq!(route.legs.len(), 2);
    assert_eq!(route.metres, route.legs.iter().map(|leg| leg.metres).sum::<u32>());
    assert_eq!(
        route.states,
        [StateCode::KL, StateCode::TN],
        "the state of the stop is named once"
    );
    assert!(route.is_hilly() && route.legs[0].hill);
    for [a, b] in [["Lucknow", "Varanasi"], ["Mumbai", "Pune"], ["Jaipur", "Udaipur"]] {
        assert!(!world.route(&[a, b]).is_hilly(), "{a} - {b}");
    }
    for [a, b] in [
        ["Chandigarh", "Shimla"],
        ["Coimbatore", "Ooty"],
        ["Siliguri", "Gangtok"],
        ["Dehradun", "Mussoorie"],
    ] {
        assert!(world.route(&[a, b]).is_hilly(), "{a} - {b}");
    }
}

#[test]
fn the_way_back_is_as_long() {
    let world = World::new();
    for [a, b] in [
        ["Delhi", "Leh"],
        ["Mumbai", "Kolkata"],
        ["Kochi", "Guwahati"],
        ["Jaisalmer", "Puri"],
    ] {
        let (there, back) = (world.route(&[a, b]), world.route(&[b, a]));
        assert!(
            there.metres.abs_diff(back.metres) <= 100,
            "{a} - {b}: {} and {}",
            there.metres,
            back.metres
        );
        assert!(
            there.states.iter().rev().eq(&back.states),
            "{:?} {:?}",
            there.states,
            back.states
        );
    }
}

#[test]
fn a_place_in_one_town_is_near_and_the_same_place_is_here() {
    let world = World::new();
    let station = named("Jaipur station", 26.9196, 75.7878);
    let airport = named("Jaipur airport", 26.8242, 75.8122);
    let route = world.roads.route(&[station.clone(), airport]).unwrap();
    assert!((10_000..17_000).contains(&route.metres), "{}", route.metres);
    let nowhere = world.roads.route(&[station.clone(), station]).unwrap();
    assert_eq!(
        (nowhere.metres, nowhere.states.as_slice()),
        (0, [StateCode::RJ].as_slice())
    );
}

#[test]
fn every_town_of_the_mainland_is_connected() {
    let world = World::new();
    let delhi = world.place("Delhi");
    let islands = [StateCode::AN, StateCode::LD];
    let towns = world
        .gazetteer
        .cities()
        .iter()
        .filter(|city| !islands.contains(&city.state))
        // Kandla stands on a spit that the coast as drawn leaves out, one other point far in Myanmar.
        .filter(|city| world.gazetteer.state_of(city.point).is_ok());
    let mut odd = Vec::new();
    for city in towns.step_by(9) {
        let town = Place::new(&city.name, city.point);
        let crow = delhi.point.metres_to(city.point);
        match world.roads.route(&[delhi.clone(), town]) {
            Err(error) => odd.push(error.to_string()),
            Ok(route) if f64::from(route.metres) > 2.1 * crow + 20_000.0 => {
                odd.push(format!("{} is {} m away", city.name, route.metres));
            }
            Ok(route) if route.states.last() != Some(&city.state) => {
                odd.push(format!("{} is not in {:?}", city.name, route.states.last()));
            }
            Ok(_) => {}
        }
    }
    assert!(odd.is_empty(), "{odd:#?}");
}

#[test]
fn what_has_no_route_says_what_and_where() {
    let world = World::new();
    let (delhi, port_blair) = (world.place("Delhi"), world.place("Port Blair"));
    let lahore = named("Lahore", 31.55, 74.34);
    let refused = |places: &[Place]| world.roads.route(places).unwrap_err();

    assert_eq!(
        refused(std::slice::from_ref(&delhi)),
        RouteError::TooFewPlaces { given: 1 }
    );
    let many = vec![delhi.clone(); MAX_PLACES + 1];
    assert_eq!(
        refused(&many).to_string(),
        "a route has at most 25 places with its start and end, 26 given"
    );
    assert_eq!(
        refused(&[delhi.clone(), lahore]).to_string(),
        "place 2, Lahore (31.55000, 74.34000), is not in India"
    );
    assert_eq!(
        refused(&[delhi, port_blair]),
        RouteError::NoRoad {
            from: "Delhi".into(),
            to: "Port Blair".into()
        }
    );
    let (kolkata, kochi) = (world.place("Kolkata"), world.place("Kochi"));
    let (sagar_island, kavaratti) = (named("Sagar", 21.75, 88.1), world.place("Kavaratti"));
    let off_road = |name: &str| RouteError::OffRoad {
        position: 2,
        name: name.into(),
    };
    assert_eq!(
        refused(&[kolkata, sagar_island]),
        off_road("Sagar"),
        "by ferry only"
    );
    assert_eq!(
        refused(&[kochi, kavaratti]),
        off_road("Kavaratti"),
        "by ship only"
    );
}
