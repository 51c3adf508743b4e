//! How reports look over HTTP.

use super::fresh::Freshness;
use crate::domain::{
    CityId, day,
    report::{
        ActivityRow, Assignment, Assignments, BookingCounts, BookingsRow, FareGap, Funnel, Group,
        OfferCounts, RevenueRow, Takings, WithdrawalRow, WithdrawalSums, WithdrawalTotal, share,
    },
};
use interstate_schemas::Money;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;

/// A list of rows with its total.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "{T}Report")]
pub(super) struct ListReport<R, T> {
    /// The IANA zone of its days.
    pub zone: &'static str,
    /// How fresh it is.
    pub fresh: Freshness,
    /// What all rows sum to, those of other pages too.
    pub total: T,
    /// The rows of this page.
    pub items: Vec<R>,
    /// Pass it as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A corridor by the names of its cities, beside their ids.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Names {
    /// The city where the trips start.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin_name: Option<&'static str>,
    /// The city where they go.
    #[serde(skip_serializing_if = "Option::is_none")]
    destination_name: Option<&'static str>,
}

impl Names {
    fn of(group: &Group) -> Self {
        let name = |city: CityId| city.name();
        Self {
            origin_name: name(group.origin),
            destination_name: name(group.destination),
        }
    }
}

/// Bookings of a day, corridor and class.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BookingsItem {
    #[serde(flatten)]
    row: BookingsRow,
    #[serde(flatten)]
    names: Names,
}

impl From<BookingsRow> for BookingsItem {
    fn from(row: BookingsRow) -> Self {
        let names = Names::of(&row.group);
        Self { row, names }
    }
}

/// What trips and cancellations brought. Amounts are of whole paise.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RevenueView {
    /// Trips that were priced.
    trips: u64,
    /// Gross value: what riders pay for them, tax excluded.
    gmv: Money,
    /// Our share of fares.
    commission: Money,
    /// What riders pay for cancelling, before tax, less what drivers get of it.
    cancellation_fees: Money,
    /// What riders were promised at our cost.
    credits: Money,
    /// What went back to riders at our cost.
    refunds: Money,
    /// Commission and fees, less credits and refunds.
    net_revenue: Money,
    /// Net revenue by gross value; absent where no trip was priced.
    #[serde(skip_serializing_if = "Option::is_none")]
    take_rate: Option<f64>,
}

impl From<Takings> for RevenueView {
    fn from(takings: Takings) -> Self {
        Self {
            trips: takings.trips,
            gmv: takings.gross,
            commission: takings.commission,
            cancellation_fees: takings.fees,
            credits: takings.credits,
            refunds: takings.refunds,
            net_revenue: takings.net(),
            take_rate: takings.take_rate(),
        }
    }
}

/// What trips of a day, corridor and class brought.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RevenueItem {
    #[serde(flatten)]
    group: Group,
    #[serde(flatten)]
    names: Names,
    #[serde(flatten)]
    takings: RevenueView,
}

impl From<RevenueRow> for RevenueItem {
    fn from(row: RevenueRow) -> Self {
        Self {
            names: Names::of(&row.group),
            group: row.group,
            takings: row.takings.into(),
        }
    }
}

/// Withdrawals of a day, corridor and class, by actor, cause and band.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CancellationItem {
    #[serde(flatten)]
    row: WithdrawalRow,
    #[serde(flatten)]
    names: Names,
}

impl From<WithdrawalRow> for CancellationItem {
    fn from(row: WithdrawalRow) -> Self {
        let names = Names::of(&row.key.group);
        Self { row, names }
    }
}

/// All withdrawals.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CancellationTotal {
    /// Bookings that were made in the period.
    booked: u64,
    #[serde(flatten)]
    sums: WithdrawalSums,
    /// Withdrawals by bookings; absent where nothing was booked.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
}

impl From<WithdrawalTotal> for CancellationTotal {
    fn from(total: WithdrawalTotal) -> Self {
        Self {
            booked: total.booked,
            sums: total.sums,
            rate: share(total.sums.count.cast_signed(), total.booked.cast_signed()),
        }
    }
}

/// How quotes become bookings and bookings become trips.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FunnelView {
    /// Quotes that were issued.
    quotes: u64,
    /// Those of them that were booked within 24 hours.
    booked_within_24h: u64,
    /// Bookings whose pickup was agreed for then.
    pickups: u64,
    /// Those of them that were driven.
    completed: u64,
    /// `booked_within_24h` by `quotes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    quote_to_book: Option<f64>,
    /// `completed` by `pickups`.
    #[serde(skip_serializing_if = "Option::is_none")]
    book_to_complete: Option<f64>,
}

impl From<Funnel> for FunnelView {
    fn from(funnel: Funnel) -> Self {
        Self {
            quotes: funnel.quotes,
            booked_within_24h: funnel.quotes_booked,
            pickups: funnel.pickups,
            completed: funnel.completed,
            quote_to_book: funnel.quote_to_book(),
            book_to_complete: funnel.book_to_complete(),
        }
    }
}

/// Figures of one day.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Daily{T}")]
pub(super) struct Daily<T> {
    /// The day.
    day: Date,
    #[serde(flatten)]
    figures: T,
}

