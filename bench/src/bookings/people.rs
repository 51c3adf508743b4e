//! Somebody with a login.

use interstate_eventing::runtime::MachineClock;
use serde::Serialize;
use serde_json::{Value, json};
use std::{error::Error, time::Duration};
use ulid::Ulid;

/// The platform's address and a pool of connections to it.
#[derive(Clone)]
pub struct Http {
    pub client: reqwest::Client,
    pub url: String,
}

impl Http {
    /// To this address.
    pub fn to(url: &str) -> Result<Self, Failure> {
        let client = reqwest::Client::builder().pool_max_idle_per_host(1_000).build()?;
        Ok(Self {
            client,
            url: url.to_owned(),
        })
    }
}

/// A no, or no answer.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Somebody.
pub struct Person {
    http: Http,
    token: String,
}

impl Person {
    /// A new account of this role.
    pub async fn sign_up(http: &Http, role: &str, number: usize) -> Result<Self, Failure> {
        let stranger = Self {
            http: http.clone(),
            token: String::new(),
        };
        let line = if role == "driver" { 50_000 } else { 0 } + number;
        let email = format!("{role}-{number}@example.org");
        let account = json!({ "name": "Asha Patel", "email": email, "phone": format!("+9198{line:08}"),
            "password": "correct horse battery", "role": role });
        stranger.post("/v1/users", &account).await?;
        Self::log_in(http, &email, "correct horse battery").await
    }

    /// Somebody who has an account.
    pub async fn log_in(http: &Http, email: &str, password: &str) -> Result<Self, Failure> {
        let mut person = Self {
            http: http.clone(),
            token: String::new(),
        };
        let login = json!({ "email": email, "password": password });
        let tokens = person.post("/v1/sessions", &login).await?;
        person.token = text(&tokens, "access_token")?;
        Ok(person)
    }

    /// Sends a command.
    pub async fn post(&self, path: &str, body: &impl Serialize) -> Result<Value, Failure> {
        Ok(self.tell(path, body).await?.0)
    }

    /// Sends a command; answers its consistency token as well.
    pub async fn tell(&self, path: &str, body: &impl Serialize) -> Result<(Value, String), Failure> {
        let now = MachineClock::machine_now().as_millisecond().unsigned_abs();
        let key = Ulid::from_parts(now, rand::random()).to_string();
        let mut request = self.http.client.post(format!("{}{path}", self.http.url));
        request = request.header("Idempotency-Key", key).json(body);
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let token = answer.headers().get("consistency-token");
        let token = token
            .and_then(|token| token.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        let body = answer.bytes().await?;
        if !status.is_success() {
            return Err(format!("POST {path}: {status} {}", String::from_utf8_lossy(&body)).into());
        }
        Ok((serde_json::from_slice(&body).unwrap_or_default(), token))
    }

    /// Asks until there is an answer that will do.
    pub async fn until(&self, path: &str, so: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
        for _ in 0..2_000 {
            let answer = self.read(path).send().await?;
            if answer.status().is_success() {
                let found = answer.json().await?;
                if so(&found) {
                    return Ok(found);
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(format!("GET {path} never shows what is waited for").into())
    }

    /// A question.
    fn read(&self, path: &str) -> reqwest::RequestBuilder {
        self.http
            .client
            .get(format!("{}{path}", self.http.url))
            .bearer_auth(&self.token)
    }

    /// Follows a stream of server-sent events; `see` says when it has seen enough.
    pub async fn follow(
        &self,
        path: &str,
        token: &str,
        mut see: impl FnMut(Value) -> bool,
    ) -> Result<(), Failure> {
        let mut answer = loop {
            let mut request = self.read(path);
            if !token.is_empty() {
                request = request.header("consistency-token", token);
            }
            let answer = request.send().await?;
            // Not shown yet, or too much is asked: as every client does, again in a moment. Who waits has a limit.
            if answer.status() != reqwest::StatusCode::SERVICE_UNAVAILABLE {
                break answer.error_for_status()?;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            text.extend_from_slice(&chunk);
            while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = text.drain(..end + 2).collect();
                for line in event.split(|byte| *byte == b'\n') {
                    if let Some(data) = line.strip_prefix(b"data: ")
                        && see(serde_json::from_slice(data)?)
                    {
                        return Ok(());
                    }
                }
            }
        }
        Err(format!("the stream {path} ended").into())
    }
}

/// A text of an answer.
pub fn text(answer: &Value, name: &str) -> Result<String, Failure> {
    let found = answer[name].as_str().map(str::to_owned);
    found.ok_or_else(|| format!("there is no `{name}` in {answer}").into())
}
