//! The sagas that book keep what every saga has to keep. Those that give back follow from them and run on until they
//! have: [`super::super::unreliable`] plays whole stories.

use super::*;
use interstate_eventing::saga::{Saga, proof::Proof};

fn keeps_its_promises(saga: &'static Saga<Booking>, book: fn() -> BookingCommand) {
    let answer = |step: &str| serde_json::to_value(answer_to(step, &order(MORNING, V1_PICKUP))).unwrap();
    Proof::of(saga, Vec::new(), book)
        .at(MORNING)
        .answered_with(answer)
        .prove();
}

#[test]
fn a_booking_for_the_next_48_hours_has_all_or_nothing() {
    keeps_its_promises(&NEAR, || BookingCommand::Book(order(MORNING, V1_PICKUP)));
}

#[test]
fn a_booking_for_later_is_paid_or_nothing_is_taken() {
    keeps_its_promises(&ADVANCE, || BookingCommand::Book(order(MORNING, LATER)));
}
