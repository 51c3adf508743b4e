//! Where topics differ from how they would be created, and from what makes what is acknowledged outlive a broker.

use super::{
    Options,
    client::{self, Faults},
    errors,
    topics::{self, MIN_INSYNC, Standing},
};
use crate::{LogError, TopicSpec};
use rdkafka::{admin::ResourceSpecifier, consumer::BaseConsumer};
use std::{collections::BTreeMap, fmt};

/// From so many brokers on, one may be lost without loss or stop: three copies, of which two must have a record.
const SAFE_COPIES: usize = 3;

/// How the brokers keep a topic otherwise than it would be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// There is no topic of this name.
    Missing(String),
    /// There is one: a sentence.
    Other(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "topic {name} does not exist"),
            Self::Other(sentence) => f.write_str(sentence),
        }
    }
}

/// What the brokers say of a topic.
struct Found {
    standing: Standing,
    settings: BTreeMap<String, String>,
}

/// Every difference; nothing where all is as it ought to be.
pub(super) fn differences(
    asking: &BaseConsumer<Faults>,
    options: &Options,
    specs: &[TopicSpec],
) -> Result<Vec<Difference>, LogError> {
    let mut found = BTreeMap::new();
    for spec in specs {
        let name = options.topic(&spec.topic);
        if let Some(standing) = topics::standing(asking, options, &name)? {
            let settings = BTreeMap::new();
            found.insert(name, Found { standing, settings });
        }
    }
    describe(options, &mut found)?;
    let of_topic = |spec: &TopicSpec| {
        let name = options.topic(&spec.topic);
        match found.get(&name) {
            Some(found) => judge(options, spec, found)
                .into_iter()
                .map(Difference::Other)
                .collect(),
            None => vec![Difference::Missing(name)],
        }
    };
    Ok(specs.iter().flat_map(of_topic).collect())
}

/// Fills in what the brokers say of each topic's settings.
fn describe(options: &Options, found: &mut BTreeMap<String, Found>) -> Result<(), LogError> {
    if found.is_empty() {
        return Ok(());
    }
    let (admin, within) = client::admin(options)?;
    let names: Vec<String> = found.keys().cloned().collect();
    let asked: Vec<ResourceSpecifier<'_>> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
    let answers = futures::executor::block_on(admin.describe_configs(&asked, &within)).map_err(|error| {
        let reason = admin.inner().context().last();
        errors::question(options, "the topics' settings", &error, reason)
    })?;
    for (name, answer) in names.iter().zip(answers) {
        let answer =
            answer.map_err(|code| LogError::Other(format!("the settings of topic {name}: {code}")))?;
        let settings = answer
            .entries
            .into_iter()
            .filter_map(|entry| Some((entry.name, entry.value?)));
        if let Some(found) = found.get_mut(name) {
            found.settings = settings.collect();
        }
    }
    Ok(())
}

fn judge(options: &Options, spec: &TopicSpec, found: &Found) -> Vec<String> {
    let name = options.topic(&spec.topic);
    let Standing {
        partitions,
        copies,
        brokers,
    } = found.standing;
    let mut told = Vec::new();
    let mut differs = |what: &str, is: &str, ought: &str| {
        told.push(format!("topic {name}: {what} is {is} and ought to be {ought}"));
    };
    if partitions != spec.partitions {
        let (is, ought) = (partitions.to_string(), spec.partitions.to_string());
        differs("the number of partitions", &is, &ought);
    }
    let of = |setting: &str| found.settings.get(setting).map(String::as_str);
    for (setting, ought) in topics::settings(options, spec.topic.kind) {
        if setting != MIN_INSYNC && of(setting) != Some(ought.as_str()) {
            differs(setting, of(setting).unwrap_or("not known"), &ought);
        }
    }
    let in_sync = of(MIN_INSYNC)
        .and_then(|text| text.parse::<usize>().ok())
        .unwrap_or(1);
    if brokers >= SAFE_COPIES {
        if copies < SAFE_COPIES {
            differs(
                "the number of copies",
                &copies.to_string(),
                "3, or a lost broker is lost records",
            );
        }
        if in_sync < 2 {
            differs(
                MIN_INSYNC,
                &in_sync.to_string(),
                "2, or what is acknowledged may have one copy only",
            );
        }
    }
    if copies > 1 && in_sync >= copies {
        let ought = format!(
            "less than the {} copies, or one lost broker stops all writing",
            copies
        );
        differs(MIN_INSYNC, &in_sync.to_string(), &ought);
    }
    if of("unclean.leader.election.enable") == Some("true") {
        differs(
            "unclean.leader.election.enable",
            "true",
            "false, or acknowledged records are lost",
        );
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Topic;

    fn spec() -> TopicSpec {
        TopicSpec {
            topic: Topic::events("booking"),
            partitions: 6,
        }
    }

    /// As it is created on three brokers.
    fn created(options: &Options) -> Found {
        let mut settings: BTreeMap<String, String> = topics::settings(options, spec().topic.kind)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        settings.insert(MIN_INSYNC.to_owned(), "2".to_owned());
        settings.insert("unclean.leader.election.enable".to_owned(), "false".to_owned());
        let standing = Standing {
            partitions: 6,
            copies: 3,
            brokers: 3,
        };
        Found { standing, settings }
    }

    #[test]
    fn a_topic_as_it_is_created_differs_in_nothing_and_each_difference_is_told() {
        let options = Options::new("localhost:9092");
        assert_eq!(judge(&options, &spec(), &created(&options)), [""; 0]);
        type Change = fn(&mut Found);
        let changes: [(Change, &str); 7] = [
            (
                |found| found.standing.partitions = 7,
                "partitions is 7 and ought to be 6",
            ),
            (|found| found.standing.copies = 1, "copies is 1 and ought to be 3"),
            (
                |found| found.standing.copies = 2,
                "min.insync.replicas is 2 and ought to be less than the 2 copies",
            ),
            (
                |found| drop(found.settings.insert(MIN_INSYNC.into(), "1".into())),
                "min.insync.replicas is 1 and ought to be 2",
            ),
            (
                |found| drop(found.settings.insert("retention.ms".into(), "604800000".into())),
                "retention.ms is 604800000 and ought to be -1",
            ),
            (
                |found| drop(found.settings.insert("cleanup.policy".into(), "compact".into())),
                "cleanup.policy is compact and ought to be delete",
            ),
            (
                |found| {
                    drop(
                        found
                            .settings
                            .insert("unclean.leader.election.enable".into(), "true".into()),
                    )
                },
                "unclean.leader.election.enable is true",
            ),
        ];
        for (change, told) in changes {
            let mut found = created(&options);
            change(&mut found);
            let all = judge(&options, &spec(), &found).join("\n");
            assert!(all.contains(told), "{told}: {all}");
        }
    }

    #[test]
    fn one_broker_has_one_copy_and_that_is_no_difference() {
        let options = Options::new("localhost:9092");
        let mut found = created(&options);
        found.standing.copies = 1;
        found.standing.brokers = 1;
        found.settings.insert(MIN_INSYNC.into(), "1".into());
        assert_eq!(judge(&options, &spec(), &found), [""; 0]);
    }
}
