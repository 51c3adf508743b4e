//! The search for a driver of one booking: rounds of offers, a claim of whoever accepts, an answer.

mod aggregate;
mod claim;
mod event;
mod request;
mod rounds;
mod state;

#[cfg(test)]
mod tests;

pub use event::{
    CandidatesConsidered, CandidatesWanted, ClaimBegun, ClaimLost, DispatchEvent, DriverFound, HoldGranted,
    NoDriver, OfferAccepted, OfferDeclined, OffersExpired, OffersMade, SearchOpened, SearchWithdrawn,
};
pub use request::{Candidate, DispatchRequest, OfferReply, Proposal};
pub use state::{Dispatch, Offer, OfferState, Search, Stage};

/// A search that gives up answers with this code.
pub const NO_DRIVER: &str = "dispatch.no_driver";
