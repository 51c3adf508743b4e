//! The provider: its book, journal, clock and faults, and the one lock that makes an operation, its idempotency key
//! and its event a single step. The lock is held for some microseconds and never across an await.

use crate::{
    book::Book,
    clock::Clock,
    config::Config,
    delivery::{Delivery, Tally},
    entries,
    error::ApiError,
    faults::Faults,
    idempotency::{IdempotencyKey, Lookup},
    ids::EventId,
    intent::Terms,
    journal::{Entry, Journal, JournalError},
    operation::Event,
    requests::Request,
    views,
    webhooks::Endpoint,
};
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, mpsc, watch};

/// How many deadlines are met under one lock.
const SWEEP: usize = 64;

/// How many deliveries run at once. One payment's events always take the same lane, hence arrive in order.
const LANES: usize = 16;

/// What a request is answered with.
#[derive(Debug)]
pub struct Answer {
    /// The JSON body, or the refusal.
    pub outcome: Result<Vec<u8>, ApiError>,
    /// Whether the idempotency key had been used, and this is the answer of that time.
    pub replayed: bool,
}

struct Ledger {
    book: Book,
    journal: Option<Journal>,
}

/// A running provider.
pub struct Provider {
    /// The settings.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// What goes wrong.
    pub faults: Faults,
    /// How deliveries went.
    pub tally: Tally,
    ledger: Mutex<Ledger>,
    deadline_moved: Notify,
    lanes: Vec<mpsc::UnboundedSender<Delivery>>,
    stop: watch::Sender<bool>,
}

impl Provider {
    /// Opens the book, from the journal if there is one. Events that had not been delivered wait in the returned
    /// lanes again.
    pub fn open(config: Config) -> Result<(Arc<Self>, Vec<mpsc::UnboundedReceiver<Delivery>>), JournalError> {
        let mut book = Book::new(config.key_retention);
        let journal = config
            .data
            .as_deref()
            .map(|folder| Journal::open(folder, |entry| book.apply(entry)))
            .transpose()?;
        if let Some(endpoint) = &config.webhook {
            book.endpoint = Some(Arc::new(endpoint.clone()));
        }
        let (lanes, queues) = (0..LANES).map(|_| mpsc::unbounded_channel()).unzip();
        let provider = Self {
            clock: Clock,
            faults: Faults::new(config.seed),
            tally: Tally::default(),
            deadline_moved: Notify::new(),
            ledger: Mutex::new(Ledger { book, journal }),
            lanes,
            stop: watch::Sender::new(false),
            config,
        };
        provider.read(|book| {
            for event in book.open_events() {
                if let Some(intent) = book.intent(event.intent) {
                    provider.send(event.clone(), Arc::clone(&intent.terms));
                }
            }
        });
        Ok((Arc::new(provider), queues))
    }

    /// Tells everything that waits or hangs to end.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Returns once [`Provider::stop`] was called.
    pub async fn stopped(&self) {
        // The sender lives as long as `self`, so the wait cannot fail.
        let _ = self.stop.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// Reads the book; keep `read` short, every request waits for it.
    pub fn read<T>(&self, read: impl FnOnce(&Book) -> T) -> T {
        read(&self.ledger().book)
    }

    /// Carries `request` out once: the first time its key is seen. Afterwards the key leads to the same answer.
    pub fn perform(&self, request: &Request, key: IdempotencyKey) -> Answer {
        let now = self.clock.now();
        let mut ledger = self.ledger();
        ledger.book.keys.forget_old(now);
        let (place, replayed) = match ledger.book.keys.look_up(&key) {
            Lookup::Different => {
                return Answer {
                    outcome: Err(ApiError::key_reused()),
                    replayed: false,
                };
            }
            Lookup::Same(place) => (place, true),
            Lookup::New => {
                let place = ledger.book.operation_count();
                let done =
                    entries::for_request(&ledger.book, &self.config, request, key, now).and_then(|entry| {
                        self.commit(&mut ledger, entry)
                            .map_err(|error| ApiError::journal(&error))
                    });
                if let Err(error) = done {
                    return Answer {
                        outcome: Err(error),
                        replayed: false,
                    };
                }
                (place, false)
            }
        };
        Answer {
            outcome: answer(&ledger.book, place),
            replayed,
        }
    }

    /// Moves on every payment whose time has come; returns how long it is until the next.
    pub fn meet_deadlines(&self) -> io::Result<Option<Duration>> {
        let now = self.clock.now();
        let mut ledger = self.ledger();
        for _ in 0..SWEEP {
            let Some(entry) = entries::for_deadline(&ledger.book, &self.config, now) else {
                break;
            };
            self.commit(&mut ledger, entry)?;
        }
        Ok(ledger.book.next_deadline().map(|(due, _)| due.since(now)))
    }

    /// Returns when the next deadline has become an earlier one.
    pub async fn deadline_moved(&self) {
        self.deadline_moved.notified().await;
    }

    /// Sends events to `endpoint` from now on, also those that wait for another attempt.
    pub fn set_endpoint(&self, endpoint: Endpoint) -> io::Result<()> {
        self.commit(&mut self.ledger(), Entry::Endpoint(Arc::new(endpoint)))
    }

    /// Where events go.
    pub fn endpoint(&self) -> Option<Arc<Endpoint>> {
        self.read(|book| book.endpoint.clone())
    }

    /// Records that `event` is not sent again. If that cannot be written down, it is sent again after a restart,
    /// which a merchant has to expect of webhooks anyway.
    pub fn close_event(&self, event: EventId) {
        if let Err(error) = self.commit(&mut self.ledger(), Entry::EventClosed(event)) {
            tracing::warn!(%event, %error, "cannot record a webhook's end");
        }
    }

    /// Writes `entry` down, lets it take effect, and then tells whom it concerns.
    fn commit(&self, ledger: &mut Ledger, entry: Entry) -> io::Result<()> {
        if let Some(journal) = &mut ledger.journal {
            journal.append(&entry)?;
        }
        let event = match &entry {
            Entry::Operation { event, .. } | Entry::Transition { event, .. } => event.clone(),
            Entry::EventClosed(_) | Entry::Endpoint(_) => None,
        };
        let deadline = ledger.book.next_deadline();
        ledger.book.apply(entry);
        if ledger.book.next_deadline() != deadline {
            self.deadline_moved.notify_one();
        }
        // Still under the lock: a payment's events enter their lane in the order in which they happened.
        if let Some(event) = event
            && let Some(intent) = ledger.book.intent(event.intent)
        {
            self.send(event, Arc::clone(&intent.terms));
        }
        Ok(())
    }

    fn send(&self, event: Event, terms: Arc<Terms>) {
        let lane = event.intent.0.0 % self.lanes.len() as u128;
        // A closed lane means that the server is stopping; the journal keeps the event open.
        let _ = self.lanes[lane as usize].send(Delivery { event, terms });
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // An entry is applied after it was written and applying does not panic half-way through a payment, so the
        // book is worth more than the panic of whoever held the lock.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The answer that the operation at `place` had and will always have.
fn answer(book: &Book, place: usize) -> Result<Vec<u8>, ApiError> {
    let operation = book
        .operation(place)
        .expect("operations are never removed from the book");
    let intent = book
        .intent(operation.intent)
        .expect("an operation's payment is in the book");
    match operation.refusal {
        Some(refusal) => Err(refusal.into()),
        None => Ok(views::answer(intent, operation)),
    }
}
