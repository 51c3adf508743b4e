//! The network in `data/` is what its generator makes from the other files there.

#[path = "../examples/build-road-graph/builder.rs"]
mod builder;

use serde::Serialize;

const REMEDY: &str = "run `cargo run --release -p interstate-location --example build-road-graph` and commit";

fn csv_of<T: Serialize>(rows: &[T]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    rows.iter()
        .for_each(|row| writer.serialize(row).expect("rows are plain numbers"));
    String::from_utf8(writer.into_inner().expect("memory takes all")).expect("CSV is text")
}

#[test]
fn the_files_are_what_the_generator_makes() {
    let (nodes, edges) = builder::build().unwrap();
    assert!(
        csv_of(&nodes) == include_str!("../../../data/road-nodes.csv"),
        "road-nodes.csv is stale: {REMEDY}"
    );
    assert!(
        csv_of(&edges) == include_str!("../../../data/road-edges.csv"),
        "road-edges.csv is stale: {REMEDY}"
    );
}
