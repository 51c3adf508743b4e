//! Stories about cash: what the driver says, and what the rider says to that.

use super::people::*;
use crate::domain::{
    Account, BalanceMethod, BalanceReply, BalanceStatus, CashReply, CashState, Command, OperationKind,
    Payment, PaymentEvent,
};
use interstate_eventing::fixture::{Story, Told};
use interstate_schemas::{Actor, Money, Role, UserId};
use serde::de::DeserializeOwned;

const BALANCE: Money = Money::inr(375_900);

fn claim() -> Command {
    let method = BalanceMethod::Cash;
    Command::RecordBalancePayment { method }
}

fn by_card() -> Command {
    let method = BalanceMethod::Provider { method: card() };
    Command::RecordBalancePayment { method }
}

fn says(paid: bool) -> Command {
    Command::AnswerCash { paid }
}

fn the_driver() -> Actor {
    user(UserId::from(driver()), Role::Driver)
}

fn the_rider() -> Actor {
    user(rider(), Role::Rider)
}

fn support() -> Actor {
    user(UserId::derive(8, &[b"support"]), Role::Support)
}

/// The trip is over, and the driver says to have the balance in cash.
fn claimed() -> Story<Payment> {
    let driven = captured().when(saga(), Command::Settle(v1(0))).story();
    let told = driven.when(the_driver(), claim());
    assert_eq!(reply::<BalanceReply>(&told).status, BalanceStatus::Claimed);
    told.then_types(&["payment.cash_claimed.v1", "payment.journal_posted.v1"])
}

fn reply<T: DeserializeOwned>(told: &Told<Payment>) -> T {
    serde_json::from_slice(&told.decided().reply).unwrap()
}

/// What the decision moved on an account, in paise.
fn moved(told: &Told<Payment>, account: Account) -> i64 {
    let entries = told.decided().events.iter().filter_map(|event| match event {
        PaymentEvent::JournalPosted(posted) => Some(&posted.entry),
        _ => None,
    });
    let lines = entries.flat_map(|entry| entry.postings());
    lines
        .filter(|line| line.account == account)
        .map(|line| line.amount.amount)
        .sum()
}

fn closes_the_booking(told: &Told<Payment>) -> bool {
    said(told.messages())
        .iter()
        .any(|said| said.contains("BalancePaid"))
}

#[test]
fn a_drivers_word_makes_him_owe_the_cash_and_closes_nothing() {
    let driven = captured().when(saga(), Command::Settle(v1(0))).story();
    let told = driven.when(the_driver(), claim());
    assert_eq!(moved(&told, Account::CashWithDriver), BALANCE.amount);
    assert_eq!(moved(&told, Account::CashToConfirm), -BALANCE.amount);
    assert!(!closes_the_booking(&told));
    let story = told.story();
    assert_eq!(story.state().0.receivable, BALANCE, "the rider's debt stands");
    story.when(the_driver(), claim()).then_nothing();
}

#[test]
fn cash_that_the_rider_confirms_closes_the_booking() {
    let told = claimed().when(the_rider(), says(true));
    assert!(closes_the_booking(&told));
    assert_eq!(reply::<CashReply>(&told).state, CashState::Confirmed);
    assert_eq!(moved(&told, Account::CashToConfirm), BALANCE.amount);
    let story = told.then_types(&[
        "payment.cash_confirmed.v1",
        "payment.journal_posted.v1",
        "payment.balance_paid.v1",
    ]);
    let story = story.when(the_rider(), says(true)).then_nothing();
    let story = story.when(the_driver(), claim()).then_nothing();
    story
        .when(the_rider(), says(false))
        .then_rejected("payment.cash_decided")
        .when(the_rider(), by_card())
        .then_rejected("payment.balance_paid");
}

#[test]
fn who_says_nothing_for_a_day_has_paid() {
    let story = claimed()
        .at("2026-11-22T09:59:59Z")
        .when(Actor::System, Command::CashStands);
    let story = story.then_nothing().at("2026-11-22T10:00:00Z");
    assert!(
        story
            .deadlines()
            .iter()
            .any(|deadline| deadline.name == "cash stands")
    );
    let told = story.when(Actor::System, Command::CashStands);
    assert!(closes_the_booking(&told));
    assert!(told.story().deadlines().is_empty());
}

