//! Batches: whole or absent, in order, from one writer at a time.

use super::*;
use crate::AppendError;

pub(super) async fn a_batch_is_read_as_it_was_written(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let odd = Record {
        key: Bytes::new(),
        headers: vec![
            ("ce_id".into(), Bytes::from_static(b"1")),
            ("x".into(), Bytes::new()),
            ("ce_id".into(), Bytes::from_static(b"\xff\x00")),
        ],
        payload: Bytes::new(),
    };
    let long = Record {
        payload: vec![7; 100_000].into(),
        ..record("")
    };
    let sent = vec![odd, record("plain"), long, record("नमस्ते")];
    let mut writer = take_over(harness, &*log, &service, 0).await;
    writer.append(sent.clone()).await.expect("written");
    let found = replay(harness, &*log, &events(&service), 0).await;
    let found: Vec<Record> = found.into_iter().map(|stored| stored.record).collect();
    assert_eq!(found, sent);
}

pub(super) async fn offsets_grow_and_appends_return_their_end(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let mut writer = take_over(harness, &*log, &service, 0).await;
    let mut ends = Vec::new();
    for (number, size) in [1, 7, 300].into_iter().enumerate() {
        let end = writer
            .append(batch(&number.to_string(), size))
            .await
            .expect("written");
        ends.push((end, size));
    }
    let found = replay(harness, &*log, &events(&service), 0).await;
    assert!(found.windows(2).all(|pair| pair[0].offset < pair[1].offset));
    assert_eq!(whole_batches(&texts(&found)), ["0", "1", "2"]);
    let mut count = 0;
    for (end, size) in ends {
        count += size;
        assert!(found[count - 1].offset < end, "the end lies after the batch");
        assert!(
            found.get(count).is_none_or(|next| next.offset >= end),
            "and before the next"
        );
    }
    let end = log.end(&events(&service), 0).await.expect("known");
    assert!(found[count - 1].offset < end);
}

pub(super) async fn an_acknowledged_batch_survives_a_crash(harness: &dyn Harness) {
    let mut log = harness.open().await;
    let service = service(harness, &*log).await;
    for round in 0..3 {
        let mut writer = take_over(harness, &*log, &service, 0).await;
        for number in 0..3 {
            let name = format!("{round}-{number}");
            writer.append(batch(&name, 4)).await.expect("written");
        }
        drop((writer, log));
        harness.crash().await;
        log = harness.open().await;
        ensure(&*log, &service, 2).await.expect("there");
        let found = texts(&replay(harness, &*log, &events(&service), 0).await);
        assert_eq!(whole_batches(&found).len(), (round + 1) * 3);
    }
}

pub(super) async fn a_record_over_the_limit_takes_its_batch_with_it(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let mut writer = take_over(harness, &*log, &service, 0).await;
    let of_size = |size: usize| Record {
        payload: vec![b'x'; size - record("").size()].into(),
        ..record("")
    };
    let limit = harness.max_record();
    match writer.append(vec![record("small"), of_size(limit + 1)]).await {
        Err(AppendError::Aborted(LogError::TooLarge { size, limit: told })) => {
            assert_eq!((size, told), (limit + 1, limit));
        }
        other => panic!("{other:?}"),
    }
    writer
        .append(vec![of_size(limit)])
        .await
        .expect("the limit itself fits");
    let found = replay(harness, &*log, &events(&service), 0).await;
    assert_eq!(found.len(), 1, "nothing of the refused batch");
    assert_eq!(found[0].record.size(), limit);
}

pub(super) async fn a_newer_writer_fences_the_older_one(harness: &dyn Harness) {
    let (here, there) = (harness.open().await, harness.open().await);
    let service = service(harness, &*here).await;
    ensure(&*there, &service, 2).await.expect("there");
    let mut names = Vec::new();
    let mut old = take_over(harness, &*here, &service, 0).await;
    // The other way too: neither side is special, and each fencing needs a takeover, so none goes on for ever.
    for (round, log) in [&there, &here, &there].into_iter().enumerate() {
        let name = format!("{round}-old");
        old.append(batch(&name, 2)).await.expect("still the writer");
        names.push(name);
        let mut new = take_over(harness, &**log, &service, 0).await;
        let late = within(harness, "a fenced append", old.append(batch("late", 2))).await;
        assert!(matches!(late, Err(AppendError::Fenced)), "{late:?}");
        let name = format!("{round}-new");
        new.append(batch(&name, 2)).await.expect("the new writer");
        names.push(name);
        old = new;
    }
    let found = texts(&replay(harness, &*here, &events(&service), 0).await);
    assert_eq!(whole_batches(&found), names);
}

