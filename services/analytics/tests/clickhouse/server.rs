//! ClickHouse for one test alone, and what is asked of it behind the service's back.

use interstate_analytics::read::clickhouse::ClickHouse;
use interstate_engines::Engine;
use std::time::Duration;

/// A test that takes longer than this has hung.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub struct Server {
    pub engine: Engine,
}

impl Server {
    pub fn start() -> Self {
        Self {
            engine: Engine::start("clickhouse"),
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/facts", self.engine.port())
    }

    /// A database of the server, as the service has it.
    pub fn database(&self) -> ClickHouse {
        database(&self.url())
    }

    /// One number, asked without the service.
    pub async fn number(&self, question: &str) -> u64 {
        let answer = self.change(question).await;
        let number = answer.trim().parse();
        number.unwrap_or_else(|_| panic!("{question}: {answer}"))
    }

    /// Runs a statement behind the service's back; gives what is answered.
    pub async fn change(&self, statement: &str) -> String {
        let url = format!("http://127.0.0.1:{}/?database=facts", self.engine.port());
        let asked = reqwest::Client::new()
            .post(url)
            .body(statement.to_owned())
            .timeout(PATIENCE);
        let answer = asked.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{statement}: {text}");
        text
    }
}

pub fn database(url: &str) -> ClickHouse {
    ClickHouse::new(&interstate_config::ClickHouse::parse(url).unwrap()).unwrap()
}