#[test]
fn a_dispute_opens_a_case_and_support_decides() {
    let told = claimed().when(the_rider(), says(false));
    let disputed = told.then_types(&["payment.cash_disputed.v1", "payment.support_case_opened.v1"]);
    assert!(
        disputed.deadlines().is_empty(),
        "silence no longer counts as a yes"
    );
    let disputed = disputed.when(the_rider(), says(false)).then_nothing();

    let paid = disputed.clone().when(support(), says(true));
    assert!(closes_the_booking(&paid));

    let told = disputed.when(support(), says(false));
    assert_eq!(moved(&told, Account::CashWithDriver), -BALANCE.amount);
    assert!(!closes_the_booking(&told));
    let story = told.then_types(&["payment.cash_withdrawn.v1", "payment.journal_posted.v1"]);
    assert_eq!(story.state().0.receivable, BALANCE, "the balance is open again");
    let asked = story.when(the_rider(), by_card());
    request(&asked, OperationKind::Charge, BALANCE);
}

#[test]
fn a_driver_takes_a_wrong_claim_back() {
    let told = claimed().when(the_driver(), says(false));
    assert_eq!(moved(&told, Account::CashWithDriver), -BALANCE.amount);
    let told = told.story().when(the_driver(), claim());
    told.then_types(&["payment.cash_claimed.v1", "payment.journal_posted.v1"]);
}

#[test]
fn a_rider_pays_in_another_way_only_once_the_cash_is_disputed() {
    let story = claimed()
        .when(the_rider(), by_card())
        .then_rejected("payment.cash_claimed");
    let disputed = story.when(the_rider(), says(false)).story();
    let asked = disputed.when(the_rider(), by_card());
    let charge = request(&asked, OperationKind::Charge, BALANCE);
    let told = asked.story().when(worker(), done(charge));
    assert!(closes_the_booking(&told));
    // The driver was wrong: what he owed for the claim goes.
    let told = told.story().when(support(), says(false));
    assert_eq!(moved(&told, Account::CashWithDriver), -BALANCE.amount);
    assert_eq!(told.story().state().0.receivable, Money::ZERO);
}

#[test]
fn cash_in_part_leaves_the_rest_to_the_card() {
    let driven = captured().when(saga(), Command::Settle(v1(75_900))).story();
    let asked = driven.when(the_rider(), by_card());
    let charge = request(&asked, OperationKind::Charge, Money::inr(300_000));
    let told = asked.story().when(worker(), done(charge));
    assert!(!closes_the_booking(&told), "the cash is not confirmed");
    let told = told.story().when(the_rider(), says(true));
    assert!(closes_the_booking(&told));
    assert_eq!(told.story().state().0.receivable, Money::ZERO);
}

/// The driver says to have taken this much of the balance, and no more.
fn claimed_in_part() -> Story<Payment> {
    captured().when(saga(), Command::Settle(v1(75_900))).story()
}

#[test]
fn a_driver_who_took_the_rest_too_says_so_of_all_of_it() {
    let told = claimed_in_part().when(the_driver(), claim());
    let said: BalanceReply = reply(&told);
    assert_eq!((said.status, said.amount), (BalanceStatus::Claimed, BALANCE));
    assert_eq!(moved(&told, Account::CashWithDriver), 300_000);
    let told = told.story().when(the_rider(), says(true));
    assert!(closes_the_booking(&told));
    assert_eq!(told.story().state().0.receivable, Money::ZERO);

    let disputed = claimed_in_part().when(the_rider(), says(false)).story();
    disputed
        .when(the_driver(), claim())
        .then_rejected("payment.cash_claimed");
}

#[test]
fn when_support_says_that_all_was_paid_in_cash_the_driver_carries_all_of_it() {
    let told = claimed_in_part().when(support(), claim());
    assert_eq!(reply::<BalanceReply>(&told).status, BalanceStatus::Paid);
    assert_eq!(moved(&told, Account::CashWithDriver), 300_000);
    assert!(closes_the_booking(&told));
    assert_eq!(told.story().state().0.receivable, Money::ZERO);
}

#[test]
fn nobody_else_has_a_say_and_without_a_claim_there_is_nothing_to_say() {
    let other = user(UserId::derive(7, &[b"other"]), Role::Rider);
    claimed()
        .when(other, says(true))
        .then_rejected("payment.not_yours");
    captured()
        .when(the_rider(), says(true))
        .then_rejected("payment.not_settled");
    let driven = captured().when(saga(), Command::Settle(v1(0))).story();
    driven
        .when(the_rider(), says(true))
        .then_rejected("payment.no_cash");
}

#[test]
fn what_support_records_needs_nobodys_word() {
    let driven = captured().when(saga(), Command::Settle(v1(0))).story();
    assert!(closes_the_booking(&driven.when(support(), claim())));
    assert!(closes_the_booking(&claimed().when(support(), claim())));
}
