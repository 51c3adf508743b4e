//! The folder says what a file may touch; this holds the code to it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn rust_files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Whether a file, or a folder above it, is a module of tests only.
fn is_test(file: &Path) -> bool {
    file.ancestors().any(|path| {
        let (Some(name), Some(dir)) = (path.file_stem().and_then(|name| name.to_str()), path.parent()) else {
            return false;
        };
        let parent = std::fs::read_to_string(dir.join("mod.rs")).unwrap_or_default();
        let declared =
            ["mod", "pub(crate) mod", "pub mod"].map(|kind| format!("#[cfg(test)]\n{kind} {name};"));
        declared.iter().any(|declaration| parent.contains(declaration))
    })
}

/// Words that no decision may have: concurrency, I/O, the clock, randomness.
const BANNED: [&str; 13] = [
    "async",
    "await",
    "tokio",
    "Instant",
    "SystemTime",
    "rand",
    "reqwest",
    "rusqlite",
    "sqlx",
    "mongodb",
    "redis",
    "interstate_log",
    "axum",
];
/// Parts of the standard library that are I/O or concurrency. What is shared and never changes is none.
const BANNED_OF_STD: [&str; 13] = [
    "env", "fs", "io", "net", "process", "thread", "atomic", "mpsc", "Barrier", "Condvar", "Mutex",
    "OnceLock", "RwLock",
];
/// Calls, and untyped data.
const BANNED_PATHS: [&str; 3] = ["Timestamp::now", "Zoned::now", "serde_json::Value"];

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// What follows `std::` each time: a path, or all of a tree in braces.
fn of_std(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices("std::").map(|(at, found)| {
        let rest = &code[at + found.len()..];
        let path = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        let end = match path {
            Some(end) if rest[end..].starts_with('{') => rest.find(';'),
            end => end,
        };
        &rest[..end.unwrap_or(rest.len())]
    })
}

/// What this code uses and no decision may.
fn impure(code: &str) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = words(code)
        .filter(|word| BANNED.contains(word))
        .map(str::to_owned)
        .collect();
    for used in of_std(code) {
        let banned = words(used).filter(|part| BANNED_OF_STD.contains(part));
        found.extend(banned.map(|part| format!("std::{part}")));
    }
    let paths = BANNED_PATHS.into_iter().filter(|path| code.contains(path));
    found.extend(paths.map(str::to_owned));
    found
}

#[test]
fn domains_are_pure() {
    let mut files = Vec::new();
    for service in std::fs::read_dir(root().join("services")).unwrap().flatten() {
        rust_files(&service.path().join("src/domain"), &mut files);
    }
    assert!(files.len() > 50, "the domains were looked for in the wrong place");
    let mut broken = Vec::new();
    for file in files.into_iter().filter(|file| !is_test(file)) {
        let text = std::fs::read_to_string(&file).unwrap();
        let code: Vec<&str> = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or_default())
            .collect();
        let found = impure(&code.join("\n"));
        broken.extend(found.iter().map(|what| format!("{}: `{what}`", file.display())));
    }
    assert!(
        broken.is_empty(),
        "a domain may not use these:\n{}",
        broken.join("\n")
    );
}

#[test]
fn what_is_impure_is_found_however_it_is_named() {
    for (code, what) in [
        ("use std::{collections::BTreeMap, fs};", "std::fs"),
        (
            "use std::{\n    collections::BTreeMap,\n    time::{Duration, Instant},\n};",
            "Instant",
        ),
        ("let at = std::time::Instant::now();", "Instant"),
        ("use std::thread;", "std::thread"),
        ("std::env::var(\"HOME\")", "std::env"),
        ("use std::sync::Mutex;", "std::Mutex"),
        ("use std::sync::{Arc, Mutex};", "std::Mutex"),
        ("use std::{sync::{Arc, atomic::AtomicBool}};", "std::atomic"),
        ("let now = Timestamp::now();", "Timestamp::now"),
        ("async fn decide() {}", "async"),
    ] {
        assert!(impure(code).contains(what), "{code}: {:?}", impure(code));
    }
    let pure =
        "use std::{collections::BTreeMap, sync::Arc};\nlet (net, env) = (fare.net, 1);\nstd::fmt::Display";
    assert_eq!(impure(pure), BTreeSet::new());
}

#[test]
fn services_do_not_depend_on_each_other() {
    for service in std::fs::read_dir(root().join("services")).unwrap().flatten() {
        let name = service.file_name().into_string().unwrap();
        let manifest = std::fs::read_to_string(service.path().join("Cargo.toml")).unwrap();
        for other in ["user", "booking", "location", "driver", "payment", "analytics"] {
            let dependency = format!("interstate-{other}");
            let named = manifest.lines().any(|line| line.starts_with(&dependency));
            assert!(other == name || !named, "{name} depends on {other}");
        }
    }
}

#[test]
fn releases_have_no_planted_bugs() {
    // The feature may be passed on, for the tests of planted bugs; nothing in a release may switch it on.
    let platform = std::fs::read_to_string(root().join("platform/Cargo.toml")).unwrap();
    assert!(!platform.contains("planted"));
    for service in std::fs::read_dir(root().join("services")).unwrap().flatten() {
        let manifest = std::fs::read_to_string(service.path().join("Cargo.toml")).unwrap();
        let switched_on = |line: &str| {
            line.contains("planted") && (line.contains("default") || line.starts_with("interstate"))
        };
        assert!(
            !manifest.lines().any(switched_on),
            "{} switches planted bugs on",
            service.path().display()
        );
    }
}
