//! Cash: what a driver says to have taken, and what the rider says to that.
//!
//! A driver's word alone closes no balance. It is booked at once as cash that he carries for the platform, so that
//! claiming what was never paid costs him, and it waits for the rider: who agrees, or says nothing for a day, has
//! paid; who disagrees gets a support case.

use super::{
    BalanceMethod, CashReply, CashSide, CashState, Entry,
    command::codes,
    event::{CaseAbout, SupportCaseOpened},
    event::{CashClaimed, CashConfirmed, CashDisputed, CashWithdrawn},
    state::{CashClaim, Trip},
    turn::Turn,
};
use interstate_eventing::Rejection;
use interstate_schemas::{Actor, CaseId, Money, SignedDuration, Timestamp, UserId};

/// A rider can dispute a trip's cash for as long as the trip itself.
const TO_DISPUTE: SignedDuration = SignedDuration::from_hours(24);

impl Turn<'_> {
    /// The driver says to have taken an amount.
    pub(super) fn claim_cash(&mut self, amount: Money) {
        let Some(driver) = self.state().trip.as_ref().map(|trip| trip.settlement.driver) else {
            return;
        };
        if !amount.is_positive() {
            return;
        }
        let confirm_by = self.now().saturating_add(TO_DISPUTE).unwrap_or(Timestamp::MAX);
        self.emit(CashClaimed {
            amount,
            driver,
            confirm_by,
        });
        self.post(Entry::cash_claimed(amount, driver));
    }

    /// The rider, the driver or support says whether the cash was paid. Who repeats himself changes nothing.
    pub(super) fn answer_cash(&mut self, paid: bool) -> Result<(), Rejection> {
        let Some(trip) = self.state().trip.clone() else {
            let text = "the trip is not settled yet, so nobody has paid for it in cash";
            return Err(Rejection::conflict(codes::NOT_SETTLED, text));
        };
        let side = self.side(&trip)?;
        let Some(claim) = trip.cash.clone() else {
            let text = "the driver has not said that cash was paid";
            return Err(Rejection::conflict(codes::NO_CASH, text));
        };
        let open = claim.is_open();
        match (side, paid) {
            (CashSide::Rider | CashSide::Staff, true) if open => self.confirm_cash(&claim, side),
            (CashSide::Rider, false) if claim.state == CashState::Claimed => self.dispute_cash(&claim),
            (CashSide::Driver | CashSide::Staff, false) if open => self.withdraw_cash(&trip, &claim, side),
            (CashSide::Driver, true) | (CashSide::Rider, false) if open => {}
            (_, paid) if paid == (claim.state == CashState::Confirmed) => {}
            _ => {
                let text = "what became of the cash is settled; tell support if that is wrong";
                return Err(Rejection::conflict(codes::CASH_DECIDED, text));
            }
        }
        let now = self.state().trip.as_ref().and_then(|trip| trip.cash.as_ref());
        let state = now.map_or(claim.state, |claim| claim.state);
        self.reply(&CashReply {
            state,
            amount: claim.amount,
        });
        Ok(())
    }

    /// The rider has had a day to disagree.
    pub(super) fn cash_stands(&mut self) {
        let claim = self.state().trip.as_ref().and_then(|trip| trip.cash.clone());
        if let Some(claim) = claim.filter(|claim| claim.state == CashState::Claimed)
            && claim.confirm_by <= self.now()
        {
            self.confirm_cash(&claim, CashSide::Silence);
        }
    }

    pub(super) fn confirm_cash(&mut self, claim: &CashClaim, by: CashSide) {
        self.emit(CashConfirmed {
            amount: claim.amount,
            by,
        });
        self.post(Entry::cash_confirmed(claim.amount));
        self.pay_off(Some(BalanceMethod::Cash));
        self.follow_up();
    }

    fn dispute_cash(&mut self, claim: &CashClaim) {
        let amount = claim.amount;
        self.emit(CashDisputed { amount });
        self.open_case(CaseAbout::CashDisputed { amount });
    }

    pub(super) fn withdraw_cash(&mut self, trip: &Trip, claim: &CashClaim, by: CashSide) {
        let amount = claim.amount;
        self.emit(CashWithdrawn { amount, by });
        self.post(Entry::cash_withdrawn(amount, trip.settlement.driver));
    }

    /// A person must look.
    pub(super) fn open_case(&mut self, about: CaseAbout) {
        let seed = self.cx.command.ulid().to_bytes();
        let millis = self.now().as_millisecond().unsigned_abs();
        // One decision may find several things to look at.
        let what = serde_json::to_vec(&about).expect("a case is plain data");
        let case = CaseId::derive(millis, &[&seed, b"payment", &what]);
        let booking = self.booking();
        self.emit(SupportCaseOpened { case, booking, about });
    }

    fn side(&self, trip: &Trip) -> Result<CashSide, Rejection> {
        let Actor::User { id, role } = self.cx.actor else {
            return Ok(CashSide::Staff);
        };
        if role.is_staff() {
            Ok(CashSide::Staff)
        } else if self.state().rider == Some(*id) {
            Ok(CashSide::Rider)
        } else if UserId::from(trip.settlement.driver) == *id {
            Ok(CashSide::Driver)
        } else {
            let text = "only the rider and the driver of the trip can say whether cash was paid";
            Err(Rejection::forbidden(codes::NOT_YOURS, text))
        }
    }
}
