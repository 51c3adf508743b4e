//! What a payment can be asked: the variants of [`interstate_schemas::PaymentCommand`], and what comes from
//! within this service.

use super::OperationResult;
use interstate_schemas::{
    AddressedCommand, BookingId, DriverCompensation, DriverId, Money, OperationId, PaymentMethod, Settlement,
    UserId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the rider pays what is left after the trip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BalanceMethod {
    /// In cash to the driver, who says so; the rider confirms it.
    Cash,
    /// By card or UPI, through the provider.
    Provider {
        /// Which.
        method: PaymentMethod,
    },
}

/// Commands to a payment. The JSON of the first five is that of the contract.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Hold an amount.
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
    /// Give a hold back.
    Void {
        /// The booking.
        booking: BookingId,
    },
    /// Take what is held, or charge at once.
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
    /// Give captured money back.
    Refund {
        /// The booking.
        booking: BookingId,
        /// How much; all that is left where nothing is said.
        amount: Option<Money>,
        /// What is kept.
        fee: Money,
        /// Names the refund within the booking.
        reference: String,
        /// What the driver gets.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        compensation: Option<DriverCompensation>,
    },
    /// Book a finished trip.
    Settle(Settlement),
    /// The provider has carried an operation out, or refused it.
    OperationResult {
        /// Which.
        operation: OperationId,
        /// How often it was tried; for the record.
        attempt: u32,
        /// How it ended.
        result: OperationResult,
    },
    /// The rider pays, or has paid, the balance.
    RecordBalancePayment {
        /// How.
        method: BalanceMethod,
    },
    /// Somebody says whether the cash was paid that the driver claims.
    AnswerCash {
        /// Whether it was.
        paid: bool,
    },
    /// The rider is promised something for the next trip.
    Credit {
        /// The booking.
        booking: BookingId,
        /// The rider.
        rider: UserId,
        /// How much.
        amount: Money,
        /// The driver who pays it as a fine.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fined: Option<DriverId>,
        /// Names the credit within the booking.
        reference: String,
    },
    /// The hold's time is over.
    HoldExpired,
    /// Nobody has disputed the cash in time.
    CashStands,
    /// A refund that the provider refused is due again, or a person at support has it tried again.
    RefundAgain,
}

impl AddressedCommand for Command {
    const SERVICE: &'static str = "payment";
    const AGGREGATE: &'static str = "payment";
}

/// How far the balance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BalanceStatus {
    /// It is there.
    Paid,
    /// The provider was asked for it.
    Requested,
    /// The driver says to have it in cash; the rider is to confirm that.
    Claimed,
}

/// The answer to [`Command::RecordBalancePayment`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BalanceReply {
    /// How far it is.
    pub status: BalanceStatus,
    /// How much it is about.
    pub amount: Money,
}

/// Who says what of cash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CashSide {
    /// Who drove.
    Driver,
    /// Who rode.
    Rider,
    /// Support, or the platform itself.
    Staff,
    /// Nobody, for a day.
    Silence,
}

/// How far a driver's word about cash is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CashState {
    /// The driver says to have it.
    Claimed,
    /// The rider says that it was not paid; support looks into it.
    Disputed,
    /// It was paid.
    Confirmed,
    /// It was not paid.
    Withdrawn,
}

/// The answer to [`Command::AnswerCash`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CashReply {
    /// How far it is.
    pub state: CashState,
    /// How much it is about.
    pub amount: Money,
}

/// The answer to [`Command::RefundAgain`], where a person asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefundReply {
    /// The refunds that are tried again, by their names; none where none was refused.
    pub again: Vec<String>,
}

/// Codes of refusals. They never change their meaning.
pub mod codes {
    /// The hold was given up before it was asked for, or was taken back.
    pub const VOIDED: &str = "payment.voided";
    /// The money was to be given back before it was taken.
    pub const REFUNDED: &str = "payment.refunded";
    /// An amount that is zero or less.
    pub const AMOUNT: &str = "payment.amount_not_positive";
    /// The same step with another amount.
    pub const DIFFERS: &str = "payment.amount_differs";
    /// A settlement whose parts are not the whole.
    pub const UNBALANCED: &str = "payment.settlement_unbalanced";
    /// A second, different settlement.
    pub const SETTLED: &str = "payment.already_settled";
    /// There is no balance before the trip is settled.
    pub const NOT_SETTLED: &str = "payment.not_settled";
    /// The balance is paid.
    pub const BALANCE_PAID: &str = "payment.balance_paid";
    /// The provider has been asked for the balance.
    pub const BALANCE_IN_PROGRESS: &str = "payment.balance_in_progress";
    /// The driver says that it was paid in cash.
    pub const CASH_CLAIMED: &str = "payment.cash_claimed";
    /// Nobody has said that cash was paid.
    pub const NO_CASH: &str = "payment.no_cash";
    /// What became of the cash is settled.
    pub const CASH_DECIDED: &str = "payment.cash_decided";
    /// Somebody else's payment.
    pub const NOT_YOURS: &str = "payment.not_yours";
    /// The provider has nothing left of what the rider has paid.
    pub const NOTHING_TO_REFUND: &str = "payment.nothing_to_refund";
    /// An operation that this payment never asked for.
    pub const NO_SUCH_OPERATION: &str = "payment.no_such_operation";
    /// What the provider's refusals are prefixed with: `payment.card_declined`.
    pub const PREFIX: &str = "payment.";
}
