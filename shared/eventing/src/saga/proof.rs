//! Generic proofs of a saga: whatever its participants refuse, lose, repeat or answer late, it completes or
//! unwinds, and nothing stays half done.
//!
//! ```text
//! Proof::of(&SAGA, given_events, || MyCommand::Order(order))
//!     .answered_with(|step| serde_json::json!(null))
//!     .cancelled_by(|| MyCommand::Cancel)
//!     .prove();
//! ```
//! The participants keep the contract that the engine asks of them: requests and compensations can be repeated,
//! and a compensation leaves a tombstone. What a table gets wrong beyond that, shows.

mod participants;
#[cfg(test)]
mod tests;

use super::{Orchestrator, Phase, Saga, SagaState, Step, StepStatus};
use crate::{Context, Decision, Message, decode_json, encode_json};
use interstate_schemas::{Actor, Address, CommandId, StepOutcome, StepRef, Timestamp};
use participants::Participants;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// Turns of a scenario in which things go wrong.
const STORM: usize = 60;
/// Turns after which a saga that has not ended never will.
const PATIENCE: usize = 3_000;

/// What is to be proven of one saga.
pub struct Proof<A: Orchestrator> {
    saga: &'static Saga<A>,
    given: Vec<A::Event>,
    start: fn() -> A::Command,
    cancel: Option<fn() -> A::Command>,
    answer: fn(&str) -> Value,
    begins: Timestamp,
    address: Address,
}

impl<A: Orchestrator> Proof<A> {
    /// A saga that a command starts, in an aggregate with these events before it.
    pub fn of(saga: &'static Saga<A>, given: Vec<A::Event>, start: fn() -> A::Command) -> Self {
        Self {
            saga,
            given,
            start,
            cancel: None,
            answer: |_| Value::Null,
            begins: Timestamp::UNIX_EPOCH,
            address: Address {
                service: "proof".into(),
                aggregate: A::NAME.into(),
                id: "proof".into(),
            },
        }
    }

    /// When it starts (RFC 3339).
    #[must_use]
    pub fn at(mut self, time: &str) -> Self {
        self.begins = time.parse().expect("a time such as 2026-11-21T10:00:00Z");
        self
    }

    /// What a participant answers when a step is done, as JSON.
    #[must_use]
    pub fn answered_with(mut self, answer: fn(&str) -> Value) -> Self {
        self.answer = answer;
        self
    }

    /// A command that turns it back where it can; it may be refused.
    #[must_use]
    pub fn cancelled_by(mut self, cancel: fn() -> A::Command) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// Proves it.
    ///
    /// # Panics
    /// With the story, where the saga does not end or leaves something half done.
    pub fn prove(&self) {
        for group in self.saga.groups().filter(|group| group.len() > 1) {
            assert!(
                !group.iter().any(Step::is_irrevocable),
                "a pivot that cannot be taken back is asked for alone: what goes with it may be refused"
            );
        }
        let names: Vec<&str> = self.saga.steps.iter().map(|step| step.name).collect();
        let all_well = self.play(Plan::default());
        assert_eq!(all_well, Phase::Completed, "with nobody in the way it completes");
        let groups = self.saga.groups().enumerate();
        for (place, step) in groups.flat_map(|(place, group)| group.iter().map(move |step| (place, step))) {
            let past = self
                .saga
                .groups()
                .take(place)
                .flatten()
                .any(|before| before.pivot);
            let refused = self.play(Plan::refusing(step.name));
            if !past {
                assert!(
                    matches!(refused, Phase::Unwound { .. }),
                    "a refusal to {} unwinds it, not {refused:?}",
                    step.name
                );
            }
            for count in 1..=step.attempts.min(6) + 2 {
                self.play(Plan::losing_answers(step.name, count));
                self.play(Plan::losing_requests(step.name, count));
            }
            self.play(Plan::refusing_then_granting(step.name));
            for other in &names {
                self.play(Plan {
                    lose_answers: BTreeMap::from([((*other).to_owned(), 2)]),
                    ..Plan::refusing(step.name)
                });
            }
        }
        for seed in 0..400 {
            self.play(Plan::by_chance(seed));
        }
    }

    fn play(&self, plan: Plan) -> Phase {
        let mut scene = Scene::open(self, plan);
        scene.run();
        scene.state.saga().phase.clone()
    }
}

