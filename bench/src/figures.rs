//! Figures of a run: percentiles, and the processor time and memory of processes.

use std::{fs, time::Duration};

/// The value at a share of the sorted durations, in milliseconds.
pub fn percentile(sorted: &[Duration], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * share) as usize;
    sorted
        .get(at)
        .map_or(0.0, |duration| duration.as_secs_f64() * 1e3)
}

/// User and system time of this process so far, in milliseconds.
pub fn cpu_ms() -> u64 {
    cpu_ms_of(std::process::id())
}

/// The same of another process (the kernel counts in hundredths of a second).
pub fn cpu_ms_of(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum::<u64>()
        * 10
}

/// Resident memory of a process, in MB of 10⁶ bytes.
pub fn resident_mb_of(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: f64 = line
        .and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .unwrap_or_default();
    kib * 1024.0 / 1e6
}
