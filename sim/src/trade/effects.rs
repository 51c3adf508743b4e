//! Carries out at the provider what accounts ask for. Every machine runs it for every partition, so each
//! operation is attempted more than once; the provider's keys and the account's state make it happen once.

use super::{
    account::{AccountCommand, AccountEvent, Operation},
    provider::Provider,
};
use crate::{here::Here, unsure::NoAnswer};
use interstate_eventing::{
    Batches, Event,
    plant::{self, Bug},
    runtime::{Ask, AskError, Commands, Env},
};
use interstate_log::Topic;
use interstate_schemas::{Actor, CommandId};
use std::{collections::BTreeMap, time::Duration};

/// The worker of one partition of accounts.
pub struct Worker {
    /// Where it runs.
    pub here: Here,
    /// Its process's environment.
    pub env: Env,
    /// For the results.
    pub commands: Commands,
    /// Who is asked.
    pub provider: Provider,
    /// Whose events it follows.
    pub partition: u32,
}

/// Operations that have no result yet, by account and number.
type Open = BTreeMap<(String, u64), Operation>;

impl Worker {
    /// Follows the events for ever.
    pub async fn run(self) {
        loop {
            if let Err(why) = self.follow().await {
                self.here
                    .sim
                    .tell(|| format!("an effect worker begins again: {why}"));
            }
            self.here.sim.sleep(Duration::from_millis(500)).await;
        }
    }

    async fn follow(&self) -> Result<(), String> {
        let topic = Topic::events("account");
        let reader = self.env.log.read(&topic, self.partition, 0).await;
        let mut reader = reader.map_err(|error| error.to_string())?;
        let mut batches = Batches::new("account".into(), self.partition, 0, 0);
        let mut open = Open::new();
        loop {
            let chunk = if open.is_empty() {
                reader.next(500).await
            } else {
                reader.poll(500).await
            };
            let chunk = chunk.map_err(|error| error.to_string())?;
            for stored in &chunk.records {
                if let Some(batch) = batches.push(stored).map_err(|error| error.to_string())? {
                    batch.events.iter().for_each(|event| take_up(&mut open, event));
                }
            }
            if chunk.records.is_empty() {
                self.work(&mut open).await;
            }
        }
    }

    async fn work(&self, open: &mut Open) {
        let waiting: Vec<(String, u64)> = open.keys().cloned().collect();
        for key in waiting {
            let done = match self.carry_out(&key, &open[&key]).await {
                Ok(done) => done,
                Err(NoAnswer) => continue,
            };
            let (account, operation) = &key;
            let command = AccountCommand::Result {
                operation: *operation,
                done,
            };
            let id = CommandId::derive(0, &[b"result", account.as_bytes(), &operation.to_be_bytes()]);
            let ask = Ask::to(account, &command, Actor::Service("effects".into())).with_id(id);
            match self.commands.ask(ask).await {
                Ok(_) | Err(AskError::Rejected(_)) => drop(open.remove(&key)),
                Err(_) => self.here.sim.sleep(Duration::from_millis(200)).await,
            }
        }
    }

    async fn carry_out(
        &self,
        (account, number): &(String, u64),
        wanted: &Operation,
    ) -> Result<bool, NoAnswer> {
        let key = format!("{account}/{number}");
        if let Some(done) = self.provider.look_up(&self.here, &key).await? {
            return Ok(done);
        }
        let answer = self.provider.ask(&self.here, &key, wanted).await;
        if answer.is_err() && plant::on(Bug::DoubleCaptureAfterTimeout) {
            return self
                .provider
                .ask(&self.here, &format!("{key}-again"), wanted)
                .await;
        }
        answer
    }
}

fn take_up(open: &mut Open, event: &Event) {
    match event.decode::<AccountEvent>() {
        Ok(AccountEvent::OperationRequested(it)) => {
            open.insert((event.subject.clone(), it.operation), it.wanted);
        }
        Ok(AccountEvent::OperationClosed(it)) => {
            open.remove(&(event.subject.clone(), it.operation));
            if plant::on(Bug::EffectClosedByHighWater) {
                open.retain(|(account, number), _| *account != event.subject || *number > it.operation);
            }
        }
        _ => {}
    }
}
