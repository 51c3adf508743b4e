//! What the payment service does in the outside world: the provider is asked for what payments have decided.
//!
//! | file | subject |
//! | --- | --- |
//! | [`provider`] | the port: what a payment provider can be asked |
//! | [`sandbox`] | the adapter for the sandbox provider, over HTTP |
//! | [`worker`] | follows `payment.events` and hands on which operations are open |
//! | `followed` | what a partition's events say of them |
//! | [`queue`] | how they reach whoever carries them out |
//! | `issue` | which are handed on when |
//! | `visit` | takes jobs of the queue, and sees what there is to do |
//! | `desk` | which operations are open, as the log says |
//! | `operation` | carries one operation out, until its outcome is certain |
//! | [`results`] | how an outcome comes back: as a command |
//! | [`positions`] | from where the open operations are found again after a restart |
//! | [`webhook`] | the provider's signature; a webhook only wakes the worker |
//! | [`wakes`] | who is woken |

mod desk;
mod followed;
mod issue;
mod operation;
pub mod positions;
pub mod provider;
pub mod queue;
pub mod results;
pub mod sandbox;
mod visit;
pub mod wakes;
pub mod webhook;
pub mod worker;

pub use positions::{FilePositions, MemoryPositions, Positions};
pub use provider::{Provider, ProviderError, Standing, Take};
pub use queue::Queue;
pub use results::Results;
pub use sandbox::SandboxProvider;
pub use wakes::Wakes;
pub use webhook::WebhookSecret;
pub use worker::{EffectsOptions, EffectsPorts, PaymentEffects};
