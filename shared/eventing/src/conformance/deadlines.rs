//! Deadlines that fall due while nobody decides.

use super::{
    Harness,
    business::{LISTS, Offer, OfferCommand, TELLERS, TellerCommand},
    town::{Town, within},
};
use std::time::Duration;

/// Somebody accepts in time while the offers' service is dead; it comes back when their time is over. What was
/// accepted stays accepted, and what was not has expired.
pub(super) async fn that_fell_due_in_an_outage_fire_after_what_stood_before_them(harness: &dyn Harness) {
    let mut town = Town::with_both(harness).await;
    let stands = harness.takeover() + Duration::from_secs(1);
    let open = OfferCommand::Open {
        millis: i64::try_from(stands.as_millis()).expect("it is short"),
    };
    for offer in ["offer to accept", "offer to forget"] {
        town.ask(&format!("open the {offer}"), offer, &open)
            .await
            .expect("it is opened");
    }
    if harness.many_processes() {
        town.kill(LISTS);
    } else {
        town.kill_all();
        town.start(&[TELLERS]).await;
    }
    let accept = TellerCommand::AcceptFor {
        offer: "offer to accept".to_owned(),
    };
    let told = town.ask("accept for somebody", "teller of offers", &accept).await;
    told.expect("it is told");
    // Both are due by then.
    harness.sleep(stands).await;
    if !harness.many_processes() {
        town.kill_all();
    }
    town.settle().await;
    for (offer, ends) in [
        ("offer to accept", Offer::Accepted),
        ("offer to forget", Offer::Expired),
    ] {
        let work = async {
            loop {
                let answered = town.look(offer, &OfferCommand::Get).await;
                let stands: Offer = answered.decode().expect("an offer");
                if !matches!(stands, Offer::Open { .. }) {
                    return stands;
                }
                harness.sleep(Duration::from_millis(50)).await;
            }
        };
        let ended = within(harness, harness.takeover() * 2, offer, work).await;
        assert_eq!(ended, ends, "{offer}");
    }
}
