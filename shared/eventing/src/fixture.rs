//! The one language of domain tests: given events, when a command, then events.
//!
//! ```ignore
//! given::<Booking>(id)
//!     .at("2026-11-21T10:00:00Z")
//!     .events([Booked { .. }.into()])
//!     .when(rider, BookingCommand::Cancel { .. })
//!     .then([Cancelled { .. }.into()]);
//! ```

use crate::{Aggregate, Context, Deadline, Decision, DomainEvent, Message, Rejection, message::Address};
use interstate_schemas::{Actor, CommandId, StepRef, Timestamp};
use std::fmt;

/// Starts a story about the aggregate of this id.
pub fn given<A: Aggregate>(id: impl fmt::Display) -> Story<A> {
    Story {
        state: A::default(),
        id: id.to_string(),
        now: Timestamp::UNIX_EPOCH,
        version: 0,
        commands: 0,
        step: None,
    }
}

/// An aggregate with a past.
#[derive(Clone)]
pub struct Story<A: Aggregate> {
    state: A,
    id: String,
    now: Timestamp,
    version: u64,
    commands: u64,
    step: Option<StepRef>,
}

impl<A: Aggregate> Story<A> {
    /// It is now this time (RFC 3339).
    #[must_use]
    pub fn at(mut self, time: &str) -> Self {
        self.now = time.parse().expect("a time such as 2026-11-21T10:00:00Z");
        self
    }

    /// The commands that follow carry out this step of a saga.
    #[must_use]
    pub fn for_step(mut self, step: StepRef) -> Self {
        self.step = Some(step);
        self
    }

    /// This has happened.
    #[must_use]
    pub fn events(mut self, events: impl IntoIterator<Item = A::Event>) -> Self {
        for event in events {
            self.take(&event);
        }
        self
    }

    /// Through bytes, as in the log.
    fn take(&mut self, event: &A::Event) {
        let event = A::Event::decode(event.event_type(), &event.encode()).expect("an event reads back");
        self.state.evolve(&event, self.now);
        self.version += 1;
    }

    /// Somebody asks; what follows from it can be checked.
    pub fn when(mut self, actor: Actor, command: A::Command) -> Told<A> {
        let address = Address {
            service: "test".into(),
            aggregate: A::NAME.into(),
            id: self.id.clone(),
        };
        self.commands += 1;
        let cx = Context {
            now: self.now,
            actor: &actor,
            command: CommandId::derive(
                self.now.as_millisecond().unsigned_abs(),
                &[&self.commands.to_be_bytes()],
            ),
            address: &address,
            version: self.version,
            step: self.step.as_ref(),
        };
        let decision = self.state.decide(command, &cx);
        let before = self.clone();
        if let Ok(decision) = &decision {
            for event in &decision.events {
                self.take(event);
            }
        }
        Told {
            before,
            story: self,
            decision,
        }
    }

    /// A deadline is due.
    pub fn when_due(self, name: &str) -> Told<A> {
        let command = A::deadline_reached(name).expect("a deadline that the aggregate knows");
        self.when(Actor::System, command)
    }

    /// The state so far.
    pub fn state(&self) -> &A {
        &self.state
    }

    /// What becomes due.
    pub fn deadlines(&self) -> Vec<Deadline> {
        self.state.deadlines()
    }
}

/// What was decided.
pub struct Told<A: Aggregate> {
    before: Story<A>,
    story: Story<A>,
    decision: Result<Decision<A::Event>, Rejection>,
}

impl<A: Aggregate> Told<A>
where
    A::Event: PartialEq + fmt::Debug,
{
    /// Exactly these events.
    #[track_caller]
    pub fn then(self, events: impl IntoIterator<Item = A::Event>) -> Story<A> {
        assert_eq!(self.decided().events, events.into_iter().collect::<Vec<_>>());
        self.story
    }

    /// Events of these types, in this order.
    #[track_caller]
    pub fn then_types(self, types: &[&str]) -> Story<A> {
        let found: Vec<&str> = self
            .decided()
            .events
            .iter()
            .map(DomainEvent::event_type)
            .collect();
        assert_eq!(found, types);
        self.story
    }

    /// Nothing happens.
    #[track_caller]
    pub fn then_nothing(self) -> Story<A> {
        self.then([])
    }

    /// It is refused with this code.
    #[track_caller]
    pub fn then_rejected(self, code: &str) -> Story<A> {
        match self.decision {
            Err(rejection) => assert_eq!(rejection.code, code, "{rejection}"),
            Ok(decision) => panic!(
                "expected the rejection {code}, but it decided {:?}",
                decision.events
            ),
        }
        self.before
    }

    /// The decision, to look at closely.
    #[track_caller]
    pub fn decided(&self) -> &Decision<A::Event> {
        match &self.decision {
            Ok(decision) => decision,
            Err(rejection) => panic!("it was rejected: {} ({rejection})", rejection.code),
        }
    }

    /// The messages that leave.
    #[track_caller]
    pub fn messages(&self) -> &[Message] {
        &self.decided().messages
    }

    /// Goes on with the story.
    pub fn story(self) -> Story<A> {
        self.story
    }
}
