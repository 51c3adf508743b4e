//! What a running process does for its operator.

use super::Base;
use crate::operator::{Actions, NewStaff, ParkedEvent, Status, staff};
use async_trait::async_trait;
use interstate_booking::{explain, read::BookingHistory};
use interstate_eventing::{Batches, Event};
use interstate_log::{Log, PartitionId, Topic};
use interstate_schemas::BookingId;
use interstate_user::api::Accounts;
use std::{collections::BTreeSet, sync::Arc, time::Instant};

pub struct Operator {
    base: Base,
    started: Instant,
    history: Option<BookingHistory>,
    accounts: Option<Accounts>,
}

impl Operator {
    pub fn new(
        base: Base,
        started: Instant,
        history: Option<BookingHistory>,
        accounts: Option<Accounts>,
    ) -> Self {
        Self {
            base,
            started,
            history,
            accounts,
        }
    }

    fn model(&self, name: &str) -> Result<Arc<dyn super::base::Rebuildable>, String> {
        self.base.models.get(name).ok_or_else(|| {
            format!(
                "there is no read model `{name}` here; there are: {}\n",
                self.base.models.names().join(", ")
            )
        })
    }
}

#[async_trait]
impl Actions for Operator {
    async fn status(&self) -> Status {
        let bookings = match &self.history {
            Some(history) => history.by_stage().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "bookings by state are not known now");
                Default::default()
            }),
            None => Default::default(),
        };
        let Base {
            env,
            consumers,
            models,
            ..
        } = &self.base;
        let mut status = crate::operator::take(env, consumers, self.started, bookings, models.names()).await;
        let with_parked = status.consumers.iter().filter(|consumer| consumer.parked > 0);
        let names: BTreeSet<String> = with_parked.map(|consumer| consumer.name.clone()).collect();
        for name in names {
            let Some(model) = models.get(&name) else { continue };
            match model.parked().await {
                Ok(notes) => status
                    .parked
                    .extend(notes.into_iter().map(|note| ParkedEvent::of(&name, note))),
                Err(error) => tracing::warn!(error, name, "what is parked is not known now"),
            }
        }
        status
    }

    async fn add_staff(&self, new: NewStaff) -> Result<String, String> {
        let accounts = self.accounts.as_ref().ok_or(
            "the user service does not run in this process: say with --url and --data-dir where it does\n",
        )?;
        staff::add(accounts, new).await
    }

    async fn replay(&self, model: &str, verify: bool) -> Result<String, String> {
        self.model(model)?.rebuild(verify).await
    }

    async fn retry_parked(&self, model: &str) -> Result<String, String> {
        self.model(model)?.retry_parked().await
    }

    async fn explain(&self, booking: &str) -> Result<String, String> {
        let booking: BookingId = booking.parse().map_err(|error| format!("{error}\n"))?;
        let mut events = Vec::new();
        for (service, partitions) in self.base.env.topology.services() {
            for index in 0..partitions {
                let source = PartitionId::new(service.to_owned(), index);
                collect(&*self.base.env.log, &source, booking, &mut events).await?;
            }
        }
        Ok(explain::story(booking, &events))
    }
}

/// Reads a partition to its end and keeps what belongs to a booking.
async fn collect(
    log: &dyn Log,
    source: &PartitionId,
    booking: BookingId,
    events: &mut Vec<Event>,
) -> Result<(), String> {
    let topic = Topic::events(source.service.clone());
    let end = log
        .end(&topic, source.index)
        .await
        .map_err(|error| error.to_string())?;
    let mut reader = log
        .read(&topic, source.index, 0)
        .await
        .map_err(|error| error.to_string())?;
    let mut batches = Batches::new(source.service.clone(), source.index, 0, 0);
    let mut next = 0;
    while next < end {
        let chunk = reader.next(2_000).await.map_err(|error| error.to_string())?;
        for stored in &chunk.records {
            if let Some(batch) = batches.push(stored).map_err(|error| error.to_string())? {
                events.extend(
                    batch
                        .events
                        .into_iter()
                        .filter(|event| explain::belongs(event, booking)),
                );
            }
        }
        next = chunk.next;
    }
    Ok(())
}
