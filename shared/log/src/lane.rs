//! A way past the broker for commands to a partition that the same process decides for: from memory to memory, as
//! on the embedded log. A command that goes this way is its sender's until the receiver's batch is durable.
//!
//! Records of one sender must not overtake each other where one went by way of the topic and the next did not. So a
//! sender takes the lane only once the receiver has read all that the sender, or whoever sent for it before, has in
//! the topic; and once something was lost with a lane, the sender has failed, as with a broken connection.

use crate::{
    Chunk, Delivery, LogError, Reader, Record, Stored, Topic, lock,
    queue::{Queue, QueueReader},
};
use async_trait::async_trait;
use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

/// Commands that wait in one lane before the edge is told to try later.
const CAPACITY: usize = 1_000;
/// It is not known what a sender has in the topic.
const UNKNOWN: u64 = u64::MAX;

/// The lanes of one process, by topic and partition. Clones share them.
#[derive(Clone, Default)]
pub struct Lanes {
    open: Arc<Mutex<BTreeMap<(Topic, u32), Arc<Lane>>>>,
}

/// The way to one partition, as long as its reader lives.
pub struct Lane {
    queue: Arc<Queue>,
    /// Where the receiver reads on in the topic.
    read: AtomicU64,
}

impl Lane {
    /// Whether the receiver has read the topic up to `end`. The topic's first record goes the long way: what comes
    /// directly needs the place of one that is there.
    fn has_read(&self, end: u64) -> bool {
        let read = self.read.load(Ordering::SeqCst);
        read > 0 && read >= end
    }
}

impl Lanes {
    fn get(&self, topic: &Topic, partition: u32) -> Option<Arc<Lane>> {
        lock(&self.open).get(&(topic.clone(), partition)).cloned()
    }

    /// Hands a record over where there is a lane, without keeping an order with others of the same sender; gives it
    /// back where there is none.
    ///
    /// # Errors
    /// [`LogError::Overloaded`].
    pub fn try_push(
        &self,
        topic: &Topic,
        partition: u32,
        record: Record,
    ) -> Result<Result<Delivery, Record>, LogError> {
        match self.get(topic, partition) {
            Some(lane) if lane.has_read(0) && !lane.queue.is_closed() => lane.queue.try_push(record).map(Ok),
            _ => Ok(Err(record)),
        }
    }
}

/// What a sender has put into one partition of a topic.
pub struct Behind {
    under_way: AtomicUsize,
    /// Behind the last of its records there, and of those sent for it before.
    end: AtomicU64,
}

impl Behind {
    /// A record leaves for the topic.
    pub fn sent(&self) {
        self.under_way.fetch_add(1, Ordering::SeqCst);
    }

    /// It did not leave after all.
    pub fn not_sent(&self) {
        self.under_way.fetch_sub(1, Ordering::SeqCst);
    }

