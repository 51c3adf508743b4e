//! A payment provider as far as the payment service can tell: it keeps its own books, knows its idempotency
//! keys, lets holds lapse, has riders approve in their own time, and sends webhooks twice, late or never.

use crate::{
    here::Here,
    sim::{Sim, lock},
    unsure,
};
use async_trait::async_trait;
use interstate_payment::effects::{Provider as Port, ProviderError, Standing, Take, Wakes, webhook};
use interstate_schemas::{Money, OperationId, PaymentMethod};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

/// A rider who has not answered for so long does not pay, in nanoseconds.
const APPROVAL_ENDS: u64 = 120_000_000_000;
const MILLISECOND: u64 = 1_000_000;

/// What the provider is asked for.
#[derive(Debug, Clone)]
enum Asked {
    Hold { amount: Money, by_app: bool },
    Charge { amount: Money, by_app: bool },
    Capture { on: String, amount: Money },
    Void { on: String },
    Refund { on: String, amount: Money },
}

/// Where a payment stands at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The rider has yet to approve it.
    Pending,
    /// Blocked until this moment, in nanoseconds of the world.
    Held { until: u64 },
    /// Taken.
    Taken,
    /// Given up, refused or never approved.
    Over,
}

/// One payment of the provider.
#[derive(Debug, Clone)]
struct Payment {
    operation: OperationId,
    amount: Money,
    state: State,
    refunded: Money,
}

/// An amount that moved: above zero to us, below zero back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Movement {
    /// The operation that asked for it.
    pub(super) operation: OperationId,
    /// How much.
    pub(super) amount: Money,
}

/// The provider's books.
#[derive(Default)]
struct Books {
    /// What came of each key: a place in `answers`.
    keys: BTreeMap<String, usize>,
    answers: Vec<(OperationId, Standing)>,
    payments: BTreeMap<String, Payment>,
    movements: Vec<Movement>,
    listeners: Vec<Wakes>,
}

/// The provider. Clones share its books.
#[derive(Clone)]
pub(super) struct Provider {
    sim: Sim,
    books: Arc<Mutex<Books>>,
}

impl Provider {
    /// One with empty books.
    pub(super) fn new(sim: &Sim) -> Self {
        Self {
            sim: sim.clone(),
            books: Arc::default(),
        }
    }

    /// Webhooks may come here.
    pub(super) fn listens(&self, wakes: &Wakes) {
        lock(&self.books).listeners.push(wakes.clone());
    }

    /// Everything that moved.
    pub(super) fn movements(&self) -> Vec<Movement> {
        lock(&self.books).movements.clone()
    }

    /// What is blocked now, by the operation that blocked it.
    pub(super) fn held(&self) -> Vec<(OperationId, Money)> {
        let now = self.sim.now();
        let books = lock(&self.books);
        let held = books
            .payments
            .values()
            .filter(|payment| matches!(payment.state, State::Held { until } if now < until));
        held.map(|payment| (payment.operation, payment.amount)).collect()
    }

    fn find(&self, operation: OperationId) -> Option<Standing> {
        let books = lock(&self.books);
        let found = books.answers.iter().find(|(known, _)| *known == operation);
        found.map(|(_, standing)| standing.clone())
    }

    /// Carries something out under a key, once.
    fn carry_out(&self, operation: OperationId, key: &str, asked: &Asked) -> Standing {
        let known = {
            let books = lock(&self.books);
            books.keys.get(key).map(|&at| books.answers[at].1.clone())
        };
        if let Some(known) = known {
            return known;
        }
        let standing = match asked {
            Asked::Hold { amount, by_app } => self.take(operation, key, *amount, *by_app, false),
            Asked::Charge { amount, by_app } => self.take(operation, key, *amount, *by_app, true),
            // What needs nobody's consent is done at once, or overnight.
            _ if self.sim.draw(|rng| rng.once_in(4)) => self.put_off(operation, key, asked),
            _ => self.follow(operation, asked),
        };
        {
            let mut books = lock(&self.books);
            let at = books.answers.len();
            books.answers.push((operation, standing.clone()));
            books.keys.insert(key.to_owned(), at);
        }
        self.sim.note(key.as_bytes());
        self.sim
            .tell(|| format!("the provider is asked for {asked:?} ({operation}): {standing:?}"));
        self.send_webhooks(operation);
        standing
    }

