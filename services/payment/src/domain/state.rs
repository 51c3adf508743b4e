//! Where the money of a booking stands. Each enum has only what its state has.

use super::{BalanceMethod, CashState, OperationKind, operation::Operations};
use interstate_schemas::{
    BookingId, DriverCompensation, Money, OperationId, PaymentMethod, Settlement, StepRef, Timestamp, UserId,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hold {
    /// Never asked for.
    #[default]
    None,
    /// The provider is asked; the outcome is not known.
    Asked {
        /// How much.
        amount: Money,
        /// For which run of the saga.
        run: u32,
    },
    /// An amount is held.
    Held {
        /// How much.
        amount: Money,
        /// The provider's payment.
        provider_reference: String,
        /// Until when it can be captured, where the provider has said so.
        expires_at: Option<Timestamp>,
        /// For which run of the saga.
        run: u32,
    },
    /// The provider is asked to give it back.
    Releasing {
        /// How much.
        amount: Money,
    },
    /// It was given back, or ran out.
    Released,
    /// The provider refused it.
    Refused {
        /// Why.
        code: String,
        /// In which run of the saga.
        run: u32,
    },
    /// It was captured.
    Captured,
}

/// The advance on its way to us.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Capture {
    /// Never asked for.
    #[default]
    None,
    /// Wanted; the operation is missing while the hold's outcome is waited for.
    Wanted {
        /// How much.
        amount: Money,
        /// From where, when nothing is held.
        method: PaymentMethod,
        /// For which run of the saga.
        run: u32,
        /// What the provider is asked, once it is.
        operation: Option<(OperationId, OperationKind)>,
    },
    /// It is ours.
    Done {
        /// How much.
        amount: Money,
        /// The provider's payment.
        provider_reference: String,
        /// For which run of the saga.
        run: u32,
    },
    /// The provider refused it.
    Refused {
        /// Why.
        code: String,
    },
}

impl Capture {
    /// Whether the provider is taking what is held right now.
    pub fn takes_the_hold(&self) -> bool {
        matches!(
            self,
            Capture::Wanted {
                operation: Some((_, OperationKind::Capture)),
                ..
            }
        )
    }
}

/// The wish that nothing be held; also the tombstone for holds that come later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Void {
    /// Holds of this and earlier runs are meant; nothing where no void came.
    pub run: Option<u32>,
    /// Whether it is not yet certain that nothing is held.
    pub open: bool,
    /// Who waits.
    pub waiting: Vec<StepRef>,
}

/// How far a refund is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefundState {
    /// It waits until it is certain what was captured.
    Waiting,
    /// The provider is asked.
    Open {
        /// How much.
        amount: Money,
    },
    /// It is done.
    Done {
        /// How much went back.
        amount: Money,
        /// How much was kept.
        fee: Money,
    },
    /// The provider refused; a repeat of the request tries again.
    Stuck,
}

/// One refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// How much; everything but the fee where nothing is said.
    pub amount: Option<Money>,
    /// What is kept.
    pub fee: Money,
    /// What the driver gets.
    #[serde(default)]
    pub compensation: Option<DriverCompensation>,
    /// Captures of this and earlier runs are meant.
    pub run: u32,
    /// Whether it was asked for before the trip was settled: then it comes out of the advance.
    pub early: bool,
    /// How far it is.
    pub state: RefundState,
    /// Who waits.
    pub waiting: Vec<StepRef>,
    /// How often the provider has refused it.
    #[serde(default)]
    pub refusals: u32,
    /// When it is tried again by itself.
    #[serde(default)]
    pub again_at: Option<Timestamp>,
    /// The provider's payment of a balance that it comes out of; the advance where nothing is said.
    pub from: Option<String>,
}

impl Refund {
    /// When it is tried again by itself, if it waits for that.
    pub fn tried_again_at(&self) -> Option<Timestamp> {
        self.again_at.filter(|_| self.state == RefundState::Stuck)
    }

    /// What it takes, or may take, of the captured money.
    pub fn reserved(&self) -> Money {
        match self.state {
            RefundState::Waiting | RefundState::Stuck => Money::ZERO,
            RefundState::Open { amount } => amount + self.fee,
            RefundState::Done { amount, fee } => amount + fee,
        }
    }
}

/// A trip that was driven, with the rider's balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trip {
    /// The figures.
    pub settlement: Settlement,
    /// How much of the advance has paid for it.
    pub applied: Money,
    /// The rider's payment of the balance that the provider was asked for.
    pub charge: Option<OperationId>,
    /// How the balance came, once it is there.
    pub paid: Option<Paid>,
    /// What the driver says of cash.
    #[serde(default)]
    pub cash: Option<CashClaim>,
    /// What the rider has paid of the balance through the provider, in that order.
    pub charged: Vec<Charged>,
}

