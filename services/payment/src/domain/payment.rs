//! The aggregate.

use super::{
    Account, CashState, Command, PaymentEvent,
    command::codes,
    event::{CreditGiven, OperationClosed, OperationRequested, Wanted},
    excess::is_excess,
    journal::{Entry, EntryKind},
    operation::{Operation, OperationKind, OperationResult, Purpose},
    state::{Capture, CashClaim, Charged, Hold, Paid, Refund, RefundState, State, Trip},
    turn::Turn,
};
use interstate_eventing::{
    Aggregate, Context, Deadline, Decision, Rejection,
    plant::{self, Bug},
};
use interstate_schemas::{BookingId, Money, StepRef, Timestamp};
use serde::{Deserialize, Serialize};

/// The name of the deadline at which a hold runs out.
const HOLD_EXPIRES: &str = "hold expires";
/// The name of the deadline at which cash counts as paid that nobody has disputed.
const CASH_STANDS: &str = "cash stands";
/// The name of the deadline at which refused refunds are tried again.
const REFUND_AGAIN: &str = "a refused refund is tried again";

/// The money side of one booking. Its id carries the booking's bits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payment(pub State);

impl Aggregate for Payment {
    const NAME: &'static str = "payment";
    /// 2: a balance that is there is so in the cache too. 3: what was paid of a balance is known by its charges.
    const VERSION: u32 = 3;
    type Command = Command;
    type Event = PaymentEvent;

    fn decide(&self, command: Command, cx: &Context<'_>) -> Result<Decision<PaymentEvent>, Rejection> {
        let mut turn = Turn::new(self, cx);
        match command {
            Command::Hold {
                booking,
                rider,
                amount,
                method,
            } => {
                turn.hold(Wanted {
                    booking,
                    rider,
                    amount,
                    method,
                    run: turn.run(),
                    step: turn.step(),
                })?;
            }
            Command::Void { booking } => turn.void(booking),
            Command::Capture {
                booking,
                rider,
                amount,
                method,
            } => {
                turn.capture(Wanted {
                    booking,
                    rider,
                    amount,
                    method,
                    run: turn.run(),
                    step: turn.step(),
                })?;
            }
            Command::Refund {
                booking,
                amount,
                fee,
                reference,
                compensation,
            } => {
                turn.refund(booking, amount, fee, reference, compensation)?;
            }
            Command::Settle(settlement) => turn.settle(settlement)?,
            Command::OperationResult {
                operation,
                attempt,
                result,
            } => {
                let Some(known) = self.0.operations.get(operation) else {
                    let text = "this payment has asked for no such operation";
                    return Err(Rejection::not_found(codes::NO_SUCH_OPERATION, text));
                };
                if self.0.operations.open(operation).is_some() || plant::on(Bug::ResultTakenTwice) {
                    turn.close(known, attempt, result);
                }
            }
            Command::RecordBalancePayment { method } => turn.record_balance(method)?,
            Command::AnswerCash { paid } => turn.answer_cash(paid)?,
            Command::Credit {
                booking,
                rider,
                amount,
                fined,
                reference,
            } => turn.credit(CreditGiven {
                booking,
                reference,
                rider,
                amount,
                fined,
            })?,
            Command::HoldExpired => turn.expire_hold(),
            Command::CashStands => turn.cash_stands(),
            Command::RefundAgain => turn.refund_again(),
        }
        Ok(turn.finish())
    }

    fn evolve(&mut self, event: &PaymentEvent, time: Timestamp) {
        self.0.evolve(event, time);
    }

    fn deadlines(&self) -> Vec<Deadline> {
        let mut deadlines = Vec::new();
        if let Hold::Held {
            expires_at: Some(due),
            ..
        } = &self.0.hold
            && !self.0.capture.takes_the_hold()
            && !plant::on(Bug::HoldExpiryNotHandled)
        {
            deadlines.push(Deadline::new(HOLD_EXPIRES, *due));
        }
        let claim = self.0.trip.as_ref().and_then(|trip| trip.cash.as_ref());
        if let Some(claim) = claim.filter(|claim| claim.state == CashState::Claimed) {
            deadlines.push(Deadline::new(CASH_STANDS, claim.confirm_by));
        }
        if let Some(due) = self.0.refunds.values().filter_map(Refund::tried_again_at).min() {
            deadlines.push(Deadline::new(REFUND_AGAIN, due));
        }
        deadlines
    }

    fn deadline_reached(name: &str) -> Option<Command> {
        match name {
            HOLD_EXPIRES => Some(Command::HoldExpired),
            CASH_STANDS => Some(Command::CashStands),
            REFUND_AGAIN => Some(Command::RefundAgain),
            _ => None,
        }
    }
}

