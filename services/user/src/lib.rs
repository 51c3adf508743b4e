//! The user service: registration, logins, sessions, roles, erasure.
//!
//! - [`domain`]: a [`User`](domain::User) signs up by a small saga that claims their e-mail address and telephone
//!   number ([`Claim`](domain::Claim)); each login is a [`Session`](domain::Session).
//! - [`read`]: the read model `people`, in SQLite or PostgreSQL, and the questions that it answers, [`People`].
//! - [`api`]: accounts and logins, over HTTP.
//! - [`effects`]: forgets people for good.
//!
//! Everything personal is sealed under the person's own key, from the first event on.

pub mod api;
pub mod domain;
pub mod effects;
pub mod read;

use aide::axum::ApiRouter;
use api::{Accounts, Logins};
use effects::Forgetting;
use interstate_auth::{AccessTokens, Passwords, UniqueValues, WallClock};
use interstate_eventing::{
    KeyUse, Service,
    projection::ReadPosition,
    runtime::{Clock, Commands},
    sealed::KeyRing,
};
use interstate_live::Live;
use read::People;
use std::sync::Arc;

/// The service's name in addresses, topics and tokens.
pub const NAME: &str = "user";

/// What the service is made of.
pub fn service() -> Service {
    Service::new(NAME)
        .aggregate::<domain::User>()
        .aggregate::<domain::Claim>()
        .aggregate::<domain::Session>()
        .aggregate::<KeyUse>()
}

/// The diagrams of its sagas in Mermaid, by name, for the docs.
pub fn saga_diagrams() -> Vec<(&'static str, String)> {
    vec![(domain::REGISTRATION.name, domain::REGISTRATION.mermaid())]
}

/// What the service stands on in a process.
pub struct Parts {
    /// The way to the aggregates.
    pub commands: Commands,
    /// The read model of people.
    pub people: Arc<dyn People>,
    /// How far it is.
    pub position: ReadPosition,
    /// Everybody's keys.
    pub keys: Arc<dyn KeyRing>,
    /// Log time.
    pub clock: Arc<dyn Clock>,
    /// Real time, for tokens.
    pub wall_clock: WallClock,
    /// Makes keys of contacts.
    pub unique: UniqueValues,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// Makes access tokens.
    pub tokens: AccessTokens,
    /// What instances know of each other at once.
    pub live: Live,
}

/// The service's edge in a process.
pub struct Edge {
    /// Signs people up, and seeds the first staff.
    pub accounts: Accounts,
    /// Signs them in.
    pub logins: Logins,
    /// Forgets them; spawn [`Forgetting::run`].
    pub forgetting: Forgetting,
}

impl Edge {
    /// Puts it together.
    pub fn new(parts: Parts) -> Self {
        let people = parts.people;
        let forgetting = Forgetting::new(people.clone(), parts.keys.clone(), parts.clock.clone());
        let accounts = Accounts::new(
            parts.commands,
            people,
            parts.position,
            parts.keys,
            parts.clock,
            parts.unique,
            parts.passwords,
        );
        let logins = Logins::new(accounts.clone(), parts.tokens, parts.wall_clock, &parts.live);
        Self {
            accounts,
            logins,
            forgetting,
        }
    }

    /// The routes; [`api::POLICY`] says who may call them.
    pub fn router(&self) -> ApiRouter {
        api::router(self.logins.clone())
    }
}
