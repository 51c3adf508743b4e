use super::people::*;
use crate::domain::{Account, Command, OperationKind, PaymentEvent, RefundReply};
use interstate_schemas::{Actor, DriverCompensation, Money, Role, UserId};

#[test]
fn a_refund_keeps_the_fee_with_its_gst_and_a_repeat_is_the_same_refund() {
    // Vector of the cancellation rules: V1, five hours before, assigned: 10,000 kept, 84,000 back.
    let asked = captured()
        .for_step(step("cancel", 1))
        .when(saga(), refund("cancel", None, 10_000));
    let operation = request(&asked, OperationKind::Refund, Money::inr(84_000));
    let story = asked
        .story()
        .when(saga(), refund("cancel", None, 10_000))
        .then_nothing();
    let told = story.when(worker(), done(operation));
    assert_eq!(said(told.messages()), ["cancel/1: Undone"]);
    let postings: Vec<(String, i64)> = told
        .decided()
        .events
        .iter()
        .filter_map(|event| match event {
            PaymentEvent::JournalPosted(posted) => Some(posted.entry.postings().to_vec()),
            _ => None,
        })
        .flatten()
        .map(|posting| (posting.account.to_string(), posting.amount.amount))
        .collect();
    let expected = [
        ("advance_liability", 84_000),
        ("provider_clearing", -84_000),
        ("advance_liability", 10_000),
        ("cancellation_fees", -9_524),
        ("gst_output", -476),
    ];
    assert_eq!(
        postings,
        expected.map(|(account, amount)| (account.to_owned(), amount))
    );
    let story = told.story();
    assert_eq!(story.state().0.advance, Money::ZERO, "nothing is left over");
    let again = story.when(saga(), refund("cancel", None, 10_000));
    assert_eq!(said(again.messages()), ["cancel/1: Undone"]);
    again.then_nothing();
}

/// Who gets what by the entries of a decision.
fn moved(told: &interstate_eventing::fixture::Told<crate::domain::Payment>) -> Vec<(Account, i64, bool)> {
    let entries = told.decided().events.iter().filter_map(|event| match event {
        PaymentEvent::JournalPosted(posted) => Some(posted.entry.clone()),
        _ => None,
    });
    entries
        .flat_map(|entry| entry.postings().to_vec())
        .map(|posting| {
            (
                posting.account,
                posting.amount.amount,
                posting.driver == Some(driver()),
            )
        })
        .collect()
}

fn cancelled(fee: i64, driver_gets: i64) -> Command {
    let compensation = Some(DriverCompensation {
        driver: driver(),
        amount: Money::inr(driver_gets),
    });
    Command::Refund {
        booking: booking(),
        amount: None,
        fee: Money::inr(fee),
        reference: "cancel".to_owned(),
        compensation,
    }
}

#[test]
fn the_driver_gets_four_fifths_of_the_fee_once() {
    let asked = captured()
        .for_step(step("cancel", 1))
        .when(saga(), cancelled(10_000, 8_000));
    let operation = request(&asked, OperationKind::Refund, Money::inr(84_000));
    let told = asked.story().when(worker(), done(operation));
    let (fees, payable) = (Account::CancellationFees, Account::DriverPayable);
    assert_eq!(moved(&told)[5..], [(fees, 8_000, false), (payable, -8_000, true)]);
    told.story().when(saga(), cancelled(10_000, 8_000)).then_nothing();
}

#[test]
fn a_driver_who_is_stood_down_is_paid_by_the_operator() {
    let asked = captured().when(saga(), cancelled(0, 20_000));
    let operation = request(&asked, OperationKind::Refund, ADVANCE);
    let told = asked.story().when(worker(), done(operation));
    let (fees, payable) = (Account::CancellationFees, Account::DriverPayable);
    assert_eq!(
        moved(&told)[2..],
        [(fees, 20_000, false), (payable, -20_000, true)]
    );
}

#[test]
fn a_fee_that_was_never_taken_has_no_share() {
    let told = payment().when(saga(), cancelled(10_000, 8_000));
    assert_eq!(moved(&told), []);
    captured()
        .when(saga(), cancelled(10_000, -1))
        .then_rejected("payment.amount_not_positive");
}

#[test]
fn a_late_capture_is_refunded_whole() {
    let asked = payment().for_step(step("capture", 1)).when(saga(), capture());
    let taking = request(&asked, OperationKind::Charge, ADVANCE);
    let waiting = asked.story().when(saga(), refund("lapsed", None, 0));
    assert!(
        requests(&waiting).is_empty() && waiting.messages().is_empty(),
        "nothing is certain"
    );
    let told = waiting.story().when(worker(), done(taking));
    let back = request(&told, OperationKind::Refund, ADVANCE);
    let told = told.story().when(worker(), done(back));
    assert_eq!(said(told.messages()), ["capture/1: Undone"]);
}

#[test]
fn a_refund_of_a_capture_that_fails_has_nothing_to_give_back() {
    let asked = payment().for_step(step("capture", 1)).when(saga(), capture());
    let taking = request(&asked, OperationKind::Charge, ADVANCE);
    let waiting = asked.story().when(saga(), refund("lapsed", None, 0)).story();
    let told = waiting.when(worker(), refused(taking, "card_declined"));
    assert_eq!(
        said(told.messages()),
        ["capture/1: payment.card_declined", "capture/1: Undone"]
    );
}

