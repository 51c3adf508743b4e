//! What happens to a payment.

use super::{BalanceMethod, CashSide, Entry, OperationKind, OperationResult, Purpose};
use interstate_eventing::events;
use interstate_schemas::{
    BookingId, CaseId, DriverCompensation, DriverId, Money, OperationId, PaymentMethod, Settlement, StepRef,
    Timestamp, UserId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is wanted of a rider's money, and for which step of a saga.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wanted {
    /// The booking.
    pub booking: BookingId,
    /// The rider.
    pub rider: UserId,
    /// How much.
    pub amount: Money,
    /// From where.
    pub method: PaymentMethod,
    /// The run of the booking's saga that wants it; a compensation of an earlier run leaves it alone.
    pub run: u32,
    /// Who waits for the answer.
    pub step: Option<StepRef>,
}

/// Nothing shall be held any more. Also the tombstone that refuses a hold which comes later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VoidRequested {
    /// The booking.
    pub booking: BookingId,
    /// Holds of this and earlier runs are meant.
    pub run: u32,
    /// Who waits for the answer.
    pub step: Option<StepRef>,
}

/// Captured money shall go back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefundRequested {
    /// The booking.
    pub booking: BookingId,
    /// Its name within the booking.
    pub reference: String,
    /// How much; everything but the fee where nothing is said.
    pub amount: Option<Money>,
    /// What is kept, GST included.
    pub fee: Money,
    /// What the driver gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensation: Option<DriverCompensation>,
    /// Captures of this and earlier runs are meant.
    pub run: u32,
    /// Who waits for the answer.
    pub step: Option<StepRef>,
}

/// The provider is asked for something. Holds all that is needed to ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperationRequested {
    /// The operation; the provider gets it as its reference and idempotency key.
    pub operation: OperationId,
    /// What is asked.
    pub kind: OperationKind,
    /// What for.
    pub purpose: Purpose,
    /// How much.
    pub amount: Money,
    /// From where, for holds and charges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<PaymentMethod>,
    /// The provider's payment that it is about, for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_reference: Option<String>,
}

/// The provider has answered. Once an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperationClosed {
    /// Which.
    pub operation: OperationId,
    /// How often it was tried.
    pub attempt: u32,
    /// How it ended.
    pub result: OperationResult,
}

/// An amount is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Held {
    /// How much.
    pub amount: Money,
    /// The provider's payment.
    pub provider_reference: String,
    /// Until when it can be captured.
    pub expires_at: Option<Timestamp>,
}

/// Something was refused by the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refused {
    /// `payment.card_declined`.
    pub code: String,
}

/// Nothing is held any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldReleased {
    /// How much was held.
    pub amount: Money,
}

/// A hold's time is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldExpired {
    /// How much was held.
    pub amount: Money,
}

/// It is certain that nothing is held: whoever waits for it has been told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Voided {
    /// Holds of this and earlier runs.
    pub run: u32,
}

/// The advance is ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Captured {
    /// How much.
    pub amount: Money,
    /// The provider's payment.
    pub provider_reference: String,
}

/// Money went back, or there was none to give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refunded {
    /// Its name within the booking.
    pub reference: String,
    /// How much went back.
    pub amount: Money,
    /// How much was kept as a fee.
    pub fee: Money,
}

/// The provider refused to give money back. A repeat of the request tries again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefundRefused {
    /// Its name within the booking.
    pub reference: String,
    /// `payment.refund_too_large`.
    pub code: String,
    /// When it is tried again by itself; not where a saga asks again, nor once a person was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_at: Option<Timestamp>,
}

/// The driver says to have taken cash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CashClaimed {
    /// How much.
    pub amount: Money,
    /// Who.
    pub driver: DriverId,
    /// Who says nothing until then has agreed.
    pub confirm_by: Timestamp,
}

/// The cash was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CashConfirmed {
    /// How much.
    pub amount: Money,
    /// By whose word.
    pub by: CashSide,
}

/// The rider says that the cash was not paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CashDisputed {
    /// How much.
    pub amount: Money,
}

/// The cash was not paid: the balance is open again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CashWithdrawn {
    /// How much.
    pub amount: Money,
    /// By whose word.
    pub by: CashSide,
}

/// A rider is promised something for the next trip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditGiven {
    /// The booking.
    pub booking: BookingId,
    /// Its name within the booking: given once.
    pub reference: String,
    /// Who gets it.
    pub rider: UserId,
    /// How much.
    pub amount: Money,
    /// The driver who pays it as a fine; nobody where the operator does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fined: Option<DriverId>,
}

