//! What became of a command is remembered in the log, not in a process.

use super::{
    Harness,
    business::{TELLERS, TellerCommand},
    town::Town,
};
use crate::runtime::AskError;

/// A repeat gets the same answer from whoever has the partition by then, a refusal too, and changes nothing; the
/// same key with another body is refused.
pub(super) async fn are_remembered_by_every_next_owner(harness: &dyn Harness) {
    let mut town = Town::with_both(harness).await;
    let teller = "teller with a memory";
    let tell = |count| TellerCommand::Tell {
        from: 0,
        count,
        list: "list of memories".to_owned(),
    };
    let told = town.ask("tell of memories", teller, &tell(3)).await;
    let told = told.expect("it is told");
    let refused = town.ask("refuse", teller, &TellerCommand::Refuse).await;
    let refused = refused.expect_err("it never does that");
    assert!(matches!(&refused, AskError::Rejected(no) if no.message == "after 3 numbers"));
    town.ask("tell more", teller, &tell(4)).await.expect("it is told");
    for owner in 0..3 {
        town.kill(TELLERS);
        town.settle().await;
        let again = town.ask("tell of memories", teller, &tell(3)).await;
        let again = again.expect("it was told");
        assert_eq!(
            (&again.reply, again.sequence),
            (&told.reply, told.sequence),
            "owner {owner}"
        );
        // It would be refused with another text now.
        let again = town.ask("refuse", teller, &TellerCommand::Refuse).await;
        assert_eq!(again, Err(refused.clone()), "owner {owner}");
        let other = town.ask("tell of memories", teller, &tell(5)).await;
        assert_eq!(other, Err(AskError::OtherBody), "owner {owner}");
    }
    let total = town.look(teller, &TellerCommand::Total).await;
    assert_eq!(
        total.decode::<u64>().expect("a number"),
        7,
        "nothing happened again"
    );
}
