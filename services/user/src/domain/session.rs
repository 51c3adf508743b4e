//! One login: renewed with a token that is good for once. A token that comes a second time was stolen from one of
//! the two who have it, and ends the session for both (RFC 9700 section 4.14.2).

use interstate_eventing::{Aggregate, Context, Deadline, Decision, Rejection, events};
use interstate_schemas::{AddressedCommand, CommandId, Role, SignedDuration, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long a session lives after it was last renewed: 30 days.
const LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How many used tokens are told from tokens that never were. A stolen one is used within a few renewals.
const USED: usize = 64;
/// How many requests are known again when a copy of one comes late.
const REQUESTS: usize = 8;
/// How many tokens of the same request are good: one a try. Whoever tries more often has seen none of the first.
const TRIES: usize = 16;
const EXPIRY: &str = "expiry";

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// Its owner signed out.
    SignedOut,
    /// A token was used twice.
    Reused,
    /// It was not renewed for 30 days.
    Expired,
    /// The role was taken from its owner.
    RoleTaken,
    /// Its owner was erased.
    Erased,
}

/// What a session can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionCommand {
    /// To begin. Its id derives from the user and the request, so that a repeat comes here again.
    Open {
        /// Whose.
        user: UserId,
        /// As what they sign in.
        role: Role,
        /// The hash of the first token.
        token: String,
    },
    /// To go on, with a token in exchange for another.
    Refresh {
        /// The hash of the token that was sent.
        sent: String,
        /// The hash of the one that replaces it.
        next: String,
        /// The request: a repeat, whose answer got lost, is no reuse.
        request: CommandId,
    },
    /// To end.
    Close {
        /// Why.
        reason: CloseReason,
    },
    /// Its time is over.
    Expire,
}

impl AddressedCommand for SessionCommand {
    const SERVICE: &'static str = "user";
    const AGGREGATE: &'static str = "session";
}

/// The answer to a refresh. A reuse ends the session, which is an event, and so no rejection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refresh {
    /// It goes on.
    Renewed {
        /// For whom.
        user: UserId,
        /// As what.
        role: Role,
    },
    /// The token was used before: the session has ended.
    Reused,
}

/// A login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Opened {
    /// Whose.
    pub user: UserId,
    /// As what.
    pub role: Role,
    /// The hash of the token.
    pub token: String,
}

/// The login was repeated before a token was used: another one is as good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reissued {
    /// The hash of the token.
    pub token: String,
}

/// One token was exchanged for the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refreshed {
    /// The hash of the new token.
    pub token: String,
    /// The request.
    pub request: CommandId,
}

/// It has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Closed {
    /// Why.
    pub reason: CloseReason,
}

events! {
    /// What happens to a session.
    pub enum SessionEvent {
        Opened(Opened) = "user.session_opened.v1",
        Reissued(Reissued) = "user.session_reissued.v1",
        Refreshed(Refreshed) = "user.session_refreshed.v1",
        Closed(Closed) = "user.session_closed.v1",
    }
}

/// A session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    owner: Option<(UserId, Role)>,
    /// Any of these is good. Each try of a request gets a token of its own, and which of the answers arrives is not
    /// known: a try that was given up may be decided after the one that was answered.
    good: Vec<String>,
    /// Those that the last request was asked with, or could have been.
    replaced: Vec<String>,
    /// Those before.
    used: Vec<String>,
    /// The last requests, the youngest at the end.
    requests: Vec<CommandId>,
    expires: Option<Timestamp>,
    closed: Option<CloseReason>,
}

impl Session {
    fn open(&self, user: UserId, role: Role, token: String) -> Result<Decision<SessionEvent>, Rejection> {
        match self.owner {
            None => Ok(Decision::event(Opened { user, role, token })),
            Some(owner) if owner != (user, role) => Err(Rejection::forbidden(
                "user-session-ended",
                "The session belongs to somebody else, or to another role.",
            )),
            Some(_) if !self.requests.is_empty() || self.closed.is_some() => Err(ended()),
            Some(_) => Ok(Decision::event(Reissued { token })),
        }
    }

