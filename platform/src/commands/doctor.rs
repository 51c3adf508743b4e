//! Looks a running platform over, and says what is wrong and what to do. Nothing is changed.
//!
//! A line is `ok`, or `WRONG` where something that must hold does not, or `OPEN` where a person has work to do. Only
//! what is wrong makes the platform unhealthy.

use crate::{
    audit::Check,
    operator::{Client, ClientError, QueueFigures, Status},
};
use std::fmt::Display;

/// Log-time seconds after which an unhandled event is worth a word; an accelerated clock makes them short.
const OLD: i64 = 3_600;

/// What was found.
pub struct Findings {
    pub lines: Vec<String>,
    pub healthy: bool,
}

/// Asks the platform and judges.
pub async fn examine(client: &Client) -> Result<Findings, ClientError> {
    let status = client.status().await?;
    let mut findings = judge(&status);
    for check in client.audit().await? {
        findings.add(check);
    }
    for model in &status.read_models {
        match client
            .post(&format!("/operator/replay/{model}?verify=true"))
            .await
        {
            Ok(_) => findings.lines.push(format!("ok    {model} equals its replay")),
            Err(ClientError::Refused(why)) => {
                findings.healthy = false;
                findings.lines.push(format!(
                    "WRONG {model}: {}",
                    why.trim_end().replace('\n', "\n      ")
                ));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(findings)
}

impl Findings {
    fn add(&mut self, check: Check) {
        self.healthy &= check.violations.is_empty();
        let (mark, each) = match (check.violations.is_empty(), check.open.is_empty()) {
            (false, _) => ("WRONG", check.violations),
            (true, false) => ("OPEN ", check.open),
            (true, true) => ("ok   ", Vec::new()),
        };
        self.lines
            .push(with_each(format!("{mark} {}", check.name), each.into_iter()));
    }
}

fn judge(status: &Status) -> Findings {
    let mut findings = Findings {
        lines: Vec::new(),
        healthy: true,
    };
    let mut say = |ok: bool, text: String| {
        findings.healthy &= ok;
        findings
            .lines
            .push(format!("{} {text}", if ok { "ok   " } else { "WRONG" }));
    };
    for partition in &status.partitions {
        if partition.activity != "running" {
            say(
                false,
                format!("partition {}: {}", partition.partition, partition.activity),
            );
        }
        if partition.stopped_channels > 0 {
            let text = format!(
                "partition {}: {} channels stand still because a message is missing; restart the process that sends them",
                partition.partition, partition.stopped_channels
            );
            say(false, text);
        }
        if partition.dead_letters > 0 {
            let text = format!(
                "partition {}: {} commands could not be handled; the last of them:",
                partition.partition, partition.dead_letters
            );
            let own = status.dead_letters.iter();
            let own = own.filter(|letter| letter.partition == partition.partition);
            say(false, with_each(text, own));
        }
    }
    let running = status
        .partitions
        .iter()
        .filter(|partition| partition.activity == "running")
        .count();
    say(
        running == status.partitions.len(),
        format!("{running} of {} partitions run", status.partitions.len()),
    );
    for consumer in &status.consumers {
        let name = format!("{} of {}", consumer.name, consumer.service);
        if let Some(error) = &consumer.error {
            say(false, format!("{name} does not go on: {error}"));
        } else if consumer.parked > 0 {
            let text = format!(
                "{name} has put {} events aside; when the reason is gone, `interstate replay {} --parked`:",
                consumer.parked, consumer.name
            );
            let own = status
                .parked
                .iter()
                .filter(|event| event.read_model == consumer.name);
            say(false, with_each(text, own));
        } else if consumer.oldest_seconds > OLD {
            say(
                false,
                format!(
                    "{name} is {} events behind, the oldest {} s old",
                    consumer.behind, consumer.oldest_seconds
                ),
            );
        } else {
            say(true, format!("{name} has caught up"));
        }
    }
    for queue in &status.queues {
        say_of(queue, &mut say);
    }
    findings
}

/// What happens to a queue stops nothing, but payments wait until somebody has looked.
fn say_of(queue: &QueueFigures, say: &mut impl FnMut(bool, String)) {
    let name = format!("{} of {}", queue.queue, queue.service);
    if let Some(why) = &queue.away {
        say(
            false,
            format!("{name} is not reached, and jobs wait in the log: {why}"),
        );
    } else if queue.dead > 0 {
        let text = format!(
            "{name} has put {} jobs aside; look at them in {}.dead and purge it (docs/data/rabbitmq.md):",
            queue.dead, queue.queue
        );
        say(false, with_each(text, queue.why_dead.iter()));
    } else {
        let text = format!(
            "{name} is reached; {} jobs wait, {} for later",
            queue.waiting, queue.delayed
        );
        say(true, text);
    }
}

/// Each on a line of its own below the finding.
fn with_each<T: Display>(finding: String, each: impl Iterator<Item = T>) -> String {
    each.fold(finding, |text, one| format!("{text}\n        {one}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::{ConsumerFigures, DeadLetter, ParkedEvent, PartitionFigures};

    #[test]
    fn parked_events_and_blocked_partitions_are_wrong() {
        let mut status = Status {
            now: interstate_schemas::Timestamp::UNIX_EPOCH,
            uptime_seconds: 1,
            commands: 0,
            bookings: Default::default(),
            partitions: vec![PartitionFigures {
                partition: "booking/0".into(),
                activity: "running".into(),
                sequence: 0,
                commands: 0,
                unsent: 0,
                stopped_channels: 0,
                dead_letters: 0,
                oldest_seconds: 0,
            }],
            consumers: vec![ConsumerFigures {
                name: "booking-history".into(),
                kind: "projection".into(),
                service: "booking".into(),
                behind: 0,
                oldest_seconds: 0,
                parked: 0,
                error: None,
            }],
            read_models: Vec::new(),
            parked: vec![ParkedEvent {
                read_model: "booking-history".into(),
                partition: "booking/0".into(),
                sequence: 7,
                event_type: "booking.confirmed.v1".into(),
                subject: "bkg_1".into(),
                reason: "a fare without lines".into(),
                since: String::new(),
            }],
            dead_letters: vec![DeadLetter {
                partition: "booking/0".into(),
                offset: 0,
                to: "booking.booking bkg_2".into(),
                actor: "system".into(),
                command: "cmd_3".into(),
                reason: "command.unreadable: no tag".into(),
            }],
            queues: vec![QueueFigures {
                queue: "payment.jobs".into(),
                service: "payment".into(),
                away: None,
                waiting: 3,
                delayed: 0,
                dead: 0,
                why_dead: vec!["a message of 9 bytes: not a job".into()],
            }],
        };
        assert!(judge(&status).healthy);
        status.queues[0].dead = 1;
        let findings = judge(&status);
        let told = findings.lines.join("\n");
        assert!(
            !findings.healthy && told.contains("of 9 bytes: not a job"),
            "{told}"
        );
        status.queues[0].dead = 0;
        status.queues[0].away = Some("no answer within 10s".into());
        let findings = judge(&status);
        let told = findings.lines.join("\n");
        assert!(
            !findings.healthy && told.contains("no answer within 10s"),
            "{told}"
        );
        status.queues[0].away = None;
        status.consumers[0].parked = 2;
        let findings = judge(&status);
        let told = findings.lines.join("\n");
        assert!(!findings.healthy, "{told}");
        assert!(
            told.contains("booking/0 #7 booking.confirmed.v1 of bkg_1: a fare without lines"),
            "{told}"
        );
        status.consumers[0].parked = 0;
        status.partitions[0].dead_letters = 1;
        let findings = judge(&status);
        let told = findings.lines.join("\n");
        assert!(!findings.healthy, "{told}");
        assert!(
            told.contains("cmd_3 to booking.booking bkg_2 by system: command.unreadable: no tag"),
            "{told}"
        );
        status.partitions[0].dead_letters = 0;
        status.partitions[0].activity = "no room is left".into();
        let findings = judge(&status);
        assert!(!findings.healthy && findings.lines[0].contains("no room is left"));
    }
}
