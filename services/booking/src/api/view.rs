//! What goes over the wire.

use crate::{
    domain::{
        booking::{CancelBy, Stage},
        cancellation::RiderReason,
    },
    ports::PlaceRef,
    read::{BookingRow, MoneyView, SagaView, StoryEntry},
};
use interstate_schemas::{
    BookingId, DriverId, PayWith, QuoteId, StateCode, Timestamp, TripKind, UserId, VehicleClass, VehicleId,
    reason::why_it_ended,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a rider wants priced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskForQuote {
    /// The shape of the trip.
    pub kind: TripKind,
    /// The class of vehicle.
    pub class: VehicleClass,
    /// The stops in their order; a round trip need not repeat its start.
    pub stops: Vec<PlaceRef>,
    /// When it starts.
    pub pickup_at: Timestamp,
    /// Until when the vehicle is wanted, where that is longer than the driving takes.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// People.
    pub passengers: u8,
    /// Large bags.
    #[serde(default)]
    pub bags: u8,
    /// The state of the invoiced business's GSTIN; none: a private person.
    #[serde(default)]
    pub gst_state: Option<StateCode>,
}

/// Takes a quote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptQuote {
    /// Which.
    pub quote: QuoteId,
    /// How the advance is paid.
    pub method: PayWith,
}

/// Who withdraws, and why. The JSON of a [`CancelBy`], but a misspelt field is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "as", rename_all = "snake_case", deny_unknown_fields)]
pub enum Withdraw {
    /// The rider.
    Rider {
        /// Why.
        reason: RiderReason,
    },
    /// The driver gives the trip back; another one is sought.
    Driver {
        /// Whether the reason is one that the operator has published as valid. Only staff can say so, for the driver; of
        /// a driver it is not believed.
        valid_reason: bool,
    },
    /// The driver waited at the pickup, and nobody came.
    RiderNoShow {},
    /// The operator's staff.
    Operator {},
    /// The operator's staff: nobody could have prevented it.
    ForceMajeure {},
}

impl From<Withdraw> for CancelBy {
    fn from(wanted: Withdraw) -> Self {
        match wanted {
            Withdraw::Rider { reason } => Self::Rider { reason },
            Withdraw::Driver { valid_reason } => Self::Driver { valid_reason },
            Withdraw::RiderNoShow {} => Self::RiderNoShow,
            Withdraw::Operator {} => Self::Operator,
            Withdraw::ForceMajeure {} => Self::ForceMajeure,
        }
    }
}

/// The rider's code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartTrip {
    /// Four digits, as the rider shows them.
    pub code: String,
}

/// A booking as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BookingView {
    /// The booking.
    pub booking: BookingId,
    /// The quote that it comes from.
    pub quote: QuoteId,
    /// Who rides.
    pub rider: UserId,
    /// Where it stands.
    pub state: Stage,
    /// Why it ended, where it ended otherwise than by the trip: a stable code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// The same as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// Who drives, once that is sure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<AssignedDriver>,
    /// The shape of the trip.
    pub kind: TripKind,
    /// The class of vehicle.
    pub class: VehicleClass,
    /// Where it starts.
    pub from: String,
    /// Where it ends.
    pub to: String,
    /// The agreed pickup.
    pub pickup_at: Timestamp,
    /// When it should be over.
    pub ends_at: Timestamp,
    /// The money.
    pub money: MoneyView,
    /// The saga that carries it.
    pub saga: SagaView,
    /// Shown to the driver at the start. Only the rider sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_code: Option<String>,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its events.
    pub version: u64,
}

/// Who drives, in what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AssignedDriver {
    /// Who.
    pub driver: DriverId,
    /// In what.
    pub vehicle: VehicleId,
    /// What the driver wants to be called. Only the rider and the operator's staff see it, and only where they ask
    /// for one booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The last characters of the number plate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate_ending: Option<String>,
    /// What kind of vehicle it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<VehicleClass>,
    /// Passengers that it seats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seats: Option<u8>,
}

impl BookingView {
    pub(super) fn of(row: &BookingRow) -> Self {
        let driver = match (row.driver, row.vehicle) {
            (Some(driver), Some(vehicle)) => Some(AssignedDriver {
                driver,
                vehicle,
                name: None,
                plate_ending: row.card.as_ref().map(|card| card.plate_ending.clone()),
                class: row.card.as_ref().map(|card| card.class),
                seats: row.card.as_ref().map(|card| card.seats),
            }),
            _ => None,
        };
        Self {
            booking: row.booking,
            quote: row.quote,
            rider: row.rider,
            state: row.stage,
            because: row.because.clone(),
            explanation: row.because.as_deref().and_then(why_it_ended).map(str::to_owned),
            driver,
            kind: row.kind,
            class: row.class,
            from: row.from.clone(),
            to: row.to.clone(),
            pickup_at: row.pickup_at,
            ends_at: row.ends_at,
            money: row.money,
            saga: row.saga.clone(),
            start_code: None,
            booked_at: row.booked_at,
            updated_at: row.updated_at,
            version: row.version,
        }
    }
}

/// What happened to a booking, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoryView {
    /// The booking.
    pub booking: BookingId,
    /// Events of its quote and of itself, the oldest first.
    pub entries: Vec<StoryEntry>,
}
