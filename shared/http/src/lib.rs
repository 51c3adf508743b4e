//! The HTTP edge that every service stands behind.
//!
//! - Errors: [`Problem`] (RFC 9457) with a stable [`ErrorCode`] that has a page.
//! - What comes in: [`Json`], [`JsonBody`], [`Query`], [`Path`], [`IdempotencyKey`], [`ConsistencyToken`], [`Cursor`],
//!   [`Text`].
//! - What goes out: [`Answer`], [`Page`], [`Streams`] of server-sent events.
//! - Around it: [`EdgeOptions`] (limits, request ids, traces, access log), [`Readiness`], [`Server`].
//! - [`assemble`] puts the APIs of one or several services together with their documentation.

mod answer;
mod api;
mod closed;
mod code;
mod command;
mod consistency;
mod docs;
mod edge;
mod idempotency;
mod json;
mod leftover;
mod operations;
mod page;
mod params;
mod problem;
mod problem_response;
mod readiness;
mod request;
mod server;
mod stream;
mod strict;
mod text;

pub use answer::{Accepted, Answer, Created};
pub use api::{Api, BEARER, assemble, openapi, routes};
pub use code::{CODES, ErrorCode, check_codes, codes};
pub use command::{ask_problem, catch_up, log_full, token};
pub use consistency::{ConsistencyToken, ConsistencyTokenError, Position};
pub use edge::EdgeOptions;
pub use idempotency::IdempotencyKey;
pub use interstate_live::rates::Rate;
pub use json::{Json, JsonBody};
pub use page::{Cursor, Limit, Page, PageQuery};
pub use params::{Path, Query};
pub use problem::{FieldError, Problem};
pub use readiness::Readiness;
pub use request::{Client, RequestContext, RequestId};
pub use server::{ServeError, Server, ServerOptions, stop_signal};
pub use stream::{EventStream, LiveEvent, Streams, Viewer};
pub use text::Text;

/// Ends a process in an orderly way: the server stops accepting, streams end, what is held is finished.
pub use tokio_util::sync::CancellationToken as Shutdown;
