//! The rows of the read model `people`, and what events change in them, whatever store they are in. Nothing in a row is
//! readable without the person's key, and what a person loses by being refused or erased is cleared at once.

use crate::domain::{Session, SessionEvent, User, UserEvent};
use interstate_eventing::{Aggregate, DecodeError, Event, encode_json};
use interstate_schemas::Role;
use interstate_stores::ProjectionError;
use serde::Serialize;
use std::collections::BTreeMap;

/// A person. `at_partition` and `at_sequence` name the last event in the row: where a reader must be to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PersonRow {
    pub id: String,
    /// `registering`, `active`, `refused` or `erased`.
    pub status: String,
    pub refusal: Option<String>,
    /// `rider,driver`, the first one first.
    pub roles: String,
    pub email_key: Option<String>,
    /// JSON, sealed.
    pub profile: Option<String>,
    /// JSON, sealed.
    pub credential: Option<String>,
    /// RFC 3339.
    pub since: String,
    pub at_partition: i64,
    pub at_sequence: i64,
}

impl PersonRow {
    fn take(&mut self, change: PersonChange) {
        if let Some(Standing { status, refusal }) = change.standing {
            status.clone_into(&mut self.status);
            self.refusal = refusal;
        }
        if change.is_forgotten {
            self.email_key = None;
            self.profile = None;
            self.credential = None;
        }
        if let Some(roles) = change.roles {
            self.roles = roles;
        }
        self.at_sequence = change.at_sequence;
    }
}

/// What changes in the row of somebody who began to sign up in an earlier batch; what nothing is said of stays. Every
/// event sets columns to what it says, so that a store need not look at the row.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PersonChange {
    pub standing: Option<Standing>,
    pub roles: Option<String>,
    /// All that was known of the person goes.
    pub is_forgotten: bool,
    pub at_sequence: i64,
}

/// A person's status, and why they were refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub status: &'static str,
    pub refusal: Option<String>,
}

impl PersonChange {
    /// None where the event is the saga's own affair.
    fn by(event: &Event, what: UserEvent) -> Option<Self> {
        let mut change = Self {
            at_sequence: event.sequence.cast_signed(),
            ..Self::default()
        };
        let (status, refusal) = match what {
            UserEvent::RegistrationStarted(_) | UserEvent::Registration(_) => return None,
            UserEvent::RolesChanged(changed) => {
                let roles: Vec<&str> = changed.roles.iter().map(|role| role.as_str()).collect();
                change.roles = Some(roles.join(","));
                return Some(change);
            }
            UserEvent::Registered(_) => ("active", None),
            UserEvent::RegistrationRefused(refused) => ("refused", Some(refused.code)),
            UserEvent::Erased(_) => ("erased", None),
        };
        if status != "active" {
            change.is_forgotten = true;
            change.roles = Some(String::new());
        }
        change.standing = Some(Standing { status, refusal });
        Some(change)
    }

    fn and_then(&mut self, later: Self) {
        self.standing = later.standing.or(self.standing.take());
        self.roles = later.roles.or(self.roles.take());
        self.is_forgotten |= later.is_forgotten;
        self.at_sequence = later.at_sequence;
    }
}

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SessionRow {
    pub id: String,
    pub user: String,
    pub role: Role,
    /// RFC 3339.
    pub opened: String,
}

/// What a batch of events comes to, each in the order of the ids.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// Who began to sign up.
    pub started: BTreeMap<String, PersonRow>,
    /// Who did so before.
    pub moved: BTreeMap<String, PersonChange>,
    /// Sessions that were opened, and those that were closed.
    pub sessions: BTreeMap<String, Option<SessionRow>>,
}

impl Changed {
    /// Sums events up. Somebody who begins twice is not noticed where the first time lies in an earlier batch: there the
    /// store's key refuses the second row.
    pub fn by(events: &[&Event]) -> Result<Self, FoldError> {
        let mut changed = Self::default();
        for event in events {
            match &*event.aggregate {
                User::NAME => changed.user(event, event.decode()?)?,
                Session::NAME => changed.session(event, event.decode()?),
                _ => {}
            }
        }
        Ok(changed)
    }

    fn user(&mut self, event: &Event, what: UserEvent) -> Result<(), FoldError> {
        let id = &event.subject;
        if let UserEvent::RegistrationStarted(started) = what {
            let registration = started.registration;
            let row = PersonRow {
                id: id.clone(),
                status: "registering".to_owned(),
                refusal: None,
                roles: registration.role.to_string(),
                email_key: Some(registration.email_key),
                profile: Some(json(&registration.profile)),
                credential: Some(json(&registration.credential)),
                since: event.time.to_string(),
                at_partition: event.partition.into(),
                at_sequence: event.sequence.cast_signed(),
            };
            return match self.started.insert(id.clone(), row) {
                None => Ok(()),
                Some(_) => Err(FoldError::Twice(id.clone())),
            };
        }
        let Some(change) = PersonChange::by(event, what) else {
            return Ok(());
        };
        if let Some(row) = self.started.get_mut(id) {
            row.take(change);
        } else if let Some(before) = self.moved.get_mut(id) {
            before.and_then(change);
        } else {
            self.moved.insert(id.clone(), change);
        }
        Ok(())
    }

    fn session(&mut self, event: &Event, what: SessionEvent) {
        let session = match what {
            SessionEvent::Opened(opened) => Some(SessionRow {
                id: event.subject.clone(),
                user: opened.user.to_string(),
                role: opened.role,
                opened: event.time.to_string(),
            }),
            SessionEvent::Closed(_) => None,
            SessionEvent::Reissued(_) | SessionEvent::Refreshed(_) => return,
        };
        self.sessions.insert(event.subject.clone(), session);
    }
}

/// Why a batch cannot be summed up.
#[derive(Debug, thiserror::Error)]
pub(super) enum FoldError {
    /// An event cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Their id is derived from the request, so this cannot be.
    #[error("{0} has begun to sign up before")]
    Twice(String),
}

impl<S: std::error::Error> From<FoldError> for ProjectionError<S> {
    fn from(error: FoldError) -> Self {
        ProjectionError::event(error.to_string())
    }
}

fn json(value: &impl Serialize) -> String {
    String::from_utf8_lossy(&encode_json(value)).into_owned()
}
