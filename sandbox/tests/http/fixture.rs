//! A sandbox of one's own, a merchant who talks to it, and an endpoint that takes its events.

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, http::StatusCode, routing::post};
use interstate_sandbox::{
    Config, serve,
    webhooks::{Endpoint, SIGNATURE_HEADER},
};
use serde_json::{Value, json};
use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::sleep};

pub const SECRET: &str = "whsec_test";

/// A status and a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub status: u16,
    pub body: Value,
    pub replayed: bool,
}

impl Reply {
    pub fn id(&self) -> &str {
        self.body["id"]
            .as_str()
            .unwrap_or_else(|| panic!("no id in {self:?}"))
    }

    pub fn error(&self) -> (u16, &str) {
        (
            self.status,
            self.body["error"]["code"]
                .as_str()
                .unwrap_or_else(|| panic!("no error in {self:?}")),
        )
    }
}

/// Talks to a sandbox at `base`.
#[derive(Clone)]
pub struct Merchant {
    pub base: String,
    client: reqwest::Client,
}

impl Merchant {
    pub fn new(base: String) -> Self {
        Self {
            base,
            client: reqwest::Client::new(),
        }
    }

    pub async fn post(&self, path: &str, key: &str, body: Value) -> Reply {
        self.try_post(path, key, body, Duration::from_secs(20))
            .await
            .expect("the sandbox answers")
    }

    /// `None` if there was no answer within `patience`.
    pub async fn try_post(&self, path: &str, key: &str, body: Value, patience: Duration) -> Option<Reply> {
        let request = self
            .client
            .post(format!("{}{path}", self.base))
            .header("idempotency-key", key);
        reply(request.timeout(patience).json(&body)).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        reply(self.client.get(format!("{}{path}", self.base)))
            .await
            .expect("the sandbox answers")
    }

    pub async fn delete(&self, path: &str) -> u16 {
        let request = self.client.delete(format!("{}{path}", self.base));
        request
            .send()
            .await
            .expect("the sandbox answers")
            .status()
            .as_u16()
    }

    /// Opens a payment of 50 000 paise with a method of the given name; key and reference are `reference`.
    pub async fn pay(&self, payment_method: &str, reference: &str) -> Reply {
        self.post(
            "/v1/payment_intents",
            reference,
            payment(payment_method, reference),
        )
        .await
    }

    pub async fn capture(&self, intent: &str, reference: &str, amount: u64) -> Reply {
        let path = format!("/v1/payment_intents/{intent}/capture");
        self.post(
            &path,
            reference,
            json!({"amount": amount, "reference": reference}),
        )
        .await
    }

    pub async fn cancel(&self, intent: &str, reference: &str) -> Reply {
        let path = format!("/v1/payment_intents/{intent}/cancel");
        self.post(&path, reference, json!({"reference": reference})).await
    }

    pub async fn refund(&self, intent: &str, reference: &str, amount: u64) -> Reply {
        let body = json!({"payment_intent": intent, "amount": amount, "reference": reference});
        self.post("/v1/refunds", reference, body).await
    }

    pub async fn operations(&self, reference: &str) -> Vec<Value> {
        let reply = self.get(&format!("/v1/operations?reference={reference}")).await;
        reply.body["data"].as_array().expect("a list").clone()
    }

    pub async fn fault(&self, rule: Value) {
        assert_eq!(self.post("/v1/sandbox/faults", "-", rule).await.status, 201);
    }

    /// The payment, once its status is `wanted`.
    pub async fn until(&self, intent: &str, wanted: &str) -> Value {
        let path = format!("/v1/payment_intents/{intent}");
        eventually(|| async {
            let body = self.get(&path).await.body;
            (body["status"] == wanted).then_some(body)
        })
        .await
    }
}

async fn reply(request: reqwest::RequestBuilder) -> Option<Reply> {
    let response = request.send().await.ok()?;
    let status = response.status().as_u16();
    let replayed = response.headers().contains_key("idempotent-replayed");
    Some(Reply {
        status,
        body: response.json().await.expect("every answer is JSON"),
        replayed,
    })
}

pub fn payment(payment_method: &str, reference: &str) -> Value {
    let (method, capture) = match payment_method {
        name if name.starts_with("pm_upi_block") => ("upi_block", "manual"),
        name if name.starts_with("pm_upi") => ("upi", "automatic"),
        _ => ("card", "manual"),
    };
    json!({
        "amount": 50_000, "currency": "INR", "method": method, "payment_method": payment_method,
        "capture": capture, "reference": reference, "metadata": {"booking": "b-1"},
    })
}

/// Asks again and again until there is an answer, for at most ten seconds.
pub async fn eventually<T, F: Future<Output = Option<T>>>(mut ask: impl FnMut() -> F) -> T {
    for _ in 0..1000 {
        if let Some(answer) = ask().await {
            return answer;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen within ten seconds");
}

/// A sandbox in this process.
pub struct Sandbox {
    pub merchant: Merchant,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl Sandbox {
    pub async fn start(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            // A test that only kept the merchant never stops the sandbox.
            let stopped = async {
                if stopped.await.is_err() {
                    pending::<()>().await
                }
            };
            serve(config, listener, stopped).await.expect("the sandbox runs");
        });
        Self {
            merchant: Merchant::new(base),
            stop: Some(stop),
            served,
        }
    }

    pub async fn stop(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        self.served.await.unwrap();
    }
}

/// What everything but the defaults under test has in common: nothing takes long.
pub fn quick() -> Config {
    Config {
        upi_delay: Duration::from_millis(50),
        slow: Duration::from_millis(300),
        webhook_backoff: Duration::from_millis(20),
        ..Config::default()
    }
}

/// An event as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    pub signature: String,
    pub raw: Bytes,
    pub event: Value,
}

impl Received {
    pub fn name(&self) -> &str {
        self.event["type"].as_str().unwrap()
    }
}

#[derive(Default)]
struct Inbox {
    received: Mutex<Vec<Received>>,
    refuse: AtomicU32,
}

/// The merchant's endpoint.
pub struct Hook {
    pub endpoint: Endpoint,
    inbox: Arc<Inbox>,
}

impl Hook {
    pub async fn start() -> Self {
        async fn take(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, raw: Bytes) -> StatusCode {
            if inbox
                .refuse
                .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1))
                .is_ok()
            {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            let signature = headers[SIGNATURE_HEADER].to_str().unwrap().to_owned();
            let event = serde_json::from_slice(&raw).unwrap();
            inbox.received.lock().unwrap().push(Received {
                signature,
                raw,
                event,
            });
            StatusCode::OK
        }
        let inbox = Arc::new(Inbox::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let app = Router::new()
            .route("/events", post(take))
            .with_state(Arc::clone(&inbox));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            endpoint: Endpoint::new(&url, SECRET).unwrap(),
            inbox,
        }
    }

    /// Answers the next `count` events with 503.
    pub fn refuse(&self, count: u32) {
        self.inbox.refuse.store(count, SeqCst);
    }

    pub fn received(&self) -> Vec<Received> {
        self.inbox.received.lock().unwrap().clone()
    }

    /// What has arrived, once there are `count` events.
    pub async fn events(&self, count: usize) -> Vec<Received> {
        eventually(|| async { Some(self.received()).filter(|received| received.len() >= count) }).await
    }
}
