//! Bookings as they are made and read.

use super::{
    code,
    http::Edge,
    view::{AcceptQuote, BookingView, StoryView},
};
use crate::{
    domain::{
        booking::Stage,
        quote::{AcceptedBooking, QuoteCommand},
    },
    read::{BookingRow, Filter, Whose},
};
use axum::extract::State;
use interstate_auth::Caller;
use interstate_http::{
    Answer, ConsistencyToken, Created, Cursor, IdempotencyKey, Json, Limit, Page, Path, Problem, Query,
    RequestContext, Text, ask_problem, codes, token,
};
use interstate_schemas::{BookingId, PayWith, Role, Sealed, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

/// The booking in a path.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct BookingPath {
    pub(super) booking: BookingId,
}

/// What a list of bookings may be narrowed to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListQuery {
    /// How many entries a page has.
    #[serde(default)]
    limit: Limit,
    /// Where to go on.
    cursor: Option<Cursor<(Timestamp, BookingId)>>,
    /// Only bookings in this state.
    state: Option<Stage>,
    /// Only bookings with an open support case, or only those without: a step does not succeed, and somebody at
    /// support has to look.
    support_case: Option<bool>,
}

/// `POST /v1/bookings`
pub(super) async fn book(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Json(accept): Json<AcceptQuote>,
) -> Result<Created<AcceptedBooking>, Problem> {
    let (PayWith::Card { token: provided } | PayWith::Upi { token: provided }) = &accept.method;
    Text::<200>::check(provided).map_err(|why| {
        Problem::new(&codes::INVALID_BODY, "The provider's token does not fit.").field("/method/token", why)
    })?;
    const ROUTE: &str = "POST /v1/bookings";
    // The command goes to the quote that the body names; so the key is asked first whether it had another body.
    let used = edge
        .commands
        .use_key(crate::SERVICE, caller.actor(), ROUTE, key.as_str(), &accept);
    used.await.map_err(|error| ask_problem(error, code::CODES))?;
    let repeat = Some((ROUTE, key.as_str()));
    let AcceptQuote { quote, method } = accept;
    let command = QuoteCommand::Accept {
        method: method.into(),
    };
    let answered = edge.ask(quote, &command, &caller, &context, repeat).await?;
    let accepted: AcceptedBooking = answered.decode().map_err(Problem::internal)?;
    Ok(Created::new(accepted)
        .token(token(&answered))
        .location(format!("/v1/bookings/{}", accepted.booking)))
}

/// `GET /v1/bookings`: a rider's own, a driver's own, all for the operator's staff; the last booked first.
pub(super) async fn list(
    State(edge): State<Edge>,
    caller: Caller,
    seen: ConsistencyToken,
    Query(query): Query<ListQuery>,
) -> Result<Answer<Page<BookingView>>, Problem> {
    edge.catch_up(&seen, None).await?;
    let whose = match caller.role {
        Role::Rider => Whose::Rider(caller.user),
        Role::Driver => Whose::Driver(caller.user),
        Role::Support | Role::Admin => Whose::All,
    };
    let filter = Filter {
        stage: query.state,
        support_case: query.support_case,
    };
    let after = query.cursor.map(|cursor| cursor.0);
    let rows = edge
        .history
        .list(whose, filter, after, query.limit.rows_to_fetch())
        .await?;
    let views: Vec<BookingView> = rows.iter().map(|row| edge.view(row, &caller)).collect();
    let page = Page::of(views, query.limit, |last| (last.booked_at, last.booking));
    Ok(Answer::new(page))
}

/// `GET /v1/bookings/{booking}`
pub(super) async fn one(
    State(edge): State<Edge>,
    caller: Caller,
    seen: ConsistencyToken,
    Path(BookingPath { booking }): Path<BookingPath>,
) -> Result<Answer<BookingView>, Problem> {
    edge.catch_up(&seen, Some(&booking.to_string())).await?;
    let row = edge.visible(booking, &caller).await?;
    Ok(Answer::new(edge.view_with_name(&row, &caller).await))
}

/// `GET /v1/bookings/{booking}/story`: what happened, for the rider and the operator's staff.
pub(super) async fn story(
    State(edge): State<Edge>,
    caller: Caller,
    seen: ConsistencyToken,
    Path(BookingPath { booking }): Path<BookingPath>,
) -> Result<Answer<StoryView>, Problem> {
    edge.catch_up(&seen, Some(&booking.to_string())).await?;
    let row = edge.visible(booking, &caller).await?;
    let entries = edge.history.story(&row).await?;
    Ok(Answer::new(StoryView { booking, entries }))
}

/// Whether a booking concerns the caller.
pub(super) fn takes_part(row: &BookingRow, caller: &Caller) -> bool {
    row.rider == caller.user || row.driver_user == Some(caller.user) || caller.role.is_staff()
}

impl Edge {
    /// A booking that the caller takes part in, or works for the operator.
    pub(super) async fn visible(&self, booking: BookingId, caller: &Caller) -> Result<BookingRow, Problem> {
        let row = self.history.booking(booking).await?;
        row.filter(|row| takes_part(row, caller))
            .ok_or_else(|| Problem::new(&code::codes::BOOKING_UNKNOWN, "There is no such booking."))
    }

    /// As this caller may see it: the start code is the rider's alone, and only while it is needed.
    pub(super) fn view(&self, row: &BookingRow, caller: &Caller) -> BookingView {
        let mut view = BookingView::of(row);
        if row.rider == caller.user && matches!(row.stage, Stage::Assigned | Stage::EnRoute | Stage::Arrived)
        {
            view.start_code = Some(self.start_codes.code(row.booking));
        }
        view
    }

    /// The same with the driver's name, for those whom it concerns.
    pub(super) async fn view_with_name(&self, row: &BookingRow, caller: &Caller) -> BookingView {
        let mut view = self.view(row, caller);
        if (row.rider == caller.user || caller.role.is_staff())
            && let Some(driver) = &mut view.driver
            && let Some(name) = row.card.as_ref().and_then(|card| card.name.clone())
        {
            driver.name = self.opened(name).await;
        }
        view
    }

    /// Nothing where the person was erased, or the key cannot be had: the rest of the booking is shown all the same.
    async fn opened(&self, name: Sealed<String>) -> Option<String> {
        let keys = self.keys.clone();
        // A key may have to be read from a disk.
        match tokio::task::spawn_blocking(move || keys.open(&name)).await {
            Ok(Ok(opened)) => opened.value(),
            Ok(Err(error)) => {
                tracing::warn!(%error, "a driver's name cannot be opened");
                None
            }
            Err(_) => None,
        }
    }
}
