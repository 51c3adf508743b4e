//! `interstate topics`: what a deployment needs on its brokers.

use crate::{catalogue, cli::TopicsCreate, node::kafka_options};
use interstate_config::{CommonArgs, EventLog};
use interstate_log::{
    Log, TopicKind,
    kafka::{KafkaLog, READERS},
};
use std::{collections::BTreeMap, error::Error, fmt::Write};

/// What was done, and whether all is as it ought to be.
pub struct Made {
    pub told: String,
    pub well: bool,
}

/// Makes what is missing and compares what is there.
pub async fn create(args: TopicsCreate) -> Result<Made, Box<dyn Error>> {
    let common = CommonArgs {
        kafka_brokers: Some(args.kafka_brokers),
        kafka_properties: args.kafka_properties,
        ..CommonArgs::default()
    }
    .validate()?;
    let EventLog::Kafka(brokers) = &common.event_log else {
        return Err("--kafka-brokers: name the brokers, e.g. localhost:9092".into());
    };
    if args.copies > 1 && args.min_insync >= args.copies {
        return Err(format!(
            "--min-insync {}: with as many of {} copies no broker may be missing; give less",
            args.min_insync, args.copies
        )
        .into());
    }
    let mut options = kafka_options(brokers, &common.kafka_properties);
    options.replication = Some(args.copies);
    options.min_insync = Some(args.min_insync.min(args.copies));
    let log = KafkaLog::new(options)?;
    let topics = catalogue::topics();
    log.ensure(&topics).await.map_err(|error| {
        format!(
            "{error}\n(with fewer than {} brokers, give --copies and --min-insync)",
            args.copies
        )
    })?;
    let differences = log.differences(&topics).await?.unwrap_or_default();
    let mut told = format!("{} topics are there:\n", topics.len());
    for spec in &topics {
        let _ = writeln!(
            told,
            "  {:<24} {} partitions",
            spec.topic.to_string(),
            spec.partitions
        );
    }
    for difference in &differences {
        let _ = writeln!(told, "WRONG {difference}");
    }
    told.push_str("\nThe least rights, for kafka-acls.sh --bootstrap-server … with each line behind it:\n");
    told.push_str(&rights(&args.principal));
    Ok(Made {
        well: differences.is_empty(),
        told,
    })
}

/// The rights of each service, a line of arguments of `kafka-acls` each. A service alone writes its events, replies and
/// dead letters; all read everybody's events and replies, and write everybody's commands. Each may see how all topics
/// are set up, for `interstate doctor`, which any of them answers.
pub fn rights(principal: &str) -> String {
    let (services, topics) = (catalogue::services(), catalogue::topics());
    let mut told = String::new();
    for service in &services {
        let (own, who) = (service.name(), principal.replace("{service}", service.name()));
        let mut permit = |operations: &[&str], resource: &str| {
            let operations: String = operations
                .iter()
                .map(|operation| format!(" --operation {operation}"))
                .collect();
            let _ = writeln!(told, "--add --allow-principal {who}{operations} {resource}");
        };
        let mut by_right: BTreeMap<&[&str], Vec<String>> = BTreeMap::new();
        for spec in &topics {
            let operations: &[&str] = match spec.topic.kind {
                _ if spec.topic.service == own => &["Read", "Write", "DescribeConfigs"],
                TopicKind::Events | TopicKind::Replies => &["Read", "DescribeConfigs"],
                TopicKind::Commands => &["Write", "DescribeConfigs"],
                TopicKind::DeadLetters | TopicKind::Fixes => &["Describe", "DescribeConfigs"],
            };
            let named = by_right.entry(operations).or_default();
            named.push(format!("--topic {}", spec.topic));
        }
        for (operations, topics) in by_right {
            permit(operations, &topics.join(" "));
        }
        permit(&["Describe"], &format!("--group {READERS}"));
        if !service.only_reads() {
            permit(&["Read"], &format!("--group {own}"));
            let producers = format!("--transactional-id {own}- --resource-pattern-type prefixed");
            permit(&["Write"], &producers);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::rights;

    #[test]
    fn a_service_alone_writes_its_events_and_analytics_writes_commands_only() {
        let all = rights("User:{service}");
        let may = |who: &str, operation: &str, topic: &str| {
            let (who, topic) = (
                format!("--allow-principal User:{who} "),
                format!("--topic {topic}"),
            );
            let operation = format!("--operation {operation} ");
            all.lines()
                .any(|line| line.contains(&who) && line.contains(&operation) && line.contains(&topic))
        };
        for service in ["user", "booking", "location", "driver", "payment", "analytics"] {
            assert!(may(service, "Read", "booking.events"), "{service}");
            assert!(may(service, "Write", "payment.commands"), "{service}");
            assert_eq!(
                may(service, "Write", "booking.events"),
                service == "booking",
                "{service}"
            );
            assert_eq!(
                may(service, "Write", "location.fixes"),
                service == "location",
                "{service}"
            );
            assert_eq!(
                may(service, "Read", "driver.dead-letters"),
                service == "driver",
                "{service}"
            );
        }
        assert!(all.contains("User:payment --operation Write --transactional-id payment- "));
        assert!(!all.contains("--group analytics"));
    }
}
