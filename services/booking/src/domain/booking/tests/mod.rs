//! A booking's story, and the ways in which it goes wrong.

mod cancelled;
mod later;
mod proven;
mod refused;
mod replaced;
mod ride;
mod unwound;

use super::{story::*, *};
use crate::domain::{
    cancellation::RiderReason,
    fare::LineCode,
    quote::tests::{MORNING, V1_PICKUP, as_rider, rider},
};
use interstate_eventing::{
    DomainEvent,
    fixture::{Story, Told},
};
use interstate_schemas::{Actor, Money, PaymentCommand, Role, UserId};

const DRIVER: &str = "reserve the driver's calendar";
const VEHICLE: &str = "reserve the vehicle's calendar";
const LATER: &str = "2026-11-28T07:00:00+05:30";

fn near() -> Story<Booking> {
    booked(MORNING, V1_PICKUP).story()
}

fn assigned() -> Story<Booking> {
    near().all_goes_well().story()
}

/// A driver is found and keeps the time free; the vehicle does not yet.
fn driver_reserved() -> Story<Booking> {
    near().held().story().found().story().reserved(DRIVER).story()
}

/// Both keep the time free, and the advance is being captured.
fn reserved() -> Story<Booking> {
    driver_reserved().reserved(VEHICLE).story()
}

fn at_the_pickup() -> Story<Booking> {
    assigned()
        .at("2026-11-20T06:50:00+05:30")
        .when(as_driver(), BookingCommand::Arrive)
        .story()
}

fn on_trip() -> Story<Booking> {
    at_the_pickup()
        .at(V1_PICKUP)
        .when(as_driver(), start(true))
        .story()
}

fn start(code_matches: bool) -> BookingCommand {
    BookingCommand::Start {
        code_matches,
        given: None,
    }
}

fn cancel() -> BookingCommand {
    BookingCommand::Cancel {
        by: CancelBy::Rider {
            reason: RiderReason::ChangedPlans,
        },
    }
}

fn release() -> BookingCommand {
    BookingCommand::Cancel {
        by: CancelBy::Driver { valid_reason: false },
    }
}

/// Types of the business events, without the sagas' own.
fn said(told: &Told<Booking>) -> Vec<&'static str> {
    let events = told.decided().events.iter();
    let technical = ["booking.saga_moved.v1", "booking.plan_chosen.v1"];
    events
        .map(DomainEvent::event_type)
        .filter(|name| !technical.contains(name))
        .collect()
}

fn due(story: Story<Booking>, name: &str) -> Told<Booking> {
    let deadline = story
        .deadlines()
        .into_iter()
        .find(|deadline| deadline.name == name);
    let deadline = deadline.unwrap_or_else(|| panic!("no deadline {name} in {:?}", story.deadlines()));
    story.at(&deadline.due.to_string()).when_due(name)
}
