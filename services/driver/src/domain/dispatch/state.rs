//! Where a search stands.

use super::{event::DispatchEvent, request::Candidate};
use crate::domain::{candidates::Reason, offers::DispatchMode};
use interstate_schemas::{
    BookingId, CalendarOwner, DriverAnswer, DriverId, OfferId, SignedDuration, StepRef, Timestamp,
    TripRequest, VehicleId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A question for candidates is asked again after so long: whoever answers keeps no position of its own, so
/// this is what makes a question survive a restart of theirs.
const ASKED_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(15);

/// Where an offer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfferState {
    /// Waits for the driver.
    Open,
    /// The driver accepted; the calendars are being asked.
    Accepted,
    /// The trip is this driver's.
    Won,
    /// Another driver was faster, or the time was taken.
    Lost,
    /// The driver said no.
    Declined,
    /// Not answered in time.
    Expired,
    /// The search is over.
    Withdrawn,
}

/// An offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Who, in what, when.
    pub candidate: Candidate,
    /// Where it stands.
    pub state: OfferState,
}

/// What the calendars have said about whoever accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Whose offer.
    pub offer: OfferId,
    /// Which claim of this dispatch.
    pub number: u32,
    /// The driver's calendar keeps the time.
    pub driver_held: bool,
    /// The vehicle's does.
    pub vehicle_held: bool,
}

/// What a search is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    /// Waits for candidates.
    Wanting {
        /// How often it has asked.
        attempt: u32,
        /// When it asks again.
        again_at: Timestamp,
    },
    /// Offers stand.
    Offering {
        /// When the round is over; nothing when it is, and only a claim is awaited.
        until: Option<Timestamp>,
    },
    /// A driver is found.
    Found(DriverAnswer),
    /// Nobody is.
    NoDriver,
}

/// One search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// Its number.
    pub number: u32,
    /// For which booking.
    pub booking: BookingId,
    /// For what; forgotten when it is over.
    pub trip: Option<Box<TripRequest>>,
    /// When it gives up.
    pub until: Timestamp,
    /// About now, or ahead.
    pub mode: DispatchMode,
    /// Whom to answer.
    pub step: Option<StepRef>,
    /// What it is doing.
    pub stage: Stage,
    /// The latest round.
    pub round: u32,
    /// Every offer of it; only the latest round's can be open.
    pub offers: BTreeMap<OfferId, Offer>,
    /// Who has been asked.
    pub asked: BTreeSet<DriverId>,
    /// Who accepted, first come first: the first has the claim.
    pub queue: Vec<OfferId>,
    /// The claim of the first.
    pub claim: Option<Claim>,
    /// Why candidates were left out in the latest round.
    pub why: Vec<Reason>,
}

impl Search {
    /// Whether it goes on.
    pub const fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Wanting { .. } | Stage::Offering { .. })
    }

    /// The offers in this state.
    pub fn in_state(&self, state: OfferState) -> impl Iterator<Item = OfferId> {
        self.offers
            .iter()
            .filter(move |(_, offer)| offer.state == state)
            .map(|(&id, _)| id)
    }

    /// Whose calendars may hold time for it: of the claim, or of whoever was found.
    pub fn held(&self) -> Vec<CalendarOwner> {
        let both = |driver: DriverId, vehicle: VehicleId| {
            vec![CalendarOwner::Driver(driver), CalendarOwner::Vehicle(vehicle)]
        };
        match (&self.stage, &self.claim) {
            (Stage::Found(DriverAnswer::Found { driver, vehicle, .. }), _) => both(*driver, *vehicle),
            (_, Some(claim)) => self.offers.get(&claim.offer).map_or_else(Vec::new, |offer| {
                both(offer.candidate.driver, offer.candidate.vehicle)
            }),
            _ => Vec::new(),
        }
    }

    fn mark(&mut self, offers: &[OfferId], state: OfferState) {
        for id in offers {
            if let Some(offer) = self.offers.get_mut(id) {
                offer.state = state;
            }
        }
        self.queue.retain(|id| !offers.contains(id));
    }

    /// What only an open search needs is forgotten: there are many more that are over.
    fn end(&mut self, stage: Stage) {
        self.stage = stage;
        self.trip = None;
        self.claim = None;
        self.queue.clear();
        self.asked.clear();
    }
}

