//! The rows: what stands in each, and what it has to reach.

use super::lines::Lines;

/// A row of the table.
pub struct Row {
    pub what: String,
    /// Nothing where it was not measured.
    pub here: Option<String>,
    pub baseline: String,
    pub ratio: Option<f64>,
    pub target: String,
    pub met: bool,
}

impl Row {
    /// Its cells, in the order of the heads.
    pub fn cells(&self) -> [String; 6] {
        let measured = self.here.is_some();
        [
            self.what.clone(),
            self.here.clone().unwrap_or_else(|| "NOT MEASURED".to_owned()),
            self.baseline.clone(),
            self.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            self.target.clone(),
            match (measured, self.met) {
                (false, _) => "ERROR",
                (true, true) => "yes",
                (true, false) => "no",
            }
            .to_owned(),
        ]
    }
}

/// The rows of a measurement; nothing where there is no such measurement.
pub fn of(name: &str, lines: &Lines) -> Option<Vec<Row>> {
    Some(match name {
        "command-latency" => vec![command_latency(lines)],
        "question" => vec![question(lines)],
        "positions" => vec![positions(lines)],
        "durable" => vec![durable(lines)],
        "records" => vec![records(lines)],
        "saga" => saga(lines),
        "bookings" => ["embedded", "kafka"]
            .map(|log| bookings(lines, log))
            .into_iter()
            .chain(["embedded", "kafka"].map(|log| booking_alone(lines, log)))
            .chain([two_instances(lines)])
            .collect(),
        "fixes" => DEVICES.map(|devices| fixes(lines, devices)).into(),
        "rebuild" => vec![rebuild(lines)],
        "projections" => ["postgres", "mongodb", "clickhouse"]
            .map(|store| projection(lines, store))
            .into(),
        "takeover" => takeover(lines).into(),
        "idle" => idle(lines),
        _ => return None,
    })
}

/// A figure that has to reach a share of its baseline.
fn compared(
    what: &str,
    here: Option<String>,
    baseline: Option<String>,
    ratio: Option<f64>,
    least: f64,
) -> Row {
    Row {
        what: what.to_owned(),
        here,
        baseline: baseline.unwrap_or_default(),
        ratio,
        target: format!("≥ {least}"),
        met: ratio.is_some_and(|ratio| ratio >= least),
    }
}

/// A figure that has a limit of its own.
fn limited(what: String, here: Option<String>, target: String, met: Option<bool>) -> Row {
    Row {
        what,
        here,
        baseline: String::new(),
        ratio: None,
        target,
        met: met.unwrap_or_default(),
    }
}

fn command_latency(lines: &Lines) -> Row {
    let figure = |name| lines.middle("command-latency", None, name);
    let both = figure("p50_ms").zip(figure("p99_ms"));
    limited(
        "one command on Kafka at 100/s, send to reply, p50 / p99".to_owned(),
        both.map(|(p50, p99)| format!("{p50:.1} / {p99:.1} ms")),
        "≤ 4 / 15 ms".to_owned(),
        both.map(|(p50, p99)| p50 <= 4.0 && p99 <= 15.0),
    )
}

fn takeover(lines: &Lines) -> [Row; 2] {
    let seconds = |name| lines.middle("takeover", None, name).map(|ms| ms / 1e3);
    let millions = lines.middle("takeover", None, "events").unwrap_or_default() / 1e6;
    let row = |whose: &str, name, most: f64| {
        limited(
            format!("a partition of {millions:.1} M events, from the group's decision to its first, {whose}"),
            seconds(name).map(|seconds| format!("{seconds:.2} s")),
            format!("≤ {most} s"),
            seconds(name).map(|seconds| seconds <= most),
        )
    };
    [
        row("by a follower of a killed owner", "follower_ms", 2.0),
        row("from an empty disk", "empty_disk_ms", 10.0),
    ]
}