    /// Does what is about an earlier payment.
    fn follow(&self, operation: OperationId, asked: &Asked) -> Standing {
        match asked {
            Asked::Capture { on, amount } => self.capture(operation, on, *amount),
            Asked::Void { on } => self.void(on),
            Asked::Refund { on, amount } => self.refund(operation, on, *amount),
            Asked::Hold { .. } | Asked::Charge { .. } => refused("nothing_to_follow"),
        }
    }

    /// The same after a while.
    fn put_off(&self, operation: OperationId, key: &str, asked: &Asked) -> Standing {
        let (provider, key, asked) = (self.clone(), key.to_owned(), asked.clone());
        let wait = self.sim.draw(|rng| rng.between(500, 30_000));
        self.sim.call_at(self.sim.now() + wait * MILLISECOND, move || {
            let standing = provider.follow(operation, &asked);
            provider.answered(operation, &key, standing);
        });
        Standing::Pending
    }

    /// Blocks or takes an amount of a rider.
    fn take(
        &self,
        operation: OperationId,
        key: &str,
        amount: Money,
        by_app: bool,
        at_once: bool,
    ) -> Standing {
        let reference = format!("pay_{key}");
        let payment = Payment {
            operation,
            amount,
            state: State::Pending,
            refunded: Money::ZERO,
        };
        lock(&self.books).payments.insert(reference.clone(), payment);
        if !by_app {
            return self.approve(&reference, at_once);
        }
        let (provider, key) = (self.clone(), key.to_owned());
        let (wait, answers) = self.sim.draw(|rng| (rng.between(100, 25_000), !rng.once_in(6)));
        let now = self.sim.now();
        let when = if answers {
            now + wait * MILLISECOND
        } else {
            now + APPROVAL_ENDS
        };
        self.sim.call_at(when, move || {
            let standing = if answers {
                provider.approve(&reference, at_once)
            } else {
                provider.give_up(&reference);
                refused("payment_not_approved")
            };
            provider.answered(operation, &key, standing);
        });
        Standing::Pending
    }

    /// What was pending has come to its end.
    fn answered(&self, operation: OperationId, key: &str, standing: Standing) {
        self.sim
            .tell(|| format!("the provider knows what became of {operation}: {standing:?}"));
        {
            let mut books = lock(&self.books);
            if let Some(at) = books.keys.get(key).copied() {
                books.answers[at].1 = standing;
            }
        }
        self.send_webhooks(operation);
    }

    /// The rider's bank says yes, as a rule.
    fn approve(&self, reference: &str, at_once: bool) -> Standing {
        let (declines, lasts) = self.sim.draw(|rng| {
            let seconds = rng.between(2, 60) as u32;
            (rng.once_in(12), rng.once_in(2).then_some(seconds))
        });
        if declines {
            self.give_up(reference);
            return refused("card_declined");
        }
        let now = self.sim.now();
        let mut books = lock(&self.books);
        let Some(payment) = books.payments.get_mut(reference) else {
            return refused("unknown_payment");
        };
        let (operation, amount) = (payment.operation, payment.amount);
        payment.state = if at_once {
            State::Taken
        } else {
            let until = lasts.map_or(u64::MAX, |seconds| now + u64::from(seconds) * 1_000 * MILLISECOND);
            State::Held { until }
        };
        if at_once {
            books.movements.push(Movement { operation, amount });
        }
        Standing::Succeeded {
            provider_reference: reference.to_owned(),
            lasts_seconds: lasts.filter(|_| !at_once),
        }
    }

    fn give_up(&self, reference: &str) {
        if let Some(payment) = lock(&self.books).payments.get_mut(reference) {
            payment.state = State::Over;
        }
    }

    fn capture(&self, operation: OperationId, on: &str, amount: Money) -> Standing {
        let now = self.sim.now();
        let mut books = lock(&self.books);
        let Some(payment) = books.payments.get_mut(on) else {
            return refused("unknown_payment");
        };
        match payment.state {
            State::Held { until } if now < until && amount.amount <= payment.amount.amount => {
                payment.state = State::Taken;
                payment.amount = amount;
                books.movements.push(Movement { operation, amount });
                succeeded(on)
            }
            State::Held { .. } => refused("hold_expired"),
            State::Taken => refused("already_captured"),
            State::Pending | State::Over => refused("not_held"),
        }
    }

