//! Which drivers are being asked for which time.

use crate::domain::{dispatch::Candidate, duty::Interval};
use interstate_schemas::{DispatchId, DriverId};
use std::collections::HashMap;

/// The offers of open searches.
#[derive(Default)]
pub(super) struct Offered {
    by_driver: HashMap<DriverId, Vec<(DispatchId, Interval)>>,
    by_dispatch: HashMap<DispatchId, Vec<DriverId>>,
}

impl Offered {
    /// A search asks these drivers and no others any more.
    pub(super) fn replace(&mut self, dispatch: DispatchId, candidates: &[Candidate]) {
        for driver in self.by_dispatch.remove(&dispatch).unwrap_or_default() {
            if let Some(offers) = self.by_driver.get_mut(&driver) {
                offers.retain(|(other, _)| *other != dispatch);
                if offers.is_empty() {
                    self.by_driver.remove(&driver);
                }
            }
        }
        for candidate in candidates {
            let offer = (dispatch, candidate.plan.reserved);
            self.by_driver.entry(candidate.driver).or_default().push(offer);
        }
        if !candidates.is_empty() {
            let drivers = candidates.iter().map(|candidate| candidate.driver).collect();
            self.by_dispatch.insert(dispatch, drivers);
        }
    }

    /// Whether another search asks this driver for some of the same time.
    pub(super) fn elsewhere(&self, dispatch: DispatchId, candidate: &Candidate) -> bool {
        self.by_driver.get(&candidate.driver).is_some_and(|offers| {
            offers
                .iter()
                .any(|(other, time)| *other != dispatch && time.overlaps(candidate.plan.reserved))
        })
    }
}