/// What a person must look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CaseAbout {
    /// Driver and rider disagree about cash.
    CashDisputed {
        /// How much.
        amount: Money,
    },
    /// The provider does not give money back, however often it is asked.
    RefundRefused {
        /// Which refund.
        reference: String,
        /// What the provider said last.
        code: String,
    },
}

/// A person must look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SupportCaseOpened {
    /// The case.
    pub case: CaseId,
    /// The booking.
    pub booking: BookingId,
    /// What about.
    pub about: CaseAbout,
}

/// The trip is booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settled {
    /// The rider, where a payment has named one.
    pub rider: Option<UserId>,
    /// The figures.
    pub settlement: Settlement,
    /// What the rider still has to pay; below zero he has paid too much.
    pub balance: Money,
}

/// The rider pays the balance through the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BalanceRequested {
    /// How much.
    pub amount: Money,
    /// How.
    pub method: PaymentMethod,
}

/// The balance is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BalancePaid {
    /// How much was paid after the advance.
    pub amount: Money,
    /// How; nothing where the advance was enough.
    pub method: Option<BalanceMethod>,
}

/// Postings that sum to zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JournalPosted {
    /// The booking that it is about.
    pub booking: BookingId,
    /// The entry.
    pub entry: Entry,
}

/// The wishes have two events of the same shape each.
macro_rules! wrapped {
    ($($(#[$doc:meta])* $name:ident($inner:ty)),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub $inner);
    )+};
}

wrapped! {
    /// An amount shall be held.
    HoldRequested(Wanted),
    /// An amount shall be taken.
    CaptureRequested(Wanted),
    /// The hold was refused.
    HoldRefused(Refused),
    /// The capture was refused.
    CaptureRefused(Refused),
    /// The rider's payment of the balance was refused.
    BalanceRefused(Refused),
}

events! {
    /// What happens to a payment.
    pub enum PaymentEvent {
        /// An amount shall be held.
        HoldRequested(HoldRequested) = "payment.hold_requested.v1",
        /// An amount is held.
        Held(Held) = "payment.held.v1",
        /// The hold was refused.
        HoldRefused(HoldRefused) = "payment.hold_refused.v1",
        /// A hold's time is over.
        HoldExpired(HoldExpired) = "payment.hold_expired.v1",
        /// The hold is given back.
        HoldReleased(HoldReleased) = "payment.hold_released.v1",
        /// Nothing shall be held any more.
        VoidRequested(VoidRequested) = "payment.void_requested.v1",
        /// Certainly nothing is held any more.
        Voided(Voided) = "payment.voided.v1",
        /// An amount shall be taken.
        CaptureRequested(CaptureRequested) = "payment.capture_requested.v1",
        /// The advance is ours.
        Captured(Captured) = "payment.captured.v1",
        /// The capture was refused.
        CaptureRefused(CaptureRefused) = "payment.capture_refused.v1",
        /// Money shall go back.
        RefundRequested(RefundRequested) = "payment.refund_requested.v1",
        /// Money went back.
        Refunded(Refunded) = "payment.refunded.v1",
        /// The provider refused to give money back.
        RefundRefused(RefundRefused) = "payment.refund_refused.v1",
        /// The provider is asked.
        OperationRequested(OperationRequested) = "payment.operation_requested.v1",
        /// The provider has answered.
        OperationClosed(OperationClosed) = "payment.operation_closed.v1",
        /// The trip is booked.
        Settled(Settled) = "payment.settled.v1",
        /// The rider pays the balance through the provider.
        BalanceRequested(BalanceRequested) = "payment.balance_requested.v1",
        /// That was refused.
        BalanceRefused(BalanceRefused) = "payment.balance_refused.v1",
        /// The balance is there.
        BalancePaid(BalancePaid) = "payment.balance_paid.v1",
        /// The driver says to have taken cash.
        CashClaimed(CashClaimed) = "payment.cash_claimed.v1",
        /// The cash was paid.
        CashConfirmed(CashConfirmed) = "payment.cash_confirmed.v1",
        /// The rider says that it was not.
        CashDisputed(CashDisputed) = "payment.cash_disputed.v1",
        /// It was not.
        CashWithdrawn(CashWithdrawn) = "payment.cash_withdrawn.v1",
        /// A rider is promised something for the next trip.
        CreditGiven(CreditGiven) = "payment.credit_given.v1",
        /// A person must look.
        SupportCaseOpened(SupportCaseOpened) = "payment.support_case_opened.v1",
        /// Postings that sum to zero.
        JournalPosted(JournalPosted) = "payment.journal_posted.v1",
    }
}
