//! What is done to a deployment, and how it is made good again.

use crate::{
    fleet::{Fleet, Instance, NODES, SERVERS, SERVICES},
    probes::Person,
    proxy::Weather,
};
use futures::{StreamExt, stream::FuturesUnordered};
use interstate_eventing::runtime::MachineClock;
use interstate_schemas::SignedDuration;
use rand::{Rng, rngs::StdRng, seq::SliceRandom};
use serde_json::json;
use std::{collections::BTreeMap, fmt, time::Duration};

/// How long an instance may take to end in good order.
const END: Duration = Duration::from_secs(30);
/// Requests of a flood, sent at once: two instances of a service hold 1,024 each.
const FLOOD: usize = 3_000;
/// How long what is slow takes longer.
const SLOW: Duration = Duration::from_millis(120);

/// The kinds of faults, in the order in which they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Kind {
    KillService,
    PauseService,
    RestartService,
    KillBroker,
    PauseBroker,
    CutBroker,
    SlowBrokers,
    KillServer,
    PauseServer,
    CutServer,
    SlowServer,
    FillQueue,
    MovePartitions,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::KillService,
        Self::PauseService,
        Self::RestartService,
        Self::KillBroker,
        Self::PauseBroker,
        Self::CutBroker,
        Self::SlowBrokers,
        Self::KillServer,
        Self::PauseServer,
        Self::CutServer,
        Self::SlowServer,
        Self::FillQueue,
        Self::MovePartitions,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::KillService => "kill -9 of an instance",
            Self::PauseService => "SIGSTOP of an instance, then on",
            Self::RestartService => "restart of all instances of a service in turn",
            Self::KillBroker => "kill -9 of a broker",
            Self::PauseBroker => "SIGSTOP of a broker, then on",
            Self::CutBroker => "connections to a broker cut",
            Self::SlowBrokers => "connections to all brokers slow",
            Self::KillServer => "kill -9 of a store or queue",
            Self::PauseServer => "SIGSTOP of a store or queue, then on",
            Self::CutServer => "connections to a store or queue cut",
            Self::SlowServer => "connections to a store or queue slow",
            Self::FillQueue => "queues filled by a flood of requests",
            Self::MovePartitions => "a third instance comes and goes",
        })
    }
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Of which kind.
    pub kind: Kind,
    /// Which service, server or broker (from 0) it is about.
    pub target: usize,
    /// Which instance of the service, from 0.
    pub instance: usize,
    /// How long it lasts.
    pub lasts: Duration,
}

impl Fault {
    /// What it is about, for people.
    pub fn about(&self) -> String {
        match self.kind {
            Kind::KillService | Kind::PauseService => {
                format!("{}-{}", SERVICES[self.target], self.instance + 1)
            }
            Kind::RestartService | Kind::MovePartitions => SERVICES[self.target].to_owned(),
            Kind::KillBroker | Kind::PauseBroker | Kind::CutBroker => format!("broker {}", self.target + 1),
            Kind::KillServer | Kind::PauseServer | Kind::CutServer | Kind::SlowServer => {
                SERVERS[self.target].to_owned()
            }
            Kind::SlowBrokers | Kind::FillQueue => String::new(),
        }
    }
}

/// Deals faults from a seed: each kind once, in any order, before one comes again; and of each kind every target.
pub struct Deck {
    rng: StdRng,
    left: Vec<Kind>,
    dealt: [usize; Kind::ALL.len()],
}

impl Deck {
    /// Shuffled by this.
    pub fn new(rng: StdRng) -> Self {
        Self {
            rng,
            left: Vec::new(),
            dealt: [0; Kind::ALL.len()],
        }
    }

    /// The next one.
    pub fn deal(&mut self) -> Fault {
        if self.left.is_empty() {
            self.left = Kind::ALL.to_vec();
            self.left.shuffle(&mut self.rng);
        }
        let kind = self.left.pop().unwrap_or(Kind::KillService);
        let targets = match kind {
            Kind::KillService | Kind::PauseService | Kind::RestartService | Kind::MovePartitions => {
                SERVICES.len()
            }
            Kind::KillBroker | Kind::PauseBroker | Kind::CutBroker => usize::from(NODES),
            Kind::KillServer | Kind::PauseServer | Kind::CutServer | Kind::SlowServer => SERVERS.len(),
            Kind::SlowBrokers | Kind::FillQueue => 1,
        };
        let dealt = &mut self.dealt[kind as usize];
        if *dealt == 0 {
            *dealt = self.rng.random_range(0..targets);
        }
        let target = *dealt % targets;
        *dealt += 1;
        Fault {
            kind,
            target,
            instance: self.rng.random_range(0..2),
            lasts: Duration::from_millis(self.rng.random_range(2_000..8_000)),
        }
    }

    /// How long it is calm before the next one.
    pub fn calm(&mut self) -> Duration {
        Duration::from_millis(self.rng.random_range(2_000..6_000))
    }
}

