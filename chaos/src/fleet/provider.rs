//! The payment provider, with a book of its own.

use interstate_http::Shutdown;
use interstate_sandbox::webhooks::Endpoint;
use serde_json::Value;
use std::{collections::BTreeMap, io, path::Path, time::Duration};
use tokio::net::TcpListener;

/// A provider that ends with the value.
pub struct Provider {
    /// Where it answers.
    pub url: String,
    stop: Shutdown,
}

/// What its book says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Book {
    /// Taken, in paise.
    pub captured: i64,
    /// Given back, in paise.
    pub refunded: i64,
    /// Our names of payments that it has more than once.
    pub twice: Vec<String>,
}

impl Provider {
    /// Starts one that keeps its book in this folder, and tells what happens to whom this address leads.
    pub async fn start(dir: &Path, gateway: &str, secret: &str) -> io::Result<Self> {
        let webhook = Endpoint::new(&format!("{gateway}/v1/webhooks/payments"), secret);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let stop = Shutdown::new();
        let until = stop.clone();
        let config = interstate_sandbox::Config {
            data: Some(dir.to_owned()),
            webhook: Some(webhook.map_err(io::Error::other)?),
            upi_delay: Duration::from_millis(300),
            ..Default::default()
        };
        tokio::spawn(interstate_sandbox::serve(config, listener, async move {
            until.cancelled().await
        }));
        Ok(Self { url, stop })
    }

    /// Reads its book.
    pub async fn book(&self) -> Result<Book, String> {
        let (mut book, mut after) = (Book::default(), String::new());
        let mut references = BTreeMap::<String, usize>::new();
        loop {
            let url = format!("{}/v1/book?limit=500{after}", self.url);
            let page = reqwest::get(url).await.map_err(|error| error.to_string())?;
            let page: Value = page.json().await.map_err(|error| error.to_string())?;
            for intent in page["data"].as_array().into_iter().flatten() {
                book.captured += intent["amount_captured"].as_i64().unwrap_or(0);
                book.refunded += intent["amount_refunded"].as_i64().unwrap_or(0);
                let reference = intent["reference"].as_str().unwrap_or_default().to_owned();
                *references.entry(reference).or_default() += 1;
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        references.retain(|_, count| *count > 1);
        book.twice = references.into_keys().collect();
        Ok(book)
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
