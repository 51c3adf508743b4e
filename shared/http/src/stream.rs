//! Live updates by server-sent events.

use crate::{Problem, Shutdown, codes};
use aide::{OperationOutput, generate::GenContext, openapi};
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt};
use serde::Serialize;
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// Opens streams, at most so many at a time; they end when the process stops, so that a stop need not wait.
#[derive(Debug, Clone)]
pub struct Streams {
    permits: Arc<Semaphore>,
    shutdown: Shutdown,
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveEvent<T> {
    /// Its kind, `event:` on the wire.
    pub kind: &'static str,
    /// The version of what is shown. A client that comes back is shown what is there then, whatever it names.
    pub id: Option<String>,
    /// The data, as JSON.
    pub data: T,
}

/// A stream of server-sent events as an answer.
#[derive(Debug)]
pub struct EventStream(Response);

impl Streams {
    /// Frequent enough for the proxies that cut silent connections after 30 s or more.
    const KEEP_ALIVE: Duration = Duration::from_secs(15);

    /// At most `limit` streams at a time, until `shutdown`.
    pub fn new(limit: usize, shutdown: Shutdown) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(limit)),
            shutdown,
        }
    }

    /// Sends `events` to the client. It reads as fast as the client does: let the source be bounded, and drop
    /// or merge what a slow client misses.
    pub fn open<T: Serialize>(
        &self,
        events: impl Stream<Item = LiveEvent<T>> + Send + 'static,
    ) -> Result<EventStream, Problem> {
        let permit = self.permits.clone().try_acquire_owned().map_err(|_| {
            Problem::new(&codes::OVERLOADED, "As many streams are open as can be.")
                .retry_after(Duration::from_secs(5))
        })?;
        let events = events
            .take_until(self.shutdown.clone().cancelled_owned())
            .map(move |event| {
                let _held_while_open = &permit;
                Ok::<_, Infallible>(wire(event))
            });
        Ok(EventStream(
            Sse::new(events)
                .keep_alive(KeepAlive::new().interval(Self::KEEP_ALIVE))
                .into_response(),
        ))
    }
}

fn wire<T: Serialize>(LiveEvent { kind, id, data }: LiveEvent<T>) -> Event {
    let event = Event::default().event(kind);
    // A line break in an id would end it; axum panics on one.
    let event = match id.filter(|id| !id.contains(['\r', '\n', '\0'])) {
        Some(id) => event.id(id),
        None => event,
    };
    event.json_data(data).unwrap_or_else(|error| {
        tracing::error!(%error, kind, "an event of a stream does not serialize");
        Event::default().comment("an event is missing")
    })
}

impl IntoResponse for EventStream {
    fn into_response(self) -> Response {
        self.0
    }
}

impl OperationOutput for EventStream {
    type Inner = String;

    fn operation_response(_: &mut GenContext, _: &mut openapi::Operation) -> Option<openapi::Response> {
        Some(openapi::Response {
            description: "Server-sent events, each with JSON in `data`.".to_owned(),
            content: [("text/event-stream".to_owned(), openapi::MediaType::default())]
                .into_iter()
                .collect(),
            ..openapi::Response::default()
        })
    }

    fn inferred_responses(
        ctx: &mut GenContext,
        operation: &mut openapi::Operation,
    ) -> Vec<(Option<openapi::StatusCode>, openapi::Response)> {
        let response = Self::operation_response(ctx, operation);
        response
            .map(|response| (Some(openapi::StatusCode::Code(200)), response))
            .into_iter()
            .collect()
    }
}
