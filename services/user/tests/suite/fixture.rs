//! Events of people, told to a read model.

use interstate_eventing::{
    Aggregate, DomainEvent, Event,
    projection::Position,
    saga::SagaEvent,
    sealed::{KeyRing, MemoryKeyRing},
};
use interstate_log::PartitionId;
use interstate_schemas::{Actor, CommandId, EventId, Role, SessionId, SignedDuration, Timestamp, UserId};
use interstate_user::{
    NAME,
    domain::{
        CloseReason, Closed, Credential, Erased, Opened as SessionOpened, Profile, Registered, Registration,
        RegistrationRefused, RegistrationStarted, RolesChanged, Session, SessionEvent, User, UserEvent,
    },
    read::{Opened, People},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
};

static KEYS: LazyLock<Arc<dyn KeyRing>> = LazyLock::new(|| Arc::new(MemoryKeyRing::default()));

pub fn user(name: &str) -> UserId {
    UserId::derive(1, &[name.as_bytes()])
}

pub fn session(name: &str) -> SessionId {
    SessionId::derive(1, &[name.as_bytes()])
}

/// What somebody brings along; `email` stands for the keyed hash of an address.
pub fn of_newcomer(name: &str, email: &str, role: Role) -> Registration {
    let profile = Profile {
        name: name.to_owned(),
        email: "somebody@example.com".parse().unwrap(),
        phone: "+919876543210".parse().unwrap(),
    };
    let credential = Credential {
        hash: format!("the hash of {name}'s password"),
    };
    Registration {
        request: "request".to_owned(),
        email_key: email.to_owned(),
        phone_key: "phone".to_owned(),
        role,
        profile: KEYS.seal(user(name), &profile).unwrap(),
        credential: KEYS.seal(user(name), &credential).unwrap(),
    }
}

/// What happens to whom.
pub struct Told {
    aggregate: &'static str,
    subject: String,
    event_type: &'static str,
    payload: Vec<u8>,
}

fn of_user(name: &str, event: impl Into<UserEvent>) -> Told {
    let event = event.into();
    Told {
        aggregate: User::NAME,
        subject: user(name).to_string(),
        event_type: event.event_type(),
        payload: event.encode(),
    }
}

fn of_session(name: &str, event: impl Into<SessionEvent>) -> Told {
    let event = event.into();
    Told {
        aggregate: Session::NAME,
        subject: session(name).to_string(),
        event_type: event.event_type(),
        payload: event.encode(),
    }
}

pub fn started(name: &str, email: &str, role: Role) -> Told {
    let (user, registration) = (user(name), of_newcomer(name, email, role));
    of_user(name, RegistrationStarted { user, registration })
}

pub fn saga(name: &str) -> Told {
    let steps = vec!["claim_email".into()];
    of_user(name, SagaEvent::Started { run: 1, steps })
}

pub fn registered(name: &str, role: Role) -> Told {
    of_user(name, Registered { role })
}

pub fn refused(name: &str, code: &str) -> Told {
    let code = code.to_owned();
    of_user(name, RegistrationRefused { code })
}

pub fn roles(name: &str, roles: &[Role]) -> Told {
    let roles = roles.to_vec();
    of_user(name, RolesChanged { roles })
}

pub fn erased(name: &str) -> Told {
    of_user(name, Erased {})
}

pub fn opened(name: &str, of: &str, role: Role) -> Told {
    let (user, token) = (user(of), "token".to_owned());
    of_session(name, SessionOpened { user, role, token })
}

pub fn closed(name: &str) -> Told {
    let reason = CloseReason::SignedOut;
    of_session(name, Closed { reason })
}

/// Tells a read model what happens, so many events in one transaction.
pub struct Story {
    opened: Opened,
    batch: usize,
    events: u32,
    partitions: BTreeMap<u32, Partition>,
}

#[derive(Default)]
struct Partition {
    sequence: u64,
    batches: u64,
    waiting: Vec<Event>,
}

impl Story {
    pub fn new(opened: Opened, batch: usize) -> Self {
        Self {
            opened,
            batch,
            events: 0,
            partitions: BTreeMap::new(),
        }
    }

    /// One more event, a minute after the last one.
    pub async fn tell(&mut self, partition: u32, told: Told) {
        self.write(partition, told);
        if self.partitions[&partition].waiting.len() >= self.batch {
            self.take_up(partition).await;
        }
    }

    /// The same, but nothing is taken up before [`Self::told`].
    pub fn write(&mut self, partition: u32, told: Told) {
        self.events += 1;
        let time: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let at = self.partitions.entry(partition).or_default();
        at.sequence += 1;
        let parts: [&[u8]; 2] = [&partition.to_be_bytes(), &at.sequence.to_be_bytes()];
        let command = CommandId::derive(1, &parts);
        at.waiting.push(Event {
            id: EventId::derive(1, &parts),
            service: NAME.into(),
            partition,
            sequence: at.sequence,
            aggregate: told.aggregate.into(),
            subject: told.subject,
            version: at.sequence,
            event_type: told.event_type.into(),
            time: time + SignedDuration::from_mins(self.events.into()),
            actor: Actor::System,
            correlation: command,
            causation: command,
            trace: None,
            payload: told.payload.into(),
        });
    }

    /// The read model with everything that was told.
    pub async fn told(&mut self) -> Arc<dyn People> {
        let partitions: Vec<u32> = self.partitions.keys().copied().collect();
        for partition in partitions {
            self.take_up(partition).await;
        }
        self.opened.people.clone()
    }

    /// How many events are parked.
    pub async fn parked(&self) -> u64 {
        let mut parked = 0;
        for partition in self.partitions.keys() {
            let source = PartitionId::new(NAME, *partition);
            parked += self.opened.model.parked_count(&source).await.unwrap();
        }
        parked
    }

    async fn take_up(&mut self, partition: u32) {
        let at = self.partitions.entry(partition).or_default();
        let source = PartitionId::new(NAME, partition);
        for events in std::mem::take(&mut at.waiting).chunks(self.batch) {
            at.batches += 1;
            let last = events.last().map_or(0, |event| event.sequence);
            let to = Position {
                next: last,
                sequence: last,
                receipt: at.batches,
                incarnation: 1,
            };
            let applied = self.opened.model.apply(&source, events, to).await.unwrap();
            assert_eq!(applied.overtaken, None);
        }
    }
}
