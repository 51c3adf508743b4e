//! The chart of accounts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An account of the platform's books. An account's balance is the sum of its postings: debits count up,
/// credits count down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Account {
    /// What riders owe for trips. An asset.
    RiderReceivable,
    /// What the payment provider owes us until it pays out. An asset.
    ProviderClearing,
    /// Riders' money for trips that are still to come. A liability.
    AdvanceLiability,
    /// What drivers are due. A liability.
    DriverPayable,
    /// Our share of fares. Income.
    CommissionIncome,
    /// GST that we owe the state, on fares, on commission and on fees. A liability.
    GstOutput,
    /// Income tax withheld from drivers, owed to the state. A liability.
    TdsPayable,
    /// Fares are rounded to the rupee; what that adds. Income, or a cost where it is positive.
    RoundOff,
    /// Money given back after a trip was settled. A cost.
    Refunds,
    /// What riders pay for cancelling, before GST, less what drivers get of it or for a trip that the operator
    /// cancels. Income, or a cost where it is positive.
    CancellationFees,
    /// Riders' cash that drivers carry for us. An asset.
    CashWithDriver,
    /// Cash that drivers say to have taken, until the riders have confirmed it. A liability.
    CashToConfirm,
    /// What riders were promised for their next trips. A liability.
    RiderCredits,
    /// What the operator pays of that; a driver's fine pays the rest. A cost.
    CreditsGiven,
}

impl Account {
    /// All accounts, in the order of the variants.
    pub const ALL: [Account; 14] = [
        Account::RiderReceivable,
        Account::ProviderClearing,
        Account::AdvanceLiability,
        Account::DriverPayable,
        Account::CommissionIncome,
        Account::GstOutput,
        Account::TdsPayable,
        Account::RoundOff,
        Account::Refunds,
        Account::CancellationFees,
        Account::CashWithDriver,
        Account::CashToConfirm,
        Account::RiderCredits,
        Account::CreditsGiven,
    ];

    /// The account's name in events and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Account::RiderReceivable => "rider_receivable",
            Account::ProviderClearing => "provider_clearing",
            Account::AdvanceLiability => "advance_liability",
            Account::DriverPayable => "driver_payable",
            Account::CommissionIncome => "commission_income",
            Account::GstOutput => "gst_output",
            Account::TdsPayable => "tds_payable",
            Account::RoundOff => "round_off",
            Account::Refunds => "refunds",
            Account::CancellationFees => "cancellation_fees",
            Account::CashWithDriver => "cash_with_driver",
            Account::CashToConfirm => "cash_to_confirm",
            Account::RiderCredits => "rider_credits",
            Account::CreditsGiven => "credits_given",
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Text that names no account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no account")]
pub struct NoSuchAccount(pub String);

impl FromStr for Account {
    type Err = NoSuchAccount;

    fn from_str(text: &str) -> Result<Self, NoSuchAccount> {
        let found = Account::ALL.into_iter().find(|account| account.as_str() == text);
        found.ok_or_else(|| NoSuchAccount(text.to_owned()))
    }
}
