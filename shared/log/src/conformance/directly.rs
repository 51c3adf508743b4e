//! Commands that may go directly, from memory to memory: the same promises.

use super::*;
use crate::{Delivery, Sender};

/// Sends in order, and gives the deliveries.
async fn send(sender: &mut dyn Sender, names: impl Iterator<Item = String>) -> Vec<Delivery> {
    let mut deliveries = Vec::new();
    for name in names {
        deliveries.push(sender.send(0, record(&name)).await.expect("queued"));
    }
    deliveries
}

/// The reader of the partition's owner, whose topic has its first record.
async fn owner(harness: &dyn Harness, log: &dyn Log, topic: &Topic) -> Box<dyn Reader> {
    let mut reader = log.read(topic, 0, 0).await.expect("readable");
    reader.take_directly();
    let mut sender = log.sender(topic).await.expect("a sender");
    let _delivery = send(&mut *sender, ["first".to_owned()].into_iter()).await;
    within(harness, "the first", read_count(&mut *reader, 1)).await;
    reader.handled(1);
    reader
}

pub(super) async fn what_comes_directly_is_its_senders_until_it_is_handled(harness: &dyn Harness) {
    let log = harness.open().await;
    let topic = Topic::commands(service(harness, &*log).await);
    let mut reader = owner(harness, &*log, &topic).await;
    let mut sender = log.sender(&topic).await.expect("a sender");
    let mut deliveries = send(&mut *sender, (0..3).map(|number| number.to_string())).await;
    let found = within(harness, "three", read_count(&mut *reader, 3)).await;
    assert_eq!(texts(&found), ["0", "1", "2"]);
    let early = briefly(harness, &mut deliveries[0]).await;
    assert!(early.is_none(), "nobody has handled it");
    reader.handled(2);
    for delivery in deliveries.drain(..2) {
        let outcome = within(harness, "a delivery", delivery).await;
        outcome.expect("the reader lives").expect("delivered");
    }
    let early = briefly(harness, &mut deliveries[0]).await;
    assert!(early.is_none(), "two were handled");
}

pub(super) async fn what_comes_directly_overtakes_nothing_that_came_before(harness: &dyn Harness) {
    let (log, other) = (harness.open().await, harness.open().await);
    let service = service(harness, &*log).await;
    ensure(&*other, &service, 2).await.expect("there");
    let topic = Topic::commands(service);
    let mut reader = owner(harness, &*log, &topic).await;
    // Who sent before is another instance, so that this much is in the topic, and not read. Which of the two ways a
    // reader looks at first is its own affair: several turns see both.
    let mut before = other.sender(&topic).await.expect("a sender");
    let mut sent = Vec::new();
    for turn in 0..10_u64 {
        let names = |from: u64| (from..from + 5).map(|number| number.to_string());
        let first = turn * 10;
        let begun = log.end(&topic, 0).await.expect("known");
        sent.extend(send(&mut *before, names(first)).await);
        let all_there = async {
            while log.end(&topic, 0).await.expect("known") < begun + 5 {
                harness.sleep(Duration::from_millis(5)).await;
            }
        };
        within(harness, "all in the topic", all_there).await;
        let mut after = log.sender(&topic).await.expect("a sender");
        sent.extend(send(&mut *after, names(first + 5)).await);
        let found = within(harness, "ten", read_count(&mut *reader, 10)).await;
        let expected: Vec<String> = (first..first + 10).map(|number| number.to_string()).collect();
        assert_eq!(texts(&found), expected);
        reader.handled(found.len());
    }
}

pub(super) async fn what_a_reader_leaves_behind_is_told_or_comes_again(harness: &dyn Harness) {
    let log = harness.open().await;
    let topic = Topic::commands(service(harness, &*log).await);
    let mut reader = owner(harness, &*log, &topic).await;
    let mut sender = log.sender(&topic).await.expect("a sender");
    let mut deliveries = send(&mut *sender, (0..3).map(|number| number.to_string())).await;
    let found = within(harness, "three", read_count(&mut *reader, 3)).await;
    reader.handled(1);
    let next = found[0].offset + 1;
    within(harness, "what was handled", &mut deliveries[0])
        .await
        .expect("the reader lived")
        .expect("delivered");
    drop(reader);
    let mut reader = log.read(&topic, 0, next).await.expect("readable");
    reader.take_directly();
    let told = briefly(harness, &mut deliveries[1]).await;
    if let Some(outcome) = told {
        assert!(!matches!(outcome, Ok(Ok(()))), "nobody has handled it");
        let late = sender.send(0, record("3")).await;
        assert!(
            late.is_err(),
            "a later one must not arrive before those that are lost"
        );
        let mut again = log.sender(&topic).await.expect("a sender");
        let _sent = send(&mut *again, (1..3).map(|number| number.to_string())).await;
        let found = within(harness, "two", read_count(&mut *reader, 2)).await;
        assert_eq!(texts(&found), ["1", "2"]);
    } else {
        let found = within(harness, "two", read_count(&mut *reader, 2)).await;
        assert_eq!(texts(&found), ["1", "2"]);
    }
}
