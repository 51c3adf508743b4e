//! Readers: from any position, to a known end, without a hole.

use super::*;

pub(super) async fn an_empty_partition_ends_at_its_beginning(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    assert_eq!(log.end(&events(&service), 0).await.expect("known"), 0);
    let mut reader = log.read(&events(&service), 0, 0).await.expect("readable");
    let nothing = within(harness, "a poll", reader.poll(10)).await.expect("read");
    assert_eq!(nothing, Chunk::default());
    let waiting = briefly(harness, reader.next(10)).await;
    assert!(waiting.is_none(), "next waits, and there is nothing: {waiting:?}");
}

pub(super) async fn reading_goes_on_from_any_position(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let mut writer = take_over(harness, &*log, &service, 0).await;
    for number in 0..4 {
        let name = number.to_string();
        writer.append(batch(&name, 3)).await.expect("written");
    }
    let topic = events(&service);
    let all = replay(harness, &*log, &topic, 0).await;
    let end = log.end(&topic, 0).await.expect("known");
    for (index, stored) in all.iter().enumerate() {
        let mut reader = log.read(&topic, 0, stored.offset + 1).await.expect("readable");
        let rest = within(harness, "the rest", read_to(&mut *reader, stored.offset + 1, end)).await;
        assert_eq!(rest, all[index + 1..]);
    }
}

pub(super) async fn a_replay_reaches_the_end(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let topic = events(&service);
    for round in 0..3 {
        // Each takeover may leave marks that no reader is shown; the end lies behind them all the same.
        let mut writer = take_over(harness, &*log, &service, 0).await;
        writer
            .append(batch(&round.to_string(), 2))
            .await
            .expect("written");
        {
            let mut open = writer.append(batch("cut off", 500));
            let _ = begin(&mut open);
        }
        drop(writer);
        let _next = take_over(harness, &*log, &service, 0).await;
        let end = log.end(&topic, 0).await.expect("known");
        let mut reader = log.read(&topic, 0, 0).await.expect("readable");
        let found = within(harness, "a replay", read_to(&mut *reader, 0, end)).await;
        whole_batches(&texts(&found));
        let more = within(harness, "a poll", reader.poll(10)).await.expect("read");
        assert!(more.records.is_empty(), "the end was the end");
        assert!(more.next >= end);
    }
}

pub(super) async fn next_waits_for_what_comes(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let mut writer = take_over(harness, &*log, &service, 0).await;
    let mut reader = log.read(&events(&service), 0, 0).await.expect("readable");
    let writing = async {
        for number in 0..5 {
            harness.sleep(Duration::from_millis(20)).await;
            let name = number.to_string();
            writer.append(batch(&name, 2)).await.expect("written");
        }
    };
    let both = futures::future::join(read_count(&mut *reader, 10), writing);
    let (found, ()) = within(harness, "a reader that follows", both).await;
    assert_eq!(whole_batches(&texts(&found)), ["0", "1", "2", "3", "4"]);
}

pub(super) async fn a_dropped_read_loses_nothing(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let mut writer = take_over(harness, &*log, &service, 0).await;
    let mut reader = log.read(&events(&service), 0, 0).await.expect("readable");
    let mut found = Vec::new();
    for number in 0..50 {
        {
            let mut impatient = reader.next(1000);
            if let Some(chunk) = begin(&mut impatient) {
                found.extend(chunk.expect("read").records);
            }
        }
        let name = number.to_string();
        writer.append(batch(&name, 2)).await.expect("written");
    }
    let missing = 100 - found.len();
    found.extend(within(harness, "the rest", read_count(&mut *reader, missing)).await);
    let names: Vec<String> = (0..50).map(|number: u32| number.to_string()).collect();
    assert_eq!(whole_batches(&texts(&found)), names);
}

pub(super) async fn a_chunk_is_no_larger_than_asked(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let mut writer = take_over(harness, &*log, &service, 0).await;
    writer.append(batch("all", 100)).await.expect("written");
    let mut reader = log.read(&events(&service), 0, 0).await.expect("readable");
    let mut found = Vec::new();
    while found.len() < 100 {
        let chunk = within(harness, "a chunk", reader.next(7)).await.expect("read");
        assert!(chunk.records.len() <= 7);
        if let Some(last) = chunk.records.last() {
            assert!(chunk.next > last.offset);
        }
        found.extend(chunk.records);
    }
    assert_eq!(whole_batches(&texts(&found)), ["all"]);
}

pub(super) async fn every_instance_reads_the_same(harness: &dyn Harness) {
    let (here, there) = (harness.open().await, harness.open().await);
    let service = service(harness, &*here).await;
    ensure(&*there, &service, 2).await.expect("there");
    let mut writer = take_over(harness, &*here, &service, 0).await;
    for number in 0..10 {
        let name = number.to_string();
        writer.append(batch(&name, 3)).await.expect("written");
    }
    let topic = events(&service);
    let mine = replay(harness, &*here, &topic, 0).await;
    assert_eq!(mine.len(), 30);
    assert_eq!(replay(harness, &*there, &topic, 0).await, mine);
}

pub(super) async fn a_reader_sees_what_every_next_writer_writes(harness: &dyn Harness) {
    let (here, there) = (harness.open().await, harness.open().await);
    let service = service(harness, &*here).await;
    ensure(&*there, &service, 2).await.expect("there");
    let mut reader = here.read(&events(&service), 0, 0).await.expect("readable");
    let (mut found, mut position) = (Vec::new(), 0);
    let mut expected = Vec::new();
    for turn in 0..4 {
        // In turns here, where the reader is, and elsewhere, where nobody tells it.
        let log = if turn % 2 == 0 { &here } else { &there };
        let mut writer = take_over(harness, &**log, &service, 0).await;
        for number in 0..3 {
            let name = format!("{turn}-{number}");
            writer.append(batch(&name, 2)).await.expect("written");
            expected.push(name);
            while found.len() < expected.len() * 2 {
                let chunk = within(harness, "a batch", reader.next(1000)).await;
                let Chunk { records, next } = chunk.expect("it can be read");
                found.extend(records);
                position = next;
            }
        }
    }
    assert_eq!(whole_batches(&texts(&found)), expected);
    assert!(found.windows(2).all(|pair| pair[0].offset < pair[1].offset));
    let work = async {
        let end = here.end(&events(&service), 0).await.expect("known");
        read_to(&mut *reader, position, end).await
    };
    let more = within(harness, "the end", work).await;
    assert_eq!(texts(&more), [""; 0]);
}
