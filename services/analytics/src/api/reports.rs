//! The handlers. Each looks how far the facts are before it asks for the report.

use super::{
    fresh::Freshness,
    http::Edge,
    parameters::{OfDays, OfList, OfScope, page},
    view::{
        ActivityReport, AssignmentReport, BookingsItem, BookingsReport, CancellationReport, FareGapReport,
        FunnelReport, ListReport, RevenueItem, RevenueReport,
    },
};
use crate::domain::{
    day,
    report::{ActivityKey, Group, WithdrawalKey},
};
use axum::extract::State;
use interstate_eventing::projection::{ConsumerKind, ConsumerStatus};
use interstate_http::{ConsistencyToken, Json, Problem, Query, catch_up};

impl Edge {
    /// Waits for what the asker has done, and says how far the facts are.
    async fn fresh(&self, seen: &ConsistencyToken) -> Result<Freshness, Problem> {
        for position in &*self.positions {
            catch_up(position, Some(seen), None).await?;
        }
        let sources = self.reports.sources().await?;
        let followers: Vec<ConsumerStatus> = self
            .consumers
            .status()
            .into_iter()
            .filter(|known| known.kind == ConsumerKind::Projection)
            .filter(|known| known.name.starts_with(crate::SERVICE))
            .collect();
        Ok(Freshness::of(sources, &followers, self.clock.now()))
    }
}

pub(super) async fn bookings(
    State(edge): State<Edge>,
    Query(asked): Query<OfList<Group>>,
    seen: ConsistencyToken,
) -> Result<Json<BookingsReport>, Problem> {
    let scope = asked.scope()?;
    let fresh = edge.fresh(&seen).await?;
    let found = edge.reports.bookings(&scope, &asked.part()).await?;
    let (rows, next) = page(found.rows, asked.limit(), |row| row.group);
    Ok(Json(ListReport {
        zone: day::ZONE,
        fresh,
        total: found.total,
        items: rows.into_iter().map(BookingsItem::from).collect(),
        next,
    }))
}

pub(super) async fn revenue(
    State(edge): State<Edge>,
    Query(asked): Query<OfList<Group>>,
    seen: ConsistencyToken,
) -> Result<Json<RevenueReport>, Problem> {
    let scope = asked.scope()?;
    let fresh = edge.fresh(&seen).await?;
    let found = edge.reports.revenue(&scope, &asked.part()).await?;
    let (rows, next) = page(found.rows, asked.limit(), |row| row.group);
    Ok(Json(ListReport {
        zone: day::ZONE,
        fresh,
        total: found.total.into(),
        items: rows.into_iter().map(RevenueItem::from).collect(),
        next,
    }))
}

pub(super) async fn cancellations(
    State(edge): State<Edge>,
    Query(asked): Query<OfList<WithdrawalKey>>,
    seen: ConsistencyToken,
) -> Result<Json<CancellationReport>, Problem> {
    let scope = asked.scope()?;
    let fresh = edge.fresh(&seen).await?;
    let found = edge.reports.withdrawals(&scope, &asked.part()).await?;
    let (rows, next) = page(found.rows, asked.limit(), |row| row.key);
    Ok(Json(ListReport {
        zone: day::ZONE,
        fresh,
        total: found.total.into(),
        items: rows.into_iter().map(Into::into).collect(),
        next,
    }))
}

pub(super) async fn funnel(
    State(edge): State<Edge>,
    Query(asked): Query<OfScope>,
    seen: ConsistencyToken,
) -> Result<Json<FunnelReport>, Problem> {
    let scope = asked.scope()?;
    let fresh = edge.fresh(&seen).await?;
    let days = edge.reports.funnel(&scope).await?;
    Ok(Json(FunnelReport::of(fresh, days)))
}

pub(super) async fn assignments(
    State(edge): State<Edge>,
    Query(asked): Query<OfScope>,
    seen: ConsistencyToken,
) -> Result<Json<AssignmentReport>, Problem> {
    let scope = asked.scope()?;
    let fresh = edge.fresh(&seen).await?;
    let times = edge.reports.assignments(&scope).await?;
    let offers = edge.reports.offers(&scope).await?;
    Ok(Json(AssignmentReport::of(fresh, times, offers)))
}

pub(super) async fn fare_gaps(
    State(edge): State<Edge>,
    Query(asked): Query<OfScope>,
    seen: ConsistencyToken,
) -> Result<Json<FareGapReport>, Problem> {
    let scope = asked.scope()?;
    let fresh = edge.fresh(&seen).await?;
    let gaps = edge.reports.fare_gaps(&scope).await?;
    Ok(Json(FareGapReport::of(fresh, gaps)))
}

pub(super) async fn activity(
    State(edge): State<Edge>,
    Query(asked): Query<OfDays<ActivityKey>>,
    seen: ConsistencyToken,
) -> Result<Json<ActivityReport>, Problem> {
    let period = asked.period()?;
    let fresh = edge.fresh(&seen).await?;
    let rows = edge.reports.activity(&period, &asked.part()).await?;
    let (items, next) = page(rows, asked.limit(), |row| row.key.clone());
    Ok(Json(ActivityReport {
        zone: day::ZONE,
        fresh,
        items,
        next,
    }))
}
