//! Writes what is generated from the code, or checks that a checkout has it: JSON Schemas of events and messages,
//! `asyncapi.yaml`, the pages of error codes, the diagrams of sagas.

use crate::{asyncapi, catalogue, yaml};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

/// Files by their path in the checkout.
type Files = BTreeMap<PathBuf, String>;

/// Why a checkout cannot be brought up to date, or is not.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// A file cannot be written.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Files differ from the code.
    #[error("these files differ from the code; run `make generate`:\n{0}")]
    Stale(String),
}

/// Everything that is generated.
pub fn files() -> Files {
    let mut files = Files::new();
    for service in catalogue::services() {
        for (name, schema) in service.event_schemas() {
            let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
            files.insert(format!("schemas/json/{name}.json").into(), text + "\n");
        }
    }
    for (name, schema) in asyncapi::schemas() {
        let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
        files.insert(format!("schemas/json/{name}.json").into(), text + "\n");
    }
    files.insert("asyncapi.yaml".into(), yaml::to_string(&asyncapi::document()));
    for code in catalogue::codes() {
        files.insert(format!("docs/errors/{}.md", code.code).into(), code.page());
    }
    files.insert("docs/sagas.md".into(), catalogue::sagas());
    files
}

/// Writes them.
pub fn write(into: &Path) -> Result<usize, GenerateError> {
    let files = files();
    for (path, text) in &files {
        let path = into.join(path);
        let fail = |source| GenerateError::Io {
            path: path.clone(),
            source,
        };
        if let Some(dir) = path.parent() {
            std::fs::create_dir_all(dir).map_err(fail)?;
        }
        std::fs::write(&path, text).map_err(fail)?;
    }
    Ok(files.len())
}

/// Says which of them differ from what is there.
pub fn check(into: &Path) -> Result<usize, GenerateError> {
    let files = files();
    let differs = |(path, text): &(&PathBuf, &String)| {
        std::fs::read_to_string(into.join(path)).ok().as_deref() != Some(text.as_str())
    };
    let stale: Vec<String> = files
        .iter()
        .filter(differs)
        .map(|(path, _)| format!("  {}", path.display()))
        .collect();
    if stale.is_empty() {
        Ok(files.len())
    } else {
        Err(GenerateError::Stale(stale.join("\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_generated_is_up_to_date() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        if let Err(error) = check(root) {
            panic!("{error}");
        }
    }
}
