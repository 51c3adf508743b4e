//! Topics: what is there, and making what is not.

use super::{
    Options,
    client::{self, Faults, PAUSE},
    errors,
};
use crate::{LogError, TopicKind, TopicSpec};
use rdkafka::{
    admin::{NewTopic, TopicReplication},
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode as Code},
};
use std::time::{Duration, Instant};

/// What the brokers say of a topic beside its settings.
pub(super) struct Standing {
    pub(super) partitions: u32,
    /// The fewest that a partition has.
    pub(super) copies: usize,
    /// All that there are.
    pub(super) brokers: usize,
}

/// How many partitions a topic has; nothing when there is no such topic.
pub(super) fn count(
    asking: &BaseConsumer<Faults>,
    options: &Options,
    topic: &str,
) -> Result<Option<u32>, LogError> {
    Ok(standing(asking, options, topic)?.map(|standing| standing.partitions))
}

/// How a topic stands; nothing when there is no such topic. One that was just made may lack leaders for a moment, which
/// is waited out.
pub(super) fn standing(
    asking: &BaseConsumer<Faults>,
    options: &Options,
    topic: &str,
) -> Result<Option<Standing>, LogError> {
    let until = Instant::now() + options.patience();
    loop {
        let metadata = client::ask(asking, options, topic, |within| {
            asking.fetch_metadata(Some(topic), within)
        })?;
        let found = metadata.topics().iter().find(|found| found.name() == topic);
        let partitions = found.map_or(&[][..], |found| found.partitions());
        let error = found.and_then(|found| found.error()).map(Code::from);
        match error {
            None if !partitions.is_empty() && partitions.iter().all(|one| one.leader() >= 0) => {
                let copies = partitions.iter().map(|one| one.replicas().len());
                return Ok(Some(Standing {
                    partitions: partitions.len() as u32,
                    copies: copies.min().unwrap_or_default(),
                    brokers: metadata.brokers().len(),
                }));
            }
            Some(Code::UnknownTopicOrPartition | Code::UnknownTopic) => return Ok(None),
            Some(code) if !errors::passes(code) => {
                return Err(LogError::Other(format!("{topic}: {code}")));
            }
            _ if Instant::now() >= until => {
                return Err(errors::unreachable(
                    options,
                    format!("topic {topic} has partitions without a leader"),
                ));
            }
            _ => std::thread::sleep(PAUSE),
        }
    }
}

/// Creates what is missing, waits until it can be seen, and checks the counts. Gives the names with them.
pub(super) fn ensure(
    asking: &BaseConsumer<Faults>,
    options: &Options,
    specs: &[TopicSpec],
) -> Result<Vec<(String, u32)>, LogError> {
    let mut missing = Vec::new();
    let mut counts = Vec::new();
    for spec in specs {
        let name = options.topic(&spec.topic);
        match count(asking, options, &name)? {
            Some(found) => counts.push(checked(name, found, spec.partitions)?),
            None => missing.push((name, spec)),
        }
    }
    if missing.is_empty() {
        return Ok(counts);
    }
    create(options, &missing)?;
    for (name, spec) in missing {
        let until = Instant::now() + options.patience();
        let found = loop {
            match count(asking, options, &name)? {
                Some(found) => break found,
                // Another broker than the one that made it may not have heard of it.
                None if Instant::now() < until => std::thread::sleep(PAUSE),
                None => return Err(LogError::UnknownTopic { topic: name }),
            }
        };
        counts.push(checked(name, found, spec.partitions)?);
    }
    Ok(counts)
}

fn checked(topic: String, found: u32, wanted: u32) -> Result<(String, u32), LogError> {
    if found == wanted {
        Ok((topic, found))
    } else {
        Err(LogError::PartitionCount { topic, found, wanted })
    }
}

fn create(options: &Options, missing: &[(String, &TopicSpec)]) -> Result<(), LogError> {
    let (admin, within) = client::admin(options)?;
    let replication = options.replication.map_or(-1, i32::from);
    let settings: Vec<_> = missing
        .iter()
        .map(|(_, spec)| settings(options, spec.topic.kind))
        .collect();
    let topics: Vec<NewTopic<'_>> = missing
        .iter()
        .zip(&settings)
        .map(|((name, spec), settings)| {
            let topic = NewTopic::new(name, spec.partitions as i32, TopicReplication::Fixed(replication));
            settings
                .iter()
                .fold(topic, |topic, (name, value)| topic.set(name, value))
        })
        .collect();
    let results = futures::executor::block_on(admin.create_topics(&topics, &within)).map_err(|error| {
        let why = admin.inner().context().last();
        match error {
            KafkaError::AdminOp(code) if errors::passes(code) => {
                errors::unreachable(options, why.unwrap_or_else(|| code.to_string()))
            }
            other => LogError::Other(format!("creating topics: {other}")),
        }
    })?;
    for result in results {
        match result {
            Ok(_) | Err((_, Code::TopicAlreadyExists)) => {}
            Err((topic, code)) => return Err(LogError::Other(format!("creating topic {topic}: {code}"))),
        }
    }
    Ok(())
}

/// What a topic of this kind is created with.
pub(super) fn settings(options: &Options, kind: TopicKind) -> Vec<(&'static str, String)> {
    let millis = |duration: Duration| duration.as_millis().to_string();
    let kept = match kind {
        TopicKind::Events | TopicKind::DeadLetters => "-1".to_owned(),
        TopicKind::Commands => millis(options.retention.commands),
        TopicKind::Replies => millis(options.retention.replies),
        TopicKind::Fixes => millis(options.retention.fixes),
    };
    let mut settings = vec![
        ("cleanup.policy", "delete".to_owned()),
        ("max.message.bytes", options.max_batch().to_string()),
        ("retention.ms", kept),
        ("retention.bytes", "-1".to_owned()),
    ];
    if kind == TopicKind::Events {
        // The broker's clock: a wrong clock of one instance must not date the truth.
        settings.push(("message.timestamp.type", "LogAppendTime".to_owned()));
    }
    settings.extend(options.min_insync.map(|count| (MIN_INSYNC, count.to_string())));
    settings
}

/// How many copies must have a record before it counts as written.
pub(super) const MIN_INSYNC: &str = "min.insync.replicas";