/// What may go wrong with doing harm.
pub type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Does it, lets it last, and makes it good again.
pub async fn suffer(fleet: &mut Fleet, fault: &Fault) -> Outcome {
    let target = fault.target;
    let broker = target as u16 + 1;
    let node = broker.to_string();
    let last = tokio::time::sleep(fault.lasts);
    match fault.kind {
        Kind::KillService => {
            let at = instance(fleet, fault);
            fleet.instances[at].kill()?;
            last.await;
            fleet.instances[at].start(&fleet.common)?;
        }
        Kind::PauseService => {
            let at = instance(fleet, fault);
            fleet.instances[at].signal("STOP")?;
            last.await;
            fleet.instances[at].signal("CONT")?;
        }
        Kind::RestartService => {
            for of in 0..2 {
                let at = instance(
                    fleet,
                    &Fault {
                        instance: of,
                        ..*fault
                    },
                );
                fleet.instances[at].end(END).await?;
                fleet.instances[at].change_build();
                fleet.instances[at].start(&fleet.common)?;
                fleet.ready(READY).await?;
            }
        }
        Kind::KillBroker => {
            fleet.brokers.run(&["kill-node", &node]).await?;
            last.await;
            fleet.brokers.run(&["start-node", &node]).await?;
        }
        Kind::PauseBroker => {
            fleet.brokers.signal(broker, "STOP")?;
            last.await;
            fleet.brokers.signal(broker, "CONT")?;
        }
        Kind::CutBroker => {
            fleet.brokers.weather(broker, Weather::Cut);
            last.await;
            fleet.brokers.weather(broker, Weather::Clear);
        }
        Kind::SlowBrokers => {
            let all = |weather| (1..=NODES).for_each(|broker| fleet.brokers.weather(broker, weather));
            all(Weather::Slow(SLOW));
            last.await;
            all(Weather::Clear);
        }
        Kind::KillServer => {
            fleet.servers[target].kill().await?;
            last.await;
            fleet.servers[target].again().await?;
        }
        Kind::PauseServer => {
            fleet.servers[target].pause().await?;
            last.await;
            fleet.servers[target].resume().await?;
        }
        Kind::CutServer | Kind::SlowServer => {
            let bad = match fault.kind {
                Kind::CutServer => Weather::Cut,
                _ => Weather::Slow(SLOW),
            };
            fleet.servers[target].weather(bad);
            last.await;
            fleet.servers[target].weather(Weather::Clear);
        }
        Kind::FillQueue => flood(fleet, fault.lasts).await?,
        Kind::MovePartitions => {
            let mut guest = Instance::guest(SERVICES[target], &fleet.common);
            guest.start(&fleet.common)?;
            last.await;
            guest.end(END).await?;
        }
    }
    Ok(())
}

/// How long the deployment may take until all its instances are ready again.
pub const READY: Duration = Duration::from_secs(120);

fn instance(fleet: &Fleet, fault: &Fault) -> usize {
    let wanted = (SERVICES[fault.target], fault.instance + 1);
    let found = fleet
        .instances
        .iter()
        .position(|one| (one.service, one.number) == wanted);
    found.unwrap_or_default()
}

/// More commands at once than a process holds, from somebody who never waits. What is refused is refused; those who
/// wait their turn must still get theirs.
async fn flood(fleet: &Fleet, lasts: Duration) -> Result<(), String> {
    let person = Person::stranger(&fleet.gateway.url).await?;
    let pickup = MachineClock::machine_now() + SignedDuration::from_hours(90 * 24);
    let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup.to_string(),
        "stops": [{ "name": "Mumbai" }, { "name": "Pune" }] });
    let mut asked: FuturesUnordered<_> = (0..FLOOD)
        .map(|_| person.try_once("/v1/quotes", &wanted))
        .collect();
    let mut answers = BTreeMap::<u16, usize>::new();
    let counted = async {
        while let Some(status) = asked.next().await {
            *answers.entry(status).or_default() += 1;
        }
    };
    let all = tokio::time::timeout(lasts, counted).await.is_ok();
    let open = if all { "" } else { ", the rest is not waited for" };
    let by_status: Vec<_> = answers
        .iter()
        .map(|(status, many)| format!("{many} times {status}"))
        .collect();
    eprintln!("         of {FLOOD} at once: {}{open}", by_status.join(", "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn a_seed_deals_every_kind_and_in_time_every_target() {
        let deal = |seed, many| {
            let mut deck = Deck::new(StdRng::seed_from_u64(seed));
            (0..many).map(|_| deck.deal()).collect::<Vec<_>>()
        };
        let many = Kind::ALL.len();
        let mut kinds: Vec<Kind> = deal(7, many).iter().map(|fault| fault.kind).collect();
        kinds.sort();
        assert_eq!(kinds, Kind::ALL);
        assert_eq!(
            deal(7, 3 * many),
            deal(7, 3 * many),
            "the same seed is the same harm"
        );
        assert_ne!(deal(7, many), deal(8, many));
        let dealt = deal(7, many * SERVICES.len());
        let killed = dealt.iter().filter(|fault| fault.kind == Kind::KillService);
        let mut services: Vec<usize> = killed.map(|fault| fault.target).collect();
        services.sort_unstable();
        assert_eq!(services, [0, 1, 2, 3, 4, 5]);
    }
}
