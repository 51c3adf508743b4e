//! What a running process does for its operator.

use super::Base;
use crate::{
    audit::{self, Audit, Check, Deadlines, Duties, each_event},
    backup,
    operator::{self, Actions, NewStaff, ParkedEvent, Status, staff},
};
use async_trait::async_trait;
use interstate_booking::{domain::booking::Booking, explain, read::BookingHistory};
use interstate_driver::domain::dispatch::Dispatch;
use interstate_eventing::Event;
use interstate_log::PartitionId;
use interstate_payment::{domain::Payment, read::PaymentReads};
use interstate_schemas::BookingId;
use interstate_user::{api::Accounts, domain::User};
use std::{collections::BTreeSet, path::Path, sync::Arc, time::Instant};
use tokio::sync::Mutex;

pub struct Operator {
    base: Base,
    started: Instant,
    history: Option<BookingHistory>,
    payments: Option<Arc<dyn PaymentReads>>,
    accounts: Option<Accounts>,
    /// One reading of the whole log at a time.
    audit: Mutex<()>,
}

impl Operator {
    pub fn new(
        base: Base,
        started: Instant,
        history: Option<BookingHistory>,
        payments: Option<Arc<dyn PaymentReads>>,
        accounts: Option<Accounts>,
    ) -> Self {
        Self {
            base,
            started,
            history,
            payments,
            accounts,
            audit: Mutex::default(),
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

    /// The figures of this moment, without the reasons for what is put aside: those are looked up.
    pub async fn figures(&self) -> Status {
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
        operator::take(env, consumers, self.started, bookings, models.names()).await
    }

    /// What follows from events alone.
    async fn events_alone(&self) -> Vec<Check> {
        let _alone = self.audit.lock().await;
        let now = self.base.env.clock.now();
        let mut audits: [Box<dyn Audit>; 5] = [
            Box::new(Duties::default()),
            Box::new(Deadlines::<Booking>::of("bookings", now)),
            Box::new(Deadlines::<User>::of("accounts", now)),
            Box::new(Deadlines::<Dispatch>::of("searches", now)),
            Box::new(Deadlines::<Payment>::of("payments", now)),
        ];
        for (service, partitions) in self.base.env.topology.services() {
            for index in 0..partitions {
                let source = PartitionId::new(service.to_owned(), index);
                let take = |event: Event| audits.iter_mut().for_each(|audit| audit.take(&event));
                if let Err(error) = each_event(&*self.base.env.log, &source, take).await {
                    return vec![Check::failed("the log can be read", error)];
                }
                audits.iter_mut().for_each(|audit| audit.end_of_partition());
            }
        }
        audits.iter_mut().map(|audit| audit.check()).collect()
    }
}

#[async_trait]
impl Actions for Operator {
    async fn status(&self) -> Status {
        let Base { env, models, .. } = &self.base;
        let mut status = self.figures().await;
        let queues = self.base.queues.standings().into_iter();
        status.queues = queues
            .map(|(service, standing)| operator::QueueFigures::of(service, standing))
            .collect();
        status.dead_letters = operator::dead_letters(&*env.log, &status.partitions).await;
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

    async fn backup(&self, into: &Path) -> Result<String, String> {
        if !into.is_absolute() {
            return Err(format!("{} is no whole path\n", into.display()));
        }
        let taken = backup::take(&*self.base.env.log, &self.base.keys_dir, into).await;
        taken.map_err(|error| format!("{error}\n"))
    }

    async fn explain(&self, booking: &str) -> Result<String, String> {
        let booking: BookingId = booking.parse().map_err(|error| format!("{error}\n"))?;
        let mut events = Vec::new();
        for (service, partitions) in self.base.env.topology.services() {
            for index in 0..partitions {
                let source = PartitionId::new(service.to_owned(), index);
                let keep = |event: Event| {
                    if explain::belongs(&event, booking) {
                        events.push(event);
                    }
                };
                each_event(&*self.base.env.log, &source, keep).await?;
            }
        }
        Ok(explain::story(booking, &events))
    }

    async fn audit(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        checks.extend(audit::topics(&*self.base.env.log).await);
        checks.extend(audit::live(self.base.live.standing().await));
        let env = &self.base.env;
        checks.extend(audit::snapshots(env.snapshots.as_ref(), &env.instance).await);
        if let Some(payments) = &self.payments {
            checks.push(audit::journal(&**payments).await);
            checks.push(audit::cases(&**payments).await);
        }
        checks.extend(self.events_alone().await);
        if let Some(history) = &self.history {
            checks.push(audit::cases(history).await);
        }
        for name in self.base.models.names() {
            let Some(model) = self.base.models.get(&name) else {
                continue;
            };
            checks.push(match model.positions().await {
                Ok(at) => audit::positions(&name, &at),
                Err(error) => Check::failed(format!("{name} is not ahead of the log"), error),
            });
        }
        checks
    }
}
