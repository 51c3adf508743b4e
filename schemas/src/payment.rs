//! What the payment service can be asked by other services, and what its steps answer.

use crate::{AddressedCommand, BookingId, DriverId, Money, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a rider pays in advance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PaymentMethod {
    /// A card, by the provider's token; never its number.
    Card {
        /// The provider's token.
        token: String,
    },
    /// UPI: the rider approves in an app, so the answer comes later.
    Upi {
        /// The provider's token for the rider's UPI address.
        token: String,
    },
}

/// How a rider pays, as a request says it: the JSON of a [`PaymentMethod`], but a misspelt field is refused, while
/// events bear the fields of later versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PayWith {
    /// A card, by the provider's token; never its number.
    Card {
        /// The provider's token.
        token: String,
    },
    /// UPI: the rider approves in an app, so the answer comes later.
    Upi {
        /// The provider's token for the rider's UPI address.
        token: String,
    },
}

impl From<PayWith> for PaymentMethod {
    fn from(wanted: PayWith) -> Self {
        match wanted {
            PayWith::Card { token } => Self::Card { token },
            PayWith::Upi { token } => Self::Upi { token },
        }
    }
}

/// Commands to the money side of a booking. The aggregate's id is the booking's, as a [`crate::PaymentId`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum PaymentCommand {
    /// Hold an amount on the rider's card or account. A step; answers [`PaymentAnswer::Held`].
    Hold {
        /// The booking.
        booking: BookingId,
        /// The rider.
        rider: UserId,
        /// How much.
        amount: Money,
        /// From where.
        method: PaymentMethod,
    },
    /// Give a hold back. The compensation of `Hold`; leaves a tombstone where no hold came.
    Void {
        /// The booking.
        booking: BookingId,
    },
    /// Take what is held, or charge at once where nothing is. A step; answers [`PaymentAnswer::Captured`].
    Capture {
        /// The booking.
        booking: BookingId,
        /// The rider.
        rider: UserId,
        /// How much.
        amount: Money,
        /// From where, when nothing is held.
        method: PaymentMethod,
    },
    /// Give captured money back. As a step or compensation it answers [`crate::StepOutcome::Undone`].
    Refund {
        /// The booking.
        booking: BookingId,
        /// How much; everything that is left where nothing is said.
        amount: Option<Money>,
        /// What was kept as a fee, GST included.
        fee: Money,
        /// Names this refund within the booking: a repeat is the same refund.
        reference: String,
        /// What the driver gets for a trip that was cancelled; booked once with the refund.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        compensation: Option<DriverCompensation>,
    },
    /// Promise the rider something for the next trip. Never refused, and answered by nothing.
    Credit {
        /// The booking.
        booking: BookingId,
        /// Who gets it.
        rider: UserId,
        /// How much.
        amount: Money,
        /// The driver who pays it as a fine; nobody where the operator does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fined: Option<DriverId>,
        /// Names this credit within the booking: a repeat is the same credit.
        reference: String,
    },
    /// The trip is over: book the fare, what the driver is due, and ask for the balance.
    Settle(Settlement),
}

/// What a driver gets for a trip that does not take place: a share of the rider's fee, or what the operator pays
/// who cancels while the driver is on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriverCompensation {
    /// Who gets it.
    pub driver: DriverId,
    /// How much.
    pub amount: Money,
}

/// The figures of a finished trip, as booking computed them. They sum to the payable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settlement {
    /// The booking.
    pub booking: BookingId,
    /// Who drove.
    pub driver: DriverId,
    /// What the rider pays in all.
    pub payable: Money,
    /// Our commission on the fare.
    pub commission: Money,
    /// GST on the commission.
    pub commission_gst: Money,
    /// Income tax withheld from the driver.
    pub tds: Money,
    /// GST on the fare, which the platform pays to the state.
    pub fare_gst: Money,
    /// Rounding of the payable.
    pub round_off: Money,
    /// What the driver is due.
    pub driver_due: Money,
    /// How much of the payable the driver took in cash.
    pub cash_collected: Money,
}

impl AddressedCommand for PaymentCommand {
    const SERVICE: &'static str = "payment";
    const AGGREGATE: &'static str = "payment";
}

/// What a step at the payment service brings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PaymentAnswer {
    /// The amount is held.
    Held {
        /// How much.
        amount: Money,
    },
    /// The amount is ours.
    Captured {
        /// How much.
        amount: Money,
    },
}
