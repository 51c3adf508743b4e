//! What goes wrong, when told to. A rule fires on the next n matching requests, or on a share of them that its seed
//! fixes: whether a reference is hit on its first, second, … try depends on nothing else, so a run can be repeated
//! whatever order its requests arrive in.

use crate::{
    error::ApiError,
    operation::{Event, OperationKind},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The request is carried out `ms` later, even if its client has left by then.
    Slow,
    /// 500, and nothing happened.
    #[serde(rename = "error_500_without_effect")]
    Error500WithoutEffect,
    /// No answer, and nothing happened.
    TimeoutWithoutEffect,
    /// No answer, although it was done.
    TimeoutWithEffect,
    /// The event is sent twice.
    WebhookDuplicate,
    /// The event is held back for `ms`, so that later ones overtake it.
    WebhookOutOfOrder,
    /// The event is never sent.
    WebhookDrop,
}

impl FaultKind {
    fn is_of_webhooks(self) -> bool {
        matches!(
            self,
            Self::WebhookDuplicate | Self::WebhookOutOfOrder | Self::WebhookDrop
        )
    }

    fn takes_ms(self) -> bool {
        matches!(self, Self::Slow | Self::WebhookOutOfOrder)
    }
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Opening a payment.
    Authorize,
    /// Taking the money.
    Capture,
    /// Releasing the hold.
    Cancel,
    /// Giving it back.
    Refund,
    /// Asking. Only hit by a rule that names it.
    Query,
}

impl From<OperationKind> for Target {
    fn from(kind: OperationKind) -> Self {
        match kind {
            OperationKind::Authorize => Self::Authorize,
            OperationKind::Capture => Self::Capture,
            OperationKind::Cancel => Self::Cancel,
            OperationKind::Refund => Self::Refund,
        }
    }
}

/// A rule as it is asked for: with either `probability` or `next_n`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// What it does.
    pub kind: FaultKind,
    /// For `slow` and `webhook_out_of_order`: the delay in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// The share of requests or events that are hit, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// How many of the next ones are hit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_n: Option<u64>,
    /// What is hit; every operation that moves money, if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Target>,
    /// Another seed than the sandbox's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl FaultSpec {
    fn check(&self) -> Result<(), ApiError> {
        let wrong = |param, message: &'static str| Err(ApiError::invalid_param(param, message));
        match (self.probability, self.next_n) {
            (Some(share), None) if !(0.0..=1.0).contains(&share) => {
                wrong("probability", "0 to 1 is expected")
            }
            (Some(_), None) | (None, Some(_)) => Ok(()),
            _ => wrong("next_n", "either `probability` or `next_n` is expected"),
        }?;
        if self.kind.takes_ms() != self.ms.is_some() {
            return wrong(
                "ms",
                "a delay is expected for `slow` and `webhook_out_of_order`, and only there",
            );
        }
        Ok(())
    }
}

/// A rule in force.
#[derive(Debug, Clone, Serialize)]
pub struct Rule {
    /// For `DELETE /v1/sandbox/faults/{id}`.
    pub id: u64,
    #[serde(flatten)]
    spec: FaultSpec,
    /// How often it has fired.
    pub fired: u64,
    #[serde(skip)]
    tries: HashMap<String, u64>,
}

impl Rule {
    fn matches(&self, of_webhooks: bool, target: Target) -> bool {
        let wanted = self
            .spec
            .operation
            .map_or(target != Target::Query, |operation| operation == target);
        wanted && self.spec.kind.is_of_webhooks() == of_webhooks
    }

    fn fires(&mut self, default_seed: u64, subject: &str) -> bool {
        let hit = match (self.spec.probability, self.spec.next_n) {
            (Some(share), _) => {
                let tries = self.tries.entry(subject.to_owned()).or_default();
                *tries += 1;
                draw(self.spec.seed.unwrap_or(default_seed), subject, *tries) < share
            }
            (None, next_n) => self.fired < next_n.unwrap_or(0),
        };
        self.fired += u64::from(hit);
        hit
    }

    fn delay(&self) -> Duration {
        Duration::from_millis(self.spec.ms.unwrap_or(0))
    }
}

