//! What is shown.

use super::OpenCase;
use crate::domain::{Account, CashState, OperationKind};
use interstate_schemas::{BookingId, CaseId, DriverId, Money, OperationId, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the money of a booking stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// An amount is asked for; the answer is not there.
    Authorising,
    /// An amount is held.
    Authorised,
    /// The provider said no.
    Failed,
    /// The hold ran out.
    Expired,
    /// The hold was given back, or nothing was ever held.
    Released,
    /// The money is being taken.
    Capturing,
    /// The advance is ours.
    Captured,
    /// Money is on its way back.
    Refunding,
    /// Money went back.
    Refunded,
    /// The trip is over, and the balance is open.
    BalanceDue,
    /// All is paid.
    Paid,
}

impl PaymentStatus {
    const ALL: [(PaymentStatus, &'static str); 11] = [
        (PaymentStatus::Authorising, "authorising"),
        (PaymentStatus::Authorised, "authorised"),
        (PaymentStatus::Failed, "failed"),
        (PaymentStatus::Expired, "expired"),
        (PaymentStatus::Released, "released"),
        (PaymentStatus::Capturing, "capturing"),
        (PaymentStatus::Captured, "captured"),
        (PaymentStatus::Refunding, "refunding"),
        (PaymentStatus::Refunded, "refunded"),
        (PaymentStatus::BalanceDue, "balance_due"),
        (PaymentStatus::Paid, "paid"),
    ];

    pub(super) fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(status, _)| *status == self)
            .map_or("failed", |(_, text)| text)
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(_, known)| *known == text)
            .map(|(status, _)| *status)
    }
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationStatus {
    /// The provider has not answered for certain.
    Open,
    /// Done.
    Succeeded,
    /// It will never happen.
    Refused,
}

impl OperationStatus {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            OperationStatus::Open => "open",
            OperationStatus::Succeeded => "succeeded",
            OperationStatus::Refused => "refused",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = [Self::Open, Self::Succeeded, Self::Refused];
        all.into_iter().find(|status| status.as_str() == text)
    }
}

/// One operation at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperationView {
    /// Its id; the provider knows it as our reference.
    pub operation: OperationId,
    /// What was asked.
    pub kind: OperationKind,
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub status: OperationStatus,
    /// Why it was refused.
    pub code: Option<String>,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When its end was known.
    pub closed_at: Option<Timestamp>,
}

/// Cash that a driver says to have taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CashView {
    /// How much.
    pub amount: Money,
    /// How far it is.
    pub state: CashState,
    /// Until when the rider can dispute it; afterwards it counts as paid.
    pub confirm_by: Option<Timestamp>,
}

const CASH: [(CashState, &str); 4] = [
    (CashState::Claimed, "claimed"),
    (CashState::Disputed, "disputed"),
    (CashState::Confirmed, "confirmed"),
    (CashState::Withdrawn, "withdrawn"),
];

pub(super) fn cash_word(state: CashState) -> &'static str {
    let found = CASH.iter().find(|(known, _)| *known == state);
    found.map_or("claimed", |(_, word)| word)
}

/// The word itself, where it is one.
pub(super) fn cash_word_of(word: &str) -> Option<&'static str> {
    CASH.iter()
        .find(|(_, known)| *known == word)
        .map(|(_, known)| *known)
}

pub(super) fn cash_state(word: &str) -> Option<CashState> {
    CASH.iter()
        .find(|(_, known)| *known == word)
        .map(|(state, _)| *state)
}

/// The money side of a booking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentView {
    /// The booking.
    pub booking: BookingId,
    /// Whose it is.
    pub rider: Option<UserId>,
    /// Who drove, once the trip is settled.
    pub driver: Option<DriverId>,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Why it failed, where it did.
    pub code: Option<String>,
    /// What is held.
    pub held: Money,
    /// What was taken of the advance.
    pub captured: Money,
    /// What went back.
    pub refunded: Money,
    /// What was kept as a fee.
    pub fee: Money,
    /// What the rider pays in all, once the trip is settled.
    pub payable: Option<Money>,
    /// What is still to be paid.
    pub balance: Money,
    /// What the driver says of cash; it is for the rider to confirm or dispute it.
    pub cash: Option<CashView>,
    /// What the rider was promised for the next trip.
    pub credit: Money,
    /// The latest case that support has to decide; nothing where none is open.
    pub support_case: Option<CaseId>,
    /// All that are open, the latest last.
    pub cases: Vec<OpenCase>,
    /// When that changed.
    pub updated_at: Timestamp,
    /// What the provider was asked for, in order.
    pub operations: Vec<OperationView>,
}

/// A trip on a driver's statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriverTrip {
    /// The booking.
    pub booking: BookingId,
    /// What the driver has earned, pass-throughs included.
    pub earned: Money,
    /// What he took in cash.
    pub cash: Money,
    /// Income tax withheld in his name.
    pub tds: Money,
    /// When the trip was settled.
    pub at: Timestamp,
}

/// What a driver is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DriverStatement {
    /// The driver.
    pub driver: DriverId,
    /// All that he has earned.
    pub earned: Money,
    /// All cash that he carries for the platform.
    pub cash: Money,
    /// Earned less cash: what we owe him; below zero he owes us.
    pub owed: Money,
    /// His latest trips first.
    pub trips: Vec<DriverTrip>,
}

/// An account with its balance; debits count up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AccountBalance {
    /// The account.
    pub account: Account,
    /// Its balance.
    pub balance: Money,
}

/// All accounts. The total of balanced books is zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrialBalance {
    /// Every account that has ever moved.
    pub accounts: Vec<AccountBalance>,
    /// Their sum.
    pub total: Money,
}

impl TrialBalance {
    pub(super) fn of(accounts: Vec<AccountBalance>) -> Self {
        let total = accounts.iter().map(|account| account.balance).sum();
        Self { accounts, total }
    }
}
