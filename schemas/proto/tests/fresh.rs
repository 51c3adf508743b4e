//! What is checked in is what the proto files make.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../generator/mod.rs"]
mod generator;

#[test]
fn the_generated_code_is_that_of_the_proto_files() {
    let (_, folder) = generator::folders();
    for (name, made) in generator::generated().unwrap() {
        let kept = std::fs::read(folder.join(&name)).unwrap_or_default();
        assert!(
            made == kept,
            "{name} differs from the proto files: `cargo run -p interstate-proto --example generate` writes it"
        );
    }
}
