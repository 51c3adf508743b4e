//! What happens outside of aggregates because of fixes.

mod milestones;

pub use milestones::{MilestoneWatch, Milestones};
