use super::*;
use ulid::Ulid;

const HOLD: Duration = Duration::from_secs(100);
const NOW: UnixMillis = UnixMillis(1_000);
const LATER: UnixMillis = UnixMillis(1_000 + 100_000);

fn terms(method: &str, capture: CaptureMode) -> Terms {
    Terms {
        id: IntentId(Ulid::from_parts(1, 1)),
        amount: 50_000,
        currency: "INR".into(),
        payment_method: PaymentMethod::named(method).expect("a documented method"),
        capture,
        reference: "pay-1".into(),
        metadata: BTreeMap::new(),
        created: NOW,
    }
}

fn held() -> (Terms, State) {
    let terms = terms("pm_card_ok", CaptureMode::Manual);
    let opened = open(&terms, HOLD, Duration::ZERO);
    (terms, opened.state)
}

fn status(made: Result<Move, Refusal>) -> Status {
    made.expect("a legal move").state.status()
}

#[test]
fn a_held_card_is_captured_in_part_and_refunded_in_parts() {
    let (terms, state) = held();
    let captured = decide(
        &terms,
        state,
        Command::Capture { amount: Some(40_000) },
        NOW,
        HOLD,
    )
    .unwrap();
    assert_eq!(captured.event, Some(EventKind::Succeeded));

    let refunded = decide(
        &terms,
        captured.state,
        Command::Refund { amount: 30_000 },
        NOW,
        HOLD,
    )
    .unwrap();
    assert_eq!(
        refunded.state,
        State::Captured {
            captured: 40_000,
            refunded: 30_000
        }
    );
    assert_eq!(
        decide(
            &terms,
            refunded.state,
            Command::Refund { amount: 10_001 },
            NOW,
            HOLD
        ),
        Err(Refusal::RefundTooLarge { left: 10_000 })
    );
    assert!(
        decide(
            &terms,
            refunded.state,
            Command::Refund { amount: 10_000 },
            NOW,
            HOLD
        )
        .is_ok()
    );
}

#[test]
fn no_more_than_the_hold_is_captured_and_only_once() {
    let (terms, state) = held();
    assert_eq!(
        decide(
            &terms,
            state,
            Command::Capture { amount: Some(50_001) },
            NOW,
            HOLD
        ),
        Err(Refusal::AmountTooLarge { held: 50_000 })
    );
    let captured = decide(&terms, state, Command::Capture { amount: None }, NOW, HOLD)
        .unwrap()
        .state;
    for command in [
        Command::Capture { amount: None },
        Command::Cancel,
        Command::Expire,
    ] {
        assert_eq!(
            decide(&terms, captured, command, NOW, HOLD),
            Err(Refusal::UnexpectedState {
                status: Status::Succeeded
            })
        );
    }
}

#[test]
fn a_hold_can_be_captured_until_the_moment_it_expires() {
    let (terms, state) = held();
    let just_before = UnixMillis(LATER.0 - 1);
    assert!(
        decide(
            &terms,
            state,
            Command::Capture { amount: None },
            just_before,
            HOLD
        )
        .is_ok()
    );
    for command in [Command::Capture { amount: None }, Command::Cancel] {
        assert_eq!(
            decide(&terms, state, command, LATER, HOLD),
            Err(Refusal::HoldExpired)
        );
        let expired = decide(&terms, state, Command::Expire, LATER, HOLD).unwrap().state;
        assert_eq!(
            decide(&terms, expired, command, LATER, HOLD),
            Err(Refusal::HoldExpired)
        );
    }
}

#[test]
fn a_bank_may_refuse_the_capture_and_leave_the_hold() {
    let terms = terms("pm_card_capture_refused", CaptureMode::Manual);
    let state = open(&terms, HOLD, Duration::ZERO).state;
    assert_eq!(
        decide(&terms, state, Command::Capture { amount: None }, NOW, HOLD),
        Err(Refusal::CaptureRefused)
    );
    assert_eq!(
        status(decide(&terms, state, Command::Cancel, NOW, HOLD)),
        Status::Canceled
    );
}

#[test]
fn upi_waits_for_the_customer() {
    for (method, capture, end) in [
        ("pm_upi_ok", CaptureMode::Automatic, Status::Succeeded),
        ("pm_upi_fails", CaptureMode::Automatic, Status::Failed),
        ("pm_upi_unanswered", CaptureMode::Automatic, Status::Failed),
        ("pm_upi_block_ok", CaptureMode::Manual, Status::RequiresCapture),
        ("pm_upi_block_fails", CaptureMode::Manual, Status::Failed),
    ] {
        let terms = terms(method, capture);
        let opened = open(&terms, HOLD, Duration::from_millis(20));
        assert_eq!(
            opened,
            Move {
                state: State::Processing {
                    settles_at: UnixMillis(1_020)
                },
                event: None
            }
        );
        assert_eq!(
            status(decide(&terms, opened.state, Command::Settle, LATER, HOLD)),
            end,
            "{method}"
        );
        assert_eq!(
            status(decide(&terms, opened.state, Command::Cancel, NOW, HOLD)),
            Status::Canceled
        );
        assert!(decide(&terms, opened.state, Command::Capture { amount: None }, NOW, HOLD).is_err());
    }
}

#[test]
fn a_card_is_declined_at_once_and_nothing_follows() {
    let terms = terms("pm_card_insufficient_funds", CaptureMode::Manual);
    let opened = open(&terms, HOLD, Duration::ZERO);
    assert_eq!(
        opened,
        Move::new(
            State::Failed {
                decline: DeclineCode::InsufficientFunds
            },
            EventKind::PaymentFailed
        )
    );
    for command in [
        Command::Capture { amount: None },
        Command::Cancel,
        Command::Refund { amount: 1 },
    ] {
        assert!(decide(&terms, opened.state, command, NOW, HOLD).is_err());
    }
}

#[test]
fn only_events_move_the_sequence_on() {
    let (_, state) = held();
    let start = Snapshot { state, sequence: 3 };
    assert_eq!(start.moved(Move { state, event: None }).sequence, 3);
    assert_eq!(start.moved(Move::new(state, EventKind::Refunded)).sequence, 4);
}
