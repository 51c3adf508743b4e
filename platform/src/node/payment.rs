//! The payment service in this process.

use super::{Base, StartError, base::LOOK_AGAIN};
use interstate_config::{Provider, RabbitMq};
use interstate_eventing::runtime::Activity;
use interstate_http::{Api, Readiness};
use interstate_jobs::{Jobs, JobsMetrics, Link, Options, RabbitJobs};
use interstate_log::PartitionId;
use interstate_payment::{
    Parts,
    api::{CODES, ROWS, router},
    assemble,
    effects::{EffectsOptions, Queue, SandboxProvider, WebhookSecret},
    read::{PaymentReads, postgres, sqlite},
};
use std::sync::Arc;
use tokio::sync::watch;

/// The queue of its jobs; the names of everything on the broker begin with it.
pub const QUEUE: &str = "payment.jobs";

pub async fn start(
    base: &Base,
    provider: &Provider,
    rabbitmq: Option<&RabbitMq>,
) -> Result<(Api, Arc<dyn PaymentReads>), StartError> {
    let service = interstate_payment::service();
    let failed = |why: String| StartError::Service {
        service: "payment",
        why,
    };
    let books = base.tables(service.name(), sqlite::open, postgres::open).await?;
    let sandbox = SandboxProvider::new(&provider.url).map_err(|error| failed(error.to_string()))?;
    let queue = match rabbitmq {
        Some(address) => shared(base, address).await.map_err(&failed)?,
        None => Queue::in_process(base.env.clock.clone()),
    };
    let jobs = queue.jobs.clone();
    let assembled = assemble(Parts {
        log: base.env.log.clone(),
        clock: base.env.clock.clone(),
        wall_clock: base.wall_clock(),
        commands: base.commands.clone(),
        consumers: base.consumers.clone(),
        provider: Arc::new(sandbox),
        webhook_secret: Some(WebhookSecret::new(provider.webhook_secret.expose())),
        books,
        folder: base.data_dir.clone(),
        partitions: service.partition_count(),
        queue,
        options: EffectsOptions::default(),
    })
    .await
    .map_err(|error| failed(error.to_string()))?;
    base.rebuildable(assembled.books, &service);
    for runner in assembled.runners {
        base.spawn(runner.run());
    }
    let (effects, (stop, stopping)) = (assembled.effects, watch::channel(false));
    base.spawn(async move {
        effects.run(stopping).await;
        drop(stop);
    });
    let reads = assembled.edge.reads.clone();
    let api = base.api(&service, router(assembled.edge), ROWS, CODES)?;
    base.until_reached("jobs", jobs, api.readiness());
    Ok((api, reads))
}

/// A queue that all processes of payment share. What a person must mend ends the start; a broker that is away is waited
/// for, and payment is not ready until then.
async fn shared(base: &Base, address: &RabbitMq) -> Result<Queue, String> {
    let jobs = RabbitJobs::open(address, Options::new(QUEUE)).await;
    let jobs: Arc<dyn Jobs> =
        Arc::new(jobs.map_err(|error| format!("its jobs ({}): {error}", error.code()))?);
    JobsMetrics::show(&base.metrics, interstate_payment::SERVICE, jobs.clone());
    base.queues.add(interstate_payment::SERVICE, jobs.clone());
    let statuses = base.env.statuses.clone();
    let hands_on = move |index| {
        let own = PartitionId::new(interstate_payment::SERVICE, index);
        let activity = statuses.snapshot().remove(&own).map(|status| status.activity);
        matches!(activity, Some(Activity::Running))
    };
    Ok(Queue {
        jobs,
        hands_on: Arc::new(hands_on),
    })
}

impl Base {
    /// Not ready because of this part until its queue has answered once; what happens later is a figure and a finding.
    fn until_reached(&self, part: &'static str, jobs: Arc<dyn Jobs>, readiness: &Readiness) {
        let (readiness, clock) = (readiness.clone(), self.env.clock.clone());
        let away = move || match jobs.standing().link {
            Link::Up => None,
            Link::Trying(why) | Link::Away(why) => Some(why),
        };
        if let Some(why) = away() {
            readiness.block(part, why);
        }
        self.spawn(async move {
            while let Some(why) = away() {
                readiness.block(part, why);
                clock.sleep(LOOK_AGAIN).await;
            }
            readiness.clear(part);
        });
    }
}
