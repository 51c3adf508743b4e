//! Writes `data/road-nodes.csv` and `data/road-edges.csv` anew:
//! `cargo run --release -p interstate-location --example build-road-graph`, after a change to the cities, the
//! plazas or the terrain zones.

mod builder;

use serde::Serialize;
use std::{error::Error, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let (nodes, edges) = builder::build()?;
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
    write(&data.join("road-nodes.csv"), &nodes)?;
    write(&data.join("road-edges.csv"), &edges)?;
    println!("{} nodes, {} edges", nodes.len(), edges.len());
    Ok(())
}

fn write<T: Serialize>(path: &Path, rows: &[T]) -> Result<(), Box<dyn Error>> {
    let mut writer = csv::Writer::from_path(path)?;
    for row in rows {
        writer.serialize(row)?;
    }
    Ok(writer.flush()?)
}
