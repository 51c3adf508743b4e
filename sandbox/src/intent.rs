//! One payment: what it was opened for, the state that it is in, and the legal moves. Pure: no clock, no I/O.

use crate::{
    clock::UnixMillis,
    ids::IntentId,
    methods::{Behaviour, DeclineCode, MethodKind, PaymentMethod},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

/// When the money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMode {
    /// The amount is held, and captured or released by a second request.
    Manual,
    /// The amount is taken at once.
    Automatic,
}

/// What an intent was opened for; it never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The provider's id.
    pub id: IntentId,
    /// In the currency's smallest unit (paise for INR).
    pub amount: u64,
    /// Three capital letters.
    pub currency: Arc<str>,
    /// The test method that is charged.
    pub payment_method: PaymentMethod,
    /// When the money moves.
    pub capture: CaptureMode,
    /// The merchant's own id of the authorization.
    pub reference: Arc<str>,
    /// The merchant's own notes; returned as they came.
    pub metadata: BTreeMap<String, String>,
    /// When it was opened.
    pub created: UnixMillis,
}

/// Why a payment was canceled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelReason {
    /// The merchant asked.
    Requested,
    /// The hold ran out.
    Expired,
}

/// Where a payment stands, with what only that state knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The customer has been asked and will have answered by then.
    Processing { settles_at: UnixMillis },
    /// The amount is set aside.
    Held { expires_at: UnixMillis },
    /// Money has moved; `refunded <= captured`.
    Captured { captured: u64, refunded: u64 },
    /// Nothing moved; what was held, if anything, was given back.
    Canceled { reason: CancelReason, was_held: bool },
    /// The answer was no.
    Failed { decline: DeclineCode },
}

/// A state, and how many events the payment had published on reaching it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Where the payment stands.
    pub state: State,
    /// The number of the latest event: 0 before the first.
    pub sequence: u32,
}

impl Snapshot {
    /// This payment after `made`; each event takes the next number.
    pub fn moved(self, made: Move) -> Self {
        Self {
            state: made.state,
            sequence: self.sequence + u32::from(made.event.is_some()),
        }
    }
}

/// What happened, as webhooks name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventKind {
    /// An amount is held and can be captured.
    #[serde(rename = "payment_intent.amount_capturable_updated")]
    AmountCapturableUpdated,
    /// The money has been taken.
    #[serde(rename = "payment_intent.succeeded")]
    Succeeded,
    /// The bank or the customer said no.
    #[serde(rename = "payment_intent.payment_failed")]
    PaymentFailed,
    /// Released by request, or expired.
    #[serde(rename = "payment_intent.canceled")]
    Canceled,
    /// Some of the money went back.
    #[serde(rename = "charge.refunded")]
    Refunded,
}

/// What can be asked of an open payment, by the merchant or by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Take `amount` of what is held, or all of it, and release the rest.
    Capture { amount: Option<u64> },
    /// Release the hold, or withdraw the request to the customer.
    Cancel,
    /// Give `amount` of what was captured back.
    Refund { amount: u64 },
    /// The customer has answered.
    Settle,
    /// The hold has run out.
    Expire,
}

/// A legal move: the state that it leads to, and the event that tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The new state.
    pub state: State,
    /// What is published; opening a payment that the customer has yet to answer publishes nothing.
    pub event: Option<EventKind>,
}

impl Move {
    fn new(state: State, event: EventKind) -> Self {
        Self {
            state,
            event: Some(event),
        }
    }
}

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Captured or canceled too late.
    #[error("the hold expired; authorize the payment again")]
    HoldExpired,
    /// More than is held.
    #[error("only {held} is held; capture at most that")]
    AmountTooLarge { held: u64 },
    /// More than is left of what was captured.
    #[error("only {left} of what was captured is left to refund")]
    RefundTooLarge { left: u64 },
    /// The bank did not honour the hold.
    #[error("the bank refused the capture")]
    CaptureRefused,
    /// The state allows no such move.
    #[error("the payment is {status}: this operation is not possible in that state")]
    UnexpectedState { status: Status },
}

/// A state's name on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The customer has yet to answer.
    Processing,
    /// The amount is held.
    RequiresCapture,
    /// The amount was captured.
    Succeeded,
    /// Released or expired.
    Canceled,
    /// Declined.
    Failed,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Processing => "processing",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
        })
    }
}

