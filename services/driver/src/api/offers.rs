//! Offers and what became of a search.

use super::{code::codes, http::Edge};
use crate::{
    domain::{
        dispatch::{DispatchRequest, OfferReply},
        driver::DriverStatus,
    },
    read::{OfferRow, SearchRow},
};
use axum::extract::State;
use interstate_auth::Caller;
use interstate_eventing::runtime::Answered;
use interstate_http::{Answer, ConsistencyToken, IdempotencyKey, Path, Problem, RequestContext, token};
use interstate_schemas::{BookingId, DispatchId, DriverId, OfferId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which offer.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(super) struct OfferPath {
    dispatch: DispatchId,
    offer: OfferId,
}

/// Which booking.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(super) struct SearchedBooking {
    booking: BookingId,
}

/// Offers that wait.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct Offers {
    /// The first to expire first.
    pub(super) offers: Vec<OfferRow>,
}

/// `GET /v1/drivers/me/offers`
pub(super) async fn open(
    State(edge): State<Edge>,
    caller: Caller,
    seen: ConsistencyToken,
) -> Result<Answer<Offers>, Problem> {
    edge.dispatches_show(&seen).await?;
    let offers = edge.dispatches.offers(DriverId::from(caller.user)).await;
    Ok(Answer::new(Offers { offers: offers? }))
}

/// `POST /v1/dispatches/{dispatch}/offers/{offer}/accept`: `accepted` means that the calendars are being asked;
/// `GET /v1/drivers/me/offers` and its stream show who won.
pub(super) async fn accept(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(OfferPath { dispatch, offer }): Path<OfferPath>,
) -> Result<Answer<OfferReply>, Problem> {
    edge.may_drive(DriverId::from(caller.user))?;
    let command = DispatchRequest::Accept { offer };
    let repeat = ("accept an offer", &key);
    replied(edge.ask(dispatch, &command, &caller, &context, repeat).await?)
}

/// `POST /v1/dispatches/{dispatch}/offers/{offer}/decline`
pub(super) async fn decline(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(OfferPath { dispatch, offer }): Path<OfferPath>,
) -> Result<Answer<OfferReply>, Problem> {
    let command = DispatchRequest::Decline { offer };
    let repeat = ("decline an offer", &key);
    replied(edge.ask(dispatch, &command, &caller, &context, repeat).await?)
}

impl Edge {
    /// Says at once what the calendar would say later: whoever is suspended gets no trip.
    fn may_drive(&self, driver: DriverId) -> Result<(), Problem> {
        match self.roster.driver(driver) {
            Some(known) if known.status == DriverStatus::Suspended => Err(Problem::new(
                &codes::DRIVER_SUSPENDED,
                "You are suspended, so you cannot take trips; `GET /v1/drivers/me` shows where you stand.",
            )),
            _ => Ok(()),
        }
    }
}

fn replied(answered: Answered) -> Result<Answer<OfferReply>, Problem> {
    Ok(Answer::new(answered.decode().map_err(Problem::internal)?).token(token(&answered)))
}

/// `GET /v1/bookings/{booking}/dispatch`: where the search stands and, where nobody is found, why. It names no
/// driver: who was asked and said no is nobody else's business.
pub(super) async fn of_booking(
    State(edge): State<Edge>,
    caller: Caller,
    seen: ConsistencyToken,
    Path(SearchedBooking { booking }): Path<SearchedBooking>,
) -> Result<Answer<SearchRow>, Problem> {
    edge.dispatches_show(&seen).await?;
    let found = edge.dispatches.search(DispatchId::from(booking)).await;
    found?
        .filter(|search| caller.role.is_staff() || search.rider == caller.user)
        .map(Answer::new)
        .ok_or_else(|| Problem::new(&codes::SEARCH_UNKNOWN, "No driver was searched for this booking."))
}
