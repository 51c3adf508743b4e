//! What events change in the rows of `driver-dispatches`, whatever store they are in. Every event sets columns to what
//! it says, so that a batch is summed up without looking at the rows: a store writes each row once.

use super::duties::DutyChanges;
use crate::domain::{
    calendar::Calendar,
    dispatch::{Dispatch, DispatchEvent, OfferState},
};
use interstate_eventing::{Aggregate, DecodeError, Event, encode_json};
use interstate_schemas::{DriverAnswer, DriverId, OfferId};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a batch of events comes to: later events over earlier ones, in the order of the ids.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub searches: BTreeMap<String, SearchChange>,
    pub offers: BTreeMap<String, OfferChange>,
    pub duties: DutyChanges,
}

/// What changes in a search; what nothing is said of stays.
#[derive(Debug, Default)]
pub(super) struct SearchChange {
    /// It takes the place of the one before.
    pub opened: Option<NewSearch>,
    pub rounds: Option<u32>,
    pub considered: Option<Considered>,
    /// `searching`, `found`, `no_driver` or `withdrawn`.
    pub state: Option<&'static str>,
}

/// What stays as it was when the search began. Times are milliseconds.
#[derive(Debug)]
pub(super) struct NewSearch {
    pub rider: String,
    pub search: u32,
    pub opened_at: i64,
    pub until: i64,
    /// JSON.
    pub trip: String,
}

#[derive(Debug)]
pub(super) struct Considered {
    pub considered: u32,
    pub passed: u32,
    /// JSON.
    pub why: String,
}

impl Default for Considered {
    fn default() -> Self {
        Self {
            considered: 0,
            passed: 0,
            why: "[]".to_owned(),
        }
    }
}

/// What changes in an offer.
#[derive(Debug)]
pub(super) struct OfferChange {
    pub made: Option<NewOffer>,
    pub state: OfferState,
}

/// What stays as it was when the offer was made. Times are milliseconds.
#[derive(Debug)]
pub(super) struct NewOffer {
    pub dispatch: String,
    pub search: u32,
    pub driver: DriverId,
    pub vehicle: String,
    pub expires_at: i64,
    /// Paise.
    pub earns: i64,
}

impl Changed {
    /// Sums events up.
    pub fn by(events: &[&Event]) -> Result<Self, DecodeError> {
        let mut changed = Self::default();
        for event in events {
            match &*event.aggregate {
                Dispatch::NAME => changed.take(event, event.decode()?),
                Calendar::NAME => changed.duties.take(event, event.decode()?),
                _ => {}
            }
        }
        Ok(changed)
    }

    fn take(&mut self, event: &Event, what: DispatchEvent) {
        let dispatch = &event.subject;
        match what {
            DispatchEvent::Opened(opened) => {
                let opened = NewSearch {
                    rider: opened.trip.rider.to_string(),
                    search: opened.search,
                    opened_at: event.time.as_millisecond(),
                    until: opened.until.as_millisecond(),
                    trip: json(&opened.trip),
                };
                *self.search(dispatch) = SearchChange {
                    opened: Some(opened),
                    state: Some("searching"),
                    ..SearchChange::default()
                };
            }
            DispatchEvent::Wanted(wanted) => self.search(dispatch).rounds = Some(wanted.round),
            DispatchEvent::Considered(considered) => {
                let record = &considered.record;
                self.search(dispatch).considered = Some(Considered {
                    considered: record.considered,
                    passed: record.passed,
                    why: json(&record.why_no_driver()),
                });
            }
            DispatchEvent::OffersMade(made) => {
                for (offer, candidate) in made.offers {
                    let change = OfferChange {
                        made: Some(NewOffer {
                            dispatch: dispatch.clone(),
                            search: made.search,
                            driver: candidate.driver,
                            vehicle: candidate.vehicle.to_string(),
                            expires_at: made.expires_at.as_millisecond(),
                            earns: made.driver_earns.amount,
                        }),
                        state: OfferState::Open,
                    };
                    self.offers.insert(offer.to_string(), change);
                }
            }
            DispatchEvent::Accepted(accepted) => self.mark(&[accepted.offer], OfferState::Accepted),
            DispatchEvent::Declined(declined) => self.mark(&[declined.offer], OfferState::Declined),
            DispatchEvent::Expired(expired) => self.mark(&expired.offers, OfferState::Expired),
            DispatchEvent::ClaimLost(lost) => self.mark(&[lost.offer], OfferState::Lost),
            DispatchEvent::Found(found) => {
                self.mark(&found.withdrawn, OfferState::Withdrawn);
                if let DriverAnswer::Found { offer, .. } = found.answer {
                    self.mark(&[offer], OfferState::Won);
                }
                self.search(dispatch).state = Some("found");
            }
            DispatchEvent::NoDriver(_) => self.search(dispatch).state = Some("no_driver"),
            DispatchEvent::Withdrawn(withdrawn) => {
                self.mark(&withdrawn.offers, OfferState::Withdrawn);
                self.search(dispatch).state = Some("withdrawn");
            }
            DispatchEvent::ClaimBegun(_) | DispatchEvent::HoldGranted(_) => {}
        }
    }

    fn search(&mut self, dispatch: &str) -> &mut SearchChange {
        self.searches.entry(dispatch.to_owned()).or_default()
    }

    fn mark(&mut self, offers: &[OfferId], state: OfferState) {
        for offer in offers {
            let known = self.offers.entry(offer.to_string());
            known
                .and_modify(|change| change.state = state)
                .or_insert(OfferChange { made: None, state });
        }
    }
}

/// Whose offers these events touch: drivers, where the events name them, and offers of whoever has them.
pub(super) fn touched(events: &[Event]) -> (BTreeSet<DriverId>, Vec<String>) {
    let (mut drivers, mut offers) = (BTreeSet::new(), Vec::new());
    // One by one: what cannot be read is parked, and must not keep the others from being announced.
    for changed in events.iter().filter_map(|event| Changed::by(&[event]).ok()) {
        for (offer, change) in changed.offers {
            match change.made {
                Some(made) => drop(drivers.insert(made.driver)),
                None => offers.push(offer),
            }
        }
    }
    (drivers, offers)
}

/// The state's word in a row.
pub(super) fn word(state: OfferState) -> String {
    json(&state).trim_matches('"').to_owned()
}

fn json<T: Serialize>(value: &T) -> String {
    String::from_utf8_lossy(&encode_json(value)).into_owned()
}
