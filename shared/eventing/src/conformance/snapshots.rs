//! An empty disk costs a piece of the log, not all of it.

use super::{
    Harness,
    business::{LISTS, TELLERS, TellerCommand},
    town::{Town, within},
};
use crate::snapshot::Snapshots;
use futures::StreamExt;
use object_store::path::Path;

/// So much is noted by each list.
const NUMBERS: u64 = 120;
/// A snapshot of each partition after so many records.
const EVERY: u64 = 50;
/// What comes behind the last snapshot here: a receipt or two of whoever took it.
const LAST_WORDS: u64 = 20;

/// Each process has a disk of its own, which is empty; the third finds what the second has kept, and reads next to
/// nothing of the log. What was decided stays decided.
pub(super) async fn start_an_empty_disk_near_the_end(harness: &dyn Harness) {
    let both = [TELLERS, LISTS];
    let kept = harness.shared();
    let mut town = Town::new(harness);
    let (one, other) = ("one of snapshots", "another of snapshots");
    let tell = |list: &str| TellerCommand::Tell {
        from: 0,
        count: NUMBERS,
        list: list.to_owned(),
    };
    town.start_apart(&both).await;
    for list in [one, other] {
        let key = format!("fill {list} for a snapshot");
        town.ask(&key, "teller of snapshots", &tell(list))
            .await
            .expect("it is told");
        town.list_of(list, NUMBERS as usize).await;
    }
    town.kill_all();

    town.snapshots = Some(Snapshots::new(kept.clone(), EVERY));
    town.start_apart(&both).await;
    let running = |statuses: &crate::runtime::Statuses| statuses.blocked(LISTS, 2).is_empty();
    town.until(LISTS, "the second has everything", |all| all.iter().all(running))
        .await;
    let mut long = town.statuses_of(LISTS)[0].snapshot();
    long.retain(|id, status| id.service == LISTS && status.replayed > EVERY);
    assert!(!long.is_empty(), "somebody has noted the numbers");
    let all_kept = async {
        for id in long.keys() {
            let folder = Path::from(format!("{}/{}", id.service, id.index));
            while kept.list(Some(&folder)).next().await.is_none() {
                harness.sleep(super::town::PAUSE).await;
            }
        }
    };
    within(harness, harness.takeover() * 2, "snapshots are kept", all_kept).await;
    town.kill_all();

    town.start_apart(&both).await;
    town.until(LISTS, "the third has everything", |all| all.iter().all(running))
        .await;
    let found = town.statuses_of(LISTS)[0].snapshot();
    for (id, before) in &long {
        let status = &found[id];
        assert_eq!(status.sequence, before.sequence, "{id}: {status:?}");
        assert!(status.replayed < LAST_WORDS, "{id} was replayed: {status:?}");
    }
    for list in [one, other] {
        let key = format!("fill {list} for a snapshot");
        town.ask(&key, "teller of snapshots", &tell(list))
            .await
            .expect("it was told long ago");
        assert_eq!(town.list_of(list, NUMBERS as usize).await.len() as u64, NUMBERS);
    }
}
