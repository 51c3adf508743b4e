//! The sagas of a booking as tables. They read from top to bottom like the business does it.

use super::{Assignment, Booking, finish, state::Stage};
use crate::domain::{catalogue, fare::LineCode};
#[cfg(feature = "planted")]
use interstate_eventing::plant::{self, Bug};
use interstate_eventing::{
    Message,
    saga::{Saga, Step},
};
use interstate_schemas::{
    CalendarCommand, CalendarOwner, DispatchCommand, DispatchId, DriverCompensation, DriverId, Money,
    PaymentCommand, SignedDuration, TripRequest,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) const HOLD: &str = "hold the advance";
pub(super) const CAPTURE: &str = "capture the advance";
pub(super) const FIND: &str = "find a driver";
const RESERVE_DRIVER: &str = "reserve the driver's calendar";
const RESERVE_VEHICLE: &str = "reserve the vehicle's calendar";
const RELEASE_DRIVER: &str = "release the driver's calendar";
const RELEASE_VEHICLE: &str = "release the vehicle's calendar";
const WITHDRAW: &str = "withdraw the search";
const GIVE_BACK: &str = "give back what is left of the advance";

/// A rider has so long to approve the payment in an app.
const PAYING: SignedDuration = SignedDuration::from_mins(15);
/// A participant that only decides answers within this.
const DECIDING: SignedDuration = SignedDuration::from_mins(1);
/// A search lasts up to two days and gives up by itself; asking again only makes sure that it is not lost.
const SEARCHING: SignedDuration = SignedDuration::from_hours(1);
/// More hours than any search lasts.
const SEARCHING_ATTEMPTS: u32 = 72;

/// Which table a booking's saga runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// A pickup within 48 hours: nothing is taken from the rider before a driver is sure.
    #[default]
    Near,
    /// A later pickup: the advance first.
    Advance,
    /// A later pickup at T − 48 h, or another driver after a release.
    Assign,
    /// A cancellation with a driver.
    Release,
    /// A cancellation without one, or nobody found.
    Refund,
}

impl Plan {
    /// Every table, in the order of the docs.
    pub const ALL: [Self; 5] = [
        Self::Near,
        Self::Advance,
        Self::Assign,
        Self::Release,
        Self::Refund,
    ];

    /// Its table.
    pub fn saga(self) -> &'static Saga<Booking> {
        match self {
            #[cfg(feature = "planted")]
            Self::Near if plant::on(Bug::CompensationMissing) => &NEAR_WITHOUT_VOID,
            Self::Near => &NEAR,
            Self::Advance => &ADVANCE,
            Self::Assign => &ASSIGN,
            Self::Release => &RELEASE,
            Self::Refund => &REFUND,
        }
    }

    /// Whether it only gives back. Such a saga has no way but forwards: where the engine ends it, it is begun
    /// again.
    pub const fn gives_back(self) -> bool {
        matches!(self, Self::Release | Self::Refund)
    }
}

const fn find() -> Step<Booking> {
    Step {
        name: FIND,
        request: |booking| search(booking, find_command(booking)),
        compensation: Some(|booking| search(booking, withdraw_command(booking))),
        answer_within: SEARCHING,
        attempts: SEARCHING_ATTEMPTS,
        pivot: false,
        together: false,
    }
}

const fn reserve_driver() -> Step<Booking> {
    Step {
        name: RESERVE_DRIVER,
        request: |booking| reserve(booking, driver_of(found(booking))),
        compensation: Some(|booking| release(booking, driver_of(found(booking)))),
        answer_within: DECIDING,
        attempts: 5,
        pivot: false,
        together: false,
    }
}

/// Its own hold and the driver's are the search's already: neither waits for the other.
const fn reserve_vehicle() -> Step<Booking> {
    Step {
        name: RESERVE_VEHICLE,
        request: |booking| reserve(booking, vehicle_of(found(booking))),
        compensation: Some(|booking| release(booking, vehicle_of(found(booking)))),
        answer_within: DECIDING,
        attempts: 5,
        pivot: true,
        together: true,
    }
}

