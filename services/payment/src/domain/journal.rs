//! Journal entries: each is one event, and its postings sum to zero.

use super::Account;
use interstate_schemas::{DriverId, Money, Settlement};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One line of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Posting {
    /// Where.
    pub account: Account,
    /// How much: a debit is above zero, a credit below.
    pub amount: Money,
    /// Whose, for accounts that are kept a driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<DriverId>,
}

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// The rider's advance came in.
    AdvanceReceived,
    /// The advance pays a part of a trip that was driven.
    AdvanceApplied,
    /// Money went back to the rider.
    Refund,
    /// A part of the advance is kept for a cancellation.
    CancellationFee,
    /// The driver gets something for a trip that was cancelled.
    DriverCompensation,
    /// A trip was driven: who has earned what of the fare.
    Settlement,
    /// The driver took the balance, or a part, in cash.
    CashCollected,
    /// The driver says to have taken cash; the rider has not confirmed it.
    CashClaimed,
    /// The rider has paid that cash.
    CashConfirmed,
    /// The cash was never paid.
    CashWithdrawn,
    /// The rider paid the balance through the provider.
    BalanceReceived,
    /// The rider is promised something for the next trip.
    RiderCredit,
}

/// Postings that do not sum to zero, or do not fit into an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the postings of a journal entry sum to {sum} and not to zero")]
pub struct Unbalanced {
    /// What they sum to; saturated.
    pub sum: Money,
}

/// A journal entry. It cannot be made, nor read, unbalanced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Unchecked")]
#[schemars(!try_from)]
pub struct Entry {
    kind: EntryKind,
    postings: Vec<Posting>,
}

#[derive(Deserialize)]
struct Unchecked {
    kind: EntryKind,
    postings: Vec<Posting>,
}

impl TryFrom<Unchecked> for Entry {
    type Error = Unbalanced;

    fn try_from(entry: Unchecked) -> Result<Self, Unbalanced> {
        Entry::new(entry.kind, entry.postings)
    }
}

impl Entry {
    /// An entry of these postings; those of nothing are left out. Summed without saturation, so that amounts
    /// which overflow cannot pass for balanced.
    pub fn new(kind: EntryKind, postings: impl IntoIterator<Item = Posting>) -> Result<Self, Unbalanced> {
        let postings: Vec<Posting> = postings
            .into_iter()
            .filter(|posting| posting.amount.amount != 0)
            .collect();
        let sum: i128 = postings
            .iter()
            .map(|posting| i128::from(posting.amount.amount))
            .sum();
        if sum != 0 {
            let bound = if sum < 0 { i64::MIN } else { i64::MAX };
            return Err(Unbalanced {
                sum: Money::inr(i64::try_from(sum).unwrap_or(bound)),
            });
        }
        Ok(Self { kind, postings })
    }

    /// Moves an amount: `debit` goes up, `credit` goes down.
    fn transfer(kind: EntryKind, amount: Money, debit: Posting, credit: Posting) -> Self {
        let postings = [
            Posting { amount, ..debit },
            Posting {
                amount: -amount,
                ..credit
            },
        ];
        Self::new(kind, postings).expect("an amount and its negative sum to zero")
    }

    /// What it is about.
    pub fn kind(&self) -> EntryKind {
        self.kind
    }

    /// Its lines.
    pub fn postings(&self) -> &[Posting] {
        &self.postings
    }

    /// Whether nothing moves.
    pub fn is_empty(&self) -> bool {
        self.postings.is_empty()
    }

    /// The rider's advance came in.
    pub fn advance_received(amount: Money) -> Self {
        let (debit, credit) = (of(Account::ProviderClearing), of(Account::AdvanceLiability));
        Self::transfer(EntryKind::AdvanceReceived, amount, debit, credit)
    }

    /// The advance pays a part of the trip.
    pub fn advance_applied(amount: Money) -> Self {
        let (debit, credit) = (of(Account::AdvanceLiability), of(Account::RiderReceivable));
        Self::transfer(EntryKind::AdvanceApplied, amount, debit, credit)
    }

    /// Money of the advance went back. `from` is where it was: the advance, what the rider has overpaid, or
    /// our own pocket.
    pub fn refund(amount: Money, from: Account) -> Self {
        Self::transfer(EntryKind::Refund, amount, of(from), of(Account::ProviderClearing))
    }