/// A number from 0 to 1 (exclusive) that depends on its arguments alone.
fn draw(seed: u64, subject: &str, attempt: u64) -> f64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(attempt.to_le_bytes());
    hash.update(subject.as_bytes());
    let digest: [u8; 32] = hash.finalize().into();
    let bits = u64::from_le_bytes(std::array::from_fn(|i| digest[i]));
    // 53 bits are what a double holds exactly.
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFault {
    /// Carried out that much later.
    Slow(Duration),
    /// 500, nothing done.
    Error500,
    /// No answer, nothing done.
    HangWithoutEffect,
    /// Done, no answer.
    HangWithEffect,
}

/// What happens to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookFault {
    /// Sent twice.
    Duplicate,
    /// Sent that much later.
    HoldBack(Duration),
    /// Not sent.
    Drop,
}

#[derive(Debug, Default)]
struct Rules {
    list: Vec<Rule>,
    next_id: u64,
}

/// Every rule in force. Without any, asking costs one atomic read.
#[derive(Debug)]
pub struct Faults {
    rules: Mutex<Rules>,
    any: AtomicBool,
    seed: u64,
}

impl Faults {
    /// No rules; those to come use `seed` unless they name another.
    pub fn new(seed: u64) -> Self {
        Self {
            rules: Mutex::default(),
            any: AtomicBool::new(false),
            seed,
        }
    }

    /// Puts a rule in force. Of several that match, the oldest that fires wins.
    pub fn add(&self, spec: FaultSpec) -> Result<Rule, ApiError> {
        spec.check()?;
        let mut rules = self.rules();
        rules.next_id += 1;
        let rule = Rule {
            id: rules.next_id,
            spec,
            fired: 0,
            tries: HashMap::new(),
        };
        rules.list.push(rule.clone());
        self.any.store(true, Ordering::Release);
        Ok(rule)
    }

    /// Every rule, and how often it has fired.
    pub fn list(&self) -> Vec<Rule> {
        self.rules().list.clone()
    }

    /// Ends the rule `id`, or all; whether there was one.
    pub fn remove(&self, id: Option<u64>) -> bool {
        let mut rules = self.rules();
        let before = rules.list.len();
        rules.list.retain(|rule| id.is_some_and(|id| rule.id != id));
        self.any.store(!rules.list.is_empty(), Ordering::Release);
        rules.list.len() < before
    }

    /// What happens to a request about `reference`.
    pub fn on_request(&self, target: Target, reference: &str) -> Option<RequestFault> {
        self.first(
            false,
            target,
            || reference.to_owned(),
            |rule| match rule.spec.kind {
                FaultKind::Slow => Some(RequestFault::Slow(rule.delay())),
                FaultKind::Error500WithoutEffect => Some(RequestFault::Error500),
                FaultKind::TimeoutWithoutEffect => Some(RequestFault::HangWithoutEffect),
                FaultKind::TimeoutWithEffect => Some(RequestFault::HangWithEffect),
                _ => None,
            },
        )
    }

    /// What happens to `event`.
    pub fn on_webhook(&self, event: &Event) -> Option<WebhookFault> {
        let subject = || format!("{}#{}", event.reference, event.after.sequence);
        self.first(true, event.operation.into(), subject, |rule| {
            match rule.spec.kind {
                FaultKind::WebhookDuplicate => Some(WebhookFault::Duplicate),
                FaultKind::WebhookOutOfOrder => Some(WebhookFault::HoldBack(rule.delay())),
                FaultKind::WebhookDrop => Some(WebhookFault::Drop),
                _ => None,
            }
        })
    }

    fn first<F>(
        &self,
        of_webhooks: bool,
        target: Target,
        subject: impl FnOnce() -> String,
        fault: impl FnOnce(&Rule) -> Option<F>,
    ) -> Option<F> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let subject = subject();
        let mut rules = self.rules();
        let matching = rules
            .list
            .iter_mut()
            .filter(|rule| rule.matches(of_webhooks, target));
        let rule = matching
            .into_iter()
            .find_map(|rule| rule.fires(self.seed, &subject).then_some(rule))?;
        fault(rule)
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "faults_tests.rs"]
mod tests;
