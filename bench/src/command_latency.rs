//! One command at a steady rate on Kafka, from the call to its reply.
//!
//! Commands leave on a clock, whether the one before has come back or not: what waits behind a slow one counts.

use crate::{figures, node, note::Note, note::Write};
use interstate_eventing::{Service, runtime::Ask};
use interstate_schemas::Actor;
use std::{error::Error, time::Duration};
use tokio::time::{Instant, MissedTickBehavior};

const BYTES: usize = 200;
/// Not counted: connections open, the code warms up.
const WARM_UP: Duration = Duration::from_secs(3);

pub async fn run(brokers: &str, rate: u32, seconds: u64) -> Result<(), Box<dyn Error>> {
    let services = vec![Service::new("notes").aggregate::<Note>()];
    let (log, _) = node::kafka(brokers)?;
    let node = node::start_on(log, tempfile::tempdir()?, services).await?;
    let mut tick = tokio::time::interval(Duration::from_secs(1) / rate);
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (began, mut asked) = (Instant::now(), Vec::new());
    let until = began + WARM_UP + Duration::from_secs(seconds);
    let cpu = figures::cpu_ms();
    loop {
        let due = tick.tick().await;
        if due >= until {
            break;
        }
        let (commands, number) = (node.commands.clone(), asked.len());
        asked.push(tokio::spawn(async move {
            let ask = Ask::to(
                format!("note-{}", number % 200),
                &Write::of_size(BYTES, 1),
                Actor::System,
            );
            let answered = commands.ask(ask).await;
            (due, due.elapsed(), answered.is_ok())
        }));
    }
    let (mut latencies, mut failed, all) = (Vec::new(), 0, asked.len());
    for asked in asked {
        let (due, took, answered) = asked.await?;
        failed += usize::from(!answered);
        if due >= began + WARM_UP {
            latencies.push(took);
        }
    }
    let cpu = (figures::cpu_ms() - cpu) as f64 / all.max(1) as f64;
    latencies.sort_unstable();
    println!(
        "{}",
        serde_json::json!({
            "what": "command-latency", "log": "kafka", "rate": rate, "commands": latencies.len(),
            "failed": failed, "cpu_ms_each": cpu,
            "p50_ms": figures::percentile(&latencies, 0.5), "p99_ms": figures::percentile(&latencies, 0.99),
        })
    );
    node.host.stop().await;
    match failed {
        0 => Ok(()),
        failed => Err(format!("{failed} commands got no answer").into()),
    }
}