impl State {
    /// The state's name on the wire.
    pub fn status(self) -> Status {
        match self {
            Self::Processing { .. } => Status::Processing,
            Self::Held { .. } => Status::RequiresCapture,
            Self::Captured { .. } => Status::Succeeded,
            Self::Canceled { .. } => Status::Canceled,
            Self::Failed { .. } => Status::Failed,
        }
    }

    /// When time moves this state on by itself, and by which command.
    pub fn deadline(self) -> Option<(UnixMillis, Command)> {
        match self {
            Self::Processing { settles_at } => Some((settles_at, Command::Settle)),
            Self::Held { expires_at } => Some((expires_at, Command::Expire)),
            _ => None,
        }
    }
}

/// Opens a payment. A card answers at once; a UPI customer has `upi_delay` to do so.
pub fn open(terms: &Terms, hold: Duration, upi_delay: Duration) -> Move {
    match terms.payment_method.kind() {
        MethodKind::Card => answer(terms, hold, terms.created),
        MethodKind::Upi | MethodKind::UpiBlock => Move {
            state: State::Processing {
                settles_at: terms.created.plus(upi_delay),
            },
            event: None,
        },
    }
}

/// Decides what `command` does to a payment in `state`.
pub fn decide(
    terms: &Terms,
    state: State,
    command: Command,
    now: UnixMillis,
    hold: Duration,
) -> Result<Move, Refusal> {
    use Command::*;
    match (state, command) {
        (State::Processing { .. }, Settle) => Ok(answer(terms, hold, now)),
        (State::Processing { .. }, Cancel) => Ok(canceled(CancelReason::Requested, false)),

        (State::Held { .. }, Expire) => Ok(canceled(CancelReason::Expired, true)),
        (State::Held { expires_at }, Capture { .. } | Cancel) if now >= expires_at => {
            Err(Refusal::HoldExpired)
        }
        (State::Held { .. }, Cancel) => Ok(canceled(CancelReason::Requested, true)),
        (State::Held { .. }, Capture { amount: Some(amount) }) if amount > terms.amount => {
            Err(Refusal::AmountTooLarge { held: terms.amount })
        }
        (State::Held { .. }, Capture { .. })
            if terms.payment_method.behaviour() == Behaviour::RefusesCapture =>
        {
            Err(Refusal::CaptureRefused)
        }
        (State::Held { .. }, Capture { amount }) => Ok(captured(amount.unwrap_or(terms.amount))),

        (State::Captured { captured, refunded }, Refund { amount }) if amount > captured - refunded => {
            Err(Refusal::RefundTooLarge {
                left: captured - refunded,
            })
        }
        (State::Captured { captured, refunded }, Refund { amount }) => Ok(Move::new(
            State::Captured {
                captured,
                refunded: refunded + amount,
            },
            EventKind::Refunded,
        )),

        // Whether the sweep has already come by makes no difference to who captures too late.
        (
            State::Canceled {
                reason: CancelReason::Expired,
                ..
            },
            Capture { .. } | Cancel,
        ) => Err(Refusal::HoldExpired),
        (state, _) => Err(Refusal::UnexpectedState {
            status: state.status(),
        }),
    }
}

/// What the bank or the customer says to a payment.
fn answer(terms: &Terms, hold: Duration, now: UnixMillis) -> Move {
    match (terms.payment_method.behaviour(), terms.capture) {
        (Behaviour::Declines(decline), _) => Move::new(State::Failed { decline }, EventKind::PaymentFailed),
        (_, CaptureMode::Automatic) => captured(terms.amount),
        (_, CaptureMode::Manual) => Move::new(
            State::Held {
                expires_at: now.plus(hold),
            },
            EventKind::AmountCapturableUpdated,
        ),
    }
}

fn captured(amount: u64) -> Move {
    Move::new(
        State::Captured {
            captured: amount,
            refunded: 0,
        },
        EventKind::Succeeded,
    )
}

fn canceled(reason: CancelReason, was_held: bool) -> Move {
    Move::new(State::Canceled { reason, was_held }, EventKind::Canceled)
}

#[cfg(test)]
#[path = "intent_tests.rs"]
mod tests;