    /// It stands there, at this offset where the broker has told it.
    pub fn arrived(&self, offset: Option<u64>) {
        match offset {
            // What is not known stays so: the topic is asked.
            Some(offset) if self.end.load(Ordering::SeqCst) != UNKNOWN => {
                self.end.fetch_max(offset + 1, Ordering::SeqCst);
            }
            _ => self.end.store(UNKNOWN, Ordering::SeqCst),
        }
        self.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Where the next record of a sender goes.
pub enum Way {
    /// Past the broker.
    Lane(Arc<Lane>),
    /// Into the topic, and this hears of it.
    Topic(Arc<Behind>),
}

impl Lane {
    /// Queues a record; waits while the lane is full.
    ///
    /// # Errors
    /// [`LogError::Closed`]: its reader is gone.
    pub async fn push(&self, record: Record) -> Result<Delivery, LogError> {
        self.queue.push(record).await
    }
}

/// The ways of one sender into one topic.
pub struct Ways {
    lanes: Lanes,
    topic: Topic,
    partitions: BTreeMap<u32, (Option<Arc<Lane>>, Arc<Behind>)>,
}

impl Ways {
    /// A new sender's: it goes by way of the topic at first.
    pub fn new(lanes: Lanes, topic: Topic) -> Self {
        Self {
            lanes,
            topic,
            partitions: BTreeMap::new(),
        }
    }

    /// The way of the next record. `end` tells where the partition of the topic ends.
    ///
    /// # Errors
    /// [`LogError::Closed`]: records may have been lost with a lane. This sender must be replaced.
    pub async fn choose<E>(&mut self, partition: u32, end: impl FnOnce() -> E) -> Result<Way, LogError>
    where
        E: Future<Output = Result<u64, LogError>>,
    {
        let (taken, behind) = self.partitions.entry(partition).or_insert_with(|| {
            let behind = Behind {
                under_way: AtomicUsize::new(0),
                end: AtomicU64::new(UNKNOWN),
            };
            (None, Arc::new(behind))
        });
        if let Some(lane) = taken {
            return if lane.queue.is_closed() {
                Err(LogError::Closed)
            } else {
                Ok(Way::Lane(lane.clone()))
            };
        }
        let topic = Way::Topic(behind.clone());
        let Some(lane) = self.lanes.get(&self.topic, partition) else {
            return Ok(topic);
        };
        if behind.under_way.load(Ordering::SeqCst) > 0 {
            return Ok(topic);
        }
        if behind.end.load(Ordering::SeqCst) == UNKNOWN {
            match end().await {
                Ok(end) => behind.end.store(end, Ordering::SeqCst),
                // The topic's own sender says what is wrong.
                Err(_) => return Ok(topic),
            }
        }
        if !lane.has_read(behind.end.load(Ordering::SeqCst)) {
            return Ok(topic);
        }
        *taken = Some(lane.clone());
        Ok(Way::Lane(lane))
    }
}

/// Reads a partition of a commands topic and, once it is told to, what comes directly.
pub struct LaneReader {
    topic: Box<dyn Reader>,
    lanes: Lanes,
    place: (Topic, u32),
    /// Where reading the topic goes on.
    next: u64,
    lane: Option<Open>,
    /// What was returned and is not handled, as runs of records that came in the same way.
    unhandled: VecDeque<(Came, usize)>,
    /// Which of the two is looked at first: in turns, so that a flood of one does not hold the other up.
    lane_first: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    ByTopic,
    Directly,
}

/// A lane and its end in this reader.
struct Open {
    lane: Arc<Lane>,
    queue: QueueReader,
}

impl LaneReader {
    /// Over a reader of the topic that begins at `from`.
    pub fn new(topic: Box<dyn Reader>, lanes: Lanes, place: (Topic, u32), from: u64) -> Self {
        Self {
            topic,
            lanes,
            place,
            next: from,
            lane: None,
            unhandled: VecDeque::new(),
            lane_first: false,
        }
    }

    fn returned(&mut self, came: Came, count: usize) {
        match self.unhandled.back_mut() {
            Some((last, run)) if *last == came => *run += count,
            _ if count > 0 => self.unhandled.push_back((came, count)),
            _ => {}
        }
    }

    /// Adds what waits in the lane; each has the place of the last record of the topic.
    fn take_directly_come(&mut self, records: &mut Vec<Stored>, max: usize) {
        if let Some(open) = &mut self.lane
            && let Some(offset) = self.next.checked_sub(1)
        {
            let room = max.saturating_sub(records.len());
            let came = open.queue.take(room).into_iter();
            let before = records.len();
            records.extend(came.map(|stored| Stored { offset, ..stored }));
            let count = records.len() - before;
            self.returned(Came::Directly, count);
        }
    }

    fn read_on(&mut self, chunk: &Chunk) {
        self.next = chunk.next;
        self.returned(Came::ByTopic, chunk.records.len());
        if let Some(open) = &self.lane {
            open.lane.read.store(self.next, Ordering::SeqCst);
        }
    }
}

#[async_trait]
impl Reader for LaneReader {
    async fn next(&mut self, max: usize) -> Result<Chunk, LogError> {
        let lane_first = !self.lane_first;
        self.lane_first = lane_first;
        let chunk = {
            let filled = async {
                match &mut self.lane {
                    Some(open) if self.next > 0 => open.queue.filled().await,
                    _ => std::future::pending().await,
                }
            };
            let topic = self.topic.next(max);
            if lane_first {
                tokio::select! { biased; () = filled => None, chunk = topic => Some(chunk?) }
            } else {
                tokio::select! { biased; chunk = topic => Some(chunk?), () = filled => None }
            }
        };
        let mut chunk = match chunk {
            Some(chunk) => {
                self.read_on(&chunk);
                chunk
            }
            None => Chunk {
                records: Vec::new(),
                next: self.next,
            },
        };
        self.take_directly_come(&mut chunk.records, max);
        Ok(chunk)
    }

    async fn poll(&mut self, max: usize) -> Result<Chunk, LogError> {
        // At least half of it for each.
        let mut chunk = self.topic.poll(max.div_ceil(2)).await?;
        self.read_on(&chunk);
        self.take_directly_come(&mut chunk.records, max);
        Ok(chunk)
    }

    fn handled(&mut self, mut count: usize) {
        while count > 0
            && let Some((came, run)) = self.unhandled.front_mut()
        {
            let now = count.min(*run);
            if let (Came::Directly, Some(open)) = (*came, &mut self.lane) {
                open.queue.handled(now);
            }
            count -= now;
            *run -= now;
            if *run == 0 {
                self.unhandled.pop_front();
            }
        }
    }

    fn take_directly(&mut self) {
        if self.lane.is_some() {
            return;
        }
        let (topic, partition) = &self.place;
        let queue = Arc::new(Queue::new(format!("{topic}/{partition}"), CAPACITY));
        let lane = Arc::new(Lane {
            queue: queue.clone(),
            read: AtomicU64::new(self.next),
        });
        lock(&self.lanes.open).insert(self.place.clone(), lane.clone());
        self.lane = Some(Open {
            lane,
            queue: QueueReader::new(queue),
        });
    }
}

impl Drop for LaneReader {
    fn drop(&mut self) {
        if let Some(Open { lane, .. }) = self.lane.take() {
            lane.queue.close();
            let mut open = lock(&self.lanes.open);
            // A new owner's reader may be there before the old one's is gone.
            if open
                .get(&self.place)
                .is_some_and(|known| Arc::ptr_eq(known, &lane))
            {
                open.remove(&self.place);
            }
        }
    }
}
