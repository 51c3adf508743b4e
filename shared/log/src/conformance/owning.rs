//! Membership: every partition has one owner, who can prove it.

use super::*;
use crate::{Assignment, Lease, Membership};
use std::collections::BTreeMap;

/// What a member holds, as it was told.
struct Member {
    membership: Box<dyn Membership>,
    held: BTreeMap<u32, Arc<dyn Lease>>,
    gone: Vec<Arc<dyn Lease>>,
}

impl Member {
    async fn join(log: &dyn Log, service: &str) -> Self {
        Self {
            membership: log.join(service).await.expect("joined"),
            held: BTreeMap::new(),
            gone: Vec::new(),
        }
    }

    async fn change(&mut self) {
        match self.membership.next().await.expect("a change") {
            Assignment::Assigned(partition, lease) => {
                self.held.insert(partition.index, lease);
            }
            Assignment::Revoked(partition, stopped) => {
                self.gone.extend(self.held.remove(&partition.index));
                drop(stopped);
            }
        }
    }

    async fn until(&mut self, count: usize) {
        while self.held.len() != count {
            self.change().await;
        }
    }

    async fn prove_all(&mut self) {
        for (partition, lease) in &self.held {
            let proof = lease.prove().await.expect("an answer");
            assert!(proof, "partition {partition} is ours");
        }
    }
}

pub(super) async fn a_lone_member_owns_every_partition(harness: &dyn Harness) {
    let log = harness.open().await;
    let service = service(harness, &*log).await;
    let mut member = Member::join(&*log, &service).await;
    within(harness, "both partitions", member.until(2)).await;
    within(harness, "proofs", member.prove_all()).await;
    let more = briefly(harness, member.change()).await;
    assert!(more.is_none(), "nothing changes while nobody comes or goes");
}

pub(super) async fn two_members_share_and_hand_over(harness: &dyn Harness) {
    if !harness.members_share() {
        return;
    }
    let (here, there) = (harness.open().await, harness.open().await);
    let service = service(harness, &*here).await;
    ensure(&*there, &service, 2).await.expect("there");
    let mut first = Member::join(&*here, &service).await;
    within(harness, "all of it", first.until(2)).await;

    let mut second = Member::join(&*there, &service).await;
    let sharing = futures::future::join(first.until(1), second.until(1));
    within(harness, "one each", sharing).await;
    assert!(
        first.held.keys().ne(second.held.keys()),
        "a partition has one owner"
    );
    let proofs = futures::future::join(first.prove_all(), second.prove_all());
    within(harness, "proofs", proofs).await;
    let given_up = first.gone.pop().expect("one was revoked");
    let proof = within(harness, "a proof", given_up.prove()).await;
    assert!(!proof.expect("an answer"), "what was revoked cannot be proven");

    let lease = second.held.pop_first().expect("one").1;
    drop(second);
    within(harness, "all of it again", first.until(2)).await;
    within(harness, "proofs", first.prove_all()).await;
    let proof = within(harness, "a proof", lease.prove()).await;
    assert!(!proof.unwrap_or(false), "who has left owns nothing");
}
