//! Price rules. Every figure is data of a tariff version; the formulas in [`super::fare`] hold none.

mod basis_points;
mod definition;
mod india_2026_11;
mod rates;
mod terms;

pub use basis_points::BasisPoints;
pub use definition::{OperatorProfile, Tariff, TariffVersion};
pub use rates::ClassRates;
pub use terms::{
    EarlyEndBand, FactorBounds, Limits, NightWindow, SettlementTerms, TaxTerms, Tolerance, WaitingTerms,
};
