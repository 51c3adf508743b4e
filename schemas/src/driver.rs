//! What the driver service can be asked by other services, and what its steps answer.

use crate::{
    AddressedCommand, BookingId, DispatchId, DriverId, OfferId, Sealed, Timestamp, TripKind, TripRoute,
    UserId, VehicleClass, VehicleId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The effect that answers a search's question for candidates; the name is in the ids of its commands.
pub const PROPOSE: &str = "propose";

/// A trip for which a driver is wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TripRequest {
    /// The booking.
    pub booking: BookingId,
    /// Who rides.
    pub rider: UserId,
    /// The class that was booked.
    pub class: VehicleClass,
    /// The shape of the trip.
    pub kind: TripKind,
    /// People.
    pub passengers: u8,
    /// Large bags.
    pub bags: u8,
    /// When it starts.
    pub pickup_at: Timestamp,
    /// When it should be over.
    pub ends_at: Timestamp,
    /// The way.
    pub route: TripRoute,
    /// What the driver earns, for the offer.
    pub driver_earns: crate::Money,
    /// Whether it is driven at night by its plan, halts left out. Nothing where nobody worked that out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub night: Option<bool>,
}

/// Commands to a search for a driver. The aggregate's id is a [`DispatchId`] with the booking's bits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum DispatchCommand {
    /// Find somebody until `deadline`. A step; answers [`DriverAnswer::Found`], or is refused with
    /// `dispatch.no_driver`. A repeat of the same search answers the same.
    Find {
        /// For what.
        trip: Box<TripRequest>,
        /// When to give up.
        deadline: Timestamp,
        /// Counts the searches of one booking, from 1.
        search: u32,
    },
    /// The booking is gone: withdraw all offers and free whoever accepted. The compensation of `Find`.
    Withdraw {
        /// Which search.
        search: u32,
    },
}

impl AddressedCommand for DispatchCommand {
    const SERVICE: &'static str = "driver";
    const AGGREGATE: &'static str = "dispatch";
}

/// Who has a calendar of duties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CalendarOwner {
    /// A driver.
    Driver(DriverId),
    /// A vehicle.
    Vehicle(VehicleId),
}

impl std::fmt::Display for CalendarOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Driver(id) => id.fmt(f),
            Self::Vehicle(id) => id.fmt(f),
        }
    }
}

/// Commands to a calendar of duties. The aggregate's id is that of its [`CalendarOwner`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum CalendarCommand {
    /// Reserve the interval for a booking: no two overlap. A step; answers [`DriverAnswer::Reserved`], or is
    /// refused with `duty.overlap`. A repeat answers the same.
    Reserve {
        /// Whose calendar.
        owner: CalendarOwner,
        /// For which booking.
        booking: BookingId,
        /// Which search of the booking found this owner: a release of it stops its late reserve.
        search: u32,
        /// From when the owner is busy, travel included.
        from: Timestamp,
        /// Until when, rest included.
        to: Timestamp,
        /// When the trip itself starts.
        pickup_at: Timestamp,
        /// When the trip itself ends.
        ends_at: Timestamp,
    },
    /// Give the interval back. The compensation of `Reserve`: never refused, and where it comes first the
    /// reserve that follows is refused.
    Release {
        /// Whose calendar.
        owner: CalendarOwner,
        /// Of which booking.
        booking: BookingId,
        /// Of which search.
        search: u32,
    },
    /// The trip has begun.
    Start {
        /// Of which booking.
        booking: BookingId,
        /// Of which search.
        search: u32,
    },
    /// The trip is over at this time; the owner is free again after the rest that is owed.
    Close {
        /// Of which booking.
        booking: BookingId,
        /// Of which search.
        search: u32,
        /// When it ended.
        ended_at: Timestamp,
    },
}

impl AddressedCommand for CalendarCommand {
    const SERVICE: &'static str = "driver";
    const AGGREGATE: &'static str = "calendar";
}

/// Commands to a driver from other services. The aggregate's own command type has these variants too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DriverMessage {
    /// The person is no driver any more.
    Retire {
        /// Why, as a code: `account_erased`, `role_taken`.
        reason: String,
    },
}

impl AddressedCommand for DriverMessage {
    const SERVICE: &'static str = "driver";
    const AGGREGATE: &'static str = "driver";
}

/// What a rider looks for at the pickup: who comes, and in what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriverCard {
    /// What the driver wants to be called, under the driver's own key; nothing where none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Sealed<String>>,
    /// The last characters of the number plate.
    pub plate_ending: String,
    /// What kind of vehicle.
    pub class: VehicleClass,
    /// Passengers that it seats.
    pub seats: u8,
}

/// What a step at the driver service brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DriverAnswer {
    /// A driver accepted.
    Found {
        /// Which search.
        dispatch: DispatchId,
        /// The offer that was accepted.
        offer: OfferId,
        /// Who drives.
        driver: DriverId,
        /// The user that the driver is, who may act on the trip.
        user: UserId,
        /// In what.
        vehicle: VehicleId,
        /// The interval that both calendars must keep free.
        busy_from: Timestamp,
        /// Its end.
        busy_to: Timestamp,
        /// What the rider is shown of them; nothing from a release that did not know it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        card: Option<Box<DriverCard>>,
    },
    /// The interval is reserved.
    Reserved,
}
