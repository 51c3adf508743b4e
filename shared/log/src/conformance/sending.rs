//! Senders: in order and without a gap, partition by partition.

use super::*;

pub(super) async fn a_sender_keeps_the_order_of_each_partition(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let topic = Topic::commands(service);
    let mut readers = Vec::new();
    for partition in 0..2 {
        readers.push(log.read(&topic, partition, 0).await.expect("readable"));
    }
    let mut sender = log.sender(&topic).await.expect("a sender");
    let mut deliveries = Vec::new();
    for number in 0..2000_u32 {
        let text = record(&number.to_string());
        deliveries.push(sender.send(number % 2, text).await.expect("queued"));
    }
    for (partition, mut reader) in (0..).zip(readers) {
        let found = within(harness, "what was sent", read_count(&mut *reader, 1000)).await;
        let expected: Vec<String> = (0..1000).map(|n| (n * 2 + partition).to_string()).collect();
        assert_eq!(texts(&found), expected);
        reader.handled(found.len());
    }
    for delivery in deliveries {
        let outcome = within(harness, "a delivery", delivery).await;
        outcome.expect("the sender lives").expect("delivered");
    }
}

pub(super) async fn what_is_sent_reaches_a_waiting_reader(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let topic = Topic::commands(service);
    let mut reader = log.read(&topic, 1, 0).await.expect("readable");
    let mut sender = log.sender(&topic).await.expect("a sender");
    for number in 0..10 {
        let name = number.to_string();
        let sending = async { drop(sender.try_send(1, record(&name)).expect("there is room")) };
        let both = futures::future::join(read_count(&mut *reader, 1), sending);
        let (found, ()) = within(harness, "a command", both).await;
        assert_eq!(texts(&found), [name]);
    }
}

pub(super) async fn a_record_too_large_to_send_is_refused(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let topic = Topic::commands(service);
    let mut reader = log.read(&topic, 0, 0).await.expect("readable");
    let mut sender = log.sender(&topic).await.expect("a sender");
    let large = Record {
        payload: vec![0; harness.max_record() + 1].into(),
        ..record("")
    };
    let refused = sender.send(0, large.clone()).await.err();
    assert!(matches!(refused, Some(LogError::TooLarge { .. })), "{refused:?}");
    let refused = sender.try_send(0, large).err();
    assert!(matches!(refused, Some(LogError::TooLarge { .. })), "{refused:?}");
    // Nothing was queued, so there is no gap: the sender goes on.
    let _delivery = sender.send(0, record("small")).await.expect("queued");
    let found = within(harness, "the next", read_count(&mut *reader, 1)).await;
    assert_eq!(texts(&found), ["small"]);
}

pub(super) async fn dead_letters_are_durable(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let topic = Topic::new(service.clone(), TopicKind::DeadLetters);
    let mut sender = log.sender(&topic).await.expect("a sender");
    for number in 0..10 {
        let delivery = sender.send(0, record(&number.to_string())).await.expect("queued");
        let outcome = within(harness, "a delivery", delivery).await;
        outcome.expect("the sender lives").expect("delivered");
    }
    drop((sender, log));
    harness.crash().await;
    let log = harness.open().await;
    ensure(&*log, &service, 2).await.expect("there");
    let found = texts(&replay(harness, &*log, &topic, 0).await);
    assert_eq!(found.len(), 10);
}
