//! A group of instances that divide a service's partitions: it revokes, waits, expels and assigns.

use crate::{
    here::Here,
    sim::{ProcessId, Sim, WORLD, lock},
};
use async_trait::async_trait;
use interstate_log::{Assignment, Lease, LogError, Membership, PartitionId};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// A member that is silent for so long is thrown out.
const SESSION: Duration = Duration::from_secs(6);
/// How often the coordinator looks around.
const LOOK_AROUND: Duration = Duration::from_millis(500);

/// What a member is told.
enum Told {
    Assigned {
        index: u32,
        generation: u64,
    },
    Revoked {
        index: u32,
        stopped: oneshot::Sender<()>,
    },
    Expelled,
}

struct Member {
    process: ProcessId,
    told: mpsc::UnboundedSender<Told>,
}

#[derive(Default)]
struct State {
    members: BTreeMap<u64, Member>,
    count: u64,
    generation: u64,
    /// Who owns each partition, in which generation.
    owners: BTreeMap<u32, (u64, u64)>,
    processes: BTreeMap<u64, ProcessId>,
}

pub(super) struct Group {
    sim: Sim,
    service: String,
    partitions: u32,
    state: Mutex<State>,
}

impl Group {
    pub(super) fn new(sim: &Sim, service: &str, partitions: u32) -> Arc<Self> {
        let group = Arc::new(Self {
            sim: sim.clone(),
            service: service.to_owned(),
            partitions,
            state: Mutex::default(),
        });
        let coordinator = group.clone();
        sim.spawn(WORLD, Box::pin(async move { coordinator.coordinate().await }));
        group
    }

    /// Which process a partition is assigned to.
    pub(super) fn owner(&self, index: u32) -> Option<ProcessId> {
        let state = lock(&self.state);
        let (member, _) = state.owners.get(&index)?;
        state.processes.get(member).copied()
    }

    pub(super) fn join(self: &Arc<Self>, here: &Here) -> Box<dyn Membership> {
        let (told, hears) = mpsc::unbounded_channel();
        let mut state = lock(&self.state);
        state.count += 1;
        let id = state.count;
        let process = here.process;
        state.members.insert(id, Member { process, told });
        state.processes.insert(id, process);
        Box::new(SimMembership {
            here: here.clone(),
            group: self.clone(),
            id,
            hears,
            expelled: false,
        })
    }

    async fn coordinate(self: Arc<Self>) {
        loop {
            self.throw_out();
            self.rebalance().await;
            self.sim.sleep(LOOK_AROUND).await;
        }
    }

    fn throw_out(&self) {
        let mut state = lock(&self.state);
        let silent: Vec<u64> = state
            .members
            .iter()
            .filter(|(_, member)| {
                let paused = self.sim.paused_for(member.process);
                !self.sim.is_alive(member.process) || paused.is_some_and(|paused| paused > SESSION)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in silent {
            self.expel(&mut state, id);
        }
        if !state.members.is_empty() && self.sim.strikes(|faults| faults.expelled) {
            let nth = self.sim.draw(|rng| rng.below(state.members.len() as u64)) as usize;
            if let Some(id) = state.members.keys().nth(nth).copied() {
                self.expel(&mut state, id);
            }
        }
    }

    fn expel(&self, state: &mut State, id: u64) {
        let Some(member) = state.members.remove(&id) else {
            return;
        };
        self.sim.tell(|| {
            let name = self.sim.name(member.process);
            format!("{name} is thrown out of the group of {}", self.service)
        });
        let _ = member.told.send(Told::Expelled);
        state.owners.retain(|_, (owner, _)| *owner != id);
    }

    fn target(&self) -> BTreeMap<u32, u64> {
        let state = lock(&self.state);
        let members: Vec<u64> = state.members.keys().copied().collect();
        if members.is_empty() {
            return BTreeMap::new();
        }
        (0..self.partitions)
            .map(|index| (index, members[index as usize % members.len()]))
            .collect()
    }

    async fn rebalance(&self) {
        for (index, wanted) in self.target() {
            let owner = lock(&self.state).owners.get(&index).copied();
            if owner.is_some_and(|(owner, _)| owner == wanted) {
                continue;
            }
            if let Some((owner, _)) = owner {
                self.revoke(index, owner).await;
            }
            self.assign(index, wanted);
        }
    }

    async fn revoke(&self, index: u32, owner: u64) {
        let (done, stopped) = oneshot::channel();
        let told = lock(&self.state)
            .members
            .get(&owner)
            .map(|member| member.told.clone());
        let Some(told) = told else { return };
        let revoked = Told::Revoked { index, stopped: done };
        if told.send(revoked).is_ok() {
            tokio::select! {
                biased;
                _ = stopped => {}
                () = self.sim.sleep(SESSION) => {
                    let mut state = lock(&self.state);
                    self.expel(&mut state, owner);
                }
            }
        }
        lock(&self.state).owners.remove(&index);
    }

    fn assign(&self, index: u32, wanted: u64) {
        let mut state = lock(&self.state);
        let state = &mut *state;
        let Some(member) = state.members.get(&wanted) else {
            return;
        };
        state.generation += 1;
        let generation = state.generation;
        state.owners.insert(index, (wanted, generation));
        let name = self.sim.name(member.process);
        self.sim
            .tell(|| format!("{}/{index} is assigned to {name}", self.service));
        let _ = member.told.send(Told::Assigned { index, generation });
    }

    fn leave(&self, id: u64) {
        let mut state = lock(&self.state);
        state.members.remove(&id);
        state.owners.retain(|_, (owner, _)| *owner != id);
    }
}

struct SimMembership {
    here: Here,
    group: Arc<Group>,
    id: u64,
    hears: mpsc::UnboundedReceiver<Told>,
    expelled: bool,
}

impl SimMembership {
    fn partition(&self, index: u32) -> PartitionId {
        PartitionId::new(self.group.service.clone(), index)
    }
}

#[async_trait]
impl Membership for SimMembership {
    async fn next(&mut self) -> Result<Assignment, LogError> {
        if !self.expelled {
            match self.hears.recv().await {
                Some(Told::Assigned { index, generation }) => {
                    let lease = SimLease {
                        here: self.here.clone(),
                        group: self.group.clone(),
                        index,
                        owner: (self.id, generation),
                    };
                    return Ok(Assignment::Assigned(self.partition(index), Arc::new(lease)));
                }
                Some(Told::Revoked { index, stopped }) => {
                    return Ok(Assignment::Revoked(self.partition(index), stopped));
                }
                Some(Told::Expelled) | None => self.expelled = true,
            }
        }
        // A member hears late that it has been thrown out, and goes on until then.
        let sim = &self.here.sim;
        let millis = sim.draw(|rng| rng.between(1, 8_000));
        sim.sleep(Duration::from_millis(millis)).await;
        Err(LogError::Other("thrown out of the group".into()))
    }
}

impl Drop for SimMembership {
    fn drop(&mut self) {
        self.group.leave(self.id);
    }
}

struct SimLease {
    here: Here,
    group: Arc<Group>,
    index: u32,
    owner: (u64, u64),
}

#[async_trait]
impl Lease for SimLease {
    async fn prove(&self) -> Result<bool, LogError> {
        self.here.pass().await;
        Ok(lock(&self.group.state).owners.get(&self.index) == Some(&self.owner))
    }
}
