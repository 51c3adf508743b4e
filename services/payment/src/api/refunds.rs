//! What support does about refunds.

use super::{http::Edge, queries::OfBooking};
use crate::domain::{Command, RefundReply};
use axum::extract::State;
use interstate_auth::Caller;
use interstate_http::{Answer, IdempotencyKey, Path, Problem, RequestContext};

/// The provider is asked again for refunds that it has refused.
pub(super) async fn again(
    State(edge): State<Edge>,
    caller: Caller,
    Path(OfBooking { booking }): Path<OfBooking>,
    key: IdempotencyKey,
    context: RequestContext,
) -> Result<Answer<RefundReply>, Problem> {
    let repeat = ("POST /v1/payments/{booking}/refund-again", &key);
    edge.ask(booking, &Command::RefundAgain, &caller, &context, repeat)
        .await
}
