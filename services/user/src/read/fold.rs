//! The rows of the read model `people`, and what events change in them, whatever store they are in. Nothing in a row is
//! readable without the person's key, and what a person loses by being refused or erased is cleared at once.

use crate::domain::{Session, SessionEvent, User, UserEvent};
use interstate_eventing::{Aggregate, DecodeError, Event, encode_json};
use interstate_schemas::Role;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Takes all that was known of the person away.
    fn forget(&mut self) {
        self.roles.clear();
        self.email_key = None;
        self.profile = None;
        self.credential = None;
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

/// An event that this read model may remember something of.
pub(super) enum Told {
    User(UserEvent),
    Session(SessionEvent),
}

/// The events of a batch that are about people and sessions.
pub(super) fn decode<'e>(events: &[&'e Event]) -> Result<Vec<(&'e Event, Told)>, DecodeError> {
    let mut told = Vec::with_capacity(events.len());
    for event in events {
        match &*event.aggregate {
            User::NAME => told.push((*event, Told::User(event.decode()?))),
            Session::NAME => told.push((*event, Told::Session(event.decode()?))),
            _ => {}
        }
    }
    Ok(told)
}

/// Whose rows a store has to load for [`fold`], in order.
pub(super) fn people_of(told: &[(&Event, Told)]) -> Vec<String> {
    let people = told.iter().filter_map(|(event, what)| match what {
        Told::User(UserEvent::Registration(_)) | Told::Session(_) => None,
        Told::User(_) => Some(event.subject.clone()),
    });
    let people: BTreeSet<String> = people.collect();
    people.into_iter().collect()
}

/// What a store has to write, each in the order of its ids.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// Rows of people, whole.
    pub people: Vec<PersonRow>,
    /// Sessions that were not there before.
    pub opened: Vec<SessionRow>,
    /// Sessions that are not there any more.
    pub closed: Vec<String>,
}

/// Somebody began to sign up who had begun before: their id is derived from the request, so this cannot be.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} has begun to sign up before")]
pub(super) struct Twice(String);

/// What the events make of these rows.
pub(super) fn fold(
    told: Vec<(&Event, Told)>,
    mut people: BTreeMap<String, PersonRow>,
) -> Result<Changed, Twice> {
    let mut changed = BTreeSet::new();
    let mut sessions = BTreeMap::new();
    for (event, what) in told {
        match what {
            Told::User(what) => {
                if user(&mut people, event, what)? {
                    changed.insert(event.subject.clone());
                }
            }
            Told::Session(SessionEvent::Opened(opened)) => {
                let row = SessionRow {
                    id: event.subject.clone(),
                    user: opened.user.to_string(),
                    role: opened.role,
                    opened: event.time.to_string(),
                };
                sessions.insert(event.subject.clone(), Some(row));
            }
            Told::Session(SessionEvent::Closed(_)) => {
                sessions.insert(event.subject.clone(), None);
            }
            Told::Session(SessionEvent::Reissued(_) | SessionEvent::Refreshed(_)) => {}
        }
    }
    let mut result = Changed {
        people: people
            .into_values()
            .filter(|row| changed.contains(&row.id))
            .collect(),
        ..Changed::default()
    };
    for (id, session) in sessions {
        match session {
            Some(row) => result.opened.push(row),
            None => result.closed.push(id),
        }
    }
    Ok(result)
}

/// Whether the person's row is another one now.
fn user(people: &mut BTreeMap<String, PersonRow>, event: &Event, what: UserEvent) -> Result<bool, Twice> {
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
        return match people.insert(id.clone(), row) {
            None => Ok(true),
            Some(_) => Err(Twice(id.clone())),
        };
    }
    let Some(row) = people.get_mut(id) else {
        return Ok(false);
    };
    match what {
        UserEvent::RegistrationStarted(_) | UserEvent::Registration(_) => return Ok(false),
        UserEvent::Registered(_) => "active".clone_into(&mut row.status),
        UserEvent::RegistrationRefused(refused) => {
            "refused".clone_into(&mut row.status);
            row.refusal = Some(refused.code);
            row.forget();
        }
        UserEvent::RolesChanged(changed) => {
            let roles: Vec<&str> = changed.roles.iter().map(|role| role.as_str()).collect();
            row.roles = roles.join(",");
        }
        UserEvent::Erased(_) => {
            "erased".clone_into(&mut row.status);
            row.refusal = None;
            row.forget();
        }
    }
    row.at_sequence = event.sequence.cast_signed();
    Ok(true)
}

fn json(value: &impl Serialize) -> String {
    String::from_utf8_lossy(&encode_json(value)).into_owned()
}
