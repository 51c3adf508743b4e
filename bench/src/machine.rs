//! The machine that a table was made on: without it the figures mean little.

use serde_json::{Value, json};
use std::{fs, path::Path};

/// Describes it, as it is before the first measurement.
pub fn describe() -> Value {
    let dir = std::env::temp_dir();
    json!({
        "what": "machine", "cpu": cpu(), "cores": cores(), "memory_gb": memory_gb(), "kernel": kernel(),
        "disk": disk(&dir), "load": load(),
    })
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The value behind a name in a file of `name: value` lines.
fn value_of(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn cpu() -> String {
    value_of(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn memory_gb() -> f64 {
    let total = value_of(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let kib: f64 = total.trim_end_matches(" kB").parse().unwrap_or_default();
    (kib * 1024.0 / 1e8).round() / 10.0
}

fn kernel() -> String {
    let version = read("/proc/version");
    version.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// Tasks that ran or waited in the last minute, and in the last five.
fn load() -> Vec<f64> {
    let load = read("/proc/loadavg");
    load.split_whitespace()
        .take(2)
        .filter_map(|figure| figure.parse().ok())
        .collect()
}

/// The file system that a folder stands on, with its device: `ext4 on /dev/vda`.
fn disk(dir: &Path) -> String {
    // ID parent major:minor root mount-point options ... - type device options
    let mounts = read("/proc/self/mountinfo");
    let of = mounts.lines().filter_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let point = before.split(' ').nth(4)?;
        let mut after = after.split(' ');
        let (kind, device) = (after.next()?, after.next()?);
        dir.starts_with(point)
            .then(|| (point.len(), format!("{kind} on {device}")))
    });
    of.max().map_or_else(|| "unknown".to_owned(), |(_, disk)| disk)
}