/// The funnel of a period.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FunnelReport {
    /// The IANA zone of its days.
    zone: &'static str,
    /// How fresh it is.
    fresh: Freshness,
    /// Of all days.
    total: FunnelView,
    /// By day: quotes by the day of issue, bookings by the day of the pickup.
    items: Vec<Daily<FunnelView>>,
}

impl FunnelReport {
    pub(super) fn of(fresh: Freshness, days: Vec<(Date, Funnel)>) -> Self {
        let total = days
            .iter()
            .fold(Funnel::default(), |sum, (_, day)| sum.plus(*day));
        Self {
            zone: day::ZONE,
            fresh,
            total: total.into(),
            items: daily(days),
        }
    }
}

/// How long bookings waited for a driver.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AssignmentView {
    /// Bookings that were confirmed.
    confirmed: u64,
    /// Those of them that were given a driver.
    assigned: u64,
    /// Seconds from the confirmation to the first driver, of n in order the one at place n/2.
    #[serde(skip_serializing_if = "Option::is_none")]
    p50_seconds: Option<f64>,
    /// The one at place 9n/10.
    #[serde(skip_serializing_if = "Option::is_none")]
    p90_seconds: Option<f64>,
    /// Those that got another driver less than 6 hours before the pickup.
    changed_late: u64,
    /// `changed_late` by `assigned`.
    #[serde(skip_serializing_if = "Option::is_none")]
    late_reassignment: Option<f64>,
}

impl From<Assignment> for AssignmentView {
    fn from(of: Assignment) -> Self {
        let seconds = |ms: u64| ms as f64 / 1_000.0;
        Self {
            confirmed: of.confirmed,
            assigned: of.assigned,
            p50_seconds: of.p50_ms.map(seconds),
            p90_seconds: of.p90_ms.map(seconds),
            changed_late: of.changed_late,
            late_reassignment: share(of.changed_late.cast_signed(), of.assigned.cast_signed()),
        }
    }
}

/// Assignment times of a period.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AssignmentReport {
    /// The IANA zone of its days.
    zone: &'static str,
    /// How fresh it is.
    fresh: Freshness,
    /// Of all bookings that were confirmed in the period. Percentiles do not add up.
    total: AssignmentView,
    /// Offers to drivers that moved in the period.
    offers: OfferCounts,
    /// By the day of the confirmation.
    items: Vec<Daily<AssignmentView>>,
}

impl AssignmentReport {
    pub(super) fn of(fresh: Freshness, times: Assignments, offers: OfferCounts) -> Self {
        Self {
            zone: day::ZONE,
            fresh,
            total: times.total.into(),
            offers,
            items: daily(times.days),
        }
    }
}

/// How invoices differ from what was quoted, for one line.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FareGapItem {
    /// The line's code.
    line: String,
    #[serde(flatten)]
    gap: FareGapView,
}

/// How invoices differ from what was quoted.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FareGapView {
    /// What the quotes said.
    quoted: Money,
    /// What the invoices say.
    invoiced: Money,
    /// The sum of the differences of each trip, each without its sign.
    gap: Money,
    /// `gap` by `quoted`; absent where nothing was quoted.
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<f64>,
    /// What no event explains of the differences. Nothing, or something is wrong.
    unexplained: Money,
}

impl From<&FareGap> for FareGapView {
    fn from(gap: &FareGap) -> Self {
        Self {
            quoted: gap.quoted,
            invoiced: gap.invoiced,
            gap: gap.gap,
            share: gap.share(),
            unexplained: gap.unexplained,
        }
    }
}

/// The quote-to-invoice gap of a period.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FareGapReport {
    /// The IANA zone of its days.
    zone: &'static str,
    /// How fresh it is.
    fresh: Freshness,
    /// All lines together.
    total: FareGapView,
    /// By line, of trips that were priced in the period.
    items: Vec<FareGapItem>,
}

impl FareGapReport {
    pub(super) fn of(fresh: Freshness, gaps: Vec<FareGap>) -> Self {
        let total = gaps.iter().fold(FareGap::default(), |sum, gap| FareGap {
            line: String::new(),
            quoted: sum.quoted + gap.quoted,
            invoiced: sum.invoiced + gap.invoiced,
            gap: sum.gap + gap.gap,
            unexplained: sum.unexplained + gap.unexplained,
        });
        let items = gaps.into_iter().map(|gap| FareGapItem {
            gap: (&gap).into(),
            line: gap.line,
        });
        Self {
            zone: day::ZONE,
            fresh,
            total: (&total).into(),
            items: items.collect(),
        }
    }
}

/// What happened in a period.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ActivityReport {
    /// The IANA zone of its days.
    pub zone: &'static str,
    /// How fresh it is.
    pub fresh: Freshness,
    /// By day, service and type of event.
    pub items: Vec<ActivityRow>,
    /// Pass it as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What bookings became.
pub(super) type BookingsReport = ListReport<BookingsItem, BookingCounts>;
/// What was earned.
pub(super) type RevenueReport = ListReport<RevenueItem, RevenueView>;
/// Who withdrew.
pub(super) type CancellationReport = ListReport<CancellationItem, CancellationTotal>;

fn daily<T, V: From<T>>(days: Vec<(Date, T)>) -> Vec<Daily<V>> {
    let each = days.into_iter().map(|(day, figures)| Daily {
        day,
        figures: figures.into(),
    });
    each.collect()
}
