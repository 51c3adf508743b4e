//! One screen of live figures, redrawn in place.

use crate::operator::Status;
use std::{
    fmt::Write as _,
    io::{IsTerminal, Write},
    time::Instant,
};

/// Draws moments of a platform.
pub struct Screen {
    before: Option<(Instant, u64)>,
    header: String,
    redraw: bool,
}

impl Screen {
    /// With this text above the figures. Redraws in a terminal; elsewhere, or when `plain`, adds a line a time.
    pub fn new(header: String, plain: bool) -> Self {
        Self {
            before: None,
            header,
            redraw: !plain && std::io::stdout().is_terminal(),
        }
    }

    /// Shows a moment.
    pub fn show(&mut self, status: &Status) {
        let rate = self.rate(status.commands);
        let text = if self.redraw {
            format!("\x1b[H\x1b[2J{}\n{}", self.header, page(status, rate))
        } else {
            line(status, rate)
        };
        let mut out = std::io::stdout().lock();
        // A closed terminal is no reason to stop.
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    fn rate(&mut self, commands: u64) -> f64 {
        let now = Instant::now();
        let rate = self.before.map_or(0.0, |(then, count)| {
            commands.saturating_sub(count) as f64 / now.duration_since(then).as_secs_f64().max(0.001)
        });
        self.before = Some((now, commands));
        rate
    }
}

fn line(status: &Status, rate: f64) -> String {
    let bookings: Vec<String> = status
        .bookings
        .iter()
        .map(|(state, count)| format!("{state} {count}"))
        .collect();
    let oldest = status
        .consumers
        .iter()
        .map(|consumer| consumer.oldest_seconds)
        .max()
        .unwrap_or(0);
    format!(
        "{} bookings: {}; {rate:.0} commands/s; oldest unhandled event {oldest} s\n",
        status.now.strftime("%d %b %H:%M"),
        if bookings.is_empty() {
            "none yet".to_owned()
        } else {
            bookings.join(", ")
        },
    )
}

fn page(status: &Status, rate: f64) -> String {
    let mut out = String::new();
    let running = status
        .partitions
        .iter()
        .filter(|partition| partition.activity == "running")
        .count();
    let _ = writeln!(
        out,
        "  {}   {rate:>6.0} commands/s   {running}/{} partitions running   up {} s\n",
        status.now.strftime("%a %d %b %Y %H:%M UTC"),
        status.partitions.len(),
        status.uptime_seconds,
    );
    let _ = writeln!(out, "  Bookings");
    let most = status.bookings.values().copied().max().unwrap_or(1).max(1);
    for (state, count) in &status.bookings {
        let bar = "█".repeat(usize::try_from(count * 40 / most).unwrap_or(0).max(1));
        let _ = writeln!(out, "    {state:<18} {count:>6} {bar}");
    }
    let _ = writeln!(
        out,
        "\n  {:<32} {:<11} {:>8} {:>14} {:>7}",
        "Consumer", "follows", "behind", "oldest event", "parked"
    );
    for consumer in &status.consumers {
        let _ = writeln!(
            out,
            "  {:<32} {:<11} {:>8} {:>12} s {:>7} {}",
            consumer.name,
            consumer.service,
            consumer.behind,
            consumer.oldest_seconds,
            consumer.parked,
            consumer.error.as_deref().unwrap_or(""),
        );
    }
    for partition in status
        .partitions
        .iter()
        .filter(|partition| partition.activity != "running")
    {
        let _ = writeln!(out, "  {}: {}", partition.partition, partition.activity);
    }
    out
}
