//! A payment provider to test against, as a separate HTTP server: holds that expire, UPI that answers later,
//! signed webhooks that repeat and overtake each other, idempotency keys, and faults on demand.
//!
//! It knows nothing of the platform. What it offers is described in this crate's `README.md`.
//!
//! | module | subject |
//! | --- | --- |
//! | [`intent`] | one payment: its states and the moves between them, pure |
//! | [`ids`] | the ids of payments, operations and events |
//! | [`methods`] | the documented test payment methods |
//! | [`book`] | every intent and operation, in memory; what a journal's entries do to it |
//! | [`idempotency`] | which key was used for what |
//! | [`operation`] | what was asked for, and the events that came of it |
//! | [`journal`] | the append-only file, and reading it back |
//! | [`entries`] | which entry a request or a deadline makes |
//! | [`provider`] | the book, the journal, the clock and the faults together |
//! | [`faults`] | what goes wrong, when told to |
//! | [`webhooks`], [`delivery`] | an event's payload and signature; getting it to the endpoint |
//! | [`deadlines`] | UPI answers and hold expiry, when their time comes |
//! | [`api`], `control`, [`requests`], [`views`], [`error`] | HTTP |

pub mod api;
pub mod book;
pub mod clock;
pub mod config;
mod control;
pub mod deadlines;
pub mod delivery;
pub mod entries;
pub mod error;
pub mod faults;
pub mod idempotency;
pub mod ids;
pub mod intent;
pub mod journal;
pub mod methods;
pub mod operation;
pub mod provider;
pub mod requests;
mod server;
pub mod views;
pub mod webhooks;

pub use config::Config;
pub use server::{ServeError, serve};
