//! What answers look like. Views borrow from the book and are written to JSON while it is locked, which costs about
//! a microsecond each and no copies.

use crate::{
    book::{Book, Intent},
    clock::UnixMillis,
    ids::{IntentId, OperationId},
    intent::{CancelReason, CaptureMode, Snapshot, State, Status, Terms},
    methods::{DeclineCode, MethodKind, PaymentMethod},
    operation::{Operation, OperationKind},
};
use serde::Serialize;
use std::collections::BTreeMap;

/// A payment.
#[derive(Debug, Serialize)]
pub struct IntentView<'a> {
    object: &'static str,
    id: IntentId,
    status: Status,
    amount: u64,
    amount_authorized: u64,
    amount_capturable: u64,
    amount_captured: u64,
    amount_refunded: u64,
    currency: &'a str,
    method: MethodKind,
    payment_method: PaymentMethod,
    capture: CaptureMode,
    reference: &'a str,
    metadata: &'a BTreeMap<String, String>,
    decline_code: Option<DeclineCode>,
    cancellation_reason: Option<CancelReason>,
    expires_at_ms: Option<UnixMillis>,
    created_ms: UnixMillis,
    sequence: u32,
}

impl<'a> IntentView<'a> {
    /// The payment with `terms`, as it was at `then`.
    pub fn new(terms: &'a Terms, then: Snapshot) -> Self {
        let authorized = match then.state {
            State::Held { .. } | State::Captured { .. } | State::Canceled { was_held: true, .. } => {
                terms.amount
            }
            State::Processing { .. } | State::Failed { .. } | State::Canceled { .. } => 0,
        };
        let mut view = Self {
            object: "payment_intent",
            id: terms.id,
            status: then.state.status(),
            amount: terms.amount,
            amount_authorized: authorized,
            amount_capturable: 0,
            amount_captured: 0,
            amount_refunded: 0,
            currency: &terms.currency,
            method: terms.payment_method.kind(),
            payment_method: terms.payment_method,
            capture: terms.capture,
            reference: &terms.reference,
            metadata: &terms.metadata,
            decline_code: None,
            cancellation_reason: None,
            expires_at_ms: None,
            created_ms: terms.created,
            sequence: then.sequence,
        };
        match then.state {
            State::Processing { .. } => {}
            State::Held { expires_at } => {
                view.amount_capturable = terms.amount;
                view.expires_at_ms = Some(expires_at);
            }
            State::Captured { captured, refunded } => {
                view.amount_captured = captured;
                view.amount_refunded = refunded;
            }
            State::Canceled { reason, .. } => view.cancellation_reason = Some(reason),
            State::Failed { decline } => view.decline_code = Some(decline),
        }
        view
    }
}

/// How an operation ended, as far as is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Processing,
    Succeeded,
    Failed,
}

/// An operation: the answer to the question what became of a reference.
#[derive(Debug, Serialize)]
pub struct OperationView<'a> {
    object: &'static str,
    id: OperationId,
    kind: OperationKind,
    reference: &'a str,
    payment_intent: IntentId,
    amount: u64,
    status: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<Code>,
    created_ms: UnixMillis,
}

/// Why an operation failed.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
enum Code {
    Declined(DeclineCode),
    Other(&'static str),
}

impl<'a> OperationView<'a> {
    /// `operation`, which belongs to `intent`. An authorization that the customer had yet to answer is shown as it
    /// ended; every other operation ended when it was asked for.
    pub fn new(intent: &Intent, operation: &'a Operation) -> Self {
        let (status, code) = match (operation.refusal, operation.kind, intent.now.state) {
            (Some(refusal), ..) => (Outcome::Failed, Some(Code::Other(refusal.code()))),
            (None, OperationKind::Authorize, State::Processing { .. }) => (Outcome::Processing, None),
            (None, OperationKind::Authorize, State::Failed { decline }) => {
                (Outcome::Failed, Some(Code::Declined(decline)))
            }
            (None, OperationKind::Authorize, State::Canceled { was_held: false, .. }) => {
                (Outcome::Failed, Some(Code::Other("canceled")))
            }
            (None, ..) => (Outcome::Succeeded, None),
        };
        Self {
            object: if operation.kind == OperationKind::Refund {
                "refund"
            } else {
                "operation"
            },
            id: OperationId {
                intent: operation.intent,
                kind: operation.kind,
                number: operation.number,
            },
            kind: operation.kind,
            reference: &operation.reference,
            payment_intent: operation.intent,
            amount: operation.amount,
            status,
            code,
            created_ms: operation.at,
        }
    }
}

/// A list, and where it goes on if it does.
#[derive(Debug, Serialize)]
pub struct List<T> {
    /// The items.
    pub data: Vec<T>,
    /// What to pass as `after` to read on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<IntentId>,
}

/// A payment in the book, with all that was asked of it.
#[derive(Debug, Serialize)]
pub struct Account<'a> {
    #[serde(flatten)]
    intent: IntentView<'a>,
    operations: Vec<OperationView<'a>>,
}

/// What an operation that was carried out is answered with: the payment as it was then, or the refund.
pub fn answer(intent: &Intent, operation: &Operation) -> Vec<u8> {
    match operation.kind {
        OperationKind::Refund => json(&OperationView::new(intent, operation)),
        _ => json(&IntentView::new(&intent.terms, operation.after)),
    }
}

/// A payment as it stands.
pub fn intent(intent: &Intent) -> Vec<u8> {
    json(&IntentView::new(&intent.terms, intent.now))
}

/// Every payment that was opened with `reference`.
pub fn intents_by_reference(book: &Book, reference: &str) -> Vec<u8> {
    let intents = book.intents_by_reference(reference);
    let data: Vec<_> = intents
        .map(|intent| IntentView::new(&intent.terms, intent.now))
        .collect();
    json(&List { data, next: None })
}

/// Every operation with `reference`, refused ones as well, if `wanted`.
pub fn operations_by_reference(book: &Book, reference: &str, wanted: impl Fn(&Operation) -> bool) -> Vec<u8> {
    let operations = book
        .operations_by_reference(reference)
        .filter(|operation| wanted(operation));
    let data: Vec<_> = operations
        .filter_map(|operation| Some(OperationView::new(book.intent(operation.intent)?, operation)))
        .collect();
    json(&List { data, next: None })
}

/// `limit` payments after `after`, with their operations.
pub fn page(book: &Book, after: Option<IntentId>, limit: usize) -> Vec<u8> {
    let mut intents = book.intents_after(after).peekable();
    let mut data = Vec::with_capacity(limit);
    let mut last = None;
    for intent in intents.by_ref().take(limit) {
        last = Some(intent.terms.id);
        data.push(Account {
            intent: IntentView::new(&intent.terms, intent.now),
            operations: book
                .operations_of(intent)
                .map(|operation| OperationView::new(intent, operation))
                .collect(),
        });
    }
    let next = intents.peek().and(last);
    json(&List { data, next })
}

fn json(view: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    serde_json::to_writer(&mut bytes, view).expect("views have text keys only, and a vector takes any bytes");
    bytes
}
