//! A service that is dead holds up nobody else.

use super::{
    Harness,
    business::{LISTS, TELLERS, TellerCommand},
    town::Town,
};

/// Messages with each command.
const WITH_EACH: u64 = 100;
/// More messages than any queue or window between two tasks holds.
const COMMANDS: u64 = 40;

/// While nobody takes what they send, tellers answer each command as before. Whoever comes back gets all of it.
pub(super) async fn a_service_goes_on_while_another_is_dead(harness: &dyn Harness) {
    let mut town = Town::with_both(harness).await;
    if harness.many_processes() {
        town.kill(LISTS);
    } else {
        town.kill_all();
        town.start(&[TELLERS]).await;
    }
    let list = "list of the late";
    for number in 0..COMMANDS {
        let tell = TellerCommand::Tell {
            from: number * WITH_EACH,
            count: WITH_EACH,
            list: list.to_owned(),
        };
        let key = format!("tell the late {number}");
        let told = town.ask(&key, "teller of the late", &tell).await;
        let total: u64 = told.expect("it is told").decode().expect("a number");
        assert_eq!(
            total,
            (number + 1) * WITH_EACH,
            "each command was decided in its turn"
        );
    }
    if !harness.many_processes() {
        town.kill(TELLERS);
    }
    town.settle().await;
    let all = COMMANDS * WITH_EACH;
    let expected: Vec<u64> = (0..all).collect();
    assert_eq!(town.list_of(list, all as usize).await, expected);
}
