use super::people::*;
use crate::domain::{BalanceMethod, Command, OperationKind, Payment};
use interstate_eventing::fixture::Story;
use interstate_schemas::{Money, Role, UserId};

const BALANCE: Money = Money::inr(375_900);
const PAID: &str =
    r#"{"BalancePaid":{"amount":{"amount":375900,"currency":"INR"},"at":"2026-11-21T10:00:00Z"}}"#;

fn driven() -> Story<Payment> {
    captured().when(saga(), Command::Settle(v1(0))).story()
}

fn cash() -> Command {
    Command::RecordBalancePayment {
        method: BalanceMethod::Cash,
    }
}

fn by_card() -> Command {
    Command::RecordBalancePayment {
        method: BalanceMethod::Provider { method: card() },
    }
}

fn the_driver() -> interstate_schemas::Actor {
    user(UserId::from(driver()), Role::Driver)
}

#[test]
fn the_rider_pays_by_card_and_the_booking_hears_when_it_is_certain() {
    let asked = driven().when(user(rider(), Role::Rider), by_card());
    let operation = request(&asked, OperationKind::Charge, BALANCE);
    assert_eq!(said(asked.messages()), [""; 0]);
    let story = asked
        .story()
        .when(user(rider(), Role::Rider), by_card())
        .then_nothing();
    let story = story
        .when(the_driver(), cash())
        .then_rejected("payment.balance_in_progress");
    let told = story.when(worker(), done(operation));
    assert_eq!(said(told.messages()), [PAID]);
    let story = told.story();
    assert_eq!(story.state().0.receivable, Money::ZERO);
    let cached = serde_json::to_vec(story.state()).unwrap();
    let read: Payment = serde_json::from_slice(&cached).unwrap();
    assert_eq!(
        &read,
        story.state(),
        "out of the cache it would be paid a second time"
    );
}

#[test]
fn after_a_refused_card_the_driver_may_take_cash() {
    let asked = driven().when(user(rider(), Role::Rider), by_card());
    let operation = request(&asked, OperationKind::Charge, BALANCE);
    let told = asked.story().when(worker(), refused(operation, "card_declined"));
    let story = told.then_types(&["payment.operation_closed.v1", "payment.balance_refused.v1"]);
    let told = story.when(the_driver(), cash());
    told.then_types(&["payment.cash_claimed.v1", "payment.journal_posted.v1"]);
}

#[test]
fn nobody_claims_cash_for_the_driver_nor_pays_with_the_riders_card() {
    let story = driven()
        .when(user(rider(), Role::Rider), cash())
        .then_rejected("payment.not_yours");
    let story = story
        .when(the_driver(), by_card())
        .then_rejected("payment.not_yours");
    let other = user(UserId::derive(7, &[b"other"]), Role::Driver);
    let story = story.when(other, cash()).then_rejected("payment.not_yours");
    let support = user(UserId::derive(8, &[b"support"]), Role::Support);
    assert_eq!(said(story.when(support, cash()).messages()), [PAID]);
}

#[test]
fn there_is_no_balance_before_the_trip_is_over() {
    captured()
        .when(the_driver(), cash())
        .then_rejected("payment.not_settled");
}
