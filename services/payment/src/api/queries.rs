//! Questions about money.

use super::{codes, http::Edge};
use crate::read::{DriverStatement, PaymentView, TrialBalance};
use axum::extract::State;
use interstate_auth::Caller;
use interstate_http::{ConsistencyToken, Cursor, Json, Limit, Page, Path, Problem, Query, catch_up};
use interstate_schemas::{BookingId, DriverId, PaymentId};
use schemars::JsonSchema;
use serde::Deserialize;

/// Trips on a statement.
const TRIPS: u32 = 100;

/// A booking in the path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfBooking {
    pub(super) booking: BookingId,
}

/// What a list of payments may be narrowed to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CasesQuery {
    /// How many entries a page has.
    #[serde(default)]
    limit: Limit,
    /// Where to go on.
    cursor: Option<Cursor<BookingId>>,
    /// Only payments with an open support case, or only those without: rider and driver disagree about cash, or a
    /// refund does not succeed, and support has to decide.
    support_case: Option<bool>,
}

/// Everybody's payments, the last booked first.
pub(super) async fn list(
    State(edge): State<Edge>,
    seen: ConsistencyToken,
    Query(query): Query<CasesQuery>,
) -> Result<Json<Page<PaymentView>>, Problem> {
    catch_up(&edge.position, Some(&seen), None).await?;
    let after = query.cursor.map(|cursor| cursor.0);
    let rows = query.limit.rows_to_fetch();
    let payments = edge.reads.list(query.support_case, after, rows).await?;
    Ok(Json(Page::of(payments, query.limit, |last| last.booking)))
}

/// The payment of a booking: its rider's, or anybody's for staff.
pub(super) async fn payment(
    State(edge): State<Edge>,
    caller: Caller,
    Path(OfBooking { booking }): Path<OfBooking>,
    seen: ConsistencyToken,
) -> Result<Json<PaymentView>, Problem> {
    let subject = PaymentId::from(booking).to_string();
    catch_up(&edge.position, Some(&seen), Some(&subject)).await?;
    let payment = edge.reads.payment(booking).await?;
    payment
        .filter(|payment| caller.role.is_staff() || payment.rider == Some(caller.user))
        .map(Json)
        .ok_or_else(|| {
            Problem::new(
                &codes::PAYMENT_UNKNOWN,
                "There is no payment of yours for this booking.",
            )
        })
}

/// What the driver who asks has earned, and what is owed to him.
pub(super) async fn statement(
    State(edge): State<Edge>,
    caller: Caller,
    seen: ConsistencyToken,
) -> Result<Json<DriverStatement>, Problem> {
    catch_up(&edge.position, Some(&seen), None).await?;
    let statement = edge.reads.statement(DriverId::from(caller.user), TRIPS).await;
    Ok(Json(statement?))
}

/// All accounts with their balances.
pub(super) async fn trial_balance(
    State(edge): State<Edge>,
    seen: ConsistencyToken,
) -> Result<Json<TrialBalance>, Problem> {
    catch_up(&edge.position, Some(&seen), None).await?;
    Ok(Json(edge.reads.trial_balance().await?))
}
