use super::people::*;
use crate::domain::OperationKind;

#[test]
fn a_void_gives_the_hold_back_and_answers_when_that_is_certain() {
    let asked = held().for_step(step("hold", 1)).when(saga(), void());
    assert_eq!(said(asked.messages()), [""; 0]);
    let operation = request(&asked, OperationKind::Void, ADVANCE);
    let story = asked.story().when(saga(), void()).then_nothing();
    let told = story.when(worker(), done(operation));
    assert_eq!(said(told.messages()), ["hold/1: Undone"]);
    let story = told.then_types(&[
        "payment.operation_closed.v1",
        "payment.hold_released.v1",
        "payment.voided.v1",
    ]);
    let again = story.when(saga(), void());
    assert_eq!(said(again.messages()), ["hold/1: Undone"]);
    again
        .then_nothing()
        .when(saga(), hold())
        .then_rejected("payment.voided");
}

#[test]
fn a_void_that_comes_first_leaves_a_tombstone_for_the_late_hold() {
    let told = payment().for_step(step("hold", 1)).when(saga(), void());
    assert_eq!(said(told.messages()), ["hold/1: Undone"]);
    let story = told.then_types(&["payment.void_requested.v1", "payment.voided.v1"]);
    let story = story.when(saga(), hold()).then_rejected("payment.voided");
    let story = story.when(saga(), capture()).then_rejected("payment.voided");
    let next = story.for_step(step("hold", 2)).when(saga(), hold());
    request(&next, OperationKind::Hold, ADVANCE);
}

#[test]
fn a_void_waits_for_a_hold_whose_outcome_is_unknown() {
    let asked = payment().for_step(step("hold", 1)).when(saga(), hold());
    let operation = request(&asked, OperationKind::Hold, ADVANCE);
    let waiting = asked.story().when(saga(), void());
    assert!(
        requests(&waiting).is_empty() && waiting.messages().is_empty(),
        "nothing is certain"
    );

    let told = waiting.story().when(worker(), done(operation));
    assert_eq!(
        said(told.messages()),
        [""; 0],
        "who took the hold back is not told that it is there"
    );
    let release = request(&told, OperationKind::Void, ADVANCE);
    let told = told.story().when(worker(), done(release));
    assert_eq!(said(told.messages()), ["hold/1: Undone"]);
}

#[test]
fn a_void_of_a_hold_that_is_refused_meanwhile_has_nothing_to_undo() {
    let asked = payment().for_step(step("hold", 1)).when(saga(), hold());
    let operation = request(&asked, OperationKind::Hold, ADVANCE);
    let waiting = asked.story().when(saga(), void()).story();
    let told = waiting.when(worker(), refused(operation, "card_declined"));
    assert_eq!(
        said(told.messages()),
        ["hold/1: payment.card_declined", "hold/1: Undone"]
    );
}

#[test]
fn a_hold_that_the_provider_has_given_up_already_is_gone_as_well() {
    let asked = held().for_step(step("hold", 1)).when(saga(), void());
    let operation = request(&asked, OperationKind::Void, ADVANCE);
    let told = asked.story().when(worker(), refused(operation, "hold_expired"));
    assert_eq!(said(told.messages()), ["hold/1: Undone"]);
}

#[test]
fn a_void_that_loses_against_the_capture_gives_the_money_back() {
    let asked = held().for_step(step("capture", 1)).when(saga(), capture());
    let taking = request(&asked, OperationKind::Capture, ADVANCE);
    let waiting = asked.story().for_step(step("hold", 1)).when(saga(), void());
    assert!(
        requests(&waiting).is_empty(),
        "what is being taken cannot be released"
    );
    let told = waiting.story().when(worker(), done(taking));
    let back = request(&told, OperationKind::Refund, ADVANCE);
    let told = told.story().when(worker(), done(back));
    assert_eq!(said(told.messages()), ["hold/1: Undone"]);
}

#[test]
fn a_void_of_an_earlier_run_leaves_the_next_one_alone() {
    let asked = payment().for_step(step("hold", 2)).when(saga(), hold());
    let operation = request(&asked, OperationKind::Hold, ADVANCE);
    let story = asked.story().when(worker(), done(operation)).story();
    let told = story.for_step(step("hold", 1)).when(saga(), void());
    assert!(requests(&told).is_empty());
    assert_eq!(said(told.messages()), ["hold/1: Undone"]);
}