pub(super) async fn a_late_batch_of_a_zombie_is_never_seen(harness: &dyn Harness) {
    let (here, there) = (harness.open().await, harness.open().await);
    let service = service(harness, &*here).await;
    ensure(&*there, &service, 2).await.expect("there");
    let mut zombie = take_over(harness, &*here, &service, 0).await;
    let going_on = async {
        let mut acknowledged = Vec::new();
        for number in 0.. {
            let name = format!("zombie-{number}");
            match zombie.append(batch(&name, 3)).await {
                Ok(_) => acknowledged.push(name),
                Err(_) => break,
            }
        }
        acknowledged
    };
    let taking_over = async {
        harness.sleep(Duration::from_millis(30)).await;
        let mut writer = take_over(harness, &*there, &service, 0).await;
        let before = texts(&replay(harness, &*there, &events(&service), 0).await);
        for number in 0..20 {
            let name = format!("owner-{number}");
            writer.append(batch(&name, 3)).await.expect("the owner writes");
        }
        whole_batches(&before)
    };
    let both = futures::future::join(going_on, taking_over);
    let (acknowledged, before) = within(harness, "two writers at once", both).await;
    let found = whole_batches(&texts(&replay(harness, &*there, &events(&service), 0).await));
    assert!(
        acknowledged.iter().all(|name| before.contains(name)),
        "acknowledged, then lost"
    );
    let expected: Vec<String> = before
        .iter()
        .cloned()
        .chain((0..20).map(|number| format!("owner-{number}")))
        .collect();
    assert_eq!(
        found, expected,
        "what the new owner replayed is what stays, then its own"
    );
}

pub(super) async fn a_batch_is_whole_or_absent_when_its_writer_dies(harness: &dyn Harness) {
    let mut log = harness.open().await;
    let service = service(harness, &*log).await;
    let mut acknowledged = Vec::new();
    for round in 0..4_u64 {
        let mut writer = take_over(harness, &*log, &service, 0).await;
        let name = format!("done-{round}");
        writer.append(batch(&name, 5)).await.expect("written");
        acknowledged.push(name);
        {
            let mut open = writer.append(batch(&format!("open-{round}"), 2000));
            let _ = begin(&mut open);
            harness.sleep(Duration::from_millis(round)).await;
        }
        drop((writer, log));
        harness.crash().await;
        log = harness.open().await;
        ensure(&*log, &service, 2).await.expect("there");
        let _fences_the_dead = take_over(harness, &*log, &service, 0).await;
        let found = whole_batches(&texts(&replay(harness, &*log, &events(&service), 0).await));
        let done: Vec<_> = found.iter().filter(|name| name.starts_with("done")).collect();
        assert_eq!(done, acknowledged.iter().collect::<Vec<_>>());
    }
}

pub(super) async fn partitions_do_not_mix(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let mut first = take_over(harness, &*log, &service, 0).await;
    let mut second = take_over(harness, &*log, &service, 1).await;
    for number in 0..5 {
        let (one, two) = (format!("one-{number}"), format!("two-{number}"));
        let both = futures::future::join(first.append(batch(&one, 3)), second.append(batch(&two, 2)));
        let (one, two) = both.await;
        one.expect("written");
        two.expect("written");
    }
    for (partition, name) in [(0, "one"), (1, "two")] {
        let found = whole_batches(&texts(
            &replay(harness, &*log, &events(&service), partition).await,
        ));
        assert_eq!(found.len(), 5);
        assert!(found.iter().all(|found| found.starts_with(name)));
    }
}
