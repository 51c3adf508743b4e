//! Riders and drivers: they ask, ask again with the same key, change their mind, and write down every answer.

use crate::{
    machines::Machines,
    sim::{WORLD, lock},
    trade::{
        account::AccountCommand, calendar::CalendarCommand, offer::OfferCommand, trip::Order,
        trip::TripCommand,
    },
};
use interstate_eventing::{
    Address,
    projection::{At, Wait},
    runtime::{Answered, Ask, AskError},
};
use interstate_schemas::{Actor, AddressedCommand, CommandId};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::oneshot;

/// What somebody was told for good.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Yes, with this answer.
    Yes(Vec<u8>),
    /// No, with this code.
    No(String),
}

/// A line of the journal.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// The command.
    pub id: CommandId,
    /// Whom it asked.
    pub to: Address,
    /// What was asked, in words.
    pub what: String,
    /// The answer.
    pub told: Told,
}

/// Everybody outside.
pub struct Riders {
    machines: Arc<Machines>,
    /// Every answer that anybody got.
    pub journal: Mutex<Vec<Acknowledged>>,
    /// What was seen to be wrong on the way.
    pub complaints: Mutex<Vec<String>>,
    busy: AtomicUsize,
}

impl Riders {
    /// Starts everybody's day.
    pub fn start(machines: &Arc<Machines>, count: u32) -> Arc<Self> {
        let riders = Arc::new(Self {
            machines: machines.clone(),
            journal: Mutex::default(),
            complaints: Mutex::default(),
            busy: AtomicUsize::new(0),
        });
        for rider in 0..count {
            riders
                .clone()
                .begin(move |riders| async move { riders.travel(rider).await });
            riders
                .clone()
                .begin(move |riders| async move { riders.bargain(rider).await });
        }
        for dispatcher in 0..2 {
            riders
                .clone()
                .begin(move |riders| async move { riders.block(dispatcher).await });
        }
        riders
    }

    /// Whether everybody has all answers.
    pub fn are_done(&self) -> bool {
        self.busy.load(Ordering::Relaxed) == 0
    }

