//! The questions between services: what `schemas/proto/*.proto` say, as Rust.
//!
//! - [`location`], [`booking`]: messages, clients and servers, generated. `cargo run -p interstate-proto --example
//!   generate` writes them again; a test holds them to the files.
//! - Between the messages and the published language stand the conversions here: a server says `(&route).into()`, a
//!   client `route.try_into()?`, since what comes over the wire may be [`Malformed`].

mod point;
mod route;
mod vehicle;

/// The messages of `location.proto`, with its client and server.
#[allow(clippy::all, missing_docs, reason = "generated")]
pub mod location {
    include!("generated/interstate.location.v1.rs");
}

/// The messages of `booking.proto`, with its client and server.
#[allow(clippy::all, missing_docs, reason = "generated")]
pub mod booking {
    include!("generated/interstate.booking.v1.rs");
}

/// All files as descriptors, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!("generated/descriptors.bin");

/// The largest message that a question or an answer may be: a route through twelve stops takes a twentieth of it.
pub const MESSAGE_BYTES: usize = 256 * 1024;

/// A message that says something impossible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {part} is missing or wrong{why}")]
pub struct Malformed {
    part: &'static str,
    why: String,
}

impl Malformed {
    /// This part is not there.
    pub fn missing(part: &'static str) -> Self {
        Self {
            part,
            why: String::new(),
        }
    }

    /// This part cannot be.
    pub fn wrong(part: &'static str, why: impl std::fmt::Display) -> Self {
        Self {
            part,
            why: format!(": {why}"),
        }
    }
}

impl From<Malformed> for tonic::Status {
    fn from(malformed: Malformed) -> Self {
        Self::invalid_argument(malformed.to_string())
    }
}
