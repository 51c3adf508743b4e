//! Which columns of a booking's row an event changes, whatever store has the row.

use super::row::word;
use crate::domain::booking::{BookingEvent, Stage};
use interstate_eventing::{encode_json, saga::SagaEvent};
use interstate_schemas::{Money, Timestamp};
use serde::Serialize;

/// A column's new value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
    Flag(bool),
    Time(Timestamp),
    Json(String),
    Nothing,
}

/// Columns by name, in a fixed order for each kind of event, so that statements are prepared once.
pub(super) type Columns = Vec<(&'static str, Value)>;

fn money(amount: Money) -> Value {
    Value::Number(amount.amount)
}

fn text(value: impl Into<String>) -> Value {
    Value::Text(value.into())
}

fn json(value: &impl Serialize) -> Value {
    Value::Json(String::from_utf8_lossy(&encode_json(value)).into_owned())
}

fn stage(stage: Stage) -> (&'static str, Value) {
    ("stage", Value::Text(word(stage)))
}

pub(super) fn changed(event: &BookingEvent) -> Columns {
    match event {
        // Its row is made of the payload (`trip::Ordered`).
        BookingEvent::Requested(_) => Vec::new(),
        BookingEvent::SearchOpened(_)
        | BookingEvent::DriverFound(_)
        | BookingEvent::DriverLost(_)
        | BookingEvent::DriverConfirmed(_)
        | BookingEvent::DriverOverdue(_)
        | BookingEvent::CodeRefused(_)
        | BookingEvent::TripEnded(_)
        | BookingEvent::FareDiffered(_) => Vec::new(),
        BookingEvent::PlanChosen(chosen) => vec![("plan", Value::Text(word(chosen.plan)))],
        BookingEvent::Saga(event) => saga(event),
        BookingEvent::AdvanceHeld(held) => vec![("held", money(held.amount))],
        BookingEvent::AdvanceCaptured(captured) => {
            vec![("held", Value::Number(0)), ("captured", money(captured.amount))]
        }
        BookingEvent::Confirmed(_) => vec![stage(Stage::Confirmed)],
        BookingEvent::Assigned(assigned) => {
            let who = &assigned.assignment;
            vec![
                stage(Stage::Assigned),
                ("driver", text(who.driver.to_string())),
                ("driver_user", text(who.user.to_string())),
                ("vehicle", text(who.vehicle.to_string())),
                ("card", who.card.as_deref().map_or(Value::Nothing, json)),
            ]
        }
        BookingEvent::DriverReleased(_) => vec![
            stage(Stage::Confirmed),
            ("driver", Value::Nothing),
            ("driver_user", Value::Nothing),
            ("vehicle", Value::Nothing),
            ("card", Value::Nothing),
        ],
        BookingEvent::SetOff(_) => vec![stage(Stage::EnRoute)],
        BookingEvent::Arrived(_) => vec![stage(Stage::Arrived)],
        // The trip goes on: nobody has to look after it any more.
        BookingEvent::Started(_) => vec![stage(Stage::OnTrip), ("support_case", Value::Flag(false))],
        BookingEvent::Completed(completed) => vec![
            stage(Stage::Completed),
            ("support_case", Value::Flag(false)),
            ("payable", money(completed.invoice.payable)),
            ("balance", money(completed.invoice.balance)),
        ],
        BookingEvent::Closed(_) => vec![stage(Stage::Closed), ("balance", Value::Number(0))],
        // Nothing is left to pay of a trip that is not driven.
        BookingEvent::Lapsed(lapsed) => vec![
            stage(Stage::Lapsed),
            ("because", text(&lapsed.because)),
            ("balance", Value::Number(0)),
        ],
        BookingEvent::Unfulfilled(unfulfilled) => vec![
            stage(Stage::Unfulfilled),
            ("balance", Value::Number(0)),
            ("because", text(&unfulfilled.because)),
            ("refund", money(unfulfilled.terms.refund)),
        ],
        BookingEvent::Cancelled(cancelled) => vec![
            stage(Stage::Cancelled),
            ("balance", Value::Number(0)),
            ("because", Value::Text(word(cancelled.terms.reason))),
            ("fee", money(cancelled.terms.fee)),
            ("refund", money(cancelled.terms.refund)),
        ],
        // The person who was called when it first stalled is still needed.
        BookingEvent::UndoingStalled(_) => vec![
            ("saga_phase", text("stalled")),
            ("support_case", Value::Flag(true)),
        ],
        BookingEvent::SupportCaseOpened(_) => vec![("support_case", Value::Flag(true))],
    }
}

fn saga(event: &SagaEvent) -> Columns {
    let phase = |phase: &str| ("saga_phase", text(phase));
    match event {
        SagaEvent::Started { .. } => vec![phase("running"), ("saga_step", text(""))],
        SagaEvent::Requested { step, .. }
        | SagaEvent::Succeeded { step }
        | SagaEvent::Failed { step, .. }
        | SagaEvent::CompensationRequested { step, .. }
        | SagaEvent::Compensated { step }
        | SagaEvent::PersonCalled { step, .. } => vec![("saga_step", text(step.as_ref()))],
        SagaEvent::Unwinding { .. } => vec![phase("unwinding")],
        SagaEvent::Completed => vec![phase("completed"), ("support_case", Value::Flag(false))],
        SagaEvent::Unwound { .. } => vec![
            phase("unwound"),
            ("held", Value::Number(0)),
            ("support_case", Value::Flag(false)),
        ],
    }
}
