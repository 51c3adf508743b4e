//! What analytics remembers: fact tables, made of events and of nothing else, and the reports made from them.

pub mod clickhouse;
pub mod sqlite;

use crate::domain::{
    Period, Scope,
    report::{
        ActivityKey, ActivityRow, Assignments, BookingCounts, BookingsRow, FareGap, Funnel, Group, Listed,
        OfferCounts, RevenueRow, SourceAt, Takings, WithdrawalKey, WithdrawalRow, WithdrawalTotal,
    },
    scope::Part,
};
use async_trait::async_trait;
use jiff::civil::Date;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The store is not there, or does not answer in time.
    #[error("the store of facts does not answer: {0}")]
    Away(String),
    /// The store answered, and not what was asked.
    #[error("the store of facts failed: {0}")]
    Failed(String),
    /// A row that no event can have made.
    #[error("the store of facts holds `{0}`, which cannot be; rebuild it")]
    Damaged(String),
}

/// Reports from the facts. Days are the tariff's; every answer is bounded, by a part's `most` or by the period's days.
#[async_trait]
pub trait Reports: Send + Sync + 'static {
    /// How far the facts are, for each partition of every service. Ask before the report: it is then no older.
    async fn sources(&self) -> Result<Vec<SourceAt>, ReportError>;

    /// What became of bookings, by the day on which they were made.
    async fn bookings(
        &self,
        scope: &Scope,
        part: &Part<Group>,
    ) -> Result<Listed<BookingsRow, BookingCounts>, ReportError>;

    /// What trips and cancellations brought, by the day on which it was booked.
    async fn revenue(
        &self,
        scope: &Scope,
        part: &Part<Group>,
    ) -> Result<Listed<RevenueRow, Takings>, ReportError>;

    /// Who withdrew, by the day on which they did.
    async fn withdrawals(
        &self,
        scope: &Scope,
        part: &Part<WithdrawalKey>,
    ) -> Result<Listed<WithdrawalRow, WithdrawalTotal>, ReportError>;

    /// How quotes (by the day of issue) become bookings, and bookings (by the day of the pickup) trips. In order of
    /// days; those without either are left out.
    async fn funnel(&self, scope: &Scope) -> Result<Vec<(Date, Funnel)>, ReportError>;

    /// How long bookings waited for a driver.
    async fn assignments(&self, scope: &Scope) -> Result<Assignments, ReportError>;

    /// What became of offers to drivers.
    async fn offers(&self, scope: &Scope) -> Result<OfferCounts, ReportError>;

    /// How invoices differ from what was quoted, by line, of trips that were priced in the period.
    async fn fare_gaps(&self, scope: &Scope) -> Result<Vec<FareGap>, ReportError>;

    /// What happened, by day, service and type.
    async fn activity(
        &self,
        period: &Period,
        part: &Part<ActivityKey>,
    ) -> Result<Vec<ActivityRow>, ReportError>;
}