#[test]
fn a_refund_that_comes_first_refuses_the_late_capture() {
    let told = payment()
        .for_step(step("capture", 1))
        .when(saga(), refund("lapsed", None, 500));
    assert_eq!(said(told.messages()), ["capture/1: Undone"]);
    let story = told.then_types(&["payment.refund_requested.v1", "payment.refunded.v1"]);
    let story = story.when(saga(), capture()).then_rejected("payment.refunded");
    request(
        &story.for_step(step("capture", 2)).when(saga(), capture()),
        OperationKind::Charge,
        ADVANCE,
    );
}

#[test]
fn refunds_together_never_give_back_more_than_was_taken() {
    let first = captured().when(saga(), refund("a", Some(60_000), 0));
    let one = request(&first, OperationKind::Refund, Money::inr(60_000));
    let second = first.story().when(saga(), refund("b", Some(60_000), 0));
    let two = request(&second, OperationKind::Refund, Money::inr(34_000));
    // The second ends first.
    let story = second.story().when(worker(), done(two)).story();
    let told = story.when(worker(), done(one));
    let third = told.story().when(saga(), refund("c", Some(1), 0));
    assert!(requests(&third).is_empty());
}

#[test]
fn a_refused_refund_is_tried_again_when_it_is_asked_for_again() {
    let asked = captured()
        .for_step(step("cancel", 1))
        .when(saga(), refund("cancel", None, 0));
    let first = request(&asked, OperationKind::Refund, ADVANCE);
    let told = asked.story().when(worker(), refused(first, "refund_too_large"));
    assert_eq!(
        said(told.messages()),
        [""; 0],
        "a compensation is not refused: it is not done yet"
    );
    let again = told.story().when(saga(), refund("cancel", None, 0));
    let second = request(&again, OperationKind::Refund, ADVANCE);
    let told = again.story().when(worker(), done(second));
    assert_eq!(said(told.messages()), ["cancel/1: Undone"]);
}

/// An advance above the fare, of which the provider gives nothing back.
fn overpaid() -> (
    interstate_eventing::fixture::Story<crate::domain::Payment>,
    interstate_schemas::OperationId,
) {
    let short = interstate_schemas::Settlement {
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
    (told.story(), back)
}

#[test]
fn a_refused_refund_of_what_was_overpaid_is_tried_again_later() {
    let (story, back) = overpaid();
    let told = story.when(worker(), refused(back, "try_later"));
    let story = told.then_types(&["payment.operation_closed.v1", "payment.refund_refused.v1"]);
    let due = story.deadlines()[0].due;
    assert_eq!(due.to_string(), "2026-11-21T10:10:00Z");
    let story = story.when(Actor::System, Command::RefundAgain).then_nothing();
    let told = story
        .at(&due.to_string())
        .when(Actor::System, Command::RefundAgain);
    let again = request(&told, OperationKind::Refund, Money::inr(4_000));
    assert_ne!(again, back, "the provider has closed the first one");
    let story = told.story().when(worker(), done(again)).story();
    assert_eq!(
        (story.state().0.receivable, story.state().0.advance),
        (Money::ZERO, Money::ZERO)
    );
    assert!(story.deadlines().is_empty());
}

fn support() -> Actor {
    user(UserId::derive(8, &[b"support"]), Role::Support)
}

#[test]
fn support_does_not_wait_until_a_refused_refund_is_due() {
    let (story, back) = overpaid();
    let story = story.when(worker(), refused(back, "try_later")).story();
    let told = story.when(support(), Command::RefundAgain);
    let reply: RefundReply = serde_json::from_slice(&told.decided().reply).unwrap();
    assert_eq!(reply.again, ["overpaid-1"]);
    let again = request(&told, OperationKind::Refund, Money::inr(4_000));
    let story = told.story().when(worker(), done(again)).story();
    assert_eq!(story.state().0.receivable, Money::ZERO);
    let told = story.when(support(), Command::RefundAgain);
    let reply: RefundReply = serde_json::from_slice(&told.decided().reply).unwrap();
    assert_eq!(reply.again, [""; 0]);
    told.then_nothing();
}

#[test]
fn a_refund_that_is_refused_again_and_again_calls_a_person() {
    let (mut story, mut back) = overpaid();
    let mut pauses = 0;
    loop {
        let told = story.when(worker(), refused(back, "try_later"));
        let called = told
            .decided()
            .events
            .iter()
            .any(|event| matches!(event, PaymentEvent::SupportCaseOpened(_)));
        story = told.story();
        let Some(deadline) = story.deadlines().first().cloned() else {
            assert!(called);
            break;
        };
        assert!(!called);
        pauses += 1;
        let told = story
            .at(&deadline.due.to_string())
            .when(Actor::System, Command::RefundAgain);
        back = request(&told, OperationKind::Refund, Money::inr(4_000));
        story = told.story();
    }
    assert_eq!(pauses, 5);
    let told = story.when(support(), Command::RefundAgain);
    request(&told, OperationKind::Refund, Money::inr(4_000));
}
