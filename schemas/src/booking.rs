//! What the booking service can be asked by other services.

use crate::{
    AddressedCommand, BookingId, DriverAnswer, DriverId, Money, PaymentAnswer, QuoteId, StepReply, Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What came of a step of a booking's saga.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BookingAnswer {
    /// From payment.
    Payment(PaymentAnswer),
    /// From driver.
    Driver(DriverAnswer),
}

/// Commands to a booking from other services. The aggregate's own command type has these variants too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum BookingMessage {
    /// A step of its saga ended.
    Step(StepReply<BookingAnswer>),
    /// The balance was paid.
    BalancePaid {
        /// How much.
        amount: Money,
        /// When.
        at: Timestamp,
    },
    /// The driver whose time is reserved may not drive: another one is to be found.
    DriverUnavailable {
        /// Who.
        driver: DriverId,
        /// Which search of the booking found them.
        search: u32,
    },
}

impl AddressedCommand for BookingMessage {
    const SERVICE: &'static str = "booking";
    const AGGREGATE: &'static str = "booking";
}

impl From<QuoteId> for BookingId {
    /// The booking that accepts a quote: a second acceptance finds the same one.
    fn from(quote: QuoteId) -> Self {
        Self::from_ulid(quote.ulid())
    }
}

macro_rules! same_bits {
    ($($from:ty => $to:ty),+ $(,)?) => {$(
        impl From<$from> for $to {
            /// Carries the same bits.
            fn from(id: $from) -> Self {
                Self::from_ulid(id.ulid())
            }
        }
    )+};
}

same_bits! {
    BookingId => crate::PaymentId,
    crate::PaymentId => BookingId,
    BookingId => crate::DispatchId,
    crate::DispatchId => BookingId,
    BookingId => crate::TripId,
    crate::UserId => crate::DriverId,
    crate::DriverId => crate::UserId,
}
