//! docs/data/redis.md and the code name the same keys.
#![allow(clippy::unwrap_used, reason = "tests")]

use interstate_live::keys;
use std::path::Path;

const COLUMNS: usize = 6;

#[test]
fn the_documentation_lists_every_key_as_it_is() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/data/redis.md");
    let text = std::fs::read_to_string(file).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    let rows: Vec<Vec<&str>> = rows
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let documented: Vec<(String, &str, &str)> = rows
        .iter()
        .map(|row| {
            assert_eq!(row.len(), COLUMNS, "{row:?}");
            assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
            (row[0].trim_matches('`').to_owned(), row[1], row[2])
        })
        .collect();
    let known: Vec<_> = keys::ALL
        .iter()
        .map(|kind| (kind.pattern(), kind.holds, kind.lives))
        .collect();
    assert_eq!(documented, known);
}
