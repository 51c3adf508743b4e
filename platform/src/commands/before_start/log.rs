//! The log: the folder of the embedded one, or Kafka with its topics.

use super::{
    folders::free_bytes,
    look::{Look, blocking},
    plan::Plan,
};
use crate::{catalogue, node::kafka_options};
use interstate_config::{Broker, EventLog, KafkaProperties};
use interstate_log::{
    LogError,
    embedded::{EmbeddedLog, Options},
    kafka::{Difference, KafkaLog},
};
use std::{path::PathBuf, time::Duration};

/// Whoever looks has less patience than whoever serves.
const REACHED_WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn look(plan: &Plan) -> Vec<Look> {
    match &plan.common.event_log {
        EventLog::Embedded => embedded(plan.common.data_dir.join("log")).await,
        EventLog::Kafka(brokers) => vec![kafka(brokers, &plan.common.kafka_properties).await],
    }
}

async fn embedded(folder: PathBuf) -> Vec<Look> {
    blocking("the log", move || {
        let found = EmbeddedLog::look(&Options::new(&folder)).map_err(|error| match error {
            LogError::InUse(_) => format!("{error}; stop that one, or name another folder in DATA_DIR"),
            LogError::Full(_) => {
                format!("{error}; make room, or name a folder on another disk in DATA_DIR")
            }
            error => error.to_string(),
        });
        let found = found.map(|free| format!("embedded in {}, {}", folder.display(), free_bytes(free)));
        vec![Look::of("the log", found)]
    })
    .await
}

async fn kafka(brokers: &[Broker], properties: &KafkaProperties) -> Look {
    let mut options = kafka_options(brokers, properties);
    options.reach_timeout = REACHED_WITHIN;
    options.settle_timeout = REACHED_WITHIN;
    let what = format!("Kafka at {}", options.brokers);
    let topics = catalogue::topics();
    let compared = async { KafkaLog::new(options)?.compare(&topics).await };
    match compared.await {
        Ok(differences) => judge(what, topics.len(), &differences),
        Err(error) => Look::wrong(what, error),
    }
}

/// Topics that are missing are made at the start, if not as well as by an administrator.
fn judge(what: String, topics: usize, differences: &[Difference]) -> Look {
    let is_missing = |difference: &&Difference| matches!(difference, Difference::Missing(_));
    let missing = differences.iter().filter(is_missing).count();
    if missing < differences.len() {
        let told = differences.iter().map(|difference| match difference {
            Difference::Missing(_) => format!("{difference}; `interstate topics create` makes it"),
            Difference::Other(_) => format!(
                "{difference}; the brokers' tools change it, but for a number of partitions (`interstate topics grow` says why)"
            ),
        });
        return Look::all_wrong(what, told.collect());
    }
    match missing {
        0 => Look::well(
            what,
            format!("all {topics} topics are as `interstate topics create` makes them"),
        ),
        missing => Look::open(
            what,
            format!(
                "{missing} of {topics} topics are missing: run `interstate topics create`, or the services make them with \
                 the brokers' own number of copies where they have the right to"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_topics_stop_no_start_and_other_differences_do() {
        let missing = Difference::Missing("booking.events".to_owned());
        let other = Difference::Other("topic user.events: the number of partitions is 7".to_owned());
        let judged = |differences: &[Difference]| judge("Kafka".to_owned(), 9, differences);
        assert!(judged(&[]).to_string().starts_with("ok "));
        let open = judged(std::slice::from_ref(&missing));
        assert!(
            !open.is_wrong() && open.to_string().contains("1 of 9 topics are missing"),
            "{open}"
        );
        let wrong = judged(&[missing, other]);
        assert!(wrong.is_wrong(), "{wrong}");
        let told = wrong.to_string();
        assert!(
            told.contains("booking.events does not exist") && told.contains("is 7"),
            "{told}"
        );
    }
}
