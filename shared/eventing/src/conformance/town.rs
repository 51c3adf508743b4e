//! Where the services of a case run: in one process, or each in its own.

use super::{
    Harness, Process,
    business::{LISTS, ListCommand, TELLERS, services},
    twice::Twice,
};
use crate::{
    Service, Topology,
    runtime::{Answered, Ask, AskError, Commands, Env, Host, NoStores, Statuses, Stores},
    snapshot::Snapshots,
};
use futures::{
    future::{Either, select},
    pin_mut,
};
use interstate_schemas::{Actor, AddressedCommand, CommandId};
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// An answer that has not come after this is asked for again, maybe of another process.
const ANSWER: Duration = Duration::from_secs(15);
/// The wait before that.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// What runs where.
pub(super) struct Town<'h> {
    pub(super) harness: &'h dyn Harness,
    /// Whether each message between tasks is sent twice.
    twice: bool,
    /// Where those that start from now on keep and find snapshots.
    pub(super) snapshots: Option<Snapshots>,
    nodes: Vec<Node>,
}

/// A process with the services in it.
struct Node {
    serves: Vec<&'static str>,
    process: Process,
    commands: Commands,
    statuses: Statuses,
}

impl<'h> Town<'h> {
    /// Nobody lives there yet.
    pub(super) fn new(harness: &'h dyn Harness) -> Self {
        Self {
            harness,
            twice: false,
            snapshots: None,
            nodes: Vec::new(),
        }
    }

    /// The same with senders that send everything twice.
    pub(super) fn of_repeaters(harness: &'h dyn Harness) -> Self {
        let mut town = Self::new(harness);
        town.twice = true;
        town
    }

    /// Both services, each in a process of its own where that can be.
    pub(super) async fn with_both(harness: &'h dyn Harness) -> Self {
        let mut town = Self::new(harness);
        town.settle().await;
        town
    }

    /// Starts what does not run.
    pub(super) async fn settle(&mut self) {
        if self.harness.many_processes() {
            for service in [TELLERS, LISTS] {
                if !self.serves(service) {
                    self.start(&[service]).await;
                }
            }
        } else if self.nodes.is_empty() {
            self.start(&[TELLERS, LISTS]).await;
        }
    }

    fn serves(&self, service: &str) -> bool {
        self.nodes.iter().any(|node| node.serves.contains(&service))
    }

