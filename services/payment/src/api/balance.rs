//! Paying what is left after the trip.

use super::{http::Edge, queries::OfBooking};
use crate::domain::{BalanceMethod, BalanceReply, CashReply, Command};
use axum::extract::State;
use interstate_auth::Caller;
use interstate_http::{
    Answer, IdempotencyKey, Json, Path, Problem, RequestContext, Text, codes as edge_codes,
};
use interstate_schemas::PayWith;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the balance is, or was, paid.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PayBalance {
    /// `cash` is claimed by the driver, and waits for the rider's word; anything else is the rider's.
    method: BalanceWith,
}

/// The JSON of a [`BalanceMethod`], but a misspelt field is refused.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum BalanceWith {
    /// In cash to the driver, who says so; the rider confirms it.
    Cash {},
    /// By card or UPI, through the provider.
    Provider {
        /// Which.
        method: PayWith,
    },
}

impl From<BalanceWith> for BalanceMethod {
    fn from(wanted: BalanceWith) -> Self {
        match wanted {
            BalanceWith::Cash {} => Self::Cash,
            BalanceWith::Provider { method } => Self::Provider {
                method: method.into(),
            },
        }
    }
}

/// Whether the cash was paid that the driver claims.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerCash {
    /// `true` confirms it, `false` disputes it; from the driver, `false` takes the claim back.
    paid: bool,
}

/// The rider confirms or disputes the cash that the driver claims; support decides.
pub(super) async fn answer_cash(
    State(edge): State<Edge>,
    caller: Caller,
    Path(OfBooking { booking }): Path<OfBooking>,
    key: IdempotencyKey,
    context: RequestContext,
    Json(AnswerCash { paid }): Json<AnswerCash>,
) -> Result<Answer<CashReply>, Problem> {
    let command = Command::AnswerCash { paid };
    let repeat = ("POST /v1/bookings/{booking}/cash", &key);
    edge.ask(booking, &command, &caller, &context, repeat).await
}

/// The driver claims cash, or the rider pays by card or UPI.
pub(super) async fn pay(
    State(edge): State<Edge>,
    caller: Caller,
    Path(OfBooking { booking }): Path<OfBooking>,
    key: IdempotencyKey,
    context: RequestContext,
    Json(body): Json<PayBalance>,
) -> Result<Answer<BalanceReply>, Problem> {
    if let BalanceWith::Provider { method } = &body.method {
        let (PayWith::Card { token } | PayWith::Upi { token }) = method;
        Text::<200>::check(token).map_err(|why| {
            Problem::new(&edge_codes::INVALID_BODY, "The provider's token does not fit.")
                .field("/method/method/token", why)
        })?;
    }
    let command = Command::RecordBalancePayment {
        method: body.method.into(),
    };
    let repeat = ("POST /v1/bookings/{booking}/balance", &key);
    edge.ask(booking, &command, &caller, &context, repeat).await
}