const fn give_back() -> Step<Booking> {
    Step {
        name: GIVE_BACK,
        request: refund,
        compensation: None,
        answer_within: DECIDING,
        attempts: 10,
        pivot: false,
        together: false,
    }
}

const fn hold() -> Step<Booking> {
    Step {
        name: HOLD,
        request: |booking| {
            let order = booking.ordered();
            pay(
                booking,
                PaymentCommand::Hold {
                    booking: order.booking,
                    rider: order.rider,
                    amount: order.fare.advance,
                    method: order.method.clone(),
                },
            )
        },
        // It gives back, too, what a capture has made of the hold.
        compensation: Some(|booking| {
            let id = booking.ordered().booking;
            pay(booking, PaymentCommand::Void { booking: id })
        }),
        answer_within: PAYING,
        attempts: 1,
        pivot: false,
        together: false,
    }
}

const fn capture_held() -> Step<Booking> {
    Step {
        name: CAPTURE,
        request: capture,
        compensation: None,
        answer_within: DECIDING,
        attempts: 10,
        pivot: false,
        together: false,
    }
}

/// Pickup within 48 hours.
pub static NEAR: Saga<Booking> = Saga {
    name: "book for the next 48 hours",
    steps: &[
        hold(),
        find(),
        reserve_driver(),
        reserve_vehicle(),
        capture_held(),
    ],
};

/// The same with a line left out, for the simulator to find.
#[cfg(feature = "planted")]
static NEAR_WITHOUT_VOID: Saga<Booking> = Saga {
    name: NEAR.name,
    steps: &[
        Step {
            compensation: None,
            ..hold()
        },
        find(),
        reserve_driver(),
        reserve_vehicle(),
        capture_held(),
    ],
};

/// A later pickup.
pub static ADVANCE: Saga<Booking> = Saga {
    name: "book for later",
    steps: &[Step {
        name: CAPTURE,
        request: capture,
        // An answer that comes too late is given back whole.
        compensation: Some(|booking| {
            let id = booking.ordered().booking;
            pay(
                booking,
                PaymentCommand::Refund {
                    booking: id,
                    amount: None,
                    fee: Money::ZERO,
                    reference: "advance".to_owned(),
                    compensation: None,
                },
            )
        }),
        answer_within: PAYING,
        attempts: 1,
        pivot: false,
        together: false,
    }],
};

/// A driver for a booking that is paid for.
pub static ASSIGN: Saga<Booking> = Saga {
    name: "assign a driver",
    steps: &[find(), reserve_driver(), reserve_vehicle()],
};

/// Gives back a booking that had a driver.
pub static RELEASE: Saga<Booking> = Saga {
    name: "give back a booking with a driver",
    steps: &[
        Step {
            name: RELEASE_DRIVER,
            request: |booking| release(booking, driver_of(found(booking))),
            compensation: None,
            answer_within: DECIDING,
            attempts: 10,
            pivot: false,
            together: false,
        },
        Step {
            name: RELEASE_VEHICLE,
            request: |booking| release(booking, vehicle_of(found(booking))),
            compensation: None,
            answer_within: DECIDING,
            attempts: 10,
            pivot: false,
            together: false,
        },
        Step {
            name: WITHDRAW,
            request: |booking| search(booking, withdraw_command(booking)),
            compensation: None,
            answer_within: DECIDING,
            attempts: 10,
            pivot: false,
            together: false,
        },
        give_back(),
    ],
};

/// Gives back a booking that had no driver.
pub static REFUND: Saga<Booking> = Saga {
    name: "give back a booking without a driver",
    steps: &[give_back()],
};

fn pay(booking: &Booking, command: PaymentCommand) -> Message {
    Message::to(booking.ordered().payment(), &command)
}

