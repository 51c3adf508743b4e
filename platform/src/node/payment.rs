//! The payment service in this process.

use super::{Base, StartError, base::Tables};
use interstate_config::Provider;
use interstate_http::Api;
use interstate_payment::{
    Parts,
    api::{CODES, ROWS, router},
    assemble,
    effects::{EffectsOptions, SandboxProvider, WebhookSecret},
    read::{PaymentReads, postgres, sqlite},
};
use std::sync::Arc;
use tokio::sync::watch;

pub async fn start(base: &Base, provider: &Provider) -> Result<(Api, Arc<dyn PaymentReads>), StartError> {
    let service = interstate_payment::service();
    let failed = |why: String| StartError::Service {
        service: "payment",
        why,
    };
    let books = match base.tables(service.name()).await? {
        Tables::File(db) => sqlite::open(&db).await?,
        Tables::Server(server) => postgres::open(&server).await?,
    };
    let sandbox = SandboxProvider::new(&provider.url).map_err(|error| failed(error.to_string()))?;
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
    Ok((base.api(&service, router(assembled.edge), ROWS, CODES)?, reads))
}
