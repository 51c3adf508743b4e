//! Quotes.

use super::{code, http::Edge, view::AskForQuote};
use crate::{
    domain::{
        fare::Recipient,
        quote::{Issue, QuoteCommand, Quoted},
        tariff::BasisPoints,
    },
    ports::{PlaceRef, RouteError},
    read::QuoteView,
};
use axum::extract::State;
use interstate_auth::Caller;
use interstate_http::{
    Answer, ConsistencyToken, Created, IdempotencyKey, Json, Path, Problem, RequestContext, Text, codes,
    token,
};
use interstate_schemas::{QuoteId, TripKind, UserId, millis_of};
use schemars::JsonSchema;
use serde::Deserialize;

/// The quote in a path.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct QuotePath {
    quote: QuoteId,
}

/// `POST /v1/quotes`
pub(super) async fn ask_for(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Json(wanted): Json<AskForQuote>,
) -> Result<Created<QuoteView>, Problem> {
    let issue = issue(&edge, caller.user, &key, wanted).await?;
    let quote = issue.quote;
    let command = QuoteCommand::Issue(Box::new(issue.clone()));
    let answered = edge
        .ask(
            quote,
            &command,
            &caller,
            &context,
            Some(("POST /v1/quotes", key.as_str())),
        )
        .await?;
    let quoted: Quoted = answered.decode().map_err(Problem::internal)?;
    Ok(Created::new(QuoteView::of(issue, quoted))
        .token(token(&answered))
        .location(format!("/v1/quotes/{quote}")))
}

async fn issue(
    edge: &Edge,
    rider: UserId,
    key: &IdempotencyKey,
    wanted: AskForQuote,
) -> Result<Issue, Problem> {
    let mut stops = wanted.stops;
    if wanted.kind == TripKind::RoundTrip && stops.first() != stops.last() {
        // A round trip need not name its start twice.
        stops.extend(stops.first().cloned());
    }
    if !(2..=12).contains(&stops.len()) {
        return Err(Problem::new(&codes::INVALID_BODY, "The stops do not fit.")
            .field("/stops", "a trip has 2 to 12 stops"));
    }
    for (at, stop) in stops.iter().enumerate() {
        if let PlaceRef::Name(name) | PlaceRef::Point { name, .. } = stop {
            Text::<100>::check(name).map_err(|why| {
                Problem::new(&codes::INVALID_BODY, "The name of a stop does not fit.")
                    .field(format!("/stops/{at}/name"), why)
            })?;
        }
    }
    let route = edge.routes.route(&stops, wanted.class).await.map_err(no_route)?;
    // The same person with the same key asks for the same quote, whenever the request is repeated.
    let quote = QuoteId::derive(
        millis_of(key.as_str()),
        &[rider.to_string().as_bytes(), key.as_str().as_bytes()],
    );
    Ok(Issue {
        quote,
        rider,
        kind: wanted.kind,
        class: wanted.class,
        passengers: wanted.passengers,
        bags: wanted.bags,
        pickup_at: wanted.pickup_at,
        until: wanted.until,
        route,
        tariff: edge.tariff.clone(),
        factor: BasisPoints::ONE,
        recipient: match wanted.gst_state {
            Some(state) => Recipient::Registered { state },
            None => Recipient::Unregistered,
        },
        discount: None,
        rules: edge.rules,
    })
}

fn no_route(error: RouteError) -> Problem {
    match error {
        RouteError::UnknownPlace { stop, name, why } => Problem::new(
            &code::codes::PLACE_UNKNOWN,
            format!("The place `{name}` is not known."),
        )
        .field(format!("/stops/{stop}"), why),
        RouteError::NoRoute(why) => Problem::new(&code::codes::NO_ROUTE, why),
        RouteError::Unavailable(why) => Problem::away(why, "Routes cannot be asked for now."),
    }
}

/// `GET /v1/quotes/{quote}`
pub(super) async fn one(
    State(edge): State<Edge>,
    caller: Caller,
    seen: ConsistencyToken,
    Path(QuotePath { quote }): Path<QuotePath>,
) -> Result<Answer<QuoteView>, Problem> {
    edge.catch_up(&seen, Some(&quote.to_string())).await?;
    let found = edge.history.quote(quote).await?;
    match found.filter(|row| row.rider == caller.user || caller.role.is_staff()) {
        Some(row) => Ok(Answer::new(row.view)),
        None => Err(Problem::new(
            &code::codes::QUOTE_UNKNOWN,
            "There is no such quote.",
        )),
    }
}
