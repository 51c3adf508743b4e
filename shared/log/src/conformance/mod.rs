//! The suite that every adapter passes. It knows the port and nothing else: no runtime, no engine, no clock but
//! the harness's, so that the simulated log can run it in simulated time.

mod directly;
mod owning;
mod reading;
mod sending;
mod topics;
mod writing;

use crate::{Chunk, Log, LogError, PartitionId, Reader, Record, Stored, Topic, TopicKind, TopicSpec, Writer};
use async_trait::async_trait;
use bytes::Bytes;
use futures::{
    FutureExt,
    future::{BoxFuture, Either, select},
    pin_mut,
};
use std::{future::Future, sync::Arc, time::Duration};

/// What the suite needs to know about where it runs.
#[async_trait]
pub trait Harness: Send + Sync {
    /// An instance on the same storage, beside those that are open. Where one process must have the storage
    /// to itself it is the same instance again.
    async fn open(&self) -> Arc<dyn Log>;

    /// Every instance dies as it stands; what [`Harness::open`] gives next starts anew. The suite has let go of
    /// its own handles by then.
    async fn crash(&self);

    /// Sleeps, in whatever time the harness lives in.
    async fn sleep(&self, duration: Duration);

    /// A name of a service that nothing has used yet.
    fn service(&self) -> String;

    /// The largest record that the log takes, in bytes ([`Record::size`]).
    fn max_record(&self) -> usize;

    /// Whether two instances divide a service's partitions between them.
    fn members_share(&self) -> bool;
}

/// One promise of the port.
pub struct Case {
    /// Says what holds.
    pub name: &'static str,
    /// Panics where it does not.
    pub run: for<'a> fn(&'a dyn Harness) -> BoxFuture<'a, ()>,
}

macro_rules! cases {
    ($($module:ident :: $name:ident),* $(,)?) => {
        /// The whole suite, in the order in which a broken adapter is best understood.
        pub fn cases() -> Vec<Case> {
            vec![$(Case {
                name: stringify!($name),
                run: |harness| Box::pin($module::$name(harness)),
            }),*]
        }
    };
}

cases! {
    topics::ensure_creates_once_and_accepts_what_is_there,
    topics::another_number_of_partitions_is_refused,
    topics::an_unknown_topic_is_named,
    writing::a_batch_is_read_as_it_was_written,
    writing::offsets_grow_and_appends_return_their_end,
    writing::an_acknowledged_batch_survives_a_crash,
    writing::a_record_over_the_limit_takes_its_batch_with_it,
    writing::a_newer_writer_fences_the_older_one,
    writing::a_late_batch_of_a_zombie_is_never_seen,
    writing::a_batch_is_whole_or_absent_when_its_writer_dies,
    writing::partitions_do_not_mix,
    reading::an_empty_partition_ends_at_its_beginning,
    reading::reading_goes_on_from_any_position,
    reading::a_replay_reaches_the_end,
    reading::next_waits_for_what_comes,
    reading::a_dropped_read_loses_nothing,
    reading::a_chunk_is_no_larger_than_asked,
    reading::every_instance_reads_the_same,
    reading::a_reader_sees_what_every_next_writer_writes,
    sending::a_sender_keeps_the_order_of_each_partition,
    sending::what_is_sent_reaches_a_waiting_reader,
    sending::a_record_too_large_to_send_is_refused,
    sending::dead_letters_are_durable,
    directly::what_comes_directly_is_its_senders_until_it_is_handled,
    directly::what_comes_directly_overtakes_nothing_that_came_before,
    directly::what_a_reader_leaves_behind_is_told_or_comes_again,
    owning::a_lone_member_owns_every_partition,
    owning::two_members_share_and_hand_over,
}

/// Runs all of it, one after the other.
pub async fn all(harness: &dyn Harness) {
    for case in cases() {
        println!("conformance: {}", case.name);
        (case.run)(harness).await;
    }
}

/// Long enough for a takeover or a rebalance on a busy machine, short enough to end a hanging suite.
const PATIENCE: Duration = Duration::from_secs(60);