fn question(lines: &Lines) -> Row {
    let figure = |name| lines.middle("question", None, name);
    let p99 = figure("p99_ms");
    limited(
        "a question over gRPC on loopback at 500/s, p50 / p99".to_owned(),
        figure("p50_ms")
            .zip(p99)
            .map(|(p50, p99)| format!("{p50:.2} / {p99:.2} ms")),
        "p99 ≤ 3 ms".to_owned(),
        p99.map(|p99| p99 <= 3.0),
    )
}

fn positions(lines: &Lines) -> Row {
    let figure = |name| lines.middle("positions", None, name);
    let p99 = figure("p99_ms");
    let missed = figure("missed").unwrap_or_default();
    limited(
        "a driver's fix at one instance to the rider's stream at another, p50 / p99".to_owned(),
        figure("p50_ms")
            .zip(p99)
            .map(|(p50, p99)| format!("{p50:.1} / {p99:.1} ms, {missed:.0} not shown")),
        "p99 ≤ 250 ms".to_owned(),
        p99.map(|p99| p99 <= 250.0),
    )
}

fn durable(lines: &Lines) -> Row {
    let figure = |name| lines.middle("durable", None, name);
    compared(
        "durable events through tasks, embedded, 64 commands at once",
        figure("events_per_second").map(a_second),
        figure("raw_events_per_second").map(|rate| format!("raw fjall batches: {}", a_second(rate))),
        figure("ratio"),
        0.5,
    )
}

fn records(lines: &Lines) -> Row {
    let figure = |name| lines.middle("records", None, name);
    compared(
        "records read and written by one task on Kafka, 200 B",
        figure("records_per_second").map(a_second),
        figure("tool_records_per_second").map(|rate| format!("Kafka's producer tool: {}", a_second(rate))),
        figure("ratio"),
        0.5,
    )
}

fn saga(lines: &Lines) -> Vec<Row> {
    let ours = |name| lines.middle("saga", None, name);
    let peer = |name| lines.middle("saga-restate", None, name);
    let rate = lines.ratio(("saga", "per_second"), ("saga-restate", "per_second"));
    // Less is better: turned around, so that above 1 is good in every row.
    let cpu = lines.ratio(("saga-restate", "cpu_ms_each"), ("saga", "cpu_ms_each"));
    vec![
        compared(
            "sagas of five steps, 2 % declined, 64 at once, embedded",
            ours("per_second").map(a_second),
            peer("per_second").map(|rate| format!("Restate: {}", a_second(rate))),
            rate,
            1.0,
        ),
        compared(
            "the same, processor time each (ratio: the peer's to ours)",
            ours("cpu_ms_each").map(|ms| format!("{ms:.2} ms")),
            peer("cpu_ms_each").map(|ms| format!("Restate, server and handlers: {ms:.2} ms")),
            cpu,
            1.0,
        ),
    ]
}

fn bookings(lines: &Lines, log: &str) -> Row {
    let figure = |name| lines.middle("bookings", Some(log), name);
    let least = if log == "kafka" { 100.0 } else { 300.0 };
    let (rate, lag) = (figure("per_second"), figure("lag_ms"));
    let cpu = figure("cpu_ms_each");
    limited(
        format!("real bookings through HTTP to confirmed, {}", named(log)),
        rate.map(|rate| {
            let lag = lag.map_or_else(String::new, |ms| format!(", lag {ms:.0} ms"));
            let cpu = cpu.map_or_else(String::new, |ms| format!(", {ms:.1} ms CPU each"));
            format!("{}{lag}{cpu}", a_second(rate))
        }),
        format!("≥ {least} /s, lag ≤ 1 s"),
        rate.zip(lag).map(|(rate, lag)| rate >= least && lag <= 1_000.0),
    )
}

