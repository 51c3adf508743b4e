//! The folder says what a file may touch; this holds the code to it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::path::{Path, PathBuf};

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

/// What a decision may not use: concurrency, I/O, the clock, randomness, untyped data.
const BANNED: [&str; 14] = [
    "async fn",
    ".await",
    "tokio::",
    "std::fs",
    "std::net",
    "std::time::Instant",
    "SystemTime",
    "Timestamp::now",
    "rand::",
    "reqwest",
    "rusqlite",
    "interstate_log",
    "serde_json::Value",
    "axum",
];

#[test]
fn domains_are_pure() {
    let mut files = Vec::new();
    for service in std::fs::read_dir(root().join("services")).unwrap().flatten() {
        rust_files(&service.path().join("src/domain"), &mut files);
    }
    assert!(files.len() > 50, "the domains were looked for in the wrong place");
    let mut broken = Vec::new();
    for file in files.into_iter().filter(|file| !is_test(file)) {
        for (number, line) in std::fs::read_to_string(&file).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for banned in BANNED.iter().filter(|banned| code.contains(**banned)) {
                broken.push(format!("{}:{}: `{banned}`", file.display(), number + 1));
            }
        }
    }
    assert!(
        broken.is_empty(),
        "a domain may not use these:\n{}",
        broken.join("\n")
    );
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
