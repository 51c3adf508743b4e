//! Live updates by server-sent events.

use crate::{Problem, Shutdown, codes};
use aide::{OperationOutput, generate::GenContext, openapi};
use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt};
use serde::Serialize;
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Opens streams, at most so many at a time; they end when the process stops, so that a stop need not wait.
#[derive(Debug, Clone)]
pub struct Streams {
    permits: Arc<Semaphore>,
    of_each: Arc<Mutex<HashMap<u128, usize>>>,
    shutdown: Shutdown,
}

/// Whom a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// Tells people apart.
    pub id: u128,
    /// How long the stream may last: what its viewer may see is asked again by the next one.
    pub lasts: Duration,
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

    /// Streams of one person at a time: several devices, each with several screens.
    pub const OF_EACH: usize = 16;

    /// At most `limit` streams at a time, until `shutdown`.
    pub fn new(limit: usize, shutdown: Shutdown) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(limit)),
            of_each: Arc::default(),
            shutdown,
        }
    }

    /// Sends `events` to the client. It reads as fast as the client does: let the source be bounded, and drop
    /// or merge what a slow client misses.
    pub fn open<T: Serialize>(
        &self,
        viewer: Viewer,
        events: impl Stream<Item = LiveEvent<T>> + Send + 'static,
    ) -> Result<EventStream, Problem> {
        let place = self.place(viewer.id)?;
        let over = futures::future::select(
            Box::pin(self.shutdown.clone().cancelled_owned()),
            Box::pin(tokio::time::sleep(viewer.lasts)),
        );
        let events = events.take_until(over).map(move |event| {
            let _held_while_open = &place;
            Ok::<_, Infallible>(wire(event))
        });
        Ok(EventStream(
            Sse::new(events)
                .keep_alive(KeepAlive::new().interval(Self::KEEP_ALIVE))
                .into_response(),
        ))
    }
}

impl Streams {
    fn place(&self, viewer: u128) -> Result<Place, Problem> {
        let permit = self.permits.clone().try_acquire_owned().map_err(|_| {
            Problem::new(&codes::OVERLOADED, "As many streams are open as can be.")
                .retry_after(Duration::from_secs(5))
        })?;
        let mut of_each = self.of_each.lock().unwrap_or_else(PoisonError::into_inner);
        let open = of_each.entry(viewer).or_default();
        if *open >= Self::OF_EACH {
            let limit = Self::OF_EACH;
            return Err(Problem::new(
                &codes::RATE_LIMITED,
                format!("You have {limit} streams open, which is the most; close one first."),
            ));
        }
        *open += 1;
        drop(of_each);
        Ok(Place {
            _permit: permit,
            of_each: self.of_each.clone(),
            viewer,
        })
    }
}

/// What an open stream takes up.
struct Place {
    _permit: OwnedSemaphorePermit,
    of_each: Arc<Mutex<HashMap<u128, usize>>>,
    viewer: u128,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut of_each = self.of_each.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = of_each.get_mut(&self.viewer) {
            *open -= 1;
            if *open == 0 {
                of_each.remove(&self.viewer);
            }
        }
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
            description:
                "Server-sent events, each with JSON in `data`. A stream ends with the access token that \
                          opened it, at the latest: open it again with the next one."
                    .to_owned(),
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
