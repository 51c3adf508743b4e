//! Whatever participants refuse, answer twice, answer late or not at all, and whoever withdraws meanwhile: in the
//! end the booking has all that it needs, or nothing of it and the rider's money but the fee.

use super::{story::*, *};
use crate::domain::{
    cancellation::RiderReason,
    quote::tests::{MORNING, V1_PICKUP, as_rider},
};
use interstate_eventing::{Message, fixture::Story};
use interstate_schemas::{
    BookingAnswer, CalendarCommand, DispatchCommand, DispatchId, DriverAnswer, DriverId, Money, OfferId,
    PaymentAnswer, PaymentCommand, StepOutcome, StepReply, Timestamp, VehicleId,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

type Outcome = StepOutcome<BookingAnswer>;

/// The participants by their contracts, and what is on its way.
struct World {
    booking: Story<Booking>,
    now: Timestamp,
    messages: BTreeMap<String, VecDeque<Message>>,
    answers: VecDeque<BookingCommand>,
    chances: std::vec::IntoIter<u8>,
    held: bool,
    voided: bool,
    captured: Money,
    refunds: BTreeMap<String, Money>,
    fee: Money,
    /// By calendar: which searches have it reserved, and which were released.
    reserved: BTreeSet<(String, u32)>,
    released: BTreeSet<(String, u32)>,
    withdrawn: BTreeSet<u32>,
    /// By calendar and search: a repeated request is answered the same, so that a refusal is remembered.
    refused: BTreeSet<(String, u32)>,
    hold_refused: bool,
    /// Money can be held, and never taken.
    blocked: bool,
    found: BTreeSet<u32>,
    /// All that the booking has decided.
    events: Vec<BookingEvent>,
}

/// The events of a booking to which all of this happens.
pub(crate) fn history(chances: Vec<u8>) -> Vec<BookingEvent> {
    World::new(V1_PICKUP, chances).run().events
}

impl World {
    fn new(pickup_at: &str, chances: Vec<u8>) -> Self {
        let blocked = chances.first().is_some_and(|chance| *chance < 40);
        let told = booked(MORNING, pickup_at);
        let first = told.messages().to_vec();
        let events = told.decided().events.clone();
        let mut world = Self {
            booking: told.story(),
            now: MORNING.parse().unwrap(),
            messages: BTreeMap::new(),
            answers: VecDeque::new(),
            chances: chances.into_iter(),
            held: false,
            voided: false,
            captured: Money::ZERO,
            refunds: BTreeMap::new(),
            fee: Money::ZERO,
            reserved: BTreeSet::new(),
            released: BTreeSet::new(),
            withdrawn: BTreeSet::new(),
            refused: BTreeSet::new(),
            hold_refused: false,
            blocked,
            found: BTreeSet::new(),
            events,
        };
        world.post(first);
        world
    }

    fn post(&mut self, messages: Vec<Message>) {
        for message in messages {
            self.messages
                .entry(message.to.id.clone())
                .or_default()
                .push_back(message);
        }
    }

    /// The booking decides; nothing that is asked here may be refused.
    fn ask(&mut self, actor: interstate_schemas::Actor, command: BookingCommand) {
        let told = self
            .booking
            .clone()
            .at(&self.now.to_string())
            .when(actor, command);
        let messages = told.messages().to_vec();
        self.events.extend(told.decided().events.clone());
        self.booking = told.story();
        self.post(messages);
    }

    fn run(mut self) -> Self {
        while let Some(chance) = self.chances.next() {
            match chance % 16 {
                0..=5 => self.deliver(usize::from(chance / 16)),
                6..=9 => self.answer(),
                10 | 11 => self.fire(),
                12 => {
                    // Answered twice.
                    if let Some(first) = self.answers.front().cloned() {
                        self.ask(service("driver"), first);
                    }
                }
                // Lost for good, as from a participant that was restored from an old copy.
                13 => drop(self.answers.pop_front()),
                14 => {
                    let by = CancelBy::Rider {
                        reason: RiderReason::ChangedPlans,
                    };
                    self.ask_if_possible(as_rider(), BookingCommand::Cancel { by });
                }
                _ => {
                    let by = CancelBy::Driver { valid_reason: true };
                    self.ask_if_possible(as_driver(), BookingCommand::Cancel { by });
                }
            }
        }
        for _ in 0..5_000 {
            if self.messages.values().any(|queue| !queue.is_empty()) {
                self.deliver(0);
            } else if !self.answers.is_empty() {
                self.answer();
            } else if !self.booking.deadlines().is_empty() {
                self.fire();
            } else {
                return self;
            }
        }
        panic!("it does not end: {:?}", self.booking.state());
    }

    /// Withdrawing is refused in many states, which is no failure here.
    fn ask_if_possible(&mut self, actor: interstate_schemas::Actor, command: BookingCommand) {
        let stage = self.booking.state().stage;
        let saga = &self.booking.state().saga.phase;
        let unwinding = matches!(saga, interstate_eventing::saga::Phase::Unwinding { .. });
        let by_driver = actor == as_driver();
        let possible = match stage {
            Stage::Assigned => true,
            Stage::PendingPayment | Stage::Confirmed => !by_driver && !unwinding,
            _ => false,
        };
        if possible {
            self.ask(actor, command);
        }
    }

    fn fire(&mut self) {
        let next = self
            .booking
            .deadlines()
            .into_iter()
            .min_by_key(|deadline| deadline.due);
        if let Some(deadline) = next {
            let in_time = match &*deadline.name {
                ladder::CONFIRMATION_MISSING => Some(BookingCommand::Confirm),
                absent::OVERDUE => Some(BookingCommand::Arrive),
                _ => None,
            };
            if let Some(command) = in_time
                && self.chances.next().is_none_or(|chance| chance < 200)
            {
                let second = interstate_schemas::SignedDuration::from_secs(1);
                self.now = self.now.max(deadline.due - second);
                return self.ask(as_driver(), command);
            }
            self.now = self.now.max(deadline.due);
            let due = BookingCommand::Due {
                deadline: deadline.name.into_owned(),
            };
            self.ask(interstate_schemas::Actor::System, due);
        }
    }

    fn answer(&mut self) {
        if let Some(answer) = self.answers.pop_front() {
            self.ask(service("driver"), answer);
        }
    }

    fn refuses(&mut self) -> bool {
        self.chances.next().is_some_and(|chance| chance < 40)
    }

    /// The next message of one target, in order.
    fn deliver(&mut self, which: usize) {
        let waiting: Vec<String> = self
            .messages
            .iter()
            .filter(|(_, queue)| !queue.is_empty())
            .map(|(target, _)| target.clone())
            .collect();
        let Some(target) = waiting.get(which % waiting.len().max(1)) else {
            return;
        };
        let Some(message) = self.messages.get_mut(target).and_then(VecDeque::pop_front) else {
            return;
        };
        let read = |what: &str| panic!("{what}: {}", String::from_utf8_lossy(&message.payload));
        let outcome = match message.to.aggregate.as_ref() {
            "payment" => match serde_json::from_slice(&message.payload) {
                Ok(command) => self.pay(command),
                Err(_) => read("payment"),
            },
            "dispatch" => match serde_json::from_slice(&message.payload) {
                Ok(command) => self.dispatch(command),
                Err(_) => read("dispatch"),
            },
            _ => match serde_json::from_slice(&message.payload) {
                Ok(command) => self.calendar(target, command),
                Err(_) => read("calendar"),
            },
        };
        if let Some(step) = message.step {
            let reply = StepReply {
                step: step.step,
                run: step.run,
                outcome,
            };
            self.answers.push_back(BookingCommand::Step(reply));
        }
    }

    fn pay(&mut self, command: PaymentCommand) -> Outcome {
        match command {
            PaymentCommand::Hold { amount, .. } => {
                let first = !self.held && !self.captured.is_positive();
                self.hold_refused |= self.voided || (first && self.refuses());
                if self.hold_refused {
                    return refused("payment.declined");
                }
                self.held = first;
                StepOutcome::Done(BookingAnswer::Payment(PaymentAnswer::Held { amount }))
            }
            PaymentCommand::Void { .. } => {
                (self.held, self.voided) = (false, true);
                // A capture that was faster is given back.
                if self.refunds.is_empty() && self.captured.is_positive() {
                    self.refunds.insert("void".to_owned(), self.captured);
                }
                StepOutcome::Undone
            }
            PaymentCommand::Capture { amount, .. } => {
                if self.voided || !self.refunds.is_empty() {
                    return refused("payment.voided");
                }
                if !self.captured.is_positive() && (self.blocked || self.refuses()) {
                    return refused("payment.declined");
                }
                (self.held, self.captured) = (false, amount);
                StepOutcome::Done(BookingAnswer::Payment(PaymentAnswer::Captured { amount }))
            }
            PaymentCommand::Refund {
                amount,
                fee,
                reference,
                ..
            } => {
                if !self.refunds.contains_key(&reference) {
                    let back: Money = self.refunds.values().copied().sum();
                    let left = self.captured - back;
                    let fee = fee.min(left);
                    let amount = amount.unwrap_or(left - fee).min(left - fee);
                    self.refunds.insert(reference, amount);
                    self.fee += fee;
                }
                StepOutcome::Undone
            }
            PaymentCommand::Settle(_) | PaymentCommand::Credit { .. } => StepOutcome::Undone,
        }
    }

    fn dispatch(&mut self, command: DispatchCommand) -> Outcome {
        match command {
            DispatchCommand::Find { trip, search, .. } => {
                let key = ("dispatch".to_owned(), search);
                if self.withdrawn.contains(&search) || (!self.found.contains(&search) && self.refuses()) {
                    self.refused.insert(key.clone());
                }
                if self.refused.contains(&key) {
                    return refused("dispatch.no_driver");
                }
                self.found.insert(search);
                StepOutcome::Done(BookingAnswer::Driver(DriverAnswer::Found {
                    dispatch: DispatchId::from(trip.booking),
                    offer: OfferId::derive(0, &[&search.to_be_bytes()]),
                    driver: DriverId::from(driver_user()),
                    user: driver_user(),
                    vehicle: VehicleId::derive(0, &[b"veh"]),
                    busy_from: trip.pickup_at,
                    busy_to: trip.ends_at,
                    card: None,
                }))
            }
            DispatchCommand::Withdraw { search } => {
                self.withdrawn.insert(search);
                StepOutcome::Undone
            }
        }
    }

    fn calendar(&mut self, owner: &str, command: CalendarCommand) -> Outcome {
        match command {
            CalendarCommand::Reserve { search, .. } => {
                let key = (owner.to_owned(), search);
                let first = !self.reserved.contains(&key) && !self.refused.contains(&key);
                if self.released.contains(&key) || (first && self.refuses()) {
                    self.refused.insert(key.clone());
                }
                if self.refused.contains(&key) {
                    return refused("duty.overlap");
                }
                self.reserved.insert(key);
                StepOutcome::Done(BookingAnswer::Driver(DriverAnswer::Reserved))
            }
            CalendarCommand::Release { search, .. } => {
                let key = (owner.to_owned(), search);
                self.reserved.remove(&key);
                self.released.insert(key);
                StepOutcome::Undone
            }
            CalendarCommand::Start { .. } | CalendarCommand::Close { .. } => StepOutcome::Undone,
        }
    }

    /// Nothing is half done.
    fn check(&self) {
        let state = self.booking.state();
        let refunded: Money = self.refunds.values().copied().sum();
        match state.stage {
            Stage::Arrived => {
                let of_this_search = |(_, search): &&(String, u32)| *search == state.search;
                assert_eq!(
                    self.reserved.iter().filter(of_this_search).count(),
                    2,
                    "both calendars"
                );
                assert_eq!(
                    self.reserved.len(),
                    2,
                    "and none of an earlier search: {:?}",
                    self.reserved
                );
                assert_eq!((self.captured, refunded), (Money::inr(94_000), Money::ZERO));
            }
            Stage::Lapsed | Stage::Unfulfilled => {
                assert!(self.reserved.is_empty(), "{:?}", self.reserved);
                assert_eq!(self.captured, refunded, "all goes back");
            }
            Stage::Cancelled => {
                assert!(self.reserved.is_empty(), "{:?}", self.reserved);
                assert_eq!(self.captured, refunded + self.fee, "all but the fee goes back");
            }
            other => panic!("it ended in {other:?}: {state:?}"),
        }
        assert!(!self.held, "nothing stays held: {state:?}");
    }
}

fn refused(code: &str) -> Outcome {
    StepOutcome::Refused {
        code: code.to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_near_booking_ends_whole_or_leaves_nothing(chances in prop::collection::vec(any::<u8>(), 0..80)) {
        World::new(V1_PICKUP, chances).run().check();
    }

    #[test]
    fn a_later_booking_ends_whole_or_leaves_nothing(chances in prop::collection::vec(any::<u8>(), 0..80)) {
        World::new("2026-11-28T07:00:00+05:30", chances).run().check();
    }
}