    fn begin<F>(self: Arc<Self>, work: impl FnOnce(Arc<Self>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.busy.fetch_add(1, Ordering::Relaxed);
        let work = work(self.clone());
        self.machines.sim.clone().spawn(
            WORLD,
            Box::pin(async move {
                work.await;
                self.busy.fetch_sub(1, Ordering::Relaxed);
            }),
        );
    }

    fn draw(&self, low: u64, high: u64) -> u64 {
        self.machines.sim.draw(|rng| rng.between(low, high))
    }

    async fn rest(&self, longest_ms: u64) {
        let millis = self.draw(0, longest_ms);
        self.machines.sim.sleep(Duration::from_millis(millis)).await;
    }

    /// Pays money in, orders trips, and turns some of them back.
    async fn travel(self: Arc<Self>, rider: u32) {
        let account = format!("acc-{rider}");
        for time in 0..2 {
            let amount = self.draw(200, 900) as i64;
            let key = format!("deposit {rider} {time}");
            self.insist(&key, &account, &AccountCommand::Deposit { amount })
                .await;
        }
        for number in 0..3 {
            self.rest(3_000).await;
            let trip = format!("trip-{rider}-{number}");
            let from = self.draw(0, 30) as u32;
            let order = Order {
                trip: trip.clone(),
                account: account.clone(),
                driver: format!("driver-{}", self.draw(0, 3)),
                vehicle: format!("vehicle-{}", self.draw(0, 3)),
                from,
                to: from + self.draw(2, 9) as u32,
                amount: self.draw(50, 300) as i64,
            };
            self.insist(&format!("order {trip}"), &trip, &TripCommand::Order(order))
                .await;
            if self.draw(0, 3) == 0 {
                self.rest(2_000).await;
                self.insist(&format!("cancel {trip}"), &trip, &TripCommand::Cancel)
                    .await;
            }
        }
    }

    /// Makes offers and takes them, sometimes in the last moment.
    async fn bargain(self: Arc<Self>, rider: u32) {
        for number in 0..2 {
            let offer = format!("offer-{rider}-{number}");
            let seconds = self.draw(3, 15) as i64;
            self.insist(&format!("open {offer}"), &offer, &OfferCommand::Open { seconds })
                .await;
            self.rest(seconds as u64 * 1_200).await;
            self.insist(&format!("accept {offer}"), &offer, &OfferCommand::Accept)
                .await;
        }
    }

    /// Blocks time in a calendar without waiting for the answer, and gives it back on another way.
    async fn block(self: Arc<Self>, dispatcher: u32) {
        for number in 0..4 {
            self.rest(3_000).await;
            let calendar = format!("driver-{}", self.draw(0, 3));
            let by = format!("block-{dispatcher}-{number}");
            let from = 100 + 10 * (dispatcher * 4 + number);
            let reserve = CalendarCommand::Reserve {
                by: by.clone(),
                from,
                to: from + 5,
            };
            let ask = self.ask(&format!("reserve {by}"), &calendar, &reserve);
            let _ = self.once(ask, Duration::from_millis(self.draw(1, 1_500))).await;
            self.insist(
                &format!("release {by}"),
                &calendar,
                &CalendarCommand::Release { by },
            )
            .await;
        }
    }

    fn ask<C: AddressedCommand>(&self, key: &str, to: &str, command: &C) -> Ask {
        Ask::to(to, command, Actor::System).with_id(CommandId::derive(0, &[key.as_bytes()]))
    }

    /// Asks a process that runs, and waits no longer than this.
    async fn once(&self, ask: Ask, patience: Duration) -> Option<Result<Answered, AskError>> {
        let instance = self.machines.any()?;
        let (told, answer) = oneshot::channel();
        let commands = instance.commands;
        let work = async move {
            let _ = told.send(commands.ask(ask).await);
        };
        self.machines.sim.spawn(instance.process, Box::pin(work));
        tokio::select! {
            biased;
            answer = answer => answer.ok(),
            () = self.machines.sim.sleep(patience) => None,
        }
    }

    /// Asks with the same key until there is an answer, and writes it down.
    async fn insist<C: AddressedCommand>(&self, key: &str, to: &str, command: &C) -> Told {
        let sim = &self.machines.sim;
        let told = loop {
            let patience = Duration::from_millis(self.draw(500, 12_000));
            match self.once(self.ask(key, to, command), patience).await {
                Some(Ok(answered)) => {
                    self.read_own_write(to, &answered).await;
                    break Told::Yes(answered.reply);
                }
                Some(Err(AskError::Rejected(no))) => break Told::No(no.code.into_owned()),
                Some(Err(AskError::Failed { code, .. })) => break Told::No(code),
                Some(Err(AskError::OtherBody)) => {
                    self.complain(format!("`{key}` was taken for another request"));
                    break Told::No("other body".into());
                }
                _ => self.rest(2_000).await,
            }
        };
        sim.tell(|| match &told {
            Told::Yes(reply) => format!("`{key}` is acknowledged: {}", String::from_utf8_lossy(reply)),
            Told::No(code) => format!("`{key}` is refused: {code}"),
        });
        lock(&self.journal).push(Acknowledged {
            id: CommandId::derive(0, &[key.as_bytes()]),
            to: Address::of::<C>(to),
            what: key.to_owned(),
            told: told.clone(),
        });
        self.repeat(key, to, command, &told).await;
        told
    }

    /// The same key again: the same answer, and with another body none.
    async fn repeat<C: AddressedCommand>(&self, key: &str, to: &str, command: &C, told: &Told) {
        let patience = Duration::from_secs(12);
        if self.draw(0, 3) == 0 {
            let again = match self.once(self.ask(key, to, command), patience).await {
                Some(Ok(answered)) => Told::Yes(answered.reply),
                Some(Err(AskError::Rejected(no))) => Told::No(no.code.into_owned()),
                Some(Err(AskError::Failed { code, .. })) => Told::No(code),
                _ => return,
            };
            if again != *told {
                self.complain(format!("`{key}` was answered {told:?}, and then {again:?}"));
            }
        } else if self.draw(0, 8) == 0 {
            let other = Ask::new(Address::of::<C>(to), &"another body", Actor::System);
            let other = other.with_id(CommandId::derive(0, &[key.as_bytes()]));
            match self.once(other, patience).await {
                Some(Err(AskError::OtherBody)) | None => {}
                Some(Err(AskError::Unavailable | AskError::Overloaded | AskError::Expired)) => {}
                Some(answer) => self.complain(format!("another body under `{key}` was answered {answer:?}")),
            }
        }
    }

    /// A read model that says that it has come so far shows it.
    async fn read_own_write(&self, to: &str, answered: &Answered) {
        if answered.service != "trip" || answered.sequence == 0 {
            return;
        }
        let Some(instance) = self.machines.any() else {
            return;
        };
        let at = At {
            incarnation: answered.incarnation,
            partition: answered.partition,
            sequence: answered.sequence,
        };
        let waited = instance
            .position
            .wait_for(at, Some(to), Duration::from_secs(1))
            .await;
        if matches!(waited, Ok(Wait::CaughtUp)) {
            let row = instance
                .model
                .rows()
                .get(&format!("read up to {}", at.partition))
                .and_then(|row| std::str::from_utf8(row).ok()?.parse::<u64>().ok());
            if row < Some(at.sequence) {
                self.complain(format!(
                    "the read model says that it shows {} of partition {}, and shows {row:?}",
                    at.sequence, at.partition
                ));
            }
        }
    }

    fn complain(&self, what: String) {
        self.machines.sim.tell(|| format!("WRONG: {what}"));
        lock(&self.complaints).push(what);
    }
}
