//! Messages between tasks.

use super::{
    Harness,
    business::{LISTS, TELLERS, TellerCommand},
    town::Town,
};
use futures::future::join;
use std::time::Duration;

/// How long whoever stands still does.
const PAUSED: Duration = Duration::from_secs(2);

fn tell(number: u64, list: &str) -> TellerCommand {
    TellerCommand::Tell {
        from: number,
        count: 1,
        list: list.to_owned(),
    }
}

/// Whoever sends and whoever receives is killed, stands still, and is replaced; each command is asked twice.
pub(super) async fn arrive_once_and_in_order_whoever_dies_or_stands_still(harness: &dyn Harness) {
    let mut town = Town::with_both(harness).await;
    let (teller, list) = ("teller of the brave", "list of the brave");
    for number in 0..48 {
        match number {
            6 => town.kill(LISTS),
            14 => town.kill(TELLERS),
            // The one before it has left a state on the disk.
            24 => town.kill(LISTS),
            // Taken over by another process that is there before the first one ends.
            34 if harness.many_processes() => {
                town.start(&[TELLERS]).await;
                harness.sleep(PAUSED).await;
                town.kill(TELLERS);
            }
            40 if harness.many_processes() => {
                town.start(&[LISTS]).await;
                harness.sleep(PAUSED).await;
                town.kill(LISTS);
            }
            _ => {}
        }
        town.settle().await;
        let key = format!("tell the brave {number}");
        let (command, town) = (tell(number, list), &town);
        let asked = join(town.ask(&key, teller, &command), town.ask(&key, teller, &command));
        let (one, other) = match number {
            20 => join(asked, town.pause(LISTS, PAUSED)).await.0,
            27 => join(asked, town.pause(TELLERS, PAUSED)).await.0,
            _ => asked.await,
        };
        let (one, other) = (one.expect("it is told"), other.expect("it is told"));
        assert_eq!(one.reply, other.reply, "one command has one answer");
    }
    assert_eq!(town.list_of(list, 48).await, (0..48).collect::<Vec<_>>());
}

/// Acknowledgements get lost, so everything is sent twice.
pub(super) async fn sent_twice_arrive_once(harness: &dyn Harness) {
    let mut town = Town::of_repeaters(harness);
    town.settle().await;
    let (teller, list) = ("teller of the deaf", "list of the deaf");
    for number in 0..20 {
        if number == 10 {
            town.kill(TELLERS);
            town.settle().await;
        }
        let key = format!("tell the deaf {number}");
        let told = town.ask(&key, teller, &tell(number, list)).await;
        told.expect("it is told");
    }
    assert_eq!(town.list_of(list, 20).await, (0..20).collect::<Vec<_>>());
    // A repeat that is on its way yet would come now.
    harness.sleep(PAUSED).await;
    assert_eq!(town.list_of(list, 20).await.len(), 20);
}
