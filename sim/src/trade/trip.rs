//! A trip and its saga: hold the money, reserve the driver and the vehicle, capture, enter it in the books.

use super::{account::AccountCommand, calendar::CalendarCommand, ledger::LedgerCommand};
use interstate_eventing::{
    Aggregate, Context, Deadline, Decision, Draft, Message, Rejection, events,
    saga::{Orchestrator, Saga, SagaEvent, SagaState, Step},
};
use interstate_schemas::{AddressedCommand, SignedDuration, StepReply, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A trip.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trip {
    /// What was ordered.
    pub order: Option<Order>,
    /// How far it is.
    pub saga: SagaState,
    /// How many notes it has sent.
    pub notes: u32,
}

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Order {
    /// The trip's id.
    pub trip: String,
    /// Who pays.
    pub account: String,
    /// Who drives.
    pub driver: String,
    /// In what.
    pub vehicle: String,
    /// From this hour.
    pub from: u32,
    /// Up to, and without, this one.
    pub to: u32,
    /// How much it costs.
    pub amount: i64,
}

/// What a trip is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum TripCommand {
    /// Order it.
    Order(Order),
    /// Turn it back.
    Cancel,
    /// A step of its saga was answered.
    Step(StepReply<()>),
    /// A step of its saga is late.
    Late(String),
}

impl AddressedCommand for TripCommand {
    const SERVICE: &'static str = "trip";
    const AGGREGATE: &'static str = "trip";
}

/// It was ordered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ordered {
    /// What was ordered.
    pub order: Order,
    /// How many notes were sent with it.
    pub notes: u32,
}

events! {
    /// What happens to a trip.
    pub enum TripEvent {
        Ordered(Ordered) = "trip.ordered.v1",
        Saga(SagaEvent) = "trip.saga.v1",
    }
}

/// The saga. Reserving the vehicle is the point of no return.
pub static SAGA: Saga<Trip> = Saga {
    name: "trip",
    steps: &[
        Step {
            name: "hold the money",
            request: |trip| {
                let order = trip.ordered();
                Message::to(
                    &order.account,
                    &AccountCommand::Hold {
                        trip: order.trip.clone(),
                        amount: order.amount,
                    },
                )
            },
            compensation: Some(|trip| {
                let order = trip.ordered();
                let trip = order.trip.clone();
                Message::to(&order.account, &AccountCommand::Release { trip })
            }),
            answer_within: SignedDuration::from_secs(2),
            attempts: 3,
            pivot: false,
            together: false,
        },
        Step {
            name: "reserve the driver",
            request: |trip| reserve(trip, &trip.ordered().driver),
            compensation: Some(|trip| release(trip, &trip.ordered().driver)),
            // Given up at once: whether the time was reserved is then not known.
            answer_within: SignedDuration::from_secs(2),
            attempts: 1,
            pivot: false,
            together: false,
        },
        Step {
            name: "reserve the vehicle",
            request: |trip| reserve(trip, &trip.ordered().vehicle),
            compensation: Some(|trip| release(trip, &trip.ordered().vehicle)),
            answer_within: SignedDuration::from_secs(3),
            attempts: 2,
            pivot: true,
            together: false,
        },
        Step {
            name: "capture",
            request: |trip| {
                let order = trip.ordered();
                let trip = order.trip.clone();
                Message::to(&order.account, &AccountCommand::Capture { trip })
            },
            compensation: None,
            answer_within: SignedDuration::from_secs(5),
            attempts: 3,
            pivot: false,
            together: false,
        },
        Step {
            name: "enter it in the books",
            request: |trip| {
                let trip = trip.ordered().trip.clone();
                Message::to("finished", &LedgerCommand::Enter { trip })
            },
            compensation: None,
            answer_within: SignedDuration::from_secs(5),
            attempts: 3,
            pivot: false,
            together: false,
        },
    ],
};

fn reserve(trip: &Trip, calendar: &str) -> Message {
    let order = trip.ordered();
    let by = order.trip.clone();
    let (from, to) = (order.from, order.to);
    Message::to(calendar, &CalendarCommand::Reserve { by, from, to })
}

fn release(trip: &Trip, calendar: &str) -> Message {
    let by = trip.ordered().trip.clone();
    Message::to(calendar, &CalendarCommand::Release { by })
}

impl Trip {
    fn ordered(&self) -> &Order {
        self.order.as_ref().expect("the saga starts with the order")
    }
}

impl Orchestrator for Trip {
    fn saga(&self) -> &SagaState {
        &self.saga
    }
    fn saga_event(event: SagaEvent) -> TripEvent {
        TripEvent::Saga(event)
    }
}

impl Aggregate for Trip {
    const NAME: &'static str = "trip";
    type Command = TripCommand;
    type Event = TripEvent;

    fn decide(&self, command: TripCommand, cx: &Context<'_>) -> Result<Decision<TripEvent>, Rejection> {
        let mut draft = Draft::new(self, cx);
        match command {
            TripCommand::Order(_) if self.order.is_some() => {
                return Err(Rejection::conflict("trip.ordered", "it has been ordered before"));
            }
            TripCommand::Order(order) => {
                let (trip, notes) = (order.trip.clone(), 3);
                draft.emit(Ordered { order, notes });
                for number in 1..=notes {
                    let from = trip.clone();
                    draft.send(Message::to("orders", &LedgerCommand::Note { from, number }));
                }
                SAGA.start(&mut draft, cx);
                return Ok(draft.finish().reply(&trip));
            }
            TripCommand::Cancel => {
                let turned = SAGA.cancel(&mut draft, cx, "the rider does not want it");
                return Ok(draft.finish().reply(&turned));
            }
            TripCommand::Step(reply) => SAGA.reply(&mut draft, cx, reply, |_, ()| {}),
            TripCommand::Late(step) => SAGA.overdue(&mut draft, cx, &step),
        }
        Ok(draft.finish())
    }

    fn evolve(&mut self, event: &TripEvent, _: Timestamp) {
        match event {
            TripEvent::Ordered(it) => {
                self.order = Some(it.order.clone());
                self.notes = it.notes;
            }
            TripEvent::Saga(event) => self.saga.evolve(event),
        }
    }

    fn deadlines(&self) -> Vec<Deadline> {
        self.saga.deadlines()
    }

    fn deadline_reached(name: &str) -> Option<TripCommand> {
        SagaState::step_of(name).map(|step| TripCommand::Late(step.to_owned()))
    }
}
