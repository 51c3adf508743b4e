//! Drivers by the stage of their admission, for support.

use super::{http::Edge, view::DriverView};
use crate::domain::driver::DriverStatus;
use axum::extract::State;
use interstate_http::{Answer, ConsistencyToken, Cursor, Limit, Page, Problem, Query};
use interstate_schemas::DriverId;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which drivers support looks through.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DriversQuery {
    /// How many entries a page has.
    #[serde(default)]
    limit: Limit,
    /// Where to go on.
    cursor: Option<Cursor<DriverId>>,
    /// Where the admission stands.
    #[serde(default = "submitted")]
    status: DriverStatus,
}

fn submitted() -> DriverStatus {
    DriverStatus::Submitted
}

/// `GET /v1/drivers`: those whose admission stands there, the longest registered first.
pub(super) async fn list(
    State(edge): State<Edge>,
    seen: ConsistencyToken,
    Query(query): Query<DriversQuery>,
) -> Result<Answer<Page<DriverView>>, Problem> {
    edge.roster_shows(&seen).await?;
    let after = query.cursor.map(|cursor| cursor.0);
    let limit = query.limit.rows_to_fetch() as usize;
    let found = edge.roster.at_stage(query.status, after, limit);
    let views: Vec<DriverView> = found
        .into_iter()
        .map(|(id, driver, vehicles)| DriverView::of(id, driver, vehicles))
        .collect();
    Ok(Answer::new(Page::of(views, query.limit, |last| last.driver)))
}