    fn refresh(
        &self,
        sent: &str,
        next: String,
        request: CommandId,
    ) -> Result<Decision<SessionEvent>, Rejection> {
        let Some((user, role)) = self.owner.filter(|_| self.closed.is_none()) else {
            return Err(ended());
        };
        let among = |tokens: &[String]| tokens.iter().any(|token| token == sent);
        let again = self.requests.last() == Some(&request) && among(&self.replaced);
        if !again && among(&self.good) && self.requests.contains(&request) {
            return Err(Rejection::invalid(
                "idempotency-key-reused",
                "This Idempotency-Key renewed the login with another token; renew with a new key.",
            ));
        }
        if again || among(&self.good) {
            let renewed = Refreshed { token: next, request };
            return Ok(Decision::event(renewed).reply(&Refresh::Renewed { user, role }));
        }
        // A try that was given up long ago: its request has been answered, and nobody waits for this one.
        if self.requests.contains(&request) {
            return Err(ended());
        }
        if among(&self.used) || among(&self.replaced) {
            let reason = CloseReason::Reused;
            return Ok(Decision::event(Closed { reason }).reply(&Refresh::Reused));
        }
        Err(ended())
    }
}

impl Aggregate for Session {
    const NAME: &'static str = "session";
    const VERSION: u32 = 2;
    type Command = SessionCommand;
    type Event = SessionEvent;

    fn decide(&self, command: SessionCommand, cx: &Context<'_>) -> Result<Decision<SessionEvent>, Rejection> {
        match command {
            SessionCommand::Open { user, role, token } => self.open(user, role, token),
            SessionCommand::Refresh { sent, next, request } => self.refresh(&sent, next, request),
            SessionCommand::Close { reason } => match (self.owner, self.closed) {
                (None, _) | (_, Some(_)) => Ok(Decision::nothing()),
                (Some((user, _)), None) if cx.actor.user().is_some_and(|actor| actor != user) => Err(
                    Rejection::forbidden("user-session-ended", "The session belongs to somebody else."),
                ),
                _ => Ok(Decision::event(Closed { reason })),
            },
            SessionCommand::Expire => match (self.expires, self.closed) {
                (Some(expires), None) if expires <= cx.now => Ok(Decision::event(Closed {
                    reason: CloseReason::Expired,
                })),
                _ => Ok(Decision::nothing()),
            },
        }
    }

    fn evolve(&mut self, event: &SessionEvent, time: Timestamp) {
        let expires = time.saturating_add(LIFE).unwrap_or(Timestamp::MAX);
        match event {
            SessionEvent::Opened(opened) => {
                self.owner = Some((opened.user, opened.role));
                self.good.push(opened.token.clone());
                self.expires = Some(expires);
            }
            SessionEvent::Reissued(reissued) => push(&mut self.good, reissued.token.clone(), TRIES),
            SessionEvent::Refreshed(refreshed) => {
                if self.requests.last() != Some(&refreshed.request) {
                    let good = std::mem::take(&mut self.good);
                    for token in std::mem::replace(&mut self.replaced, good) {
                        push(&mut self.used, token, USED);
                    }
                    push(&mut self.requests, refreshed.request, REQUESTS);
                }
                push(&mut self.good, refreshed.token.clone(), TRIES);
                self.expires = Some(expires);
            }
            SessionEvent::Closed(closed) => {
                let (owner, closed) = (self.owner, Some(closed.reason));
                // Nothing of it is needed again but that it has ended.
                *self = Self {
                    owner,
                    closed,
                    ..Self::default()
                };
            }
        }
    }

    fn deadlines(&self) -> Vec<Deadline> {
        let expires = self.expires.map(|due| Deadline::new(EXPIRY, due));
        expires.into_iter().collect()
    }

    fn deadline_reached(name: &str) -> Option<SessionCommand> {
        (name == EXPIRY).then_some(SessionCommand::Expire)
    }
}

/// Keeps the last so many.
fn push<T>(kept: &mut Vec<T>, one: T, most: usize) {
    if kept.len() >= most {
        kept.remove(0);
    }
    kept.push(one);
}

fn ended() -> Rejection {
    Rejection::conflict(
        "user-session-ended",
        "The session has ended, or the token is not one of its own.",
    )
}
