//! Which entry a merchant's request, or a deadline, makes. Nothing is changed here: the entry is written down first.

use crate::{
    book::Book,
    clock::UnixMillis,
    config::Config,
    error::ApiError,
    idempotency::IdempotencyKey,
    ids::IntentId,
    intent::{self, Command, Move, Refusal, Snapshot},
    journal::Entry,
    operation::{Event, Operation, OperationKind},
    requests::{NewIntent, Request},
};
use std::sync::Arc;
use ulid::Ulid;

/// The entry for `request`. What a payment's state does not allow is an entry as well: it is an answer that the
/// key and the reference lead back to. A payment that does not exist is an error and leaves no trace.
pub fn for_request(
    book: &Book,
    config: &Config,
    request: &Request,
    key: IdempotencyKey,
    now: UnixMillis,
) -> Result<Entry, ApiError> {
    match request {
        Request::Authorize(new) => Ok(open(book, config, new, key, now)),
        Request::Capture { intent, amount, .. } => change(
            book,
            config,
            request,
            (*intent, Command::Capture { amount: *amount }),
            key,
            now,
        ),
        Request::Cancel { intent, .. } => change(book, config, request, (*intent, Command::Cancel), key, now),
        Request::Refund { intent, amount, .. } => change(
            book,
            config,
            request,
            (*intent, Command::Refund { amount: *amount }),
            key,
            now,
        ),
    }
}

/// The entry for the next payment whose time has come, if there is one.
pub fn for_deadline(book: &Book, config: &Config, now: UnixMillis) -> Option<Entry> {
    let (due, id) = book.next_deadline().filter(|(due, _)| *due <= now)?;
    let intent = book.intent(id)?;
    let (_, command) = intent.now.state.deadline()?;
    let made = intent::decide(&intent.terms, intent.now.state, command, due, config.hold).ok()?;
    let after = intent.now.moved(made);
    let authorization = book.operations_of(intent).next()?;
    let event = event(
        book,
        made,
        &Operation {
            after,
            at: now,
            ..authorization.clone()
        },
    );
    Some(Entry::Transition {
        intent: id,
        at: now,
        after,
        event,
    })
}

fn open(book: &Book, config: &Config, new: &NewIntent, key: IdempotencyKey, now: UnixMillis) -> Entry {
    // The number of payments only grows, so the id is new even if the clock was set back.
    let id = IntentId(Ulid::from_parts(now.0, book.len() as u128));
    let terms = Arc::new(new.terms(id, now));
    let made = intent::open(&terms, config.hold, config.upi_delay);
    let operation = Operation {
        intent: id,
        number: 0,
        kind: OperationKind::Authorize,
        reference: Arc::clone(&terms.reference),
        amount: terms.amount,
        at: now,
        after: Snapshot {
            state: made.state,
            sequence: 0,
        }
        .moved(made),
        refusal: None,
    };
    let event = event(book, made, &operation);
    Entry::Operation {
        terms: Some(terms),
        operation,
        key,
        event,
    }
}

fn change(
    book: &Book,
    config: &Config,
    request: &Request,
    (id, command): (IntentId, Command),
    key: IdempotencyKey,
    now: UnixMillis,
) -> Result<Entry, ApiError> {
    let intent = book.intent(id).ok_or_else(|| ApiError::no_such_intent(id))?;
    let decided: Result<Move, Refusal> =
        intent::decide(&intent.terms, intent.now.state, command, now, config.hold);
    let operation = Operation {
        intent: id,
        number: intent.operation_count(),
        kind: request.kind(),
        reference: Arc::clone(request.reference()),
        amount: request.amount().unwrap_or(intent.terms.amount),
        at: now,
        after: decided.map_or(intent.now, |made| intent.now.moved(made)),
        refusal: decided.err(),
    };
    let event = decided.ok().and_then(|made| event(book, made, &operation));
    Ok(Entry::Operation {
        terms: None,
        operation,
        key,
        event,
    })
}

/// The event that tells of `made`; none if nobody listens.
fn event(book: &Book, made: Move, operation: &Operation) -> Option<Event> {
    book.endpoint.as_ref()?;
    Some(Event {
        intent: operation.intent,
        kind: made.event?,
        operation: operation.kind,
        number: operation.number,
        reference: Arc::clone(&operation.reference),
        amount: operation.amount,
        at: operation.at,
        after: operation.after,
    })
}
