//! Taking a partition over does not take longer the longer its log is.

use super::{
    Harness,
    business::{LISTS, TELLERS, TellerCommand},
    town::Town,
};
use crate::runtime::Statuses;

/// So much is noted by each list.
const NUMBERS: u64 = 60;
/// More would be no following: what the owner commits while it dies.
const LAST_WORDS: u64 = 20;

/// Two instances own a partition each and follow the other one's; when one dies, the other reads next to nothing of the
/// log that it takes over.
pub(super) async fn take_over_where_the_log_ends(harness: &dyn Harness) {
    if !harness.many_processes() {
        // Nobody else owns anything there, and nobody follows.
        return;
    }
    let mut town = Town::new(harness);
    town.start(&[TELLERS]).await;
    town.start(&[LISTS]).await;
    town.start_apart(&[LISTS]).await;
    for list in ["list a", "list b", "list c", "list d"] {
        let tell = TellerCommand::Tell {
            from: 0,
            count: NUMBERS,
            list: list.to_owned(),
        };
        town.ask(&format!("fill {list}"), "teller of the followed", &tell)
            .await
            .expect("it is told");
        town.list_of(list, NUMBERS as usize).await;
    }
    town.until(LISTS, "each has one partition and follows the other", |all| {
        let mut owned = all.iter().map(|statuses| statuses.snapshot().len());
        let ends = all.iter().flat_map(|statuses| statuses.snapshot());
        owned.all(|count| count == 1)
            && ends.into_iter().all(|(id, owned)| {
                all.iter().any(|other| {
                    other.followed().get(&id) == Some(&owned.sequence) && owned.sequence >= NUMBERS
                })
            })
    })
    .await;
    let before: Vec<_> = town.statuses_of(LISTS).iter().map(Statuses::snapshot).collect();
    town.kill(LISTS);
    town.until(LISTS, "the other has both", |all| {
        let running = |statuses: &Statuses| statuses.blocked(LISTS, 2).is_empty();
        all.iter().all(running)
    })
    .await;
    for statuses in town.statuses_of(LISTS) {
        let mut taken_over = statuses.snapshot();
        taken_over.retain(|id, _| !before[1].contains_key(id));
        assert_eq!(taken_over.len(), 1, "what the other one had: {taken_over:?}");
        for (id, status) in taken_over {
            assert!(status.sequence >= NUMBERS, "{id}: {status:?}");
            assert!(status.replayed < LAST_WORDS, "{id} was replayed: {status:?}");
        }
    }
    for list in ["list a", "list b", "list c", "list d"] {
        assert_eq!(town.list_of(list, NUMBERS as usize).await.len() as u64, NUMBERS);
    }
}