    /// A fee is kept of the advance. It includes GST of 5 %, which is owed to the state.
    pub fn cancellation_fee(fee: Money) -> Self {
        let net = fee.ratio(100, 105);
        let postings = [
            Posting {
                amount: fee,
                ..of(Account::AdvanceLiability)
            },
            Posting {
                amount: -net,
                ..of(Account::CancellationFees)
            },
            Posting {
                amount: net - fee,
                ..of(Account::GstOutput)
            },
        ];
        Self::new(EntryKind::CancellationFee, postings).expect("the fee is the net and its tax")
    }

    /// The driver gets something for a trip that was cancelled. It is taken from what cancellations bring.
    pub fn driver_compensation(amount: Money, driver: DriverId) -> Self {
        let credit = Posting {
            driver: Some(driver),
            ..of(Account::DriverPayable)
        };
        let debit = of(Account::CancellationFees);
        Self::transfer(EntryKind::DriverCompensation, amount, debit, credit)
    }

    /// A trip was driven. Refused where the parts do not sum to the payable.
    pub fn settlement(figures: &Settlement) -> Result<Self, Unbalanced> {
        let driver = Some(figures.driver);
        let postings = [
            Posting {
                amount: figures.payable,
                ..of(Account::RiderReceivable)
            },
            Posting {
                amount: -figures.driver_due,
                driver,
                ..of(Account::DriverPayable)
            },
            Posting {
                amount: -figures.commission,
                ..of(Account::CommissionIncome)
            },
            Posting {
                amount: -(figures.commission_gst + figures.fare_gst),
                ..of(Account::GstOutput)
            },
            Posting {
                amount: -figures.tds,
                driver,
                ..of(Account::TdsPayable)
            },
            Posting {
                amount: -figures.round_off,
                ..of(Account::RoundOff)
            },
        ];
        Self::new(EntryKind::Settlement, postings)
    }

    /// The driver took cash from the rider.
    pub fn cash_collected(amount: Money, driver: DriverId) -> Self {
        let credit = of(Account::RiderReceivable);
        Self::transfer(EntryKind::CashCollected, amount, with_driver(driver), credit)
    }

    /// The driver says to have taken cash. He owes it from now on; the rider's debt stands until it is confirmed.
    pub fn cash_claimed(amount: Money, driver: DriverId) -> Self {
        let credit = of(Account::CashToConfirm);
        Self::transfer(EntryKind::CashClaimed, amount, with_driver(driver), credit)
    }

    /// The rider has paid that cash.
    pub fn cash_confirmed(amount: Money) -> Self {
        let (debit, credit) = (of(Account::CashToConfirm), of(Account::RiderReceivable));
        Self::transfer(EntryKind::CashConfirmed, amount, debit, credit)
    }

    /// The cash was never paid: the driver owes nothing, the rider still does.
    pub fn cash_withdrawn(amount: Money, driver: DriverId) -> Self {
        let debit = of(Account::CashToConfirm);
        Self::transfer(EntryKind::CashWithdrawn, amount, debit, with_driver(driver))
    }

    /// The rider is promised something for the next trip, out of a driver's fine or our own pocket.
    pub fn rider_credit(amount: Money, fined: Option<DriverId>) -> Self {
        let debit = match fined {
            Some(_) => Posting {
                driver: fined,
                ..of(Account::DriverPayable)
            },
            None => of(Account::CreditsGiven),
        };
        Self::transfer(EntryKind::RiderCredit, amount, debit, of(Account::RiderCredits))
    }

    /// The rider paid the balance through the provider.
    pub fn balance_received(amount: Money) -> Self {
        let (debit, credit) = (of(Account::ProviderClearing), of(Account::RiderReceivable));
        Self::transfer(EntryKind::BalanceReceived, amount, debit, credit)
    }
}

/// The cash that a driver carries, to be filled.
const fn with_driver(driver: DriverId) -> Posting {
    Posting {
        driver: Some(driver),
        ..of(Account::CashWithDriver)
    }
}

/// A posting of nothing, to be filled.
const fn of(account: Account) -> Posting {
    Posting {
        account,
        amount: Money::ZERO,
        driver: None,
    }
}
