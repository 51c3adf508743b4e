//! Kafka's own producer performance tool: what a plain producer does on this broker.

use crate::records::Wanted;
use std::{error::Error, process::Command};

/// Records/s of 200 bytes into one partition with acks=all.
pub fn run(wanted: &Wanted, topic: &str) -> Result<f64, Box<dyn Error>> {
    let out = Command::new(&wanted.kafka_sh)
        .args(["tool", "producer-perf", "--topic", topic, "--record-size", "200"])
        .args(["--num-records", &wanted.tool_records.to_string()])
        .args(["--throughput", "-1", "--producer-props", "acks=all"])
        .arg(format!("bootstrap.servers={}", wanted.brokers))
        .output()
        .map_err(|error| format!("{}: {error}", wanted.kafka_sh.display()))?;
    let text = String::from_utf8_lossy(&out.stdout);
    let last = text.lines().rev().find(|line| line.contains("records sent"));
    let rate = last.and_then(|line| {
        let before = line.split(" records/sec").next()?;
        before.rsplit(' ').next()?.parse().ok()
    });
    rate.ok_or_else(|| {
        let error = String::from_utf8_lossy(&out.stderr);
        format!("Kafka's producer tool told no rate:\n{text}{error}").into()
    })
}
