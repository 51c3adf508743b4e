//! The people and services of a booking's tests, and what they say.

use super::{Booking, BookingCommand, Order, plan};
use crate::domain::quote::{
    Quote, QuoteCommand,
    tests::{as_rider, issue, method, quote},
};
use interstate_eventing::fixture::{Story, Told, given};
use interstate_schemas::{
    Actor, BookingAnswer, BookingId, DispatchId, DriverAnswer, DriverCard, DriverId, OfferId, PaymentAnswer,
    Role, StepOutcome, StepReply, UserId, VehicleClass, VehicleId,
};

/// What riders are shown of the driver.
pub(super) fn card() -> DriverCard {
    DriverCard {
        name: None,
        plate_ending: "1234".to_owned(),
        class: VehicleClass::Sedan,
        seats: 4,
    }
}

pub(super) fn service(name: &str) -> Actor {
    Actor::Service(name.to_owned())
}

pub(super) fn driver_user() -> UserId {
    UserId::derive(0, &[b"mohan"])
}

pub(super) fn as_driver() -> Actor {
    Actor::User {
        id: driver_user(),
        role: Role::Driver,
    }
}

pub(super) fn as_support() -> Actor {
    Actor::User {
        id: UserId::derive(0, &[b"support"]),
        role: Role::Support,
    }
}

/// The order that an accepted quote of `quoted_at` for `pickup_at` sends.
pub(super) fn order(quoted_at: &str, pickup_at: &str) -> Box<Order> {
    let accepted = given::<Quote>(quote())
        .at(quoted_at)
        .when(as_rider(), QuoteCommand::Issue(Box::new(issue(pickup_at))))
        .story()
        .when(as_rider(), QuoteCommand::Accept { method: method() });
    match serde_json::from_slice(&accepted.messages()[0].payload).unwrap() {
        BookingCommand::Book(order) => order,
        other => panic!("{other:?}"),
    }
}

/// A booking that has just been made.
pub(super) fn booked(at: &str, pickup_at: &str) -> Told<Booking> {
    given::<Booking>(BookingId::from(quote()))
        .at(at)
        .when(service("booking"), BookingCommand::Book(order(at, pickup_at)))
}

/// What the participant of a step answers where all goes well.
pub(super) fn answer_to(step: &str, order: &Order) -> BookingAnswer {
    let amount = order.fare.advance;
    match step {
        plan::HOLD => BookingAnswer::Payment(PaymentAnswer::Held { amount }),
        plan::CAPTURE => BookingAnswer::Payment(PaymentAnswer::Captured { amount }),
        plan::FIND => BookingAnswer::Driver(DriverAnswer::Found {
            dispatch: DispatchId::from(order.booking),
            offer: OfferId::derive(0, &[b"offer"]),
            driver: DriverId::from(driver_user()),
            user: driver_user(),
            vehicle: VehicleId::derive(0, &[b"GJ01AB1234"]),
            busy_from: order.pickup_at,
            busy_to: order.ends_at,
            card: Some(Box::new(card())),
        }),
        _ => BookingAnswer::Driver(DriverAnswer::Reserved),
    }
}

/// What participants say.
pub(super) trait Answers {
    fn answer(self, step: &'static str, outcome: StepOutcome<BookingAnswer>) -> Told<Booking>;
    fn done(self, step: &'static str) -> Told<Booking>;
    fn refused(self, step: &'static str, code: &str) -> Told<Booking>;
    fn undone(self, step: &'static str) -> Told<Booking>;
    fn held(self) -> Told<Booking>;
    fn captured(self) -> Told<Booking>;
    fn found(self) -> Told<Booking>;
    fn reserved(self, whose: &'static str) -> Told<Booking>;
    /// Both calendars say yes to the driver who was found.
    fn both_reserved(self) -> Told<Booking>;
    /// Money held, driver found, both calendars reserved, advance captured.
    fn all_goes_well(self) -> Told<Booking>;
}

impl Answers for Story<Booking> {
    fn answer(self, step: &'static str, outcome: StepOutcome<BookingAnswer>) -> Told<Booking> {
        let run = self.state().saga.run;
        let reply = StepReply {
            step: step.into(),
            run,
            outcome,
        };
        // Through bytes, as a participant sends it.
        let command = BookingCommand::Step(reply);
        let command = serde_json::from_slice(&serde_json::to_vec(&command).unwrap()).unwrap();
        self.when(service("driver"), command)
    }

    fn done(self, step: &'static str) -> Told<Booking> {
        let answer = answer_to(step, self.state().ordered());
        self.answer(step, StepOutcome::Done(answer))
    }

    fn refused(self, step: &'static str, code: &str) -> Told<Booking> {
        self.answer(
            step,
            StepOutcome::Refused {
                code: code.to_owned(),
            },
        )
    }

    fn undone(self, step: &'static str) -> Told<Booking> {
        self.answer(step, StepOutcome::Undone)
    }

    fn held(self) -> Told<Booking> {
        self.done(plan::HOLD)
    }

    fn captured(self) -> Told<Booking> {
        self.done(plan::CAPTURE)
    }

    fn found(self) -> Told<Booking> {
        self.done(plan::FIND)
    }

    fn reserved(self, whose: &'static str) -> Told<Booking> {
        self.done(whose)
    }

    fn both_reserved(self) -> Told<Booking> {
        self.reserved("reserve the driver's calendar")
            .story()
            .reserved("reserve the vehicle's calendar")
    }

    fn all_goes_well(self) -> Told<Booking> {
        let found = self.held().story().found().story();
        found.both_reserved().story().captured()
    }
}

/// The commands that left, by the name of their variant.
pub(super) fn asked(told: &Told<Booking>) -> Vec<String> {
    told.messages()
        .iter()
        .map(|message| {
            let json: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
            let (name, _) = json.as_object().unwrap().iter().next().unwrap();
            format!("{} {name}", message.to.aggregate)
        })
        .collect()
}
