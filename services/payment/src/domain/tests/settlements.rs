use super::people::*;
use crate::domain::{Account, Command, OperationKind, PaymentEvent};
use interstate_eventing::fixture::Told;
use interstate_schemas::{Money, Role, Settlement};
use std::collections::BTreeMap;

fn postings(told: &Told<crate::domain::Payment>) -> BTreeMap<Account, i64> {
    let mut sums = BTreeMap::new();
    for event in &told.decided().events {
        if let PaymentEvent::JournalPosted(posted) = event {
            for posting in posted.entry.postings() {
                *sums.entry(posting.account).or_default() += posting.amount.amount;
            }
        }
    }
    sums
}

#[test]
fn v1_is_booked_to_the_paisa() {
    let told = captured().when(saga(), Command::Settle(v1(0)));
    assert_eq!(
        postings(&told),
        BTreeMap::from([
            (Account::RiderReceivable, 375_900),
            (Account::AdvanceLiability, 94_000),
            (Account::DriverPayable, -380_146),
            (Account::CommissionIncome, -56_700),
            (Account::GstOutput, -(10_206 + 22_376)),
            (Account::TdsPayable, -448),
            (Account::RoundOff, -24),
        ])
    );
    let story = told.story();
    assert_eq!(story.state().0.receivable, Money::inr(375_900), "the balance");
    story.when(saga(), Command::Settle(v1(0))).then_nothing();
}

#[test]
fn a_driver_who_took_the_balance_in_cash_is_owed_4_246_paise() {
    let told = captured().when(saga(), Command::Settle(v1(375_900)));
    let sums = postings(&told);
    assert_eq!(
        -sums[&Account::DriverPayable] - sums[&Account::CashWithDriver],
        4_246
    );
    assert_eq!(said(told.messages()), [""; 0], "the rider has not said so");
    let told = told
        .story()
        .when(user(rider(), Role::Rider), Command::AnswerCash { paid: true });
    let paid = r#"{"BalancePaid":{"amount":{"amount":375900,"currency":"INR"},"at":"2026-11-21T10:00:00Z"}}"#;
    assert_eq!(said(told.messages()), [paid]);
    assert_eq!(told.story().state().0.receivable, Money::ZERO);
}

#[test]
fn parts_that_are_not_the_whole_are_refused() {
    let wrong = Settlement {
        tds: Money::inr(449),
        ..v1(0)
    };
    captured()
        .when(saga(), Command::Settle(wrong))
        .then_rejected("payment.settlement_unbalanced");
}

#[test]
fn a_second_settlement_with_other_figures_is_refused() {
    let story = captured().when(saga(), Command::Settle(v1(0))).story();
    story
        .when(saga(), Command::Settle(v1(100)))
        .then_rejected("payment.already_settled");
}

#[test]
fn an_advance_above_the_fare_goes_back() {
    let short = Settlement {
        payable: Money::inr(90_000),
        commission: Money::ZERO,
        commission_gst: Money::ZERO,
        tds: Money::ZERO,
        fare_gst: Money::ZERO,
        round_off: Money::ZERO,
        driver_due: Money::inr(90_000),
        ..v1(0)
    };
    let told = captured().when(saga(), Command::Settle(short));
    let back = request(&told, OperationKind::Refund, Money::inr(4_000));
    assert_eq!(told.messages().len(), 1, "the balance is paid");
    let told = told.story().when(worker(), done(back));
    let story = told.then_types(&[
        "payment.operation_closed.v1",
        "payment.refunded.v1",
        "payment.journal_posted.v1",
    ]);
    assert_eq!(
        (story.state().0.receivable, story.state().0.advance),
        (Money::ZERO, Money::ZERO)
    );
}

#[test]
fn an_advance_that_is_captured_after_the_settlement_still_pays_for_the_trip() {
    let asked = payment().when(saga(), capture());
    let taking = request(&asked, OperationKind::Charge, ADVANCE);
    let story = asked.story().when(saga(), Command::Settle(v1(0))).story();
    assert_eq!(story.state().0.receivable, Money::inr(469_900));
    let story = story.when(worker(), done(taking)).story();
    assert_eq!(story.state().0.receivable, Money::inr(375_900));
}
