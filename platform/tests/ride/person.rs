//! Somebody with a login who talks to a platform over HTTP: to each of its instances in turn, so that hardly any
//! two requests in a row meet the same process.

use interstate_http::ConsistencyToken;
use serde_json::{Value, json};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// How long something may take to become visible.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a platform in trouble may keep somebody waiting.
const TROUBLE: Duration = Duration::from_secs(60);

/// Somebody.
pub struct Person {
    urls: Vec<String>,
    turn: AtomicUsize,
    token: String,
    /// What this person has written: whichever instance is asked has to show it.
    seen: Mutex<ConsistencyToken>,
    name: String,
    http: reqwest::Client,
    /// Whether refusals of a platform in trouble are asked again, with the same key.
    patient: bool,
    trouble: Mutex<Vec<(Instant, String)>>,
}

impl Person {
    /// Nobody yet: for signing up and logging in.
    pub fn nobody(urls: &[String], name: &str, patient: bool) -> Self {
        Self {
            urls: urls.to_vec(),
            turn: AtomicUsize::new(name.len()),
            token: String::new(),
            seen: Mutex::default(),
            name: name.to_owned(),
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(20))
                .build()
                .unwrap(),
            patient,
            trouble: Mutex::default(),
        }
    }

    /// The same person, with all that was written so far, at one instance alone.
    pub fn only_at(&self, url: &str) -> Self {
        Self {
            token: self.token.clone(),
            seen: Mutex::new(self.seen.lock().unwrap().clone()),
            ..Self::nobody(&[url.to_owned()], &self.name, self.patient)
        }
    }

    /// The access token of this login.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What went wrong, and was tried again.
    pub fn trouble(&self) -> Vec<(Instant, String)> {
        self.trouble.lock().unwrap().clone()
    }

    pub async fn log_in(mut self, email: &str, password: &str) -> Self {
        let login = json!({ "email": email, "password": password });
        let tokens = self.post("/v1/sessions", "log-in", login).await;
        self.token = tokens["access_token"].as_str().unwrap().to_owned();
        self
    }

    pub async fn post(&self, path: &str, key: &str, body: Value) -> Value {
        let (status, answer) = self.try_post(path, key, body).await;
        assert!(status < 300, "{} POST {path}: {status} {answer}", self.name);
        answer
    }

    pub async fn try_post(&self, path: &str, key: &str, body: Value) -> (u16, Value) {
        let key = format!("{}-{key}", self.name);
        let send = |url: String| {
            let request = self.http.post(url).header("Idempotency-Key", &key);
            request.json(&body)
        };
        self.send(path, send).await
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.try_get(path).await;
        assert!(status < 300, "{} GET {path}: {status} {body}", self.name);
        body
    }

    pub async fn try_get(&self, path: &str) -> (u16, Value) {
        self.send(path, |url| self.http.get(url)).await
    }

    /// Looks until something is so. What others write comes with the log.
    pub async fn until(&self, path: &str, what: &str, so: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let (status, found) = self.try_get(path).await;
            if status < 300 && so(&found) {
                return found;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{what} does not come: {status} {found:#}"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks again until it is not refused. Some commands are possible only once another service has heard.
    pub async fn post_until_taken(&self, path: &str, key: &str, body: Value) -> Value {
        let began = Instant::now();
        loop {
            let key = format!("{key}-{}", began.elapsed().as_millis());
            let (status, answer) = self.try_post(path, &key, body.clone()).await;
            if status < 300 {
                return answer;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{} POST {path} is not taken: {status} {answer}",
                self.name
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks the next instance; after a refusal that is the platform's and not the request's, the one after it.
    async fn send(&self, path: &str, request: impl Fn(String) -> reqwest::RequestBuilder) -> (u16, Value) {
        let began = Instant::now();
        loop {
            let outcome = self.once(path, &request).await;
            let again = self.patient && began.elapsed() < TROUBLE;
            let why = match outcome {
                Ok((status, body)) if status >= 500 && again => format!("{path}: {status} {body}"),
                Ok(answer) => return answer,
                Err(error) if again => format!("{path}: {error:?}"),
                Err(error) => panic!("{} {path}: {error:?}", self.name),
            };
            self.trouble.lock().unwrap().push((Instant::now(), why));
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn once(
        &self,
        path: &str,
        request: impl Fn(String) -> reqwest::RequestBuilder,
    ) -> reqwest::Result<(u16, Value)> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut request = request(format!("{}{path}", self.urls[turn % self.urls.len()]));
        if !self.token.is_empty() {
            request = request.bearer_auth(&self.token);
        }
        let seen = self.seen.lock().unwrap().to_string();
        if !seen.is_empty() {
            request = request.header(ConsistencyToken::HEADER, seen);
        }
        let answer = request.send().await?;
        if let Some(token) = answer.headers().get(ConsistencyToken::HEADER) {
            let token: ConsistencyToken = token.to_str().unwrap().parse().unwrap();
            let mut seen = self.seen.lock().unwrap();
            token.entries().iter().for_each(|entry| seen.add(entry.clone()));
        }
        let status = answer.status().as_u16();
        Ok((status, answer.json().await.unwrap_or(Value::Null)))
    }
}