    /// A process more, with these services.
    pub(super) async fn start(&mut self, serves: &[&'static str]) {
        self.start_with(serves, None).await;
    }

    /// The same on a machine of its own: the harness may have one disk.
    pub(super) async fn start_apart(&mut self, serves: &[&'static str]) {
        self.start_with(serves, Some(Arc::new(NoStores))).await;
    }

    async fn start_with(&mut self, serves: &[&'static str], stores: Option<Arc<dyn Stores>>) {
        let process = self.harness.process().await;
        let all = services();
        let log = match self.twice {
            true => Arc::new(Twice(process.log.clone())),
            false => process.log.clone(),
        };
        let mut env = Env::new(
            log,
            process.clock.clone(),
            process.spawn.clone(),
            stores.unwrap_or_else(|| process.stores.clone()),
            format!(
                "node-{}-{}",
                self.nodes.len(),
                CommandId::derive(0, &[&process.clock.now().as_nanosecond().to_be_bytes()])
            ),
            Topology::of(&all),
        );
        // What a follower has read before would hide how much a takeover reads.
        env.follows = self.snapshots.is_none();
        env.snapshots = self.snapshots.clone();
        let (commands, statuses) = (Commands::new(env.clone()), env.statuses.clone());
        let own: Vec<Service> = all
            .into_iter()
            .filter(|service| serves.contains(&service.name()))
            .collect();
        let work = async move {
            let host = Host::start(&env, own).await.expect("the log takes its topics");
            // It runs until its process ends.
            std::future::pending::<()>().await;
            drop(host);
        };
        process.spawn.spawn(Box::pin(work));
        self.nodes.push(Node {
            serves: serves.to_vec(),
            process,
            commands,
            statuses,
        });
    }

    /// How the partitions are of those that serve this.
    pub(super) fn statuses_of(&self, service: &str) -> Vec<Statuses> {
        let serving = self.nodes.iter().filter(|node| node.serves.contains(&service));
        serving.map(|node| node.statuses.clone()).collect()
    }

    /// Whatever serves this service dies as it stands, the longest-lived process first.
    pub(super) fn kill(&mut self, service: &str) {
        let at = self.nodes.iter().position(|node| node.serves.contains(&service));
        self.nodes.remove(at.expect("it runs")).process.life.kill();
    }

    /// Everything dies.
    pub(super) fn kill_all(&mut self) {
        for node in self.nodes.drain(..) {
            node.process.life.kill();
        }
    }

    /// Whatever serves this service stands still for a while.
    pub(super) async fn pause(&self, service: &str, duration: Duration) {
        let node = self.nodes.iter().find(|node| node.serves.contains(&service));
        let life = node.expect("it runs").process.life.clone();
        life.pause();
        self.harness.sleep(duration).await;
        life.resume();
    }

    /// Asks under a key until there is an answer; what a process does not say, the next one may.
    pub(super) async fn ask<C>(&self, key: &str, to: &str, command: &C) -> Result<Answered, AskError>
    where
        C: AddressedCommand + Sync,
    {
        let ask = Ask::to(to, command, Actor::System).with_id(CommandId::derive(0, &[key.as_bytes()]));
        self.insist(C::SERVICE, ask, key).await
    }

    /// A question, which is a new command each time.
    pub(super) async fn look<C>(&self, to: &str, command: &C) -> Answered
    where
        C: AddressedCommand + Sync,
    {
        let ask = Ask::to(to, command, Actor::System);
        self.insist(C::SERVICE, ask, "a question")
            .await
            .expect("a question is answered")
    }

    async fn insist(&self, service: &str, ask: Ask, what: &str) -> Result<Answered, AskError> {
        let patience = self.harness.takeover() + 4 * ANSWER;
        let work = async {
            loop {
                let node = self
                    .nodes
                    .iter()
                    .rev()
                    .find(|node| node.serves.contains(&service));
                let node = node.expect("whoever is asked runs");
                match self.once(node, ask.clone()).await {
                    Some(Ok(answered)) => return Ok(answered),
                    Some(Err(
                        error @ (AskError::Rejected(_) | AskError::Failed { .. } | AskError::OtherBody),
                    )) => return Err(error),
                    Some(Err(_)) | None => self.harness.sleep(PAUSE).await,
                }
            }
        };
        within(self.harness, patience, what, work).await
    }

    /// The question lives in the process: it dies and stands still with it.
    async fn once(&self, node: &Node, ask: Ask) -> Option<Result<Answered, AskError>> {
        let (told, answer) = oneshot::channel();
        let commands = node.commands.clone();
        node.process.spawn.spawn(Box::pin(async move {
            let _ = told.send(commands.ask(ask).await);
        }));
        let late = self.harness.sleep(ANSWER);
        pin_mut!(late);
        match select(answer, late).await {
            Either::Left((answer, _)) => answer.ok(),
            Either::Right(_) => None,
        }
    }

    /// Waits until the partitions of those that serve this are so.
    pub(super) async fn until(
        &self,
        service: &str,
        what: &str,
        so: impl Fn(&[Statuses]) -> bool + Send + Sync,
    ) {
        let all = self.statuses_of(service);
        let work = async {
            while !so(&all) {
                self.harness.sleep(PAUSE).await;
            }
        };
        within(self.harness, self.harness.takeover() * 3, what, work).await;
    }

    /// Waits until a list has so many numbers, and gives them.
    pub(super) async fn list_of(&self, list: &str, count: usize) -> Vec<u64> {
        let work = async {
            loop {
                let answered = self.look(list, &ListCommand::Get).await;
                let numbers: Vec<u64> = answered.decode().expect("they are numbers");
                if numbers.len() >= count {
                    return numbers;
                }
                self.harness.sleep(PAUSE).await;
            }
        };
        let patience = self.harness.takeover() * 2;
        within(self.harness, patience, "all numbers are noted", work).await
    }
}

impl Drop for Town<'_> {
    fn drop(&mut self) {
        self.kill_all();
    }
}

/// Does something, no longer than this.
pub(super) async fn within<T>(
    harness: &dyn Harness,
    patience: Duration,
    what: &str,
    work: impl Future<Output = T> + Send,
) -> T {
    let late = harness.sleep(patience);
    pin_mut!(work, late);
    match select(work, late).await {
        Either::Left((value, _)) => value,
        Either::Right(_) => panic!("{what}: nothing came of it in {patience:?}"),
    }
}