/// What goes wrong in a scenario.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    /// A step that is refused.
    pub(super) refuse: Option<String>,
    /// The refusal is not remembered: a repeat of the request is granted.
    pub(super) grant_later: bool,
    /// How many answers of a step, also to its compensation, are lost.
    pub(super) lose_answers: BTreeMap<String, u32>,
    /// How many requests and compensations of a step are lost.
    pub(super) lose_requests: BTreeMap<String, u32>,
    /// Chance decides who acts next and what is lost, repeated and refused.
    pub(super) chance: Option<u64>,
}

impl Plan {
    fn refusing(step: &str) -> Self {
        Self {
            refuse: Some(step.to_owned()),
            ..Self::default()
        }
    }

    fn refusing_then_granting(step: &str) -> Self {
        Self {
            grant_later: true,
            lose_answers: BTreeMap::from([(step.to_owned(), 1)]),
            ..Self::refusing(step)
        }
    }

    fn losing_answers(step: &str, count: u32) -> Self {
        Self {
            lose_answers: BTreeMap::from([(step.to_owned(), count)]),
            ..Self::default()
        }
    }

    fn losing_requests(step: &str, count: u32) -> Self {
        Self {
            lose_requests: BTreeMap::from([(step.to_owned(), count)]),
            ..Self::default()
        }
    }

    fn by_chance(seed: u64) -> Self {
        Self {
            grant_later: seed % 2 == 1,
            chance: Some(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1),
            ..Self::default()
        }
    }
}

/// One run of the saga.
struct Scene<'p, A: Orchestrator> {
    proof: &'p Proof<A>,
    plan: Plan,
    state: A,
    /// Everything that happened, as the log has it.
    log: Vec<(&'static str, Vec<u8>, Timestamp)>,
    now: Timestamp,
    commands: u64,
    participants: Participants,
    answers: VecDeque<(StepRef, StepOutcome<Value>)>,
    story: Vec<String>,
}

impl<'p, A: Orchestrator> Scene<'p, A> {
    fn open(proof: &'p Proof<A>, plan: Plan) -> Self {
        let now = proof.begins;
        let mut scene = Self {
            state: A::default(),
            log: Vec::new(),
            now,
            commands: 0,
            participants: Participants::default(),
            answers: VecDeque::new(),
            story: vec![format!("{plan:?}")],
            proof,
            plan,
        };
        for event in &proof.given {
            scene.happened(event);
        }
        scene.ask((proof.start)());
        scene
    }

    fn happened(&mut self, event: &A::Event) {
        use crate::DomainEvent;
        self.log.push((event.event_type(), event.encode(), self.now));
        self.state.evolve(event, self.now);
    }

    fn ask(&mut self, command: A::Command) {
        self.commands += 1;
        let actor = Actor::System;
        let cx = Context {
            now: self.now,
            actor: &actor,
            command: CommandId::derive(0, &[&self.commands.to_be_bytes()]),
            address: &self.proof.address,
            version: self.log.len() as u64,
            step: None,
        };
        // A command that is refused changes nothing.
        let decision = self.state.decide(command, &cx).unwrap_or_default();
        self.take(decision);
    }

    fn take(&mut self, decision: Decision<A::Event>) {
        for event in &decision.events {
            self.happened(event);
            self.story
                .push(String::from_utf8_lossy(&self.log[self.log.len() - 1].1).into_owned());
        }
        for message in decision.messages {
            if let Some(step) = message.step.clone() {
                let undo = self.is_compensation(&step);
                self.participants.send(step, undo);
            }
        }
    }

    fn is_compensation(&self, step: &StepRef) -> bool {
        let status = self.state.saga().status(&step.step);
        matches!(status, Some(StepStatus::Compensating { .. }))
    }

    fn run(&mut self) {
        for turn in 0..PATIENCE {
            let storm = turn < STORM && self.plan.chance.is_some();
            let moved = if storm { self.anything() } else { self.in_order() };
            if !moved {
                return self.compare();
            }
        }
        self.fail("it never ends");
    }

    /// Delivers what is under way, then lets time pass; whether there was anything to do.
    fn in_order(&mut self) -> bool {
        self.deliver(0) || self.hand_over(0) || self.fire()
    }

    fn anything(&mut self) -> bool {
        match self.draw(16) {
            0..5 => {
                let which = self.draw(8);
                self.deliver(which);
            }
            5..9 => {
                let which = self.draw(4);
                self.hand_over(which);
            }
            9..11 => drop(self.fire()),
            11 => {
                if let Some(answer) = self.answers.front().cloned() {
                    self.answers.push_back(answer);
                }
            }
            12 => drop(self.answers.pop_front()),
            // A message comes twice only to those who remember: channels see to that.
            13 if !self.plan.grant_later => self.participants.repeat_one(),
            13 | 14 => self.crash(),
            _ => {
                if let Some(cancel) = self.proof.cancel {
                    self.ask(cancel());
                }
            }
        }
        true
    }

