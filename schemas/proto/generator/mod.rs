//! Makes Rust of the proto files, for the example that writes it and the test that compares it.

use prost::Message;
use std::{
    collections::BTreeMap,
    error::Error,
    path::{Path, PathBuf},
};

/// Where the proto files lie, and the folder of what is made from them.
pub fn folders() -> (PathBuf, PathBuf) {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    (here.to_owned(), here.join("src/generated"))
}

/// Every generated file by its name: Rust for each package, and the descriptors that reflection shows.
pub fn generated() -> Result<BTreeMap<String, Vec<u8>>, Box<dyn Error>> {
    let (protos, _) = folders();
    let mut files = protox::compile(["booking.proto", "location.proto"], [&protos])?;
    let out = tempfile::tempdir()?;
    tonic_prost_build::configure()
        .build_transport(false)
        .out_dir(out.path())
        .compile_fds(files.clone())?;
    // Comments and their places make up most of the descriptors; a person who reflects reads the files.
    files
        .file
        .iter_mut()
        .for_each(|file| file.source_code_info = None);
    let mut made = BTreeMap::from([("descriptors.bin".to_owned(), files.encode_to_vec())]);
    for entry in std::fs::read_dir(out.path())? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|name| format!("{name:?}"))?;
        made.insert(name, std::fs::read(entry.path())?);
    }
    Ok(made)
}
