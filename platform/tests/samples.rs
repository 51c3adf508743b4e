//! What was ever published stays readable: a sample of every version of every event, frozen when that version was
//! first written, is read by this one.
//!
//! A new event, or a new version of one, comes with a sample in `schemas/samples`; a sample is never changed.

#![allow(clippy::unwrap_used, reason = "tests")]

use interstate::catalogue;
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// The payloads in the folder, by the name of their type on the wire.
fn samples() -> BTreeMap<String, Vec<Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/samples");
    let files = fs::read_dir(&folder).unwrap();
    let read = files.map(|file| {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let all: Vec<Value> = serde_json::from_slice(&fs::read(&path).unwrap())
            .unwrap_or_else(|error| panic!("{} is no list of payloads: {error}", path.display()));
        assert!(!all.is_empty(), "{} has no sample", path.display());
        (name, all)
    });
    read.collect()
}

/// Whether everything that the first says is said by the second too: a later version may say more.
fn keeps(before: &Value, now: &Value) -> bool {
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => before
            .iter()
            .all(|(name, value)| now.get(name).is_some_and(|now| keeps(value, now))),
        (Value::Array(before), Value::Array(now)) => {
            before.len() == now.len() && before.iter().zip(now).all(|(before, now)| keeps(before, now))
        }
        _ => before == now,
    }
}

#[test]
fn every_published_event_is_still_read_and_nothing_of_it_gets_lost() {
    let services = catalogue::services();
    let mut wrong = Vec::new();
    for (name, payloads) in samples() {
        for payload in payloads {
            let bytes = serde_json::to_vec(&payload).unwrap();
            let read = services
                .iter()
                .find_map(|service| service.rewrite(&name, &bytes).transpose());
            match read {
                None => wrong.push(format!(
                    "`{name}` was published once, and no aggregate reads it any more"
                )),
                Some(Err(error)) => wrong.push(format!("{error}\n{payload:#}")),
                // An older version became another type on its way.
                Some(Ok((now_called, _))) if now_called != name => {}
                Some(Ok((_, now))) => {
                    let now: Value = serde_json::from_slice(&now).unwrap();
                    if !keeps(&payload, &now) {
                        wrong.push(format!("`{name}` loses something:\n{payload:#}\n{now:#}"));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_event_that_is_written_has_a_frozen_sample() {
    let frozen = samples();
    let written = catalogue::services()
        .into_iter()
        .flat_map(|service| service.event_types());
    let missing: Vec<&str> = written
        .flat_map(|(_, names)| names.iter().copied())
        .filter(|name| !frozen.contains_key(*name))
        .collect();
    assert_eq!(
        missing, [""; 0],
        "write a payload of each to schemas/samples/<type>.json"
    );
}

#[test]
fn the_comparison_sees_what_is_missing() {
    let before = serde_json::json!({ "a": [1, { "b": 2 }] });
    assert!(keeps(
        &before,
        &serde_json::json!({ "a": [1, { "b": 2, "c": 3 }], "d": 4 })
    ));
    assert!(!keeps(&before, &serde_json::json!({ "a": [1, {}] })));
    assert!(!keeps(&before, &serde_json::json!({ "a": [1] })));
}
