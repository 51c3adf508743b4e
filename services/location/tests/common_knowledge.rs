//! Routes against distances that are common knowledge: what guide books, bus lines and milestones agree on,
//! rounded: hill stations, the north-east, Kashmir, the desert, the coasts. No pair has a constant anywhere, but
//! the zones of terrain were drawn and adjusted with these pairs in view; `held_out.rs` has pairs that were not.

mod common;

use common::{World, median, table};

const DISTANCES: &str = include_str!("common-knowledge.csv");

#[test]
fn the_median_error_is_at_most_7_percent_and_none_is_over_20() {
    let compared = World::new().compare(DISTANCES);
    println!("{}", table(&compared));
    assert!(median(&compared) <= 0.07, "{}", table(&compared));
    assert!(compared[0].error.abs() <= 0.20, "{}", table(&compared));
}
