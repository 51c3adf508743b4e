//! A driver's own calendar.

use super::http::Edge;
use crate::read::DutyRow;
use axum::extract::State;
use interstate_auth::Caller;
use interstate_http::{Answer, ConsistencyToken, Problem};
use interstate_schemas::{DriverId, SignedDuration};
use schemars::JsonSchema;
use serde::Serialize;

/// How far back a driver sees: as far as hours count.
const BACK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Time that trips have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Duties {
    /// The first one first.
    duties: Vec<DutyRow>,
}

/// `GET /v1/drivers/me/duties`
pub(super) async fn own(
    State(edge): State<Edge>,
    caller: Caller,
    seen: ConsistencyToken,
) -> Result<Answer<Duties>, Problem> {
    edge.dispatches_show(&seen).await?;
    let duties = edge
        .dispatches
        .duties(DriverId::from(caller.user), edge.clock.now() - BACK);
    Ok(Answer::new(Duties {
        duties: duties.await?,
    }))
}
