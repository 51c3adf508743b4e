//! What goes over the wire.

use crate::{
    domain::{
        booking::{CancelBy, Plan, Stage},
        cancellation::RiderReason,
        fare::FareBreakdown,
        quote::{Issue, Quoted},
        tariff::TariffVersion,
    },
    ports::PlaceRef,
    read::BookingRow,
};
use interstate_schemas::{
    BookingId, DriverId, Money, PayWith, QuoteId, StateCode, Timestamp, TripKind, TripRoute, UserId,
    VehicleClass, VehicleId, reason::why_it_ended,
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

/// A quote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuoteView {
    /// The quote.
    pub quote: QuoteId,
    /// The shape of the trip.
    pub kind: TripKind,
    /// The class of vehicle.
    pub class: VehicleClass,
    /// People.
    pub passengers: u8,
    /// Large bags.
    pub bags: u8,
    /// When it starts.
    pub pickup_at: Timestamp,
    /// When it should be over.
    pub ends_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// The way, and how good the model behind it is.
    pub route: TripRoute,
    /// The price rules.
    pub tariff: TariffVersion,
    /// The price, line by line.
    pub fare: FareBreakdown,
    /// The booking that it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking: Option<BookingId>,
}

impl QuoteView {
    pub(super) fn of(issue: Issue, quoted: Quoted) -> Self {
        Self {
            quote: issue.quote,
            kind: issue.kind,
            class: issue.class,
            passengers: issue.passengers,
            bags: issue.bags,
            pickup_at: issue.pickup_at,
            ends_at: quoted.ends_at,
            expires_at: quoted.expires_at,
            route: issue.route,
            tariff: issue.tariff,
            fare: quoted.fare,
            booking: None,
        }
    }
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
        /// Whether the reason is one that the operator has published as valid.
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

/// The money of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MoneyView {
    /// The price: the quote's, after the trip the invoice's.
    pub payable: Money,
    /// What is paid in advance.
    pub advance: Money,
    /// What of it is held, and not taken yet.
    pub held: Money,
    /// What of it is taken.
    pub captured: Money,
    /// What is left to pay after the trip.
    pub balance: Money,
    /// The fee of a cancellation.
    pub fee: Money,
    /// What goes back.
    pub refund: Money,
}

/// The saga that carries a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SagaView {
    /// Which one.
    pub plan: Plan,
    /// `idle` before the first, then `running`, `unwinding`, `completed` or `unwound`; `stalled` where giving back does not
    /// succeed and is tried again.
    pub phase: String,
    /// The step that was moved last.
    pub step: String,
    /// Whether a person is called for, because a step does not succeed.
    pub support_case: bool,
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

/// One event of the story.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StoryEntry {
    /// The event.
    pub event: String,
    /// Its type, `booking.confirmed.v1`.
    pub what: String,
    /// When.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: String,
    /// The command that it was decided on.
    pub causation: String,
    /// The first command of the story.
    pub correlation: String,
    /// What the event says, without routes and payment tokens.
    pub detail: serde_json::Value,
}
