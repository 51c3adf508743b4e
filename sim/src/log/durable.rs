//! Senders into durable topics: what they queue arrives late, twice, or not at all, but never out of order.

use super::{Cluster, SimLog, partition::Partition};
use crate::{here::Here, sim::lock};
use async_trait::async_trait;
use interstate_log::{
    Delivery, LogError, Record, Sender, Topic, TopicKind,
    lane::{Behind, Lanes, Way, Ways},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::sync::oneshot;

/// What a sender and its records under way share.
#[derive(Default)]
struct Link {
    /// Nothing of this sender arrives any more.
    broken: bool,
    /// When the last record arrives at each partition.
    last: BTreeMap<u32, u64>,
}

pub(super) struct DurableSender {
    cluster: Arc<Cluster>,
    here: Here,
    topic: Topic,
    link: Arc<Mutex<Link>>,
    /// Past the brokers, where the topic has such ways.
    ways: Option<(Lanes, Ways)>,
    /// What is under way when it ends never arrives.
    purges: bool,
}

struct UnderWay {
    here: Here,
    topic: Topic,
    partition: Arc<Partition>,
    index: u32,
    record: Record,
    link: Arc<Mutex<Link>>,
    behind: Option<Arc<Behind>>,
    told: oneshot::Sender<Result<(), LogError>>,
}

impl DurableSender {
    pub(super) fn new(cluster: Arc<Cluster>, here: Here, topic: Topic) -> Self {
        let ways = (topic.kind == TopicKind::Commands).then(|| {
            let lanes = cluster.lanes(here.process);
            (lanes.clone(), Ways::new(lanes, topic.clone()))
        });
        Self {
            ways,
            purges: here.sim.draw(|rng| rng.once_in(2)),
            cluster,
            here,
            topic,
            link: Arc::default(),
        }
    }
}

impl Drop for DurableSender {
    /// What is still under way may arrive after its sender's end.
    fn drop(&mut self) {
        if self.purges {
            lock(&self.link).broken = true;
        }
    }
}

#[async_trait]
impl Sender for DurableSender {
    async fn send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        if self.here.sim.draw(|rng| rng.once_in(4)) {
            self.here.pass().await;
        }
        SimLog::check_size(&record)?;
        let stored = self.cluster.partition(&self.topic, partition)?;
        let here = &self.here;
        let end = || async move {
            here.pass().await;
            Ok(stored.end())
        };
        let way = match &mut self.ways {
            Some((_, ways)) => Some(ways.choose(partition, end).await?),
            None => None,
        };
        match way {
            Some(Way::Lane(lane)) => lane.push(record).await,
            Some(Way::Topic(behind)) => self.queue(partition, record, Some(behind)),
            None => self.queue(partition, record, None),
        }
    }

    fn try_send(&mut self, partition: u32, record: Record) -> Result<Delivery, LogError> {
        if self.here.sim.strikes(|faults| faults.full) {
            return Err(LogError::Overloaded(self.topic.to_string()));
        }
        SimLog::check_size(&record)?;
        self.cluster.partition(&self.topic, partition)?;
        let record = match &self.ways {
            Some((lanes, _)) => match lanes.try_push(&self.topic, partition, record)? {
                Ok(delivery) => return Ok(delivery),
                Err(record) => record,
            },
            None => record,
        };
        self.queue(partition, record, None)
    }
}

impl DurableSender {
    fn queue(
        &mut self,
        index: u32,
        record: Record,
        behind: Option<Arc<Behind>>,
    ) -> Result<Delivery, LogError> {
        let partition = self.cluster.partition(&self.topic, index)?;
        let sim = &self.here.sim;
        let micros = if sim.strikes(|faults| faults.late_record) {
            sim.draw(|rng| rng.between(10_000, 5_000_000))
        } else {
            sim.draw(|rng| rng.between(50, 3_000))
        };
        let at = {
            let mut link = lock(&self.link);
            if link.broken {
                return Err(LogError::Other("this sender has failed".into()));
            }
            let last = link.last.entry(index).or_default();
            *last = (*last + 1).max(sim.now() + micros * 1_000);
            *last
        };
        if let Some(behind) = &behind {
            behind.sent();
        }
        let (told, delivery) = oneshot::channel();
        let under_way = UnderWay {
            here: self.here.clone(),
            topic: self.topic.clone(),
            partition,
            index,
            record,
            link: self.link.clone(),
            behind,
            told,
        };
        sim.call_at(at, move || under_way.arrive());
        Ok(delivery)
    }
}

impl UnderWay {
    fn arrive(self) {
        let sim = self.here.sim.clone();
        let lost = || LogError::Other("a record was not delivered".into());
        if lock(&self.link).broken {
            let _ = self.told.send(Err(lost()));
            return;
        }
        let where_to = format!("{}/{}", self.topic, self.index);
        if sim.strikes(|faults| faults.lost_record) {
            sim.tell(|| format!("a record to {where_to} is lost"));
            lock(&self.link).broken = true;
            let _ = self.told.send(Err(lost()));
        } else if sim.strikes(|faults| faults.gap) {
            sim.tell(|| format!("a record to {where_to} is lost, and the next ones are not"));
            let _ = self.told.send(Err(lost()));
            let link = self.link;
            sim.call_at(sim.now() + 3_000_000, move || lock(&link).broken = true);
        } else if sim.strikes(|faults| faults.lost_ack) {
            sim.tell(|| format!("a record reaches {where_to}, and its sender is told that it did not"));
            self.partition.append(self.record);
            lock(&self.link).broken = true;
            let _ = self.told.send(Err(lost()));
        } else {
            sim.tell(|| {
                format!(
                    "{where_to} gets a record for {}",
                    String::from_utf8_lossy(&self.record.key)
                )
            });
            let offset = self.partition.append(self.record);
            if let Some(behind) = self.behind {
                behind.arrived(Some(offset));
            }
            let after = sim.draw(|rng| rng.between(10_000, 2_000_000));
            let told = self.told;
            sim.call_at(sim.now() + after, move || {
                let _ = told.send(Ok(()));
            });
        }
    }
}