/// On one machine they share its processors with their brokers and clients: what a second one costs.
fn two_instances(lines: &Lines) -> Row {
    let two = lines.middle("bookings-of-several", None, "per_second");
    let one = lines.middle("bookings", Some("kafka"), "per_second");
    let cpu = lines.middle("bookings-of-several", None, "cpu_ms_each");
    Row {
        what: "the same on Kafka, two instances of all services on these cores".to_owned(),
        here: two.map(|rate| {
            let cpu = cpu.map_or_else(String::new, |ms| format!(", {ms:.1} ms CPU each"));
            format!("{}{cpu}", a_second(rate))
        }),
        baseline: one.map_or_else(String::new, |rate| format!("one instance: {}", a_second(rate))),
        ratio: two.zip(one).map(|(two, one)| two / one),
        target: String::new(),
        met: two.is_some(),
    }
}

/// Batches that a booking waits for from its request to its driver, one after the other: the README lists them.
const IN_A_ROW: f64 = 19.0;

fn booking_alone(lines: &Lines, log: &str) -> Row {
    let p50 = lines.middle("booking-latency", Some(log), "p50_ms");
    let p99 = lines.middle("booking-latency", Some(log), "p99_ms");
    let most = if log == "kafka" { 50.0 } else { 15.0 };
    let bare = lines
        .middle("bare-transactions", Some(log), "p50_ms")
        .map(|each| each * IN_A_ROW);
    let row = limited(
        format!("one booking alone, POST to confirmed, p50, {}", named(log)),
        p50.map(|p50| {
            let p99 = p99.map_or_else(String::new, |p99| format!(" (p99 {p99:.1})"));
            format!("{p50:.1} ms{p99}")
        }),
        format!("≤ {most} ms"),
        p50.map(|p50| p50 <= most),
    );
    Row {
        baseline: bare.map_or_else(String::new, |ms| {
            format!("{IN_A_ROW} bare transactions in a row: {ms:.1} ms")
        }),
        ratio: bare.zip(p50).map(|(bare, p50)| bare / p50),
        ..row
    }
}

/// Devices that send fixes at once: few, and so many that both cores have nothing left.
const DEVICES: [u64; 2] = [16, 64];

fn fixes(lines: &Lines, devices: u64) -> Row {
    let lines = lines.with("drivers", devices);
    let figure = |name| lines.middle("fixes", None, name);
    compared(
        &format!("fixes through HTTP in batches of 50, durable, {devices} devices at once"),
        figure("fixes_per_second").map(a_second),
        figure("raw_fixes_per_second").map(|rate| format!("raw appends: {}", a_second(rate))),
        figure("ratio"),
        0.4,
    )
}

fn rebuild(lines: &Lines) -> Row {
    let figure = |name| lines.middle("rebuild", None, name);
    compared(
        "rebuild of booking-history, events",
        figure("events_per_second").map(a_second),
        figure("read_events_per_second").map(|rate| format!("reading and dropping: {}", a_second(rate))),
        figure("ratio"),
        0.25,
    )
}

fn projection(lines: &Lines, store: &str) -> Row {
    let what = format!("projection-{store}");
    let figure = |name| lines.middle(&what, None, name);
    compared(
        &format!("events into {store}"),
        figure("events_per_second").map(a_second),
        figure("bare_events_per_second")
            .map(|rate| format!("what they leave, written alone: {}", a_second(rate))),
        figure("ratio"),
        0.5,
    )
}

fn idle(lines: &Lines) -> Vec<Row> {
    let (memory, start) = (
        lines.middle("idle", None, "resident_mb"),
        lines.middle("idle", None, "ready_after_s"),
    );
    vec![
        limited(
            "resident memory, all services idle".to_owned(),
            memory.map(|mb| format!("{mb:.0} MB")),
            "≤ 150 MB".to_owned(),
            memory.map(|mb| mb <= 150.0),
        ),
        limited(
            "start to ready".to_owned(),
            start.map(|seconds| format!("{seconds:.2} s")),
            "≤ 2 s".to_owned(),
            start.map(|seconds| seconds <= 2.0),
        ),
    ]
}

fn named(log: &str) -> &str {
    if log == "kafka" { "Kafka" } else { log }
}

/// A rate with its thousands apart: `216,000 /s`.
fn a_second(rate: f64) -> String {
    let digits = format!("{rate:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + " /s"
}
