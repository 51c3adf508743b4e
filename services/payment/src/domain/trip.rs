//! A trip that was driven: its settlement, and what the rider still has to pay.

use super::{
    BalanceMethod, BalanceReply, BalanceStatus, CashSide, CashState, Entry, OperationKind, OperationResult,
    Purpose,
    command::codes,
    event::{BalancePaid, BalanceRefused, BalanceRequested, Refused, Settled},
    state::{CashClaim, Trip},
    turn::{Order, Turn, refusal},
};
use interstate_eventing::{
    Message, Rejection,
    plant::{self, Bug},
};
use interstate_schemas::{
    Actor, BookingMessage, Money, PaymentAnswer, PaymentMethod, Settlement, StepOutcome, UserId,
};

impl Turn<'_> {
    /// Books a finished trip. A repeat with the same figures does nothing.
    pub(super) fn settle(&mut self, settlement: Settlement) -> Result<(), Rejection> {
        if let Some(trip) = &self.state().trip {
            if trip.settlement != settlement {
                let text = "the trip was settled with other figures; correct it by an adjustment";
                return Err(Rejection::conflict(codes::SETTLED, text));
            }
        } else {
            if settlement.payable.amount < 0 || settlement.cash_collected.amount < 0 {
                let text = "a rider neither owes nor pays less than nothing";
                return Err(Rejection::invalid(codes::AMOUNT, text));
            }
            let entry = Entry::settlement(&settlement).map_err(|unbalanced| {
                let text = format!("the parts of the settlement are not the payable: {unbalanced}");
                Rejection::invalid(codes::UNBALANCED, text)
            })?;
            self.book(settlement, entry);
        }
        let amount = self.state().captured();
        self.answer_now(StepOutcome::Done(PaymentAnswer::Captured { amount }));
        Ok(())
    }

    fn book(&mut self, settlement: Settlement, entry: Entry) {
        let rider = self.state().rider;
        let cash = settlement.cash_collected;
        let balance = settlement.payable - cash - self.state().free_advance();
        self.emit(Settled {
            rider,
            settlement,
            balance,
        });
        self.post(entry);
        self.claim_cash(cash);
        self.follow_up();
    }

    /// Pays the trip with the advance, closes the balance when it is paid, gives back what is too much.
    pub(super) fn carry_out_trip(&mut self) {
        if self.state().trip.is_none() {
            return;
        }
        let free = self.state().free_advance();
        if free.is_positive() && !plant::on(Bug::AdvanceNotCredited) {
            self.post(Entry::advance_applied(free));
        }
        self.pay_off(None);
        self.return_excess();
    }

    /// Says that the balance is there, once it is.
    pub(super) fn pay_off(&mut self, method: Option<BalanceMethod>) {
        let Some(trip) = self.state().trip.clone().filter(|trip| trip.paid.is_none()) else {
            return;
        };
        if self.state().receivable.is_positive() {
            return;
        }
        let paid_cash = |claim: &CashClaim| claim.state == CashState::Confirmed;
        let in_cash = trip.cash.as_ref().is_some_and(paid_cash);
        let method = method.or(in_cash.then_some(BalanceMethod::Cash));
        let amount = (trip.settlement.payable - trip.applied).max(Money::ZERO);
        self.emit(BalancePaid { amount, method });
        let paid = BookingMessage::BalancePaid {
            amount,
            at: self.now(),
        };
        self.send(Message::to(self.booking(), &paid));
    }

    /// The rider pays, or the driver has taken, the balance.
    pub(super) fn record_balance(&mut self, method: BalanceMethod) -> Result<(), Rejection> {
        let Some(trip) = self.state().trip.clone() else {
            let text = "the balance is known when the trip is over and settled; try again then";
            return Err(Rejection::conflict(codes::NOT_SETTLED, text));
        };
        self.may_pay(&trip, &method)?;
        let amount = self.state().receivable;
        let claim = trip.cash.clone().filter(CashClaim::is_open);
        let charge = trip
            .charge
            .filter(|id| self.state().operations.open(*id).is_some());
        let paid = trip.paid.as_ref().map(|paid| &paid.method);
        match (paid, charge, method) {
            (Some(Some(BalanceMethod::Cash)), _, BalanceMethod::Cash) => {
                let amount = (trip.settlement.payable - trip.applied).max(Money::ZERO);
                self.reply(&BalanceReply {
                    status: BalanceStatus::Paid,
                    amount,
                });
            }
            (Some(_), _, _) => {
                return Err(Rejection::conflict(
                    codes::BALANCE_PAID,
                    "the balance is paid already",
                ));
            }
            (None, Some(_), BalanceMethod::Cash) => {
                let text = "the rider is paying by card or UPI right now; take no cash until that has failed";
                return Err(Rejection::conflict(codes::BALANCE_IN_PROGRESS, text));
            }
            (None, Some(_), BalanceMethod::Provider { .. }) => {
                self.reply(&BalanceReply {
                    status: BalanceStatus::Requested,
                    amount,
                });
            }
            (None, None, BalanceMethod::Cash) => self.take_cash(&trip, claim, amount)?,
            (None, None, BalanceMethod::Provider { method }) => {
                // While it is open who is right, whoever disputes the cash may pay in another way.
                let claimed = claim.filter(|claim| claim.state == CashState::Claimed);
                let amount = amount - claimed.map_or(Money::ZERO, |claim| claim.amount);
                if !amount.is_positive() {
                    let text = "the driver says that you have paid in cash; say first whether you have";
                    return Err(Rejection::conflict(codes::CASH_CLAIMED, text));
                }
                self.charge_balance(amount, method);
            }
        }
        Ok(())
    }

    /// All of the balance, in cash. The driver's word waits for the rider's; support's word is enough.
    fn take_cash(&mut self, trip: &Trip, claim: Option<CashClaim>, amount: Money) -> Result<(), Rejection> {
        let by_driver = matches!(self.cx.actor, Actor::User { role, .. } if !role.is_staff());
        if by_driver {
            match claim {
                Some(claim) if !(amount - claim.amount).is_positive() => {}
                // What he says of all of it takes the place of what he said of a part.
                Some(claim) if claim.state == CashState::Claimed => {
                    self.withdraw_cash(trip, &claim, CashSide::Driver);
                    self.claim_cash(amount);
                }
                Some(_) => {
                    let text = "the rider disputes the cash that you have claimed; support will decide";
                    return Err(Rejection::conflict(codes::CASH_CLAIMED, text));
                }
                None => self.claim_cash(amount),
            }
            let status = BalanceStatus::Claimed;
            self.reply(&BalanceReply { status, amount });
            return Ok(());
        }
        if let Some(claim) = claim {
            self.confirm_cash(&claim, CashSide::Staff);
        }
        let rest = self.state().receivable;
        if rest.is_positive() {
            self.post(Entry::cash_collected(rest, trip.settlement.driver));
            self.pay_off(Some(BalanceMethod::Cash));
        }
        let status = BalanceStatus::Paid;
        self.reply(&BalanceReply { status, amount });
        Ok(())
    }

    fn charge_balance(&mut self, amount: Money, method: PaymentMethod) {
        self.emit(BalanceRequested {
            amount,
            method: method.clone(),
        });
        self.request(Order {
            kind: OperationKind::Charge,
            purpose: Purpose::Balance,
            amount,
            method: Some(method),
            provider_reference: None,
        });
        self.reply(&BalanceReply {
            status: BalanceStatus::Requested,
            amount,
        });
    }

    /// Cash is claimed by the driver who took it; the rider pays with his own card. Staff may do both.
    fn may_pay(&self, trip: &Trip, method: &BalanceMethod) -> Result<(), Rejection> {
        let Actor::User { id, role } = self.cx.actor else {
            return Ok(());
        };
        let owner = match method {
            BalanceMethod::Cash => Some(UserId::from(trip.settlement.driver)),
            BalanceMethod::Provider { .. } => self.state().rider,
        };
        if role.is_staff() || owner == Some(*id) {
            return Ok(());
        }
        let text = "cash is claimed by the driver of the trip, other ways of paying are the rider's";
        Err(Rejection::forbidden(codes::NOT_YOURS, text))
    }

    pub(super) fn balance_closed(&mut self, amount: Money, result: OperationResult) {
        match result {
            OperationResult::Succeeded { .. } => {
                self.post(Entry::balance_received(amount));
                self.pay_off(None);
            }
            OperationResult::Refused { code } => {
                self.emit(BalanceRefused(Refused { code: refusal(&code) }));
            }
        }
    }
}
