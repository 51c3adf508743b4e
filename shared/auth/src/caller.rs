//! Who calls, as a handler sees it.

use crate::codes;
use aide::OperationInput;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use interstate_http::{Problem, Viewer};
use interstate_schemas::{Actor, Role, SessionId, Timestamp, UserId};
use std::{convert::Infallible, time::Duration};

/// A signed-in person, put on the request by the [`Guard`](crate::Guard). As `Option<Caller>` on routes that are
/// open to everyone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// As what.
    pub role: Role,
    /// In which login.
    pub session: SessionId,
    /// When the token ends.
    pub expires: Timestamp,
}

impl Caller {
    /// The actor that commands carry.
    pub fn actor(&self) -> Actor {
        Actor::User {
            id: self.user,
            role: self.role,
        }
    }

    /// A stream may be watched as long as the token is good. `now` is the machine's time.
    pub fn viewer(&self, now: Timestamp) -> Viewer {
        Viewer {
            id: self.user.ulid().0,
            lasts: Duration::try_from(self.expires.duration_since(now)).unwrap_or_default(),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let known = parts.extensions.get::<Self>().copied();
        known.ok_or_else(|| Problem::new(&codes::UNAUTHENTICATED, "The request has no access token."))
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().copied())
    }
}

impl OperationInput for Caller {}
