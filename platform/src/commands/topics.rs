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

/// Why a service's partitions do not become more, and what to do instead.
///
/// # Errors
/// The refusal, always; another one where there is no such service.
pub fn grow(service: &str) -> Result<(), String> {
    let services = catalogue::services();
    let Some(found) = services.iter().find(|known| known.name() == service) else {
        let names: Vec<&str> = services.iter().map(|known| known.name()).collect();
        return Err(format!(
            "there is no service `{service}`; there are {}",
            names.join(", ")
        ));
    };
    if found.only_reads() {
        return Err(format!(
            "{service} only reads the events of others and has no partitions: start more instances of it"
        ));
    }
    let count = found.partition_count();
    Err(format!(
        "{service} has {count} partitions, and they stay {count}; nothing was changed.\n\
         The number says in which partition a key is. There stand the order of its events, its state, the memory of its \
         commands and the numbers of its messages: with another number, keys would be looked for where their past is \
         not. Do not add partitions with the brokers' tools either: services refuse to start on them.\n\
         What works:\n\
         - Run up to {count} instances of {service}: they share the partitions, and no two decide for the same one.\n\
         - Give a partition's owner faster cores and a faster disk: batches grow with the load.\n\
         - Look with `interstate doctor` at the oldest command of each partition: while those are young, more partitions \
         would change nothing.\n\
         - Beyond that, run a deployment for each region, each with a log of its own: a trip belongs to one."
    ))
}

/// The rights of each service, a line of arguments of `kafka-acls` each. A service alone writes its events, replies and
/// dead letters; all read everybody's events and replies, and all but those that only read write everybody's commands.
/// Each may see how all topics are set up, for `interstate doctor`, which any of them answers.
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
                TopicKind::Commands if !service.only_reads() => &["Write", "DescribeConfigs"],
                TopicKind::Commands | TopicKind::DeadLetters | TopicKind::Fixes => {
                    &["Describe", "DescribeConfigs"]
                }
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
    use super::{grow, rights};

    #[test]
    fn why_partitions_do_not_grow_is_told_with_what_works() {
        let refused = grow("booking").unwrap_err();
        for part in [
            "booking has 4 partitions",
            "nothing was changed",
            "Run up to 4 instances",
        ] {
            assert!(refused.contains(part), "{refused}");
        }
        assert!(grow("analytics").unwrap_err().contains("has no partitions"));
        assert!(
            grow("bookings")
                .unwrap_err()
                .contains("there is no service `bookings`")
        );
    }

    #[test]
    fn a_service_alone_writes_its_events_and_analytics_writes_nothing() {
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
            assert_eq!(
                may(service, "Write", "payment.commands"),
                service != "analytics",
                "{service}"
            );
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
