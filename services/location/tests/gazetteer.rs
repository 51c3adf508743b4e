//! Cities by name and by point, on the data that ships.

use interstate_location::domain::{CityId, Gazetteer, GazetteerError, gazetteer::NameError};
use interstate_schemas::{GeoPoint, StateCode};

fn names(gazetteer: &Gazetteer, prefix: &str, limit: usize) -> Vec<String> {
    gazetteer
        .by_prefix(prefix, limit)
        .iter()
        .map(|city| city.name.clone())
        .collect()
}

fn point(lat: f64, lon: f64) -> GeoPoint {
    GeoPoint::new(lat, lon).expect("a point on the globe")
}

#[test]
fn the_largest_city_comes_first_in_either_script() {
    let gazetteer = Gazetteer::embedded().unwrap();
    assert_eq!(names(&gazetteer, "mu", 1), ["Mumbai"]);
    assert_eq!(names(&gazetteer, "मुंब", 1), ["Mumbai"]);
    assert_eq!(names(&gazetteer, "जयपु", 1), ["Jaipur"]);
    assert_eq!(names(&gazetteer, "BHILĀI", 1), names(&gazetteer, "bhilai", 1));
    let found = gazetteer.by_prefix("ja", 20);
    assert_eq!(found.len(), 20);
    let whole = found
        .iter()
        .filter(|city| city.name.to_lowercase().starts_with("ja"));
    assert!(whole.is_sorted_by_key(|city| std::cmp::Reverse(city.population)));
}

#[test]
fn former_names_and_later_words_are_found_too() {
    let gazetteer = Gazetteer::embedded().unwrap();
    assert_eq!(names(&gazetteer, "bombay", 1), ["Mumbai"]);
    assert_eq!(names(&gazetteer, "bangal", 1), ["Bengaluru"]);
    assert!(
        names(&gazetteer, "cantonment", 50)
            .iter()
            .any(|name| name.ends_with("Cantonment"))
    );
}

#[test]
fn nothing_is_found_for_nothing_or_nonsense() {
    let gazetteer = Gazetteer::embedded().unwrap();
    assert!(gazetteer.by_prefix("  ", 10).is_empty());
    assert!(gazetteer.by_prefix("xqzv", 10).is_empty());
    assert!(gazetteer.by_prefix("mumbai", 0).is_empty());
}

#[test]
fn the_nearest_city_is_that_which_asking_all_finds() {
    let gazetteer = Gazetteer::embedded().unwrap();
    for here in [
        point(26.9, 75.8),
        point(15.4, 73.9),
        point(31.1, 77.2),
        point(23.8, 91.3),
        point(27.0, 71.5),
    ] {
        let near = gazetteer.nearest(here).unwrap();
        let all = gazetteer.cities().iter().map(|city| here.metres_to(city.point));
        assert_eq!(near.metres, all.fold(f64::INFINITY, f64::min).round() as u32);
    }
}

#[test]
fn the_sea_has_no_nearest_city() {
    let gazetteer = Gazetteer::embedded().unwrap();
    let error = gazetteer.nearest(point(15.0, 70.0)).unwrap_err();
    assert_eq!(error.to_string(), "15.00000, 70.00000 is not in India");
}

#[test]
fn a_city_by_its_id() {
    let gazetteer = Gazetteer::embedded().unwrap();
    assert_eq!(gazetteer.place(CityId(1_269_515)).unwrap().name, "Jaipur");
    assert_eq!(
        gazetteer.city(CityId(1)),
        Err(GazetteerError::UnknownCity(CityId(1)))
    );
}

#[test]
fn every_city_lies_in_its_state() {
    let gazetteer = Gazetteer::embedded().unwrap();
    let elsewhere: Vec<_> = gazetteer
        .cities()
        .iter()
        .filter(|city| gazetteer.state_of(city.point) != Ok(city.state))
        .map(|city| (&city.name, city.state))
        .collect();
    assert!(elsewhere.len() < 15, "{elsewhere:?}");
    assert_eq!(gazetteer.state_of(point(28.61, 77.21)), Ok(StateCode::DL));
}

#[test]
fn a_name_means_one_city_or_asks_which() {
    let gazetteer = Gazetteer::embedded().unwrap();
    let state = |name: &str| gazetteer.by_name(name).map(|city| city.state);
    for (name, expected) in [
        ("Delhi", StateCode::DL),
        ("Bombay", StateCode::MH),
        ("जयपुर", StateCode::RJ),
        // A town in Tripura has the same name and a thirteenth of the people.
        ("Udaipur", StateCode::RJ),
        ("Udaipur, Tripura", StateCode::TR),
        ("Manali, HP", StateCode::HP),
        ("manali , himachal pradesh", StateCode::HP),
        ("Manali,TN", StateCode::TN),
    ] {
        assert_eq!(state(name), Ok(expected), "{name}");
    }
    for name in ["Atlantis", "Manali, Kerala", "Delhi, India", "", ","] {
        assert_eq!(state(name), Err(NameError::Unknown), "{name}");
    }
    let Err(NameError::Ambiguous { candidates }) = gazetteer.by_name("Manali") else {
        panic!("which Manali?")
    };
    let states: Vec<_> = candidates.iter().map(|candidate| candidate.state).collect();
    assert_eq!(states, [StateCode::TN, StateCode::HP]);
    // One state has both: only the id tells them apart.
    let twice = gazetteer.by_name("Gudalur, TN");
    assert!(matches!(twice, Err(NameError::Ambiguous { candidates }) if candidates.len() == 2));
}
