use super::people::*;
use crate::domain::OperationKind;
use interstate_schemas::Money;

const CAPTURED: &str = r#"capture/1: {"Captured":{"amount":{"amount":94000,"currency":"INR"}}}"#;

#[test]
fn what_is_held_is_captured_and_booked() {
    let asked = held().for_step(step("capture", 1)).when(saga(), capture());
    assert_eq!(requests(&asked)[0].provider_reference.as_deref(), Some("pi_1"));
    let operation = request(&asked, OperationKind::Capture, ADVANCE);
    let told = asked.story().when(worker(), done(operation));
    assert_eq!(said(told.messages()), [CAPTURED]);
    let story = told.then_types(&[
        "payment.operation_closed.v1",
        "payment.captured.v1",
        "payment.journal_posted.v1",
    ]);
    assert_eq!(story.state().0.advance, ADVANCE);
    let again = story.when(saga(), capture());
    assert_eq!(said(again.messages()), [CAPTURED]);
    again.then_nothing();
}

#[test]
fn without_a_hold_it_is_charged_at_once() {
    let asked = payment().for_step(step("capture", 1)).when(saga(), capture());
    let operation = request(&asked, OperationKind::Charge, ADVANCE);
    let story = asked.story().when(saga(), capture()).then_nothing();
    let told = story.when(worker(), done(operation));
    assert_eq!(said(told.messages()), [CAPTURED]);
}

#[test]
fn a_capture_waits_for_the_hold_before_it() {
    let asked = payment().for_step(step("hold", 1)).when(saga(), hold());
    let holding = request(&asked, OperationKind::Hold, ADVANCE);
    let waiting = asked.story().for_step(step("capture", 1)).when(saga(), capture());
    assert!(requests(&waiting).is_empty());
    let told = waiting.story().when(worker(), done(holding));
    request(&told, OperationKind::Capture, ADVANCE);
}

#[test]
fn a_hold_that_ran_out_on_the_way_is_charged_anew() {
    let asked = held().for_step(step("capture", 1)).when(saga(), capture());
    let late = request(&asked, OperationKind::Capture, ADVANCE);
    let told = asked.story().when(worker(), refused(late, "hold_expired"));
    let anew = request(&told, OperationKind::Charge, ADVANCE);
    assert_eq!(said(told.messages()), [""; 0]);
    let told = told.story().when(worker(), done(anew));
    assert_eq!(said(told.messages()), [CAPTURED]);
}

#[test]
fn a_refused_capture_took_nothing_so_it_may_be_tried_again() {
    let asked = held().for_step(step("capture", 1)).when(saga(), capture());
    let first = request(&asked, OperationKind::Capture, ADVANCE);
    let told = asked.story().when(worker(), refused(first, "capture_refused"));
    assert_eq!(said(told.messages()), ["capture/1: payment.capture_refused"]);
    let again = told.story().when(saga(), capture());
    let second = request(&again, OperationKind::Capture, ADVANCE);
    assert_ne!(first, second);
}

#[test]
fn more_than_is_held_is_charged_and_the_hold_given_back() {
    let more = crate::domain::Command::Capture {
        booking: booking(),
        rider: rider(),
        amount: ADVANCE + Money::inr(1),
        method: card(),
    };
    let asked = held().for_step(step("capture", 1)).when(saga(), more);
    let kinds: Vec<_> = requests(&asked).iter().map(|asked| asked.kind).collect();
    assert_eq!(kinds, [OperationKind::Void, OperationKind::Charge]);
    let [release, charge] = [0, 1].map(|n| requests(&asked)[n].operation);
    // Results come in any order, and each closes its own operation.
    let told = asked.story().when(worker(), done(charge));
    assert_eq!(told.messages().len(), 1);
    told.story()
        .when(worker(), done(release))
        .then_types(&["payment.operation_closed.v1", "payment.hold_released.v1"]);
}

#[test]
fn a_result_of_an_operation_that_nobody_asked_for_is_refused() {
    let stranger = interstate_schemas::OperationId::derive(9, &[b"x"]);
    payment()
        .when(worker(), done(stranger))
        .then_rejected("payment.no_such_operation");
}