impl State {
    fn evolve(&mut self, event: &PaymentEvent, time: Timestamp) {
        match event {
            PaymentEvent::HoldRequested(wanted) => self.hold_requested(&wanted.0),
            PaymentEvent::Held(held) => {
                let run = if let Hold::Asked { run, .. } = self.hold {
                    run
                } else {
                    self.latest_run
                };
                self.hold = Hold::Held {
                    amount: held.amount,
                    provider_reference: held.provider_reference.clone(),
                    expires_at: held.expires_at,
                    run,
                };
                self.hold_waiting.clear();
            }
            PaymentEvent::HoldRefused(refused) => {
                let run = if let Hold::Asked { run, .. } = self.hold {
                    run
                } else {
                    self.latest_run
                };
                self.hold = Hold::Refused {
                    code: refused.0.code.clone(),
                    run,
                };
                self.hold_waiting.clear();
            }
            PaymentEvent::HoldExpired(_) | PaymentEvent::HoldReleased(_) => self.hold = Hold::Released,
            PaymentEvent::VoidRequested(void) => {
                self.heard(void.booking, void.run);
                self.void.run = self.void.run.max(Some(void.run));
                self.void.open = true;
                join(&mut self.void.waiting, void.step.as_ref());
            }
            PaymentEvent::Voided(_) => {
                self.void.open = false;
                self.void.waiting.clear();
            }
            PaymentEvent::CaptureRequested(wanted) => self.capture_requested(&wanted.0),
            PaymentEvent::Captured(captured) => {
                if self.capture.takes_the_hold() {
                    self.hold = Hold::Captured;
                }
                let run = if let Capture::Wanted { run, .. } = self.capture {
                    run
                } else {
                    self.latest_run
                };
                let provider_reference = captured.provider_reference.clone();
                self.capture = Capture::Done {
                    amount: captured.amount,
                    provider_reference,
                    run,
                };
                self.capture_waiting.clear();
            }
            PaymentEvent::CaptureRefused(refused) => {
                self.capture = Capture::Refused {
                    code: refused.0.code.clone(),
                };
                self.capture_waiting.clear();
            }
            PaymentEvent::RefundRequested(wanted) => {
                self.heard(wanted.booking, wanted.run);
                let of_capture = !is_excess(&wanted.reference);
                if of_capture && !matches!(self.capture, Capture::Done { .. }) {
                    self.undone_run = self.undone_run.max(Some(wanted.run));
                }
                let early = self.trip.is_none();
                let new = Refund {
                    amount: wanted.amount,
                    fee: wanted.fee,
                    compensation: wanted.compensation,
                    run: wanted.run,
                    early,
                    state: RefundState::Waiting,
                    waiting: Vec::new(),
                    refusals: 0,
                    again_at: None,
                    from: None,
                };
                let refund = self.refunds.entry(wanted.reference.clone()).or_insert(new);
                if refund.state == RefundState::Stuck {
                    // The advance may have paid for the trip meanwhile.
                    refund.early = early;
                }
                if !matches!(refund.state, RefundState::Open { .. }) {
                    refund.state = RefundState::Waiting;
                }
                join(&mut refund.waiting, wanted.step.as_ref());
            }
            PaymentEvent::Refunded(done) => {
                if let Some(refund) = self.refunds.get_mut(&done.reference) {
                    refund.state = RefundState::Done {
                        amount: done.amount,
                        fee: done.fee,
                    };
                    refund.waiting.clear();
                }
            }
            PaymentEvent::RefundRefused(refused) => {
                if let Some(refund) = self.refunds.get_mut(&refused.reference) {
                    refund.state = RefundState::Stuck;
                    refund.refusals += 1;
                    refund.again_at = refused.again_at;
                }
            }
            PaymentEvent::OperationRequested(requested) => self.operation_requested(requested, time),
            PaymentEvent::OperationClosed(closed) => self.operation_closed(closed),
            PaymentEvent::Settled(settled) => {
                self.booking = self.booking.or(Some(settled.settlement.booking));
                self.trip = Some(Trip {
                    settlement: settled.settlement.clone(),
                    applied: Money::ZERO,
                    charge: None,
                    paid: None,
                    cash: None,
                    charged: Vec::new(),
                });
            }
            PaymentEvent::BalanceRequested(_) => {}
            PaymentEvent::BalanceRefused(_) => {
                if let Some(trip) = &mut self.trip {
                    trip.charge = None;
                }
            }
            PaymentEvent::BalancePaid(paid) => {
                if let Some(trip) = &mut self.trip {
                    trip.charge = None;
                    trip.paid = Some(Paid {
                        method: paid.method.clone(),
                    });
                }
            }
            PaymentEvent::CashClaimed(claimed) => {
                if let Some(trip) = &mut self.trip {
                    trip.cash = Some(CashClaim {
                        amount: claimed.amount,
                        confirm_by: claimed.confirm_by,
                        state: CashState::Claimed,
                    });
                }
            }
            PaymentEvent::CashConfirmed(_) => self.cash_is(CashState::Confirmed),
            PaymentEvent::CashDisputed(_) => self.cash_is(CashState::Disputed),
            PaymentEvent::CashWithdrawn(_) => self.cash_is(CashState::Withdrawn),
            PaymentEvent::CreditGiven(given) => {
                self.booking = Some(given.booking);
                self.credits.insert(given.reference.clone());
            }
            PaymentEvent::SupportCaseOpened(_) => {}
            PaymentEvent::JournalPosted(posted) => self.posted(&posted.entry),
        }
    }

