//! What riders and drivers do with a booking.

use super::{
    bookings::BookingPath,
    code,
    http::Edge,
    view::{StartTrip, Withdraw},
};
use crate::domain::{
    booking::{BookingCommand, CancelBy, StartOutcome, TripRecord},
    cancellation::{CancellationTerms, RiderReason},
    fare::FareBreakdown,
};
use axum::extract::State;
use interstate_auth::Caller;
use interstate_eventing::runtime::Answered;
use interstate_http::{Answer, IdempotencyKey, Json, Path, Problem, Query, RequestContext, token};
use interstate_schemas::{BookingId, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why the caller would cancel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TermsQuery {
    /// A rider's reason; changed plans, where nothing is said.
    reason: Option<RiderReason>,
}

/// A command was carried out.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub(super) struct Done {
    /// On which booking.
    booking: BookingId,
}

/// `GET /v1/bookings/{booking}/cancellation-terms`: the same figures as a cancellation at this moment.
pub(super) async fn cancellation_terms(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    Path(BookingPath { booking }): Path<BookingPath>,
    Query(TermsQuery { reason }): Query<TermsQuery>,
) -> Result<Answer<CancellationTerms>, Problem> {
    let by = match caller.role {
        Role::Rider => CancelBy::Rider {
            reason: reason.unwrap_or(RiderReason::ChangedPlans),
        },
        Role::Driver => CancelBy::Driver { valid_reason: false },
        Role::Support | Role::Admin => CancelBy::Operator,
    };
    let command = BookingCommand::PreviewCancel { by };
    let answered = edge.ask(booking, &command, &caller, &context, None).await?;
    Ok(Answer::new(decoded(&answered)?))
}

/// `POST /v1/bookings/{booking}/cancel`
pub(super) async fn cancel(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(BookingPath { booking }): Path<BookingPath>,
    Json(by): Json<Withdraw>,
) -> Result<Answer<CancellationTerms>, Problem> {
    let repeat = Some(("POST /v1/bookings/{booking}/cancel", key.as_str()));
    let command = BookingCommand::Cancel { by: by.into() };
    let answered = edge.ask(booking, &command, &caller, &context, repeat).await?;
    Ok(Answer::new(decoded(&answered)?).token(token(&answered)))
}

/// `POST /v1/bookings/{booking}/confirm`
pub(super) async fn confirm(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(BookingPath { booking }): Path<BookingPath>,
) -> Result<Answer<Done>, Problem> {
    let repeat = ("POST /v1/bookings/{booking}/confirm", &key);
    edge.tell(booking, &BookingCommand::Confirm, &caller, &context, repeat)
        .await
}

/// `POST /v1/bookings/{booking}/set-off`
pub(super) async fn set_off(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(BookingPath { booking }): Path<BookingPath>,
) -> Result<Answer<Done>, Problem> {
    let repeat = ("POST /v1/bookings/{booking}/set-off", &key);
    edge.tell(booking, &BookingCommand::SetOff, &caller, &context, repeat)
        .await
}

/// `POST /v1/bookings/{booking}/arrive`
pub(super) async fn arrive(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(BookingPath { booking }): Path<BookingPath>,
) -> Result<Answer<Done>, Problem> {
    let repeat = ("POST /v1/bookings/{booking}/arrive", &key);
    edge.tell(booking, &BookingCommand::Arrive, &caller, &context, repeat)
        .await
}

/// `POST /v1/bookings/{booking}/start`
pub(super) async fn start(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(BookingPath { booking }): Path<BookingPath>,
    Json(StartTrip { code }): Json<StartTrip>,
) -> Result<Answer<Done>, Problem> {
    let code_matches = edge.start_codes.matches(booking, &code);
    let given = Some(edge.start_codes.digest(booking, &code));
    let repeat = Some(("POST /v1/bookings/{booking}/start", key.as_str()));
    let command = BookingCommand::Start { code_matches, given };
    let answered = edge.ask(booking, &command, &caller, &context, repeat).await?;
    match decoded(&answered)? {
        StartOutcome::Started => Ok(Answer::new(Done { booking }).token(token(&answered))),
        StartOutcome::WrongCode { attempts_left } => Err(Problem::new(
            &code::codes::BOOKING_CODE_WRONG,
            "That is not the code of this booking.",
        )
        .with("attempts_left", attempts_left)),
    }
}

/// `POST /v1/bookings/{booking}/end`: answers the invoice.
pub(super) async fn end(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(BookingPath { booking }): Path<BookingPath>,
    Json(record): Json<TripRecord>,
) -> Result<Answer<FareBreakdown>, Problem> {
    let repeat = Some(("POST /v1/bookings/{booking}/end", key.as_str()));
    let command = BookingCommand::End(record);
    let answered = edge.ask(booking, &command, &caller, &context, repeat).await?;
    Ok(Answer::new(decoded(&answered)?).token(token(&answered)))
}

impl Edge {
    /// For commands that answer nothing.
    async fn tell(
        &self,
        booking: BookingId,
        command: &BookingCommand,
        caller: &Caller,
        context: &RequestContext,
        (route, key): (&str, &IdempotencyKey),
    ) -> Result<Answer<Done>, Problem> {
        let repeat = Some((route, key.as_str()));
        let answered = self.ask(booking, command, caller, context, repeat).await?;
        Ok(Answer::new(Done { booking }).token(token(&answered)))
    }
}

fn decoded<T: serde::de::DeserializeOwned>(answered: &Answered) -> Result<T, Problem> {
    answered.decode().map_err(Problem::internal)
}
