//! The sandbox provider, for tests.

use interstate_payment::effects::SandboxProvider;
use interstate_sandbox::{Config, serve};
use serde_json::Value;
use std::time::Duration;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// A sandbox in this process, with a book of its own.
pub struct Sandbox {
    base: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Sandbox {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let config = Config {
            upi_delay: Duration::from_millis(100),
            hang: Duration::from_secs(8),
            ..Config::default()
        };
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            serve(config, listener, stopped).await.unwrap();
        });
        Self { base, stop, task }
    }

    pub fn provider(&self) -> SandboxProvider {
        SandboxProvider::new(self.base.clone()).unwrap()
    }

    pub async fn fault(&self, rule: Value) {
        let url = format!("{}/v1/sandbox/faults", self.base);
        let answer = reqwest::Client::new().post(url).json(&rule).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Captured and refunded paise of every payment in the provider's own book.
    pub async fn book(&self) -> Vec<(i64, i64)> {
        let answer = reqwest::get(format!("{}/v1/book", self.base)).await.unwrap();
        let book: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let payments = book["data"].as_array().unwrap();
        let amount = |payment: &Value, name: &str| payment[name].as_i64().unwrap();
        payments
            .iter()
            .map(|paid| (amount(paid, "amount_captured"), amount(paid, "amount_refunded")))
            .collect()
    }

    pub async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.unwrap();
    }
}