    fn cash_is(&mut self, now: CashState) {
        if let Some(claim) = self.trip.as_mut().and_then(|trip| trip.cash.as_mut()) {
            claim.state = now;
        }
    }

    fn heard(&mut self, booking: BookingId, run: u32) {
        self.booking = Some(booking);
        self.latest_run = self.latest_run.max(run);
    }

    fn hold_requested(&mut self, wanted: &Wanted) {
        self.heard(wanted.booking, wanted.run);
        self.rider = Some(wanted.rider);
        if !matches!(self.hold, Hold::Asked { .. }) {
            self.hold = Hold::Asked {
                amount: wanted.amount,
                run: wanted.run,
            };
        }
        join(&mut self.hold_waiting, wanted.step.as_ref());
    }

    fn capture_requested(&mut self, wanted: &Wanted) {
        self.heard(wanted.booking, wanted.run);
        self.rider = Some(wanted.rider);
        if !matches!(self.capture, Capture::Wanted { .. } | Capture::Done { .. }) {
            self.capture = Capture::Wanted {
                amount: wanted.amount,
                method: wanted.method.clone(),
                run: wanted.run,
                operation: None,
            };
        }
        join(&mut self.capture_waiting, wanted.step.as_ref());
    }

    fn operation_requested(&mut self, requested: &OperationRequested, time: Timestamp) {
        self.operations.request(Operation {
            id: requested.operation,
            kind: requested.kind,
            purpose: requested.purpose.clone(),
            amount: requested.amount,
            requested_at: time,
            closed: false,
        });
        match (requested.kind, &requested.purpose) {
            (OperationKind::Void, _) => {
                self.hold = Hold::Releasing {
                    amount: requested.amount,
                }
            }
            (OperationKind::Capture | OperationKind::Charge, Purpose::Advance) => {
                if let Capture::Wanted { operation, .. } = &mut self.capture {
                    *operation = Some((requested.operation, requested.kind));
                }
            }
            (OperationKind::Charge, Purpose::Balance) => {
                if let Some(trip) = &mut self.trip {
                    trip.charge = Some(requested.operation);
                }
            }
            (OperationKind::Refund, Purpose::Refund(reference)) => {
                let of_advance = match &self.capture {
                    Capture::Done {
                        provider_reference, ..
                    } => Some(provider_reference),
                    _ => None,
                };
                if let Some(refund) = self.refunds.get_mut(reference) {
                    let from = requested.provider_reference.as_ref();
                    refund.from = from.filter(|from| Some(*from) != of_advance).cloned();
                    refund.state = RefundState::Open {
                        amount: requested.amount,
                    };
                }
            }
            _ => {}
        }
    }

    /// What the provider has taken of a balance can be given back only by its own name.
    fn operation_closed(&mut self, closed: &OperationClosed) {
        let known = self.operations.get(closed.operation);
        let known = known.filter(|operation| !operation.closed && operation.purpose == Purpose::Balance);
        if let (
            Some(operation),
            Some(trip),
            OperationResult::Succeeded {
                provider_reference, ..
            },
        ) = (known, &mut self.trip, &closed.result)
        {
            trip.charged.push(Charged {
                provider_reference: provider_reference.clone(),
                amount: operation.amount,
            });
        }
        self.operations.close(closed.operation);
    }

    fn posted(&mut self, entry: &Entry) {
        for posting in entry.postings() {
            match posting.account {
                Account::RiderReceivable => self.receivable += posting.amount,
                Account::AdvanceLiability => self.advance -= posting.amount,
                _ => continue,
            }
            if let (EntryKind::AdvanceApplied, Account::AdvanceLiability, Some(trip)) =
                (entry.kind(), posting.account, &mut self.trip)
            {
                trip.applied += posting.amount;
            }
        }
    }
}

/// Remembers who waits, once.
fn join(waiting: &mut Vec<StepRef>, step: Option<&StepRef>) {
    if let Some(step) = step.filter(|step| !waiting.contains(step)) {
        waiting.push(step.clone());
    }
}
