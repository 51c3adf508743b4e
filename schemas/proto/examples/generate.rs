//! Writes what is generated from the proto files: `cargo run -p interstate-proto --example generate`.

#[path = "../generator/mod.rs"]
mod generator;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let (_, into) = generator::folders();
    std::fs::create_dir_all(&into)?;
    for (name, bytes) in generator::generated()? {
        std::fs::write(into.join(&name), bytes)?;
        println!("{name}");
    }
    Ok(())
}