    fn draw(&mut self, below: u64) -> u64 {
        let chance = self.plan.chance.as_mut().map_or(0, |chance| {
            *chance ^= *chance << 13;
            *chance ^= *chance >> 7;
            *chance ^= *chance << 17;
            *chance
        });
        chance % below
    }

    /// A participant takes what was sent to it first.
    fn deliver(&mut self, which: u64) -> bool {
        let Some((step, undo)) = self.participants.next(which) else {
            return false;
        };
        let name = step.step.to_string();
        if take_one(&mut self.plan.lose_requests, &name) {
            self.story.push(format!("what was sent to {name} is lost"));
            return true;
        }
        let by_chance = self.plan.chance.is_some() && self.draw(6) == 0;
        let refuse = by_chance || self.plan.refuse.as_deref() == Some(&*name);
        if self.plan.grant_later {
            self.plan.refuse = None;
        }
        let past_pivot = self.proof.saga.is_past_pivot(self.state.saga());
        // Only what can be taken back may be granted after a refusal.
        let row = self.proof.saga.steps.iter().find(|row| row.name == name);
        let remembers = row.is_some_and(Step::is_irrevocable) || !self.plan.grant_later;
        let value = (self.proof.answer)(&name);
        let refuse = refuse && !past_pivot;
        let outcome = self.participants.handle(&step, undo, refuse, remembers, value);
        self.story.push(format!("{name}: undo {undo}, {outcome:?}"));
        if take_one(&mut self.plan.lose_answers, &name) {
            self.story.push("the answer is lost".to_owned());
        } else {
            self.answers.push_back((step, outcome));
        }
        true
    }

    fn hand_over(&mut self, which: u64) -> bool {
        if self.answers.is_empty() {
            return false;
        }
        let index = which as usize % self.answers.len();
        let Some((step, outcome)) = self.answers.remove(index) else {
            return false;
        };
        let message = Message::answer(&step, outcome);
        match decode_json(A::NAME, &message.payload) {
            Ok(command) => self.ask(command),
            Err(error) => self.fail(&format!("an answer cannot be read: {error}")),
        }
        true
    }

    /// The next deadline of the saga.
    fn fire(&mut self) -> bool {
        let deadlines = self.state.deadlines();
        let of_saga = |name: &str| SagaState::step_of(name).is_some();
        let next = deadlines
            .into_iter()
            .filter(|deadline| of_saga(&deadline.name))
            .min_by_key(|deadline| deadline.due);
        let Some(deadline) = next else { return false };
        self.now = self.now.max(deadline.due);
        match A::deadline_reached(&deadline.name) {
            Some(command) => self.ask(command),
            None => self.fail("a deadline of the saga is not a command of its aggregate"),
        }
        true
    }

    /// The state is gone, and comes back from the log.
    fn crash(&mut self) {
        use crate::DomainEvent;
        let mut again = A::default();
        for (kind, payload, time) in &self.log {
            match A::Event::decode(kind, payload) {
                Ok(event) => again.evolve(&event, *time),
                Err(error) => return self.fail(&format!("an event cannot be read back: {error}")),
            }
        }
        if encode_json(&again) != encode_json(&self.state) {
            self.fail("the state that comes back from the log is another one");
        }
        self.state = again;
    }

    fn compare(&mut self) {
        self.crash();
        let saga = self.state.saga().clone();
        match &saga.phase {
            Phase::Completed => {
                for step in self.proof.saga.steps {
                    if !self.participants.is_done(step.name) {
                        self.fail(&format!("it completed without {}", step.name));
                    }
                }
            }
            Phase::Unwound { .. } => {
                for step in self.proof.saga.steps {
                    let matters = step.compensation.is_some() || step.pivot;
                    if matters && self.participants.is_done(step.name) {
                        self.fail(&format!("it unwound and {} is still done", step.name));
                    }
                }
            }
            other => self.fail(&format!("nothing more happens, and it is {other:?}")),
        }
    }

    fn fail(&self, what: &str) {
        panic!(
            "the saga `{}`: {what}\n{}",
            self.proof.saga.name,
            self.story.join("\n")
        );
    }
}

fn take_one(left: &mut BTreeMap<String, u32>, name: &str) -> bool {
    match left.get_mut(name) {
        Some(count) if *count > 0 => {
            *count -= 1;
            true
        }
        _ => false,
    }
}
