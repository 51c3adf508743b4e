//! How long loading takes and routes take: `cargo run --release -p interstate-location --example time-routes`.

use interstate_location::domain::{Gazetteer, Place, RoadModel};
use std::{error::Error, time::Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let gazetteer = Gazetteer::embedded()?;
    let roads = RoadModel::embedded()?;
    println!("loaded in {:?}", start.elapsed());
    let cities = gazetteer.cities();
    let mut times = Vec::new();
    for n in 0..5_000usize {
        let city = |prime: usize| &cities[n * prime % cities.len()];
        let places = [city(7_919), city(104_729)].map(|city| Place::new(&city.name, city.point));
        let start = Instant::now();
        let _ = std::hint::black_box(roads.route(&places));
        times.push(start.elapsed());
    }
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("p50 {:?}, p99 {:?}, longest {:?}", at(0.5), at(0.99), at(1.0));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .filter(|line| line.starts_with("VmRSS"))
        .for_each(|line| println!("{line}"));
    Ok(())
}