/// The searches for a driver of one booking.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dispatch {
    /// The latest.
    pub search: Option<Search>,
    /// The highest number that was withdrawn.
    pub withdrawn: u32,
    /// Claims so far.
    pub claims: u32,
}

impl Dispatch {
    pub(super) fn apply(&mut self, event: &DispatchEvent, time: Timestamp) {
        match event {
            DispatchEvent::Opened(opened) => {
                self.search = Some(Search {
                    number: opened.search,
                    booking: opened.trip.booking,
                    trip: Some(opened.trip.clone()),
                    until: opened.until,
                    mode: opened.mode,
                    step: opened.step.clone(),
                    stage: Stage::Offering { until: None },
                    round: 0,
                    offers: BTreeMap::new(),
                    asked: BTreeSet::new(),
                    queue: Vec::new(),
                    claim: None,
                    why: Vec::new(),
                });
            }
            DispatchEvent::Withdrawn(withdrawn) => {
                self.withdrawn = self.withdrawn.max(withdrawn.search);
                if let Some(search) = &mut self.search
                    && search.number <= withdrawn.search
                {
                    search.mark(&withdrawn.offers, OfferState::Withdrawn);
                    search.end(Stage::NoDriver);
                }
            }
            DispatchEvent::ClaimBegun(begun) => {
                self.claims = begun.claim;
                if let Some(search) = &mut self.search {
                    search.claim = Some(Claim {
                        offer: begun.offer,
                        number: begun.claim,
                        driver_held: false,
                        vehicle_held: false,
                    });
                }
            }
            other => {
                if let Some(search) = &mut self.search {
                    search.apply(other, time);
                }
            }
        }
    }
}

impl Search {
    fn apply(&mut self, event: &DispatchEvent, time: Timestamp) {
        match event {
            DispatchEvent::Wanted(wanted) => {
                self.round = wanted.round;
                self.stage = Stage::Wanting {
                    attempt: wanted.attempt,
                    again_at: time.saturating_add(ASKED_AGAIN_AFTER).unwrap_or(Timestamp::MAX),
                };
            }
            DispatchEvent::Considered(considered) => self.why = considered.record.why_no_driver(),
            DispatchEvent::OffersMade(made) => {
                self.stage = Stage::Offering {
                    until: Some(made.expires_at),
                };
                for (&id, candidate) in &made.offers {
                    self.asked.insert(candidate.driver);
                    self.offers.insert(
                        id,
                        Offer {
                            candidate: candidate.clone(),
                            state: OfferState::Open,
                        },
                    );
                }
            }
            DispatchEvent::Accepted(accepted) => {
                if let Some(offer) = self.offers.get_mut(&accepted.offer) {
                    offer.candidate.card.clone_from(&accepted.card);
                }
                self.mark(&[accepted.offer], OfferState::Accepted);
                self.queue.push(accepted.offer);
            }
            DispatchEvent::Declined(declined) => self.mark(&[declined.offer], OfferState::Declined),
            DispatchEvent::Expired(expired) => {
                self.mark(&expired.offers, OfferState::Expired);
                self.stage = Stage::Offering { until: None };
            }
            DispatchEvent::HoldGranted(granted) => {
                if let Some(claim) = &mut self.claim {
                    match granted.owner {
                        CalendarOwner::Driver(_) => claim.driver_held = true,
                        CalendarOwner::Vehicle(_) => claim.vehicle_held = true,
                    }
                }
            }
            DispatchEvent::ClaimLost(lost) => {
                self.mark(&[lost.offer], OfferState::Lost);
                self.claim = None;
            }
            DispatchEvent::Found(found) => {
                self.mark(&found.withdrawn, OfferState::Withdrawn);
                if let DriverAnswer::Found { offer, .. } = &found.answer {
                    self.mark(&[*offer], OfferState::Won);
                }
                self.end(Stage::Found(found.answer.clone()));
            }
            DispatchEvent::NoDriver(_) => self.end(Stage::NoDriver),
            DispatchEvent::Opened(_) | DispatchEvent::Withdrawn(_) | DispatchEvent::ClaimBegun(_) => {}
        }
    }
}
