//! Shares and factors without floats.

use interstate_schemas::Money;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A share or factor in hundredths of a percent: 250 is 2.5 %, 11,500 is × 1.15.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct BasisPoints(pub u32);

impl BasisPoints {
    /// The whole: 100 %, or × 1.
    pub const ONE: Self = Self(10_000);

    /// Whole percents.
    pub const fn percent(percent: u32) -> Self {
        Self(percent * 100)
    }

    /// This share of an amount, half away from zero to the paisa.
    #[must_use]
    pub fn of(self, amount: Money) -> Money {
        amount.percent(i64::from(self.0))
    }

    /// This share of a count, half up to a whole one. Saturates.
    #[must_use]
    pub fn of_count(self, count: u32) -> u32 {
        let rounded = (u64::from(count) * u64::from(self.0) + 5_000) / 10_000;
        u32::try_from(rounded).unwrap_or(u32::MAX)
    }
}
