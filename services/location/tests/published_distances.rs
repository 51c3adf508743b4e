//! Routes against the distances that `data/distances.csv` gives, which themselves are good to 5 %.

mod common;

use common::{World, median, table};

const DISTANCES: &str = include_str!("../../../data/distances.csv");

#[test]
fn the_median_error_is_at_most_5_percent_and_none_is_over_15() {
    let compared = World::new().compare(DISTANCES);
    println!("{}", table(&compared));
    assert!(median(&compared) <= 0.05, "{}", table(&compared));
    assert!(compared[0].error.abs() <= 0.15, "{}", table(&compared));
}