    fn void(&self, on: &str) -> Standing {
        let now = self.sim.now();
        let mut books = lock(&self.books);
        match books.payments.get_mut(on) {
            Some(payment) if matches!(payment.state, State::Held { until } if now < until) => {
                payment.state = State::Over;
                succeeded(on)
            }
            _ => refused("not_held"),
        }
    }

    fn refund(&self, operation: OperationId, on: &str, amount: Money) -> Standing {
        if self.sim.draw(|rng| rng.once_in(15)) {
            return refused("try_again");
        }
        let mut books = lock(&self.books);
        let Some(payment) = books.payments.get_mut(on) else {
            return refused("unknown_payment");
        };
        let left = payment.amount - payment.refunded;
        if payment.state != State::Taken || amount.amount > left.amount {
            return refused("refund_too_large");
        }
        payment.refunded += amount;
        let amount = -amount;
        books.movements.push(Movement { operation, amount });
        succeeded(on)
    }

    /// None to three, in any order, each to whichever process the load balancer picks.
    fn send_webhooks(&self, operation: OperationId) {
        let body = format!(r#"{{"reference":"{operation}"}}"#);
        for _ in 0..self.sim.draw(|rng| rng.below(4)) {
            let listeners = lock(&self.books).listeners.clone();
            let (to, wait) = self
                .sim
                .draw(|rng| (rng.below(listeners.len() as u64), rng.between(1, 8_000)));
            let Some(wakes) = listeners.into_iter().nth(to as usize) else {
                return;
            };
            let body = body.clone();
            self.sim.call_at(self.sim.now() + wait * MILLISECOND, move || {
                if let Some(about) = webhook::operation(body.as_bytes()) {
                    wakes.wake(about);
                }
            });
        }
    }
}

fn succeeded(on: &str) -> Standing {
    Standing::Succeeded {
        provider_reference: on.to_owned(),
        lasts_seconds: None,
    }
}

fn refused(code: &str) -> Standing {
    Standing::Refused {
        code: code.to_owned(),
    }
}

/// The provider as one process reaches it.
pub(super) struct AtProvider {
    pub(super) here: Here,
    pub(super) provider: Provider,
}

impl AtProvider {
    async fn ask(&self, operation: OperationId, key: &str, asked: Asked) -> Result<Standing, ProviderError> {
        let (provider, key) = (self.provider.clone(), key.to_owned());
        let what = format!("{asked:?}");
        unsure::carry_out(
            &self.here,
            move || what,
            move || provider.carry_out(operation, &key, &asked),
        )
        .await
        .map_err(|_| timed_out())
    }
}

fn timed_out() -> ProviderError {
    ProviderError("no answer came in time".to_owned())
}

fn by_app(take: &Take) -> bool {
    matches!(take.method, PaymentMethod::Upi { .. })
}

#[async_trait]
impl Port for AtProvider {
    async fn hold(&self, operation: OperationId, key: &str, take: &Take) -> Result<Standing, ProviderError> {
        let (amount, by_app) = (take.amount, by_app(take));
        self.ask(operation, key, Asked::Hold { amount, by_app }).await
    }

    async fn charge(
        &self,
        operation: OperationId,
        key: &str,
        take: &Take,
    ) -> Result<Standing, ProviderError> {
        let (amount, by_app) = (take.amount, by_app(take));
        self.ask(operation, key, Asked::Charge { amount, by_app }).await
    }

    async fn capture(
        &self,
        operation: OperationId,
        key: &str,
        on: &str,
        amount: Money,
    ) -> Result<Standing, ProviderError> {
        let on = on.to_owned();
        self.ask(operation, key, Asked::Capture { on, amount }).await
    }

    async fn void(&self, operation: OperationId, key: &str, on: &str) -> Result<Standing, ProviderError> {
        let on = on.to_owned();
        self.ask(operation, key, Asked::Void { on }).await
    }

    async fn refund(
        &self,
        operation: OperationId,
        key: &str,
        on: &str,
        amount: Money,
    ) -> Result<Standing, ProviderError> {
        let on = on.to_owned();
        self.ask(operation, key, Asked::Refund { on, amount }).await
    }

    async fn find(&self, operation: OperationId) -> Result<Option<Standing>, ProviderError> {
        let found = unsure::look_up(&self.here, || self.provider.find(operation)).await;
        found.map_err(|_| timed_out())
    }
}