fn capture(booking: &Booking) -> Message {
    let order = booking.ordered();
    pay(
        booking,
        PaymentCommand::Capture {
            booking: order.booking,
            rider: order.rider,
            amount: order.fare.advance,
            method: order.method.clone(),
        },
    )
}

fn refund(booking: &Booking) -> Message {
    let reference = if booking.stage == Stage::Unfulfilled {
        "unfulfilled"
    } else {
        "cancellation"
    };
    pay(
        booking,
        PaymentCommand::Refund {
            booking: booking.ordered().booking,
            amount: booking.refund,
            fee: booking.fee,
            reference: reference.to_owned(),
            compensation: booking
                .assignment
                .as_ref()
                .filter(|_| booking.driver_gets.is_positive())
                .map(|assignment| DriverCompensation {
                    driver: assignment.driver,
                    amount: booking.driver_gets,
                }),
        },
    )
}

/// What the rider is promised for the next trip, and who is fined for it; `None` where the amount is not positive. The
/// reference names the event that it follows from.
pub(super) fn credit(
    booking: &Booking,
    amount: Money,
    fined: Option<DriverId>,
    reference: String,
) -> Option<Message> {
    let order = booking.ordered();
    amount.is_positive().then(|| {
        let credit = PaymentCommand::Credit {
            booking: order.booking,
            rider: order.rider,
            amount,
            fined,
            reference,
        };
        pay(booking, credit)
    })
}

fn search(booking: &Booking, command: DispatchCommand) -> Message {
    Message::to(DispatchId::from(booking.ordered().booking), &command)
}

fn find_command(booking: &Booking) -> DispatchCommand {
    let order = booking.ordered();
    let driver_earns = catalogue::tariff(&order.tariff).map_or(Money::ZERO, |tariff| {
        finish::share(tariff, &order.fare).driver_due
    });
    DispatchCommand::Find {
        trip: Box::new(TripRequest {
            booking: order.booking,
            rider: order.rider,
            class: order.input.class,
            kind: order.input.kind,
            passengers: order.passengers,
            bags: order.bags,
            pickup_at: order.pickup_at,
            ends_at: order.ends_at,
            route: order.route.clone(),
            driver_earns,
            night: Some(order.fare.amount(LineCode::Night).is_positive()),
        }),
        deadline: booking.search_until,
        search: booking.search,
    }
}

fn withdraw_command(booking: &Booking) -> DispatchCommand {
    DispatchCommand::Withdraw {
        search: booking.search,
    }
}

/// Who was found. The steps that ask for it come after the one that found them.
fn found(booking: &Booking) -> &Assignment {
    booking
        .assignment
        .as_ref()
        .expect("calendars are asked after a driver was found")
}

pub(super) fn driver_of(assignment: &Assignment) -> CalendarOwner {
    CalendarOwner::Driver(assignment.driver)
}

pub(super) fn vehicle_of(assignment: &Assignment) -> CalendarOwner {
    CalendarOwner::Vehicle(assignment.vehicle)
}

fn reserve(booking: &Booking, owner: CalendarOwner) -> Message {
    let (order, assignment) = (booking.ordered(), found(booking));
    Message::to(
        owner,
        &CalendarCommand::Reserve {
            owner,
            booking: order.booking,
            search: assignment.search,
            from: assignment.busy_from,
            to: assignment.busy_to,
            pickup_at: order.pickup_at,
            ends_at: order.ends_at,
        },
    )
}

pub(super) fn release(booking: &Booking, owner: CalendarOwner) -> Message {
    Message::to(
        owner,
        &CalendarCommand::Release {
            owner,
            booking: booking.ordered().booking,
            search: found(booking).search,
        },
    )
}

/// The search's own record of whoever had accepted is closed too.
pub(super) fn withdraw(booking: &Booking) -> Message {
    search(booking, withdraw_command(booking))
}
