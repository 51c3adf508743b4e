//! A broker, and what an administrator does to it.

use interstate_config::RabbitMq;
use interstate_engines::Engine;
use interstate_jobs::{Options, RabbitJobs};
use lapin::{BasicProperties, Connection, ConnectionProperties, options::BasicPublishOptions};
use serde_json::{Value, json};
use std::time::Duration;

pub struct Broker(pub Engine);

/// Waits that suit a test.
pub fn options(queue: &str) -> Options {
    Options {
        delays: [10, 1_000].map(Duration::from_millis).to_vec(),
        prefetch: 8,
        look: Duration::from_millis(300),
        confirm: Duration::from_secs(2),
        ..Options::new(queue)
    }
}

impl Broker {
    pub fn start() -> Self {
        Self(Engine::start("rabbitmq"))
    }

    pub fn address(&self) -> RabbitMq {
        RabbitMq::parse(self.0.url()).unwrap()
    }

    pub async fn queue(&self, name: &str) -> RabbitJobs {
        self.with(options(name)).await
    }

    pub async fn with(&self, options: Options) -> RabbitJobs {
        RabbitJobs::open(&self.address(), options).await.unwrap()
    }

    /// Asks the management interface.
    pub async fn manage(&self, method: reqwest::Method, path: &str, body: Value) {
        let url = format!("http://127.0.0.1:{}/api/{path}", self.0.port() + 1);
        let request = reqwest::Client::new()
            .request(method, url)
            .basic_auth("guest", Some("guest"));
        let answer = request.json(&body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{path}: {}",
            answer.text().await.unwrap()
        );
    }

    /// Makes a user, with these rights on the virtual host `/` where there are some.
    pub async fn user(&self, name: &str, rights: Option<Value>) {
        let put = reqwest::Method::PUT;
        self.manage(
            put.clone(),
            &format!("users/{name}"),
            json!({"password": "hunter2", "tags": ""}),
        )
        .await;
        if let Some(rights) = rights {
            self.manage(put, &format!("permissions/%2f/{name}"), rights).await;
        }
    }

    /// Puts bytes into a queue, whatever they are.
    pub async fn put(&self, queue: &str, bytes: &[u8]) {
        let connection = Connection::connect(self.0.url(), ConnectionProperties::default())
            .await
            .unwrap();
        let channel = connection.create_channel().await.unwrap();
        let options = BasicPublishOptions::default();
        let put = channel.basic_publish(
            "".into(),
            queue.into(),
            options,
            bytes,
            BasicProperties::default(),
        );
        put.await.unwrap();
        connection.close(200, "".into()).await.unwrap();
    }
}
