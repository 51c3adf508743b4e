//! Everybody outside: they ask, ask again with the same key, and write down every answer.

use crate::{
    machines::{Instance, Machines},
    sim::{Sim, WORLD, lock},
};
use interstate_eventing::{
    Address,
    projection::{At, Wait},
    runtime::{Answered, Ask, AskError, Commands},
};
use interstate_schemas::{Actor, AddressedCommand, CommandId};
use serde::de::DeserializeOwned;
use std::{
    fmt::Display,
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
pub struct Clients {
    machines: Arc<Machines>,
    /// Every answer that anybody got.
    pub journal: Mutex<Vec<Acknowledged>>,
    /// What was seen to be wrong on the way.
    pub complaints: Mutex<Vec<String>>,
    busy: AtomicUsize,
}

impl Told {
    /// The answer as a type, where it was a yes.
    pub fn decode<T: DeserializeOwned>(&self) -> Option<T> {
        match self {
            Told::Yes(reply) => serde_json::from_slice(reply).ok(),
            Told::No(_) => None,
        }
    }

    /// Whether it was a no with this code.
    pub fn is_no(&self, code: &str) -> bool {
        matches!(self, Told::No(told) if told == code)
    }
}

impl Clients {
    /// Nobody yet.
    pub fn new(machines: &Arc<Machines>) -> Arc<Self> {
        Arc::new(Self {
            machines: machines.clone(),
            journal: Mutex::default(),
            complaints: Mutex::default(),
            busy: AtomicUsize::new(0),
        })
    }

    /// Whether everybody has all answers.
    pub fn are_done(&self) -> bool {
        self.busy.load(Ordering::Relaxed) == 0
    }

    /// Somebody begins their day, which ends when the work does.
    pub fn begin(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        self.busy.fetch_add(1, Ordering::Relaxed);
        let clients = self.clone();
        self.machines.sim.clone().spawn(
            WORLD,
            Box::pin(async move {
                work.await;
                clients.busy.fetch_sub(1, Ordering::Relaxed);
            }),
        );
    }

    /// The world.
    pub fn sim(&self) -> &Sim {
        &self.machines.sim
    }

    /// A number from `low` up to, and not including, `high`.
    pub fn draw(&self, low: u64, high: u64) -> u64 {
        self.machines.sim.draw(|rng| rng.between(low, high))
    }

    /// Waits for up to so many milliseconds.
    pub async fn rest(&self, longest_ms: u64) {
        let millis = self.draw(0, longest_ms);
        self.machines.sim.sleep(Duration::from_millis(millis)).await;
    }

    /// A command under a key.
    pub fn ask<C: AddressedCommand>(&self, key: &str, to: &str, command: &C, actor: &Actor) -> Ask {
        Ask::to(to, command, actor.clone()).with_id(CommandId::derive(0, &[key.as_bytes()]))
    }

    /// Asks a process that runs, and waits no longer than this.
    pub async fn once(&self, ask: Ask, patience: Duration) -> Option<Result<Answered, AskError>> {
        self.at_a_process(|commands| async move { commands.ask(ask).await }, patience)
            .await
    }

    /// A process that runs, as the load balancer picks it.
    pub fn any_instance(&self) -> Option<Instance> {
        self.machines.any()
    }

    /// Has something done at a process that runs, and waits no longer than this.
    pub async fn at_a_process<T, F>(&self, work: impl FnOnce(Commands) -> F, patience: Duration) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let instance = self.machines.any()?;
        let (told, answer) = oneshot::channel();
        let work = work(instance.commands);
        let work = async move {
            let _ = told.send(work.await);
        };
        self.machines.sim.spawn(instance.process, Box::pin(work));
        tokio::select! {
            biased;
            answer = answer => answer.ok(),
            () = self.machines.sim.sleep(patience) => None,
        }
    }

    /// Asks with the same key until there is an answer, and writes it down.
    pub async fn insist<C>(&self, key: &str, to: impl Display, command: &C, actor: &Actor) -> Told
    where
        C: AddressedCommand + Sync,
    {
        let to = &to.to_string();
        let told = loop {
            if let Some(told) = self.ask_once(key, to, command, actor).await {
                break told;
            }
        };
        self.repeat(key, to, command, actor, &told).await;
        told
    }

    /// Asks until there is an answer, each time with a command of its own, as an edge does that gives every try a secret
    /// of its own. Tries that were given up may be decided later. Which one was answered comes with the answer.
    pub async fn insist_anew<C>(
        &self,
        key: &str,
        to: impl Display,
        command: impl Fn(u32) -> C,
        actor: &Actor,
    ) -> (Told, u32)
    where
        C: AddressedCommand + Sync,
    {
        let (to, mut number) = (&to.to_string(), 0);
        loop {
            let key = format!("{key}, try {number}");
            if let Some(told) = self.ask_once(&key, to, &command(number), actor).await {
                return (told, number);
            }
            number += 1;
        }
    }

    /// Asks, and writes the answer down; nothing where none came in time.
    async fn ask_once<C>(&self, key: &str, to: &str, command: &C, actor: &Actor) -> Option<Told>
    where
        C: AddressedCommand + Sync,
    {
        let patience = Duration::from_millis(self.draw(500, 12_000));
        let told = match self.once(self.ask(key, to, command, actor), patience).await {
            Some(Ok(answered)) => {
                self.read_own_write(to, &answered).await;
                Told::Yes(answered.reply)
            }
            Some(Err(AskError::Rejected(no))) => Told::No(no.code.into_owned()),
            Some(Err(AskError::Failed { code, .. })) => Told::No(code),
            Some(Err(AskError::OtherBody)) => {
                self.complain(format!("`{key}` was taken for another request"));
                Told::No("other body".into())
            }
            _ => {
                self.rest(2_000).await;
                return None;
            }
        };
        self.machines.sim.tell(|| match &told {
            Told::Yes(reply) => format!("`{key}` is acknowledged: {}", String::from_utf8_lossy(reply)),
            Told::No(code) => format!("`{key}` is refused: {code}"),
        });
        lock(&self.journal).push(Acknowledged {
            id: CommandId::derive(0, &[key.as_bytes()]),
            to: Address::of::<C>(to),
            what: key.to_owned(),
            told: told.clone(),
        });
        Some(told)
    }

    /// The same key again: the same answer, and with another body none.
    async fn repeat<C>(&self, key: &str, to: &str, command: &C, actor: &Actor, told: &Told)
    where
        C: AddressedCommand + Sync,
    {
        let patience = Duration::from_secs(12);
        if self.draw(0, 3) == 0 {
            let again = match self.once(self.ask(key, to, command, actor), patience).await {
                Some(Ok(answered)) => Told::Yes(answered.reply),
                Some(Err(AskError::Rejected(no))) => Told::No(no.code.into_owned()),
                Some(Err(AskError::Failed { code, .. })) => Told::No(code),
                _ => return,
            };
            if again != *told {
                self.complain(format!("`{key}` was answered {told:?}, and then {again:?}"));
            }
        } else if self.draw(0, 8) == 0 {
            let other = Ask::new(Address::of::<C>(to), &"another body", actor.clone());
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
        if answered.service != self.machines.followed || answered.sequence == 0 {
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

    /// Writes down what is wrong.
    pub fn complain(&self, what: String) {
        self.machines.sim.tell(|| format!("WRONG: {what}"));
        lock(&self.complaints).push(what);
    }
}
