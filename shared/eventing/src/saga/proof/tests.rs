//! The proofs hold for a saga that is right, and find what is wrong with others.

use super::Proof;
use crate::{
    Aggregate, Context, Deadline, Decision, Draft, Message, Rejection, events,
    saga::{Orchestrator, Saga, SagaEvent, SagaState, Step},
};
use interstate_schemas::{AddressedCommand, SignedDuration, StepReply, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Order<const TABLE: usize> {
    saga: SagaState,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
enum OrderCommand {
    Place,
    Cancel,
    Abandon,
    Step(StepReply<()>),
    Late(String),
}

#[derive(Debug, Clone, Serialize)]
struct Please(&'static str);

impl AddressedCommand for Please {
    const SERVICE: &'static str = "elsewhere";
    const AGGREGATE: &'static str = "participant";
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Moved(SagaEvent);

events! {
    enum OrderEvent {
        Moved(Moved) = "order.moved.v1",
    }
}

const fn step<const TABLE: usize>(name: &'static str, pivot: bool) -> Step<Order<TABLE>> {
    Step {
        name,
        request: |_| Message::to("it", &Please("do it")),
        compensation: Some(|_| Message::to("it", &Please("take it back"))),
        answer_within: SignedDuration::from_secs(10),
        attempts: 3,
        pivot,
        together: false,
    }
}

const fn forwards<const TABLE: usize>(name: &'static str, pivot: bool) -> Step<Order<TABLE>> {
    Step {
        compensation: None,
        ..step(name, pivot)
    }
}

static RIGHT: Saga<Order<0>> = Saga {
    name: "right",
    steps: &[
        step("hold", false),
        step("reserve", true),
        forwards("capture", false),
        forwards("notify", false),
    ],
};

/// The point of no return cannot be taken back at all.
static IRREVOCABLE: Saga<Order<1>> = Saga {
    name: "irrevocable",
    steps: &[
        step("hold", false),
        forwards("pay out", true),
        forwards("notify", false),
    ],
};

/// After the point of no return a step has a compensation, which never runs; before it, one has none.
static FORGETFUL: Saga<Order<2>> = Saga {
    name: "forgetful",
    steps: &[forwards("capture", true), step("reserve", false)],
};

/// Three at once, one of them the point of no return.
static TOGETHER: Saga<Order<3>> = Saga {
    name: "together",
    steps: &[
        step("hold", false),
        step("reserve the driver", false),
        Step {
            together: true,
            ..step("reserve the vehicle", true)
        },
        Step {
            together: true,
            ..step("reserve the guide", false)
        },
        forwards("capture", false),
        Step {
            together: true,
            ..forwards("notify", false)
        },
    ],
};

/// What lies beyond the point of no return can be taken back too, where nobody insists.
static AT_LENGTH: Saga<Order<4>> = Saga {
    name: "at length",
    steps: &[
        step("hold", false),
        step("reserve", true),
        step("deliver", false),
        forwards("notify", false),
    ],
};

impl<const TABLE: usize> Order<TABLE> {
    fn table() -> &'static Saga<Self> {
        let tables: [&dyn std::any::Any; 5] = [&RIGHT, &IRREVOCABLE, &FORGETFUL, &TOGETHER, &AT_LENGTH];
        tables[TABLE]
            .downcast_ref()
            .expect("each table is of its own order")
    }
}

impl<const TABLE: usize> Orchestrator for Order<TABLE> {
    fn saga(&self) -> &SagaState {
        &self.saga
    }
    fn saga_event(event: SagaEvent) -> OrderEvent {
        OrderEvent::Moved(Moved(event))
    }
}

impl<const TABLE: usize> Aggregate for Order<TABLE> {
    const NAME: &'static str = "order";
    type Command = OrderCommand;
    type Event = OrderEvent;

    fn decide(&self, command: OrderCommand, cx: &Context<'_>) -> Result<Decision<OrderEvent>, Rejection> {
        let mut draft = Draft::new(self, cx);
        let saga = Self::table();
        match command {
            OrderCommand::Place => saga.start(&mut draft, cx),
            OrderCommand::Cancel => drop(saga.cancel(&mut draft, cx, "cancelled")),
            OrderCommand::Abandon => drop(saga.abandon(&mut draft, cx, "abandoned")),
            OrderCommand::Step(reply) => saga.reply(&mut draft, cx, reply, |_, ()| {}),
            OrderCommand::Late(step) => saga.overdue(&mut draft, cx, &step),
        }
        Ok(draft.finish())
    }

    fn evolve(&mut self, OrderEvent::Moved(Moved(event)): &OrderEvent, _: Timestamp) {
        self.saga.evolve(event);
    }

    fn deadlines(&self) -> Vec<Deadline> {
        self.saga.deadlines()
    }

    fn deadline_reached(name: &str) -> Option<OrderCommand> {
        SagaState::step_of(name).map(|step| OrderCommand::Late(step.to_owned()))
    }
}

fn prove<const TABLE: usize>() {
    Proof::<Order<TABLE>>::of(Order::<TABLE>::table(), Vec::new(), || OrderCommand::Place)
        .cancelled_by(|| OrderCommand::Cancel)
        .prove();
    Proof::<Order<TABLE>>::of(Order::<TABLE>::table(), Vec::new(), || OrderCommand::Place)
        .cancelled_by(|| OrderCommand::Abandon)
        .prove();
}

#[test]
fn a_saga_completes_or_unwinds_whatever_its_participants_do() {
    prove::<0>();
}

#[test]
fn a_step_that_cannot_be_taken_back_is_not_given_up_while_its_outcome_is_unknown() {
    prove::<1>();
}

#[test]
fn what_is_abandoned_beyond_the_pivot_is_taken_back_whole() {
    prove::<4>();
}

#[test]
fn steps_that_are_asked_for_together_are_done_or_taken_back_together() {
    prove::<3>();
}

#[test]
fn a_pivot_that_comes_first_leaves_nothing_half_done() {
    prove::<2>();
}
