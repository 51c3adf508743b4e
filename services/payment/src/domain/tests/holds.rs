use super::people::*;
use crate::domain::{Command, OperationKind, OperationResult};
use interstate_schemas::{Money, PaymentCommand};

#[test]
fn a_hold_is_asked_for_and_answered_when_it_is_certain() {
    let asked = payment().for_step(step("hold", 1)).when(saga(), hold());
    assert_eq!(said(asked.messages()), [""; 0], "nothing is promised yet");
    let operation = request(&asked, OperationKind::Hold, ADVANCE);
    let story = asked.then_types(&["payment.hold_requested.v1", "payment.operation_requested.v1"]);
    let told = story.when(worker(), done(operation));
    assert_eq!(
        said(told.messages()),
        [r#"hold/1: {"Held":{"amount":{"amount":94000,"currency":"INR"}}}"#]
    );
    told.then_types(&["payment.operation_closed.v1", "payment.held.v1"]);
}

#[test]
fn a_repeated_hold_waits_for_the_same_outcome_and_then_hears_it_again() {
    let asked = payment().for_step(step("hold", 1)).when(saga(), hold());
    let operation = request(&asked, OperationKind::Hold, ADVANCE);
    let story = asked.story().when(saga(), hold()).then_nothing();
    let told = story.when(worker(), done(operation));
    assert_eq!(told.messages().len(), 1, "one who waits is told once");
    let again = told.story().when(saga(), hold());
    assert_eq!(again.messages().len(), 1);
    again
        .then_nothing()
        .when(worker(), done(operation))
        .then_nothing();
}

#[test]
fn a_refused_hold_is_refused_again_in_the_same_run_and_tried_anew_in_the_next() {
    let asked = payment().for_step(step("hold", 1)).when(saga(), hold());
    let operation = request(&asked, OperationKind::Hold, ADVANCE);
    let told = asked.story().when(worker(), refused(operation, "card_declined"));
    assert_eq!(said(told.messages()), ["hold/1: payment.card_declined"]);
    let again = told.story().when(saga(), hold());
    assert_eq!(said(again.messages()), ["hold/1: payment.card_declined"]);
    let next = again
        .then_nothing()
        .for_step(step("hold", 2))
        .when(saga(), hold());
    request(&next, OperationKind::Hold, ADVANCE);
}

#[test]
fn a_hold_that_runs_out_is_given_up_and_the_capture_charges_anew() {
    let asked = payment().for_step(step("hold", 1)).when(saga(), hold());
    let operation = request(&asked, OperationKind::Hold, ADVANCE);
    let lasts = OperationResult::Succeeded {
        provider_reference: "pi_1".to_owned(),
        lasts_seconds: Some(3_600),
    };
    let held = Command::OperationResult {
        operation,
        attempt: 1,
        result: lasts,
    };
    let story = asked.story().when(worker(), held).story();
    assert_eq!(story.deadlines()[0].due.to_string(), "2026-11-21T11:00:00Z");

    let early = story.clone().when_due("hold expires").then_nothing();
    assert_eq!(early.deadlines().len(), 1, "it is not over yet");

    let over = story.at("2026-11-21T11:00:00Z").when_due("hold expires");
    request(&over, OperationKind::Void, ADVANCE);
    let story = over.then_types(&["payment.hold_expired.v1", "payment.operation_requested.v1"]);
    let told = story.for_step(step("capture", 1)).when(saga(), capture());
    request(&told, OperationKind::Charge, ADVANCE);
}

#[test]
fn nothing_is_no_amount_to_hold() {
    let nothing = Command::Hold {
        booking: booking(),
        rider: rider(),
        amount: Money::ZERO,
        method: card(),
    };
    payment()
        .when(saga(), nothing)
        .then_rejected("payment.amount_not_positive");
}

#[test]
fn the_contract_reads_as_a_command() {
    let contract = [
        (
            PaymentCommand::Hold {
                booking: booking(),
                rider: rider(),
                amount: ADVANCE,
                method: card(),
            },
            hold(),
        ),
        (PaymentCommand::Void { booking: booking() }, void()),
        (
            PaymentCommand::Capture {
                booking: booking(),
                rider: rider(),
                amount: ADVANCE,
                method: card(),
            },
            capture(),
        ),
        (
            PaymentCommand::Refund {
                booking: booking(),
                amount: None,
                fee: Money::inr(5),
                reference: "a".to_owned(),
                compensation: None,
            },
            refund("a", None, 5),
        ),
        (PaymentCommand::Settle(v1(0)), Command::Settle(v1(0))),
    ];
    for (theirs, ours) in contract {
        let json = serde_json::to_string(&theirs).unwrap();
        assert_eq!(serde_json::from_str::<Command>(&json).unwrap(), ours);
        assert_eq!(serde_json::to_string(&ours).unwrap(), json);
    }
}