/// A payment of the balance that the provider has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charged {
    /// The provider's payment.
    pub provider_reference: String,
    /// How much.
    pub amount: Money,
}

/// A balance that is there. A type of its own: of an option in an option the cache of states keeps only one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    /// How it came; nothing where no payment was needed, or it is known by its charge.
    pub method: Option<BalanceMethod>,
}

/// Cash that a driver says to have taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CashClaim {
    /// How much.
    pub amount: Money,
    /// Who says nothing until then has agreed.
    pub confirm_by: Timestamp,
    /// How far it is.
    pub state: CashState,
}

impl CashClaim {
    /// Whether it is not decided yet.
    pub fn is_open(&self) -> bool {
        matches!(self.state, CashState::Claimed | CashState::Disputed)
    }
}

/// Everything that a payment knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The booking, from the first event on.
    pub booking: Option<BookingId>,
    /// The rider, where a hold or a capture has named one.
    pub rider: Option<UserId>,
    /// The latest run of the booking's saga that was heard of.
    pub latest_run: u32,
    /// What the provider was asked for.
    pub operations: Operations,
    /// The hold.
    pub hold: Hold,
    /// Who waits for the hold.
    pub hold_waiting: Vec<StepRef>,
    /// The advance.
    pub capture: Capture,
    /// Who waits for the capture.
    pub capture_waiting: Vec<StepRef>,
    /// The wish that nothing be held.
    pub void: Void,
    /// Refunds by their name.
    pub refunds: BTreeMap<String, Refund>,
    /// Captures of this and earlier runs are refused: their refund came first.
    pub undone_run: Option<u32>,
    /// The trip, once it is settled.
    pub trip: Option<Trip>,
    /// The names of what the rider was promised for the next trip.
    #[serde(default)]
    pub credits: BTreeSet<String>,
    /// What the rider owes: the balance of the postings to his account.
    pub receivable: Money,
    /// What is left of his advance: the same for the advance.
    pub advance: Money,
}

impl State {
    /// What was captured of the advance.
    pub fn captured(&self) -> Money {
        match self.capture {
            Capture::Done { amount, .. } => amount,
            _ => Money::ZERO,
        }
    }

    /// What can still go back of it, leaving one refund out of account.
    pub fn refundable(&self, but: &str) -> Money {
        (self.captured() - self.reserved(None, but)).max(Money::ZERO)
    }

    /// The provider's payment that what was overpaid comes out of, and what is left of it: the last payment of the
    /// balance first, for that is what was too much, and the advance at the end. One refund is left out of account.
    pub fn source_of_excess(&self, but: &str) -> Option<(String, Money)> {
        let charged = self.trip.iter().flat_map(|trip| trip.charged.iter().rev());
        let of_balance = charged.map(|charged| &charged.provider_reference);
        let of_balance = of_balance.map(|of| (of.clone(), self.refundable_of_balance(of, but)));
        let of_advance = match &self.capture {
            Capture::Done {
                provider_reference, ..
            } => Some((provider_reference.clone(), self.refundable(but))),
            _ => None,
        };
        of_balance.chain(of_advance).find(|(_, left)| left.is_positive())
    }

    /// What can still go back of one of the provider's payments of the balance.
    fn refundable_of_balance(&self, from: &str, but: &str) -> Money {
        let charged = self.trip.iter().flat_map(|trip| &trip.charged);
        let of_it = charged.filter(|charged| charged.provider_reference == from);
        let taken: Money = of_it.map(|charged| charged.amount).sum();
        (taken - self.reserved(Some(from), but)).max(Money::ZERO)
    }

    /// What refunds but one take, or may take, of a payment of the balance, or of the advance.
    fn reserved(&self, from: Option<&str>, but: &str) -> Money {
        let others = self.refunds.iter().filter(|(reference, _)| *reference != but);
        let of_it = others.filter(|(_, refund)| refund.from.as_deref() == from);
        of_it.map(|(_, refund)| refund.reserved()).sum()
    }

    /// What of the advance is free to pay for the trip.
    pub fn free_advance(&self) -> Money {
        let early = self.refunds.values().filter(|refund| refund.early);
        let open = early.filter(|refund| matches!(refund.state, RefundState::Open { .. }));
        self.advance - open.map(Refund::reserved).sum()
    }
}
