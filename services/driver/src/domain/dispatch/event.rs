//! What happens in a search.

use super::{request::Candidate, state::OfferState};
use crate::domain::{
    candidates::{Reason, SearchRecord},
    offers::DispatchMode,
};
use interstate_eventing::events;
use interstate_schemas::{
    BookingId, CalendarOwner, DispatchId, DriverAnswer, DriverCard, DriverId, Money, OfferId, StepRef,
    Timestamp, TripRequest,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A booking wants a driver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SearchOpened {
    /// Which search of the booking, from 1.
    pub search: u32,
    /// For what.
    pub trip: Box<TripRequest>,
    /// When it gives up.
    pub until: Timestamp,
    /// About now, or ahead; decided once.
    pub mode: DispatchMode,
    /// Whom to answer.
    pub step: Option<StepRef>,
}

/// Somebody has to say who could drive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CandidatesWanted {
    /// Of which search.
    pub search: u32,
    /// For which round of offers, from 1.
    pub round: u32,
    /// Counts up when the question is asked again.
    pub attempt: u32,
}

/// Who could drive, and why not the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CandidatesConsidered {
    /// Of which search.
    pub search: u32,
    /// The record.
    pub record: Box<SearchRecord>,
}

/// Drivers are asked. Empty where nobody could be: the next round looks again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OffersMade {
    /// For which booking.
    pub booking: BookingId,
    /// Of which search.
    pub search: u32,
    /// Of which round.
    pub round: u32,
    /// Who is asked.
    pub offers: BTreeMap<OfferId, Candidate>,
    /// When an unanswered offer expires.
    pub expires_at: Timestamp,
    /// What the driver would earn.
    pub driver_earns: Money,
}

/// A driver takes the trip; both calendars are asked in the order of acceptance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferAccepted {
    /// Which offer.
    pub offer: OfferId,
    /// Whose.
    pub driver: DriverId,
    /// What the rider will be shown of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Box<DriverCard>>,
}

/// A driver does not take the trip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferDeclined {
    /// Which offer.
    pub offer: OfferId,
    /// Whose.
    pub driver: DriverId,
}

/// Offers that nobody answered in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OffersExpired {
    /// Of which round.
    pub round: u32,
    /// Which.
    pub offers: Vec<OfferId>,
}

/// The calendars are asked for the time of whoever accepted next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimBegun {
    /// Whose.
    pub offer: OfferId,
    /// Counts the claims of this dispatch.
    pub claim: u32,
}

/// A calendar keeps the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldGranted {
    /// For which offer.
    pub offer: OfferId,
    /// Whose calendar.
    pub owner: CalendarOwner,
}

/// Somebody else has the time of this driver or vehicle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimLost {
    /// Of which offer.
    pub offer: OfferId,
    /// Whose calendar said no.
    pub owner: CalendarOwner,
    /// Why.
    pub code: String,
}

/// A driver is found, and nobody else is asked any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriverFound {
    /// For which booking.
    pub booking: BookingId,
    /// Of which search.
    pub search: u32,
    /// What the search answers, also when it is asked again.
    pub answer: DriverAnswer,
    /// The other offers, which are off.
    pub withdrawn: Vec<OfferId>,
}

/// Nobody is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoDriver {
    /// For which booking.
    pub booking: BookingId,
    /// Of which search.
    pub search: u32,
    /// Rounds of offers.
    pub rounds: u32,
    /// What became of the offers, counted.
    pub offers: BTreeMap<OfferState, u32>,
    /// Why candidates could not be asked in the last round, the most frequent first.
    pub why: Vec<Reason>,
}

/// The booking wants no driver any more. A search of the same number that comes later finds nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SearchWithdrawn {
    /// Which dispatch.
    pub dispatch: DispatchId,
    /// Up to which search.
    pub search: u32,
    /// The offers that are off.
    pub offers: Vec<OfferId>,
}

events! {
    /// What happens in a search.
    pub enum DispatchEvent {
        Opened(SearchOpened) = "dispatch.search_opened.v1",
        Wanted(CandidatesWanted) = "dispatch.candidates_wanted.v1",
        Considered(CandidatesConsidered) = "dispatch.candidates_considered.v1",
        OffersMade(OffersMade) = "dispatch.offers_made.v1",
        Accepted(OfferAccepted) = "dispatch.offer_accepted.v1",
        Declined(OfferDeclined) = "dispatch.offer_declined.v1",
        Expired(OffersExpired) = "dispatch.offers_expired.v1",
        ClaimBegun(ClaimBegun) = "dispatch.claim_begun.v1",
        HoldGranted(HoldGranted) = "dispatch.hold_granted.v1",
        ClaimLost(ClaimLost) = "dispatch.claim_lost.v1",
        Found(DriverFound) = "dispatch.driver_found.v1",
        NoDriver(NoDriver) = "dispatch.no_driver.v1",
        Withdrawn(SearchWithdrawn) = "dispatch.search_withdrawn.v1",
    }
}
