//! One command at a steady rate on Kafka, from the call to its reply.

use crate::{figures, node, note::Note, note::Write, pace};
use interstate_eventing::{Service, runtime::Ask};
use interstate_schemas::Actor;
use std::{error::Error, time::Duration};

const BYTES: usize = 200;
/// Not counted: connections open, and the broker's Java code is compiled, which takes some hundred transactions.
const WARM_UP: Duration = Duration::from_secs(10);

pub async fn run(brokers: &str, rate: u32, seconds: u64) -> Result<(), Box<dyn Error>> {
    let services = vec![Service::new("notes").aggregate::<Note>()];
    let (log, _) = node::kafka(brokers)?;
    let node = node::start_on(log, tempfile::tempdir()?, services).await?;
    let commands = node.commands.clone();
    let ask = move |number: usize| {
        let commands = commands.clone();
        async move {
            let ask = Ask::to(
                format!("note-{}", number % 200),
                &Write::of_size(BYTES, 1),
                Actor::System,
            );
            commands.ask(ask).await.is_ok()
        }
    };
    let cpu = figures::cpu_ms();
    let paced = pace::at(rate, WARM_UP, Duration::from_secs(seconds), ask).await?;
    let cpu = (figures::cpu_ms() - cpu) as f64 / paced.asked.max(1) as f64;
    let (latencies, failed) = (paced.latencies, paced.failed);
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
