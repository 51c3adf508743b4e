//! What a search is asked.

use super::state::OfferState;
use crate::domain::{candidates::SearchRecord, duty::DutyPlan};
use interstate_schemas::{
    AddressedCommand, DispatchCommand, DriverAnswer, DriverCard, DriverId, OfferId, StepReply, Timestamp,
    TripRequest, VehicleId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A driver with a vehicle who may be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// The driver.
    pub driver: DriverId,
    /// In what.
    pub vehicle: VehicleId,
    /// The time that it would take.
    pub plan: DutyPlan,
    /// What a rider will be shown of them, as whoever named them knew it: the offer carries it, so that whichever
    /// instance is told of the acceptance needs to know nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Box<DriverCard>>,
}

/// What one look at the candidates found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    /// For which search.
    pub search: u32,
    /// For which round.
    pub round: u32,
    /// Everybody who was considered, and why.
    pub record: SearchRecord,
    /// Who may be asked, best first.
    pub candidates: Vec<Candidate>,
}

/// What a search is asked: the variants of [`DispatchCommand`], and what only this service asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum DispatchRequest {
    /// See [`DispatchCommand::Find`].
    Find {
        /// For what.
        trip: Box<TripRequest>,
        /// When to give up.
        deadline: Timestamp,
        /// Counts the searches of one booking, from 1.
        search: u32,
    },
    /// See [`DispatchCommand::Withdraw`].
    Withdraw {
        /// Which search.
        search: u32,
    },
    /// The candidates that a round wanted.
    Propose(Box<Proposal>),
    /// A driver takes the trip.
    Accept {
        /// Which offer.
        offer: OfferId,
    },
    /// A driver does not.
    Decline {
        /// Which offer.
        offer: OfferId,
    },
    /// A calendar's answer to a hold.
    Step(StepReply<DriverAnswer>),
    /// The offers of a round have stood for long enough.
    RoundOver,
    /// Nobody has said who the candidates are.
    CandidatesOverdue,
}

impl AddressedCommand for DispatchRequest {
    const SERVICE: &'static str = DispatchCommand::SERVICE;
    const AGGREGATE: &'static str = DispatchCommand::AGGREGATE;
}

/// What a driver is told about an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfferReply {
    /// Which offer.
    pub offer: OfferId,
    /// Where it stands now.
    pub state: OfferState,
}
