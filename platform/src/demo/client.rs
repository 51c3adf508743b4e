//! Requests as an app sends them: with an `Idempotency-Key`, and again under the same one until they are answered.

use interstate_eventing::runtime::MachineClock;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};
use tokio::sync::Semaphore;
use ulid::Ulid;

/// Requests under way at a time, of everybody together.
const AT_ONCE: usize = 32;
/// For one answer.
const TIME_OUT: Duration = Duration::from_secs(15);
/// Tries of one request: a restart of the platform takes less than the pauses between them.
const TRIES: u32 = 60;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why there is no answer to go on with.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The platform says no.
    #[error("{status} {code}: {detail}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The problem's code.
        code: String,
        /// What was wrong.
        detail: String,
    },
    /// Nobody answers.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// The answer is not what was expected.
    #[error("an answer that cannot be read: {0}")]
    Unreadable(String),
}

impl CallError {
    /// The status of a no; 0 where there was none.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused { status, .. } => *status,
            Self::Unreachable(_) | Self::Unreadable(_) => 0,
        }
    }

    /// The code of a no.
    pub fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } => code,
            Self::Unreachable(_) | Self::Unreadable(_) => "",
        }
    }
}

/// One request.
pub struct Call<'a> {
    /// `None` reads, `Some` writes; `Null` is an empty body.
    pub body: Option<&'a Value>,
    /// Below the base address.
    pub path: &'a str,
    /// The access token.
    pub bearer: Option<&'a str>,
    /// What the answer must not be older than.
    pub seen: Option<&'a str>,
    /// The same for each try.
    pub key: &'a str,
}

/// A yes.
pub struct Reply {
    body: Vec<u8>,
    /// What has been written by it, for the next question.
    pub token: Option<String>,
}

impl Reply {
    /// The answer's body.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| CallError::Unreadable(error.to_string()))
    }
}

/// The way to the platform, shared by all riders and drivers.
pub struct Http {
    client: reqwest::Client,
    base: String,
    gate: Semaphore,
    lost: AtomicBool,
}

impl Http {
    /// To the platform at this address.
    pub fn new(url: &str) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: reqwest::Client::builder().timeout(TIME_OUT).build()?,
            base: url.trim_end_matches('/').to_owned(),
            gate: Semaphore::new(AT_ONCE),
            lost: AtomicBool::new(false),
        })
    }

    /// An `Idempotency-Key` that no other request has. It carries the time, and so do the ids made from it.
    pub fn key(&self) -> String {
        let now = MachineClock::machine_now().as_millisecond().unsigned_abs();
        Ulid::from_parts(now, rand::random()).to_string()
    }

    /// Sends a request until it is answered: again after 429, 503, 504 and where nobody answers.
    pub async fn send(&self, call: Call<'_>) -> Result<Reply, CallError> {
        let mut pause = FIRST_PAUSE;
        let mut tries = 1;
        loop {
            let (error, wanted) = match self.once(&call).await {
                Ok(reply) => {
                    self.found();
                    return Ok(reply);
                }
                Err(failed) => failed,
            };
            let again =
                matches!(error.status(), 0 | 429 | 503 | 504) && !matches!(error, CallError::Unreadable(_));
            if !again || tries == TRIES {
                return Err(error);
            }
            if let CallError::Unreachable(why) = &error {
                self.lose(why);
            }
            tokio::time::sleep(wanted.unwrap_or(pause).clamp(pause, LONGEST_PAUSE)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            tries += 1;
        }
    }

    /// One try; with a no comes how long the platform wants to be left alone.
    async fn once(&self, call: &Call<'_>) -> Result<Reply, (CallError, Option<Duration>)> {
        let unreachable = |error: reqwest::Error| (CallError::Unreachable(error.to_string()), None);
        let _turn = self.gate.acquire().await.expect("the gate is never closed");
        let url = format!("{}{}", self.base, call.path);
        let mut request = match call.body {
            None => self.client.get(url),
            Some(Value::Null) => self.client.post(url).header("idempotency-key", call.key),
            Some(body) => self
                .client
                .post(url)
                .header("idempotency-key", call.key)
                .json(body),
        };
        if let Some(token) = call.bearer {
            request = request.bearer_auth(token);
        }
        if let Some(seen) = call.seen {
            request = request.header("consistency-token", seen);
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let token = header("consistency-token");
        let wanted = header("retry-after")
            .and_then(|text| text.parse().ok())
            .map(Duration::from_secs);
        let body = response.bytes().await.map_err(unreachable)?.to_vec();
        if (200..300).contains(&status) {
            return Ok(Reply { body, token });
        }
        let problem: Value = serde_json::from_slice(&body).unwrap_or_default();
        let text = |member: &str| problem[member].as_str().unwrap_or_default().to_owned();
        Err((
            CallError::Refused {
                status,
                code: text("code"),
                detail: text("detail"),
            },
            wanted,
        ))
    }

    /// Says once that the platform is gone, not once for everybody.
    fn lose(&self, why: &str) {
        if !self.lost.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                why,
                "the platform does not answer; riders and drivers wait for it"
            );
        }
    }

    fn found(&self) {
        if self.lost.swap(false, Ordering::Relaxed) {
            tracing::info!("the platform answers again");
        }
    }
}
