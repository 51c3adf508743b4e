//! A provider in memory, which can be told to fail.

use async_trait::async_trait;
use interstate_payment::effects::{Provider, ProviderError, Standing, Take};
use interstate_schemas::{Money, OperationId};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};
use tokio::sync::Semaphore;

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No answer, but it was done.
    TimeoutWithEffect,
    /// No answer, nothing happened.
    TimeoutWithoutEffect,
    /// No answer; it happens when the next request comes, as one that was slow.
    Slow,
    /// Accepted; the rider has yet to answer.
    Pending,
    /// Refused.
    Decline,
}

#[derive(Debug, Default)]
struct Book {
    faults: VecDeque<Fault>,
    /// By key, as a provider keeps idempotency.
    keys: BTreeMap<String, Standing>,
    /// By reference: how often it was carried out, and what came of it.
    done: BTreeMap<OperationId, (u32, Standing)>,
    slow: Vec<(OperationId, String)>,
    /// Every call, in order.
    calls: Vec<String>,
    most_at_once: usize,
    at_once: usize,
}

/// The provider. Clones share its book.
#[derive(Clone)]
pub struct Fake {
    book: Arc<Mutex<Book>>,
    gate: Arc<Semaphore>,
}

impl Fake {
    pub fn new() -> Self {
        Self {
            book: Arc::default(),
            gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        }
    }

    /// A provider that answers nobody until [`Fake::open`].
    pub fn closed() -> Self {
        let fake = Self::new();
        fake.close();
        fake
    }

    /// Answers nobody from now on, until [`Fake::open`].
    pub fn close(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub fn open(&self) {
        self.gate.add_permits(10_000);
    }

    pub fn fail(self, faults: impl IntoIterator<Item = Fault>) -> Self {
        self.book().faults.extend(faults);
        self
    }

    /// How often each operation was carried out.
    pub fn effects(&self) -> Vec<u32> {
        self.book().done.values().map(|(times, _)| *times).collect()
    }

    pub fn calls(&self) -> Vec<String> {
        self.book().calls.clone()
    }

    pub fn most_at_once(&self) -> usize {
        self.book().most_at_once
    }

    /// The rider answers everything that is pending.
    pub fn approve(&self) -> Vec<OperationId> {
        let mut book = self.book();
        let pending = book
            .done
            .iter_mut()
            .filter(|(_, (_, standing))| *standing == Standing::Pending);
        pending
            .map(|(operation, (_, standing))| {
                *standing = succeeded();
                *operation
            })
            .collect()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap()
    }

    async fn request(
        &self,
        what: &str,
        operation: OperationId,
        key: &str,
    ) -> Result<Standing, ProviderError> {
        {
            let mut book = self.book();
            book.calls.push(what.to_owned());
            book.at_once += 1;
            book.most_at_once = book.most_at_once.max(book.at_once);
        }
        let passed = self.gate.acquire().await.unwrap();
        passed.forget();
        self.gate.add_permits(1);
        let mut book = self.book();
        book.at_once -= 1;
        for (slow, slow_key) in std::mem::take(&mut book.slow) {
            book.carry_out(slow, &slow_key, succeeded());
        }
        let timeout = Err(ProviderError("timed out".to_owned()));
        match book.faults.pop_front() {
            Some(Fault::TimeoutWithoutEffect) => timeout,
            Some(Fault::TimeoutWithEffect) => {
                book.carry_out(operation, key, succeeded());
                timeout
            }
            Some(Fault::Slow) => {
                book.slow.push((operation, key.to_owned()));
                timeout
            }
            Some(Fault::Pending) => Ok(book.carry_out(operation, key, Standing::Pending)),
            Some(Fault::Decline) => Ok(book.carry_out(
                operation,
                key,
                Standing::Refused {
                    code: "card_declined".to_owned(),
                },
            )),
            None => Ok(book.carry_out(operation, key, succeeded())),
        }
    }
}

impl Book {
    fn carry_out(&mut self, operation: OperationId, key: &str, standing: Standing) -> Standing {
        if let Some(known) = self.keys.get(key) {
            return known.clone();
        }
        self.keys.insert(key.to_owned(), standing.clone());
        let entry = self.done.entry(operation).or_insert((0, standing.clone()));
        entry.0 += 1;
        standing
    }
}

fn succeeded() -> Standing {
    Standing::Succeeded {
        provider_reference: "pi_1".to_owned(),
        lasts_seconds: None,
    }
}

#[async_trait]
impl Provider for Fake {
    async fn hold(&self, operation: OperationId, key: &str, _: &Take) -> Result<Standing, ProviderError> {
        self.request("hold", operation, key).await
    }

    async fn charge(&self, operation: OperationId, key: &str, _: &Take) -> Result<Standing, ProviderError> {
        self.request("charge", operation, key).await
    }

    async fn capture(
        &self,
        operation: OperationId,
        key: &str,
        _: &str,
        _: Money,
    ) -> Result<Standing, ProviderError> {
        self.request("capture", operation, key).await
    }

    async fn void(&self, operation: OperationId, key: &str, _: &str) -> Result<Standing, ProviderError> {
        self.request("void", operation, key).await
    }

    async fn refund(
        &self,
        operation: OperationId,
        key: &str,
        _: &str,
        _: Money,
    ) -> Result<Standing, ProviderError> {
        self.request("refund", operation, key).await
    }

    async fn find(&self, operation: OperationId) -> Result<Option<Standing>, ProviderError> {
        let mut book = self.book();
        book.calls.push("find".to_owned());
        Ok(book.done.get(&operation).map(|(_, standing)| standing.clone()))
    }
}
