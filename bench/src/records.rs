//! Records/s of one task on Kafka: a command comes in; an event, a reply and the position go out.
//!
//! The commands stand in the topic before the task starts, so that it always finds a full batch. Their asker is
//! another instance, so that every reply is a record in `notes.replies` too. The clock runs from the end of the
//! warm-up to the last commit.

use crate::{figures, node, note::Note, note::Write, producer_tool};
use interstate_eventing::{
    Address, Batches, Service,
    envelope::{Command, CommandMeta, Origin},
    runtime::{Env, Host, topics},
};
use interstate_log::{Log, Topic, TopicKind};
use interstate_schemas::{Actor, AddressedCommand, CommandId, SignedDuration};
use std::{
    error::Error,
    path::PathBuf,
    time::{Duration, Instant},
};

const BYTES: usize = 200;
/// The share of the commands that warm the task up.
const WARM_UP: f64 = 0.15;
/// Nothing here takes longer, or it is stuck.
const PATIENCE: Duration = Duration::from_secs(180);

/// What is measured.
pub struct Wanted {
    pub brokers: String,
    pub commands: usize,
    /// `dev/engines/kafka.sh`, which runs Kafka's own tools.
    pub kafka_sh: PathBuf,
    /// Records of the tool's run.
    pub tool_records: usize,
}

pub async fn run(wanted: Wanted) -> Result<(), Box<dyn Error>> {
    let (log, prefix) = node::kafka(&wanted.brokers)?;
    let services = vec![Service::new("notes").partitions(1).aggregate::<Note>()];
    log.ensure(&topics("notes", 1)).await?;
    // The tool's topic is one of the same kind, with the same settings.
    log.ensure(&topics("tool", 1)).await?;
    let tool_topic = format!("{prefix}{}", Topic::commands("tool"));
    let before = producer_tool::run(&wanted, &tool_topic)?;

    fill(&*log, wanted.commands).await?;
    let dir = tempfile::tempdir()?;
    let env = node::env(log.clone(), dir.path(), &services)?;
    let host = Host::start(&env, services).await?;
    let cpu = figures::cpu_ms();
    let warm = decided(&env, (wanted.commands as f64 * WARM_UP) as u64).await?;
    let began = Instant::now();
    let all = decided(&env, wanted.commands as u64).await?;
    let seconds = began.elapsed().as_secs_f64();
    let cpu = (figures::cpu_ms() - cpu) as f64 / wanted.commands as f64;
    host.stop().await;
    let after = producer_tool::run(&wanted, &tool_topic)?;

    let stands = Stands::of(&*log).await?;
    if stands.events != wanted.commands as u64 || stands.replies != stands.events {
        let (events, replies) = (stands.events, stands.replies);
        return Err(format!(
            "{events} events and {replies} replies stand there for {} commands",
            wanted.commands
        )
        .into());
    }
    let share = (all - warm) as f64 / wanted.commands as f64;
    let records = (wanted.commands as u64 + stands.events + stands.receipts + stands.replies) as f64;
    let rate = records * share / seconds;
    let tool = f64::midpoint(before, after);
    println!(
        "{}",
        serde_json::json!({
            "what": "records", "log": "kafka", "records_per_second": rate.round(),
            "tool_records_per_second": tool.round(), "tool_runs": [before.round(), after.round()],
            "ratio": rate / tool, "commands_per_second": ((all - warm) as f64 / seconds).round(),
            "counted": "commands read + events, receipts and replies written",
            "commands": wanted.commands, "events": stands.events, "receipts": stands.receipts,
            "replies": stands.replies, "cpu_us_a_command": cpu * 1e3,
        })
    );
    Ok(())
}

/// Puts all commands into the topic.
async fn fill(log: &dyn Log, count: usize) -> Result<(), Box<dyn Error>> {
    let mut sender = log.sender(&Topic::commands("notes")).await?;
    let payload = serde_json::to_vec(&Write::of_size(BYTES, 1))?;
    let expires = interstate_eventing::runtime::MachineClock::machine_now() + SignedDuration::from_hours(1);
    let mut last = None;
    for number in 0..count {
        let id = CommandId::derive(0, &[&number.to_be_bytes()]);
        let meta = CommandMeta {
            id,
            to: Address::of::<Write>(format!("note-{}", number % 1_000)),
            actor: Actor::System,
            correlation: id,
            trace: None,
            origin: Origin::Edge {
                reply_to: "asker".to_owned(),
                expires,
                fingerprint: 7,
            },
            step: None,
        };
        let command = Command {
            meta,
            payload: payload.clone().into(),
        };
        last = Some(sender.send(0, command.to_record()).await?);
    }
    if let Some(last) = last {
        last.await??;
    }
    Ok(())
}

/// Waits until so many commands are decided; says how many are by then.
async fn decided(env: &Env, wanted: u64) -> Result<u64, Box<dyn Error>> {
    let waiting = async {
        loop {
            let decided: u64 = env
                .statuses
                .snapshot()
                .values()
                .map(|status| status.commands)
                .sum();
            if decided >= wanted {
                return decided;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let service = Write::SERVICE;
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .map_err(|_| format!("{service} did not decide {wanted} commands in {PATIENCE:?}").into())
}

/// What the task has written.
struct Stands {
    events: u64,
    receipts: u64,
    replies: u64,
}

impl Stands {
    async fn of(log: &dyn Log) -> Result<Self, Box<dyn Error>> {
        let (mut events, mut receipts, mut replies) = (0, 0, 0);
        let mut batches = Batches::new("notes".into(), 0, 0, 0);
        let mut reader = log.read(&Topic::events("notes"), 0, 0).await?;
        loop {
            let chunk = reader.poll(10_000).await?;
            if chunk.records.is_empty() {
                break;
            }
            for stored in &chunk.records {
                if let Some(batch) = batches.push(stored)? {
                    events += batch.events.len() as u64;
                    receipts += 1;
                }
            }
        }
        let mut reader = log.read(&Topic::new("notes", TopicKind::Replies), 0, 0).await?;
        loop {
            let chunk = reader.poll(10_000).await?;
            if chunk.records.is_empty() {
                break;
            }
            replies += chunk.records.len() as u64;
        }
        Ok(Self {
            events,
            receipts,
            replies,
        })
    }
}
