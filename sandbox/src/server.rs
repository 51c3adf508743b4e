//! Starting and stopping.

use crate::{Config, api, deadlines, delivery, journal::JournalError, provider::Provider};
use axum::serve::ListenerExt;
use std::{io, sync::Arc};
use tokio::{net::TcpListener, task::JoinSet};

/// Why the sandbox could not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The journal cannot be opened or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The client that sends webhooks cannot be made.
    #[error("cannot make the webhook client: {0}")]
    Client(#[from] reqwest::Error),
    /// The socket failed.
    #[error("cannot serve: {0}")]
    Serve(#[source] io::Error),
}

/// Serves the sandbox on `listener` until `shutdown` is ready, then lets running requests finish; those that were
/// told to hang end at once.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let client = reqwest::Client::builder()
        .timeout(config.webhook_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?;
    let (provider, queues) = Provider::open(config)?;

    let mut tasks = JoinSet::new();
    tasks.spawn(deadlines::run(Arc::clone(&provider)));
    for queue in queues {
        tasks.spawn(delivery::run_lane(Arc::clone(&provider), client.clone(), queue));
    }

    // Answers are small and come one at a time: waiting to fill a packet would cost 40 ms each.
    let listener = listener.tap_io(|socket| {
        let _ = socket.set_nodelay(true);
    });
    let stopping = Arc::clone(&provider);
    let served = axum::serve(listener, api::router(Arc::clone(&provider)))
        .with_graceful_shutdown(async move {
            shutdown.await;
            stopping.stop();
        })
        .await;
    provider.stop();
    tasks.shutdown().await;
    served.map_err(ServeError::Serve)
}
