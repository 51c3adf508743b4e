//! Figures of a run: percentiles, and the processor time of this process.

use std::time::Duration;

/// The value at a share of the sorted durations, in milliseconds.
pub fn percentile(sorted: &[Duration], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * share) as usize;
    sorted
        .get(at)
        .map_or(0.0, |duration| duration.as_secs_f64() * 1e3)
}

/// User and system time of this process so far, in milliseconds (the kernel counts in hundredths of a second).
pub fn cpu_ms() -> u64 {
    cpu_ms_of("self")
}

/// The same of the process with this id.
pub fn cpu_ms_of(process: &str) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum::<u64>()
        * 10
}
