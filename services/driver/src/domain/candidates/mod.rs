//! Choosing who is asked to drive: which drivers could, in which order, and a record of why.

mod facts;
mod filters;
mod permits;
mod policy;
mod rank;
mod record;
mod verdict;

#[cfg(test)]
mod fixtures;

pub use facts::{CandidateFacts, Fuel, Gender, KeptPromises, TripNeeds, VehicleFit, Whereabouts};
pub use filters::{evaluate, first_failure};
pub use policy::{AgeLimit, AitpPolicy, DispatchPolicy, RankPolicy};
pub use rank::{Feature, FeatureScore, Millionths, Ranked, Score, rank, score};
pub use record::{CandidateRecord, Considered, Judged, Reason, SearchRecord};
pub use verdict::{Failure, FilterCode, Inputs, Verdict};