async fn within<T>(harness: &dyn Harness, what: &str, work: impl Future<Output = T> + Send) -> T {
    let late = harness.sleep(PATIENCE);
    pin_mut!(work, late);
    match select(work, late).await {
        Either::Left((value, _)) => value,
        Either::Right(_) => panic!("{what}: nothing came of it in {PATIENCE:?}"),
    }
}

/// What does not end is dropped after a while, and gives nothing.
async fn briefly<T>(harness: &dyn Harness, work: impl Future<Output = T> + Send) -> Option<T> {
    let late = harness.sleep(Duration::from_millis(300));
    pin_mut!(work, late);
    match select(work, late).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}

/// A service with two partitions of everything.
async fn service(harness: &dyn Harness, log: &dyn Log) -> String {
    let service = harness.service();
    ensure(log, &service, 2).await.expect("topics can be made");
    service
}

async fn ensure(log: &dyn Log, service: &str, partitions: u32) -> Result<(), LogError> {
    let specs: Vec<TopicSpec> = [TopicKind::Commands, TopicKind::Events, TopicKind::DeadLetters]
        .into_iter()
        .map(|kind| TopicSpec {
            topic: Topic::new(service.to_owned(), kind),
            partitions,
        })
        .collect();
    log.ensure(&specs).await
}

fn events(service: &str) -> Topic {
    Topic::events(service.to_owned())
}

async fn take_over(harness: &dyn Harness, log: &dyn Log, service: &str, partition: u32) -> Box<dyn Writer> {
    let id = PartitionId::new(service.to_owned(), partition);
    within(harness, "a takeover", log.take_over(&id))
        .await
        .expect("a takeover succeeds")
}

fn record(text: &str) -> Record {
    Record {
        key: Bytes::from_static(b"bkg_1"),
        headers: vec![("ce_type".into(), Bytes::from_static(b"booking.confirmed.v1"))],
        payload: Bytes::copy_from_slice(text.as_bytes()),
    }
}

fn batch(name: &str, size: usize) -> Vec<Record> {
    (0..size)
        .map(|index| record(&format!("{name}.{index}/{size}")))
        .collect()
}

fn texts(records: &[Stored]) -> Vec<String> {
    let text = |stored: &Stored| String::from_utf8_lossy(&stored.record.payload).into_owned();
    records.iter().map(text).collect()
}

/// Everything committed in a partition, read up to its end as a new owner does.
async fn replay(harness: &dyn Harness, log: &dyn Log, topic: &Topic, partition: u32) -> Vec<Stored> {
    let work = async {
        let end = log.end(topic, partition).await.expect("the end is known");
        let mut reader = log.read(topic, partition, 0).await.expect("it can be read");
        read_to(&mut *reader, 0, end).await
    };
    within(harness, "a replay", work).await
}

async fn read_to(reader: &mut dyn Reader, from: u64, end: u64) -> Vec<Stored> {
    let (mut position, mut found) = (from, Vec::new());
    while position < end {
        let Chunk { records, next } = reader.next(1000).await.expect("it can be read");
        assert!(next > position, "a chunk that moves nothing");
        position = next;
        found.extend(records);
    }
    found
}

async fn read_count(reader: &mut dyn Reader, count: usize) -> Vec<Stored> {
    let mut found = Vec::new();
    while found.len() < count {
        found.extend(reader.next(1000).await.expect("it can be read").records);
    }
    found
}

/// Whole batches only: `name.0/3` is followed by `name.1/3` and `name.2/3`. Gives the names in order.
fn whole_batches(texts: &[String]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = texts.iter();
    while let Some(first) = rest.next() {
        let (name, of) = first.rsplit_once('.').expect("a batch's name");
        let size: usize = of
            .strip_prefix("0/")
            .expect("a batch begins")
            .parse()
            .expect("its size");
        for index in 1..size {
            assert_eq!(
                rest.next(),
                Some(&format!("{name}.{index}/{size}")),
                "half a batch"
            );
        }
        names.push(name.to_owned());
    }
    names
}

/// Polls a future once, so that it has begun.
fn begin<T>(work: &mut BoxFuture<'_, T>) -> Option<T> {
    work.now_or_never()
}
