//! What every store of read models must do, whatever engine it is: each case on a store of its own.

mod fixture;
mod following;
mod parking;
mod rebuilding;

#[allow(unused_imports, reason = "not every store needs all of it")]
pub use fixture::{SERVICE, Shelf, World, amount};
use futures::future::LocalBoxFuture;
use std::sync::Arc;

/// One thing that a store must do.
pub struct Case {
    pub name: &'static str,
    pub run: fn(Arc<dyn Shelf>) -> LocalBoxFuture<'static, ()>,
}

macro_rules! cases {
    ($($module:ident :: $name:ident),* $(,)?) => {
        pub fn cases() -> Vec<Case> {
            vec![$(Case {
                name: stringify!($name),
                run: |shelf| Box::pin($module::$name(shelf)),
            }),*]
        }
    };
}

cases! {
    following::a_query_waits_for_what_its_asker_has_seen,
    following::who_waits_for_all_that_is_there_finds_it,
    following::nothing_is_lost_or_taken_up_twice_when_runners_are_killed_at_any_moment,
    following::a_reopened_one_goes_on_where_it_was_and_another_process_cannot_take_the_same_events_up,
    following::several_processes_carry_the_same_events_into_shared_rows_once,
    following::a_consumer_that_has_died_shows_the_age_of_what_it_has_not_handled,
    parking::a_bad_event_is_parked_with_the_later_ones_of_its_account_and_is_taken_up_when_mended,
    parking::a_panic_in_a_projection_parks_its_event_and_does_not_end_the_runner,
    rebuilding::a_rebuild_under_traffic_equals_the_live_read_model_and_takes_its_place,
    rebuilding::a_row_that_the_log_did_not_make_is_found_and_mended_by_a_switch,
}

/// Runs all cases, each on the store that `shelf` makes for it.
pub async fn run<S: Shelf + 'static>(shelf: impl AsyncFn(usize) -> S) {
    for (number, case) in cases().into_iter().enumerate() {
        println!("case {}", case.name);
        let shelf = Arc::new(shelf(number).await);
        let limit = std::time::Duration::from_secs(120);
        let ran = tokio::time::timeout(limit, (case.run)(shelf)).await;
        assert!(ran.is_ok(), "{} takes too long", case.name);
    }
}
