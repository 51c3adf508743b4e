//! Road distances to check routes against, in kilometres between named cities.

#![allow(dead_code, reason = "each file of tests uses a part of this")]

use interstate_location::domain::{City, Gazetteer, Place, RoadModel, Route};
use serde::Deserialize;

/// A published distance.
#[derive(Debug, Deserialize)]
pub struct Published {
    pub from: String,
    pub to: String,
    pub road_km: f64,
}

/// How far a route is from what is published.
pub struct Compared {
    pub pair: String,
    pub published_km: f64,
    pub route_km: f64,
    /// Signed share of the published distance.
    pub error: f64,
}

pub struct World {
    pub gazetteer: Gazetteer,
    pub roads: RoadModel,
}

impl World {
    pub fn new() -> Self {
        Self {
            gazetteer: Gazetteer::embedded().expect("the cities that ship"),
            roads: RoadModel::embedded().expect("the roads that ship"),
        }
    }

    /// The largest city of that name, or with `Srinagar@JK` in that state.
    pub fn place(&self, name: &str) -> Place {
        let (name, state) = name.split_once('@').unwrap_or((name, ""));
        let found = self.gazetteer.by_prefix(name, 200);
        let in_state = |city: &&&City| state.is_empty() || city.state.to_string() == state;
        let exact = found.iter().filter(in_state).find(|city| city.name == name);
        // The files may name a city as it was called before.
        let city = exact.or_else(|| found.iter().find(in_state));
        let city = city.unwrap_or_else(|| panic!("no city {name} {state}"));
        Place::new(&city.name, city.point)
    }

    pub fn route(&self, names: &[&str]) -> Route {
        let places: Vec<_> = names.iter().map(|name| self.place(name)).collect();
        self.roads
            .route(&places)
            .unwrap_or_else(|error| panic!("{names:?}: {error}"))
    }

    /// Every published pair beside its route, the worst first.
    pub fn compare(&self, csv: &str) -> Vec<Compared> {
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let mut all: Vec<Compared> = reader
            .deserialize()
            .map(|row| {
                let Published { from, to, road_km } = row.expect("a pair and its distance");
                let route_km = f64::from(self.route(&[&from, &to]).metres) / 1_000.0;
                let error = route_km / road_km - 1.0;
                Compared {
                    pair: format!("{from} - {to}"),
                    published_km: road_km,
                    route_km,
                    error,
                }
            })
            .collect();
        all.sort_by(|a, b| b.error.abs().total_cmp(&a.error.abs()));
        all
    }
}

/// The middle error, without sign.
pub fn median(compared: &[Compared]) -> f64 {
    compared[compared.len() / 2].error.abs()
}

/// A line for each pair, to read when a check fails.
pub fn table(compared: &[Compared]) -> String {
    let line = |c: &Compared| {
        format!(
            "{:>6.1} %  {:7.1} km for {:5}  {}\n",
            100.0 * c.error,
            c.route_km,
            c.published_km,
            c.pair
        )
    };
    format!(
        "median {:.1} %\n{}",
        100.0 * median(compared),
        compared.iter().map(line).collect::<String>()
    )
}
