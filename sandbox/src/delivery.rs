//! Getting events to the endpoint. Each lane sends one event after the other; one that fails is tried again beside
//! its lane, later and later, so that it holds up nothing, and may be overtaken.

use crate::{
    faults::WebhookFault,
    intent::Terms,
    operation::Event,
    provider::Provider,
    webhooks::{self, SIGNATURE_HEADER},
};
use serde::Serialize;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::{sync::mpsc, time::sleep};

const LONGEST_BACKOFF: Duration = Duration::from_secs(60);

/// An event and the payment that it is about.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// What happened.
    pub event: Event,
    /// To which payment.
    pub terms: Arc<Terms>,
}

/// How deliveries went since the start.
#[derive(Debug, Default, Serialize)]
pub struct Tally {
    /// Accepted by the endpoint; a repeated event counts twice.
    pub delivered: AtomicU64,
    /// Attempts that were not accepted.
    pub failed_attempts: AtomicU64,
    /// Given up after the last attempt.
    pub abandoned: AtomicU64,
    /// Never sent, because a fault said so.
    pub dropped: AtomicU64,
}

/// Sends whatever comes into `queue`, until the provider stops.
pub async fn run_lane(
    provider: Arc<Provider>,
    client: reqwest::Client,
    mut queue: mpsc::UnboundedReceiver<Delivery>,
) {
    loop {
        let delivery = tokio::select! {
            delivery = queue.recv() => delivery,
            () = provider.stopped() => None,
        };
        let Some(delivery) = delivery else { return };
        start(&provider, &client, delivery).await;
    }
}

/// The first attempt, with what a fault does to it.
async fn start(provider: &Arc<Provider>, client: &reqwest::Client, delivery: Delivery) {
    let Delivery { event, terms } = &delivery;
    let fault = provider.faults.on_webhook(event);
    if fault == Some(WebhookFault::Drop) {
        provider.tally.dropped.fetch_add(1, Relaxed);
        provider.close_event(event.id());
        return;
    }
    let sending = Sending {
        provider: Arc::clone(provider),
        client: client.clone(),
        body: webhooks::payload(event, terms).into(),
        event: delivery.event,
    };
    match fault {
        Some(WebhookFault::HoldBack(delay)) => {
            tokio::spawn(async move {
                if sending.wait(delay).await {
                    sending.deliver().await;
                }
            });
        }
        Some(WebhookFault::Duplicate) => {
            let repeat = sending.clone();
            sending.deliver().await;
            repeat.deliver().await;
        }
        Some(WebhookFault::Drop) | None => sending.deliver().await,
    }
}

#[derive(Clone)]
struct Sending {
    provider: Arc<Provider>,
    client: reqwest::Client,
    event: Event,
    body: axum::body::Bytes,
}

impl Sending {
    /// One attempt now; if it fails, the others later and beside the lane.
    async fn deliver(self) {
        if self.attempt().await {
            self.provider.close_event(self.event.id());
        } else {
            tokio::spawn(self.repeat());
        }
    }

    async fn repeat(self) {
        let config = &self.provider.config;
        let mut backoff = config.webhook_backoff;
        for _ in 1..config.webhook_attempts {
            if !self.wait(backoff).await {
                return;
            }
            if self.attempt().await {
                return self.provider.close_event(self.event.id());
            }
            backoff = (backoff * 2).min(LONGEST_BACKOFF);
        }
        tracing::warn!(event = %self.event.id(), "a webhook was given up");
        self.provider.tally.abandoned.fetch_add(1, Relaxed);
        self.provider.close_event(self.event.id());
    }

    /// Whether the endpoint took the event.
    async fn attempt(&self) -> bool {
        let Some(endpoint) = self.provider.endpoint() else {
            return false;
        };
        let signature = webhooks::sign(&endpoint.secret, self.provider.clock.now().seconds(), &self.body);
        let response = self
            .client
            .post(&endpoint.url)
            .header("content-type", "application/json")
            .header(SIGNATURE_HEADER, signature)
            .body(self.body.clone())
            .send()
            .await;
        let taken = response.is_ok_and(|response| response.status().is_success());
        let tally = &self.provider.tally;
        if taken {
            &tally.delivered
        } else {
            &tally.failed_attempts
        }
        .fetch_add(1, Relaxed);
        taken
    }

    /// Waits; false if the provider stopped meanwhile.
    async fn wait(&self, delay: Duration) -> bool {
        tokio::select! {
            () = sleep(delay) => true,
            () = self.provider.stopped() => false,
        }
    }
}
