//! Exchanges and queues. All are durable, all queues are quorum queues, and every length is bounded.

use super::Options;
use lapin::types::{AMQPValue, FieldTable};
use std::time::Duration;

/// Jobs put aside that are kept; beyond that the oldest goes.
const MOST_DEAD: u32 = 10_000;

/// Everything that a queue of jobs consists of on a broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// In front of the queues.
    pub exchanges: Vec<Exchange>,
    /// Jobs for workers.
    pub ready: Queue,
    /// Jobs that wait for their time, shortest first.
    pub later: Vec<(Duration, Queue)>,
    /// Jobs that were put aside.
    pub dead: Queue,
}

/// An exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its name.
    pub name: String,
    /// `direct` or `fanout`.
    pub kind: &'static str,
}

/// A queue, bound to an exchange by its own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// The exchange that it is bound to.
    pub exchange: String,
    /// Its arguments.
    pub arguments: Vec<(&'static str, Argument)>,
}

/// An argument of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A word.
    Text(String),
    /// A number.
    Number(u32),
}

impl Topology {
    /// What these options say.
    pub fn of(options: &Options) -> Self {
        let ready = options.queue.clone();
        let (later, dead) = (format!("{ready}.later"), format!("{ready}.dead"));
        let text = |text: &str| Argument::Text(text.to_owned());
        // A dead letter leaves its queue only once the next one has it: so none is lost between two queues.
        let bounded = |most| {
            vec![
                ("x-queue-type", text("quorum")),
                ("x-max-length", Argument::Number(most)),
                ("x-overflow", text("reject-publish")),
                ("x-dead-letter-strategy", text("at-least-once")),
            ]
        };
        let mut of_ready = bounded(options.most_waiting);
        of_ready.push(("x-dead-letter-exchange", text(&dead)));
        of_ready.push(("x-delivery-limit", Argument::Number(options.deliveries)));
        let waits = options.delays.iter().map(|delay| {
            let millis = u32::try_from(delay.as_millis()).unwrap_or(u32::MAX);
            let mut arguments = bounded(options.most_waiting);
            arguments.push(("x-message-ttl", Argument::Number(millis)));
            arguments.push(("x-dead-letter-exchange", text(&ready)));
            arguments.push(("x-dead-letter-routing-key", text(&ready)));
            let queue = Queue {
                name: format!("{later}.{millis}ms"),
                exchange: later.clone(),
                arguments,
            };
            (*delay, queue)
        });
        let waits = waits.collect();
        let exchange = |name: &String, kind| Exchange {
            name: name.clone(),
            kind,
        };
        Self {
            exchanges: vec![
                exchange(&ready, "direct"),
                exchange(&later, "direct"),
                exchange(&dead, "fanout"),
            ],
            dead: Queue {
                name: dead.clone(),
                exchange: dead,
                arguments: vec![
                    ("x-queue-type", text("quorum")),
                    ("x-max-length", Argument::Number(MOST_DEAD)),
                    ("x-overflow", text("drop-head")),
                ],
            },
            ready: Queue {
                name: ready.clone(),
                exchange: ready,
                arguments: of_ready,
            },
            later: waits,
        }
    }

    /// The queue for this wait: the first that is not shorter, or the longest. Nothing where there are no waits.
    pub fn wait(&self, after: Duration) -> Option<&Queue> {
        let enough = self.later.iter().find(|(delay, _)| *delay >= after);
        enough.or(self.later.last()).map(|(_, queue)| queue)
    }

    /// All queues.
    pub fn queues(&self) -> impl Iterator<Item = &Queue> {
        let later = self.later.iter().map(|(_, queue)| queue);
        [&self.ready, &self.dead].into_iter().chain(later)
    }
}

impl Queue {
    pub(super) fn table(&self) -> FieldTable {
        let mut table = FieldTable::default();
        for (name, value) in &self.arguments {
            let value = match value {
                Argument::Text(text) => AMQPValue::LongString(text.as_str().into()),
                Argument::Number(number) => AMQPValue::LongLongInt(i64::from(*number)),
            };
            table.insert((*name).into(), value);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_shorter_than_asked_but_for_the_longest() {
        let topology = Topology::of(&Options::new("q"));
        let wait = |millis| topology.wait(Duration::from_millis(millis)).unwrap().name.clone();
        assert_eq!(wait(0), "q.later.200ms");
        assert_eq!(wait(201), "q.later.1000ms");
        assert_eq!(wait(60_000), "q.later.30000ms");
    }

    /// The page names every exchange, queue and argument as it is made.
    #[test]
    fn the_page_says_what_is_made() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/data/rabbitmq.md");
        let page = std::fs::read_to_string(page).unwrap();
        let topology = Topology::of(&Options::new("payment.jobs"));
        for Exchange { name, kind } in &topology.exchanges {
            let line = format!("| `{name}` | {kind} |");
            assert!(page.contains(&line), "docs/data/rabbitmq.md lacks {line}");
        }
        for queue in topology.queues() {
            let line = page
                .lines()
                .find(|line| line.starts_with(&format!("| `{}` | `{}` |", queue.name, queue.exchange)));
            let line = line.unwrap_or_else(|| {
                panic!("docs/data/rabbitmq.md lacks {} of {}", queue.name, queue.exchange)
            });
            for (name, value) in &queue.arguments {
                let value = match value {
                    Argument::Text(text) => format!("`{name}={text}`"),
                    Argument::Number(number) => format!("`{name}={number}`"),
                };
                assert!(
                    line.contains(&value),
                    "docs/data/rabbitmq.md lacks {value} of {}",
                    queue.name
                );
            }
        }
    }
}
