//! Answers searches that want candidates. It keeps no position: what is wanted stands in the roster until it is
//! answered, a search whose question is lost asks again, and an answer given twice is one command.

use crate::{
    domain::{
        candidates::{DispatchPolicy, SearchRecord},
        dispatch::{DispatchRequest, Proposal},
    },
    ports::LiveFixes,
    read::{Roster, Wanted, prospects},
};
use futures::{StreamExt, stream::FuturesUnordered};
use interstate_eventing::{
    answer_id,
    projection::ReadPosition,
    runtime::{Ask, AskError, Clock, Commands},
};
use interstate_log::Log;
use interstate_schemas::{Actor, EventId, PROPOSE};
use std::{collections::BTreeMap, sync::Arc};

/// Proposals that wait for their commit at a time.
const AT_ONCE: usize = 64;

/// What it works with.
pub struct ProposerPorts {
    /// Who there is.
    pub roster: Roster,
    /// How far the roster is.
    pub roster_position: ReadPosition,
    /// What the roster is read from.
    pub log: Arc<dyn Log>,
    /// Where drivers are.
    pub fixes: Arc<dyn LiveFixes>,
    /// The way to the searches.
    pub commands: Commands,
    /// Log time.
    pub clock: Arc<dyn Clock>,
}

/// Names candidates.
pub struct Proposer {
    ports: ProposerPorts,
    policy: DispatchPolicy,
}

impl Proposer {
    /// One that has not begun.
    pub fn new(ports: ProposerPorts) -> Self {
        Self {
            ports,
            policy: DispatchPolicy::default(),
        }
    }

    /// Works until the process ends. It says nothing before it knows everybody: of a roster that is half read, the
    /// answer would be that there is nobody.
    pub async fn run(self) {
        let mut wakes = self.ports.roster.wakes();
        if !self.ports.roster_position.catch_up(&*self.ports.log).await {
            return;
        }
        let mut under_way = FuturesUnordered::new();
        // What was answered and still stands in the roster: the answer's own events are on their way there.
        let mut answered: BTreeMap<interstate_schemas::DispatchId, EventId> = BTreeMap::new();
        loop {
            answered.retain(|dispatch, event| self.ports.roster.is_wanted(*dispatch, *event));
            let places = AT_ONCE - under_way.len();
            let is_new = |dispatch, event| answered.get(&dispatch) != Some(&event);
            for wanted in self.ports.roster.wanted(places, is_new) {
                answered.insert(wanted.dispatch, wanted.event);
                under_way.push(self.propose(wanted));
            }
            // In a fixed order, so that a simulated world repeats.
            tokio::select! {
                biased;
                woken = wakes.changed() => {
                    if woken.is_err() {
                        return;
                    }
                }
                Some(()) = under_way.next() => {}
            }
        }
    }

    async fn propose(&self, wanted: Wanted) {
        let (dispatch, event) = (wanted.dispatch, wanted.event);
        let ask = Ask::to(
            dispatch,
            &self.proposal(&wanted).await,
            Actor::Service(crate::SERVICE.to_owned()),
        )
        .with_id(answer_id(PROPOSE, event));
        match self.ports.commands.ask(ask).await {
            // Another process was faster, with what it had seen.
            Ok(_) | Err(AskError::OtherBody | AskError::Expired) => {}
            Err(error) => {
                tracing::warn!(%dispatch, %error, "candidates could not be proposed; the search asks again")
            }
        }
    }

    async fn proposal(&self, wanted: &Wanted) -> DispatchRequest {
        let now = self.ports.clock.now();
        let search = &wanted.of;
        let found = prospects(&self.ports.roster, &*self.ports.fixes, wanted, &self.policy, now).await;
        let considered = SearchRecord::of(
            search.trip.booking,
            wanted.round,
            found.judged,
            found.passed_over,
            &self.policy,
            now,
        );
        let candidates = considered
            .ranked
            .iter()
            .filter_map(|ranked| found.plans.get(&ranked.driver).cloned());
        // A driver who is being asked for the same time already comes last: when many search at once, each asks
        // others, instead of all asking the best few of whom most then lose.
        let (busy, mut candidates): (Vec<_>, Vec<_>) = candidates
            .partition(|candidate| self.ports.roster.is_offered_elsewhere(wanted.dispatch, candidate));
        candidates.extend(busy);
        // Nobody who was asked before is among them.
        candidates.truncate(self.policy.offers.batch(search.mode).into());
        for candidate in &mut candidates {
            let card = self.ports.roster.card(candidate.driver, candidate.vehicle);
            candidate.card = card.map(Box::new);
        }
        self.ports.roster.about_to_offer(wanted.dispatch, &candidates);
        DispatchRequest::Propose(Box::new(Proposal {
            search: search.search,
            round: wanted.round,
            record: considered.record,
            candidates,
        }))
    }
}
