//! A login: an account that signs up where it has to, signs in, and renews its tokens.

use super::client::{Call, CallError, Http, Reply};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

/// Somebody.
#[derive(Clone)]
pub struct Account {
    /// What people call them.
    pub name: String,
    /// Signs in.
    pub email: String,
    /// Where they are called.
    pub phone: String,
    /// The password.
    pub password: String,
    /// `rider`, `driver`, `support` or `admin`.
    pub role: &'static str,
}

#[derive(Clone, Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
}

/// Somebody who is signed in. One request at a time is sent by each, like by an app.
pub struct Session {
    http: Arc<Http>,
    account: Account,
    tokens: tokio::sync::Mutex<Tokens>,
    seen: Mutex<Option<String>>,
}

impl Session {
    /// Signs up, unless the account is known from an earlier run, and in.
    pub async fn first(http: Arc<Http>, account: Account) -> Result<Self, CallError> {
        let body = json!({
            "name": account.name, "email": account.email, "phone": account.phone,
            "password": account.password, "role": account.role,
        });
        // One key for all runs: the same registration, whenever it is repeated.
        let key = format!("sign-up-{}", account.email);
        let call = Call {
            body: Some(&body),
            path: "/v1/users",
            bearer: None,
            seen: None,
            key: &key,
        };
        let seen = match http.send(call).await {
            Ok(reply) => reply.token,
            // Known: then it can sign in.
            Err(error) if error.status() == 409 => None,
            Err(error) => return Err(error),
        };
        Self::signed_in(http, account, seen).await
    }

    /// Signs in.
    pub async fn open(http: Arc<Http>, account: Account) -> Result<Self, CallError> {
        Self::signed_in(http, account, None).await
    }

    async fn signed_in(http: Arc<Http>, account: Account, seen: Option<String>) -> Result<Self, CallError> {
        let tokens = sign_in(&http, &account, seen.as_deref()).await?;
        Ok(Self {
            http,
            account,
            tokens: tokens.into(),
            seen: seen.into(),
        })
    }

    /// The person.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// Reads.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, CallError> {
        self.call(path, None).await?.read()
    }

    /// Writes, and reads the answer.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: Value) -> Result<T, CallError> {
        self.call(path, Some(&body)).await?.read()
    }

    /// Writes. `Null` sends no body.
    pub async fn tell(&self, path: &str, body: Value) -> Result<(), CallError> {
        self.call(path, Some(&body)).await.map(|_| ())
    }

    async fn call(&self, path: &str, body: Option<&Value>) -> Result<Reply, CallError> {
        let key = self.http.key();
        let seen = self.seen();
        let mut access = self.tokens.lock().await.access_token.clone();
        let mut renewed = false;
        loop {
            let call = Call {
                body,
                path,
                bearer: Some(&access),
                seen: seen.as_deref(),
                key: &key,
            };
            match self.http.send(call).await {
                Ok(reply) => {
                    if reply.token.is_some() {
                        self.seen
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .clone_from(&reply.token);
                    }
                    return Ok(reply);
                }
                Err(error) if error.status() == 401 && !renewed => {
                    access = self.renew(&access).await?;
                    renewed = true;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Exchanges the refresh token, or signs in anew where the login has ended. Who comes while another is at it
    /// finds the new token.
    async fn renew(&self, old: &str) -> Result<String, CallError> {
        let mut tokens = self.tokens.lock().await;
        if tokens.access_token != old {
            return Ok(tokens.access_token.clone());
        }
        let key = self.http.key();
        let body = json!({ "refresh_token": tokens.refresh_token });
        let call = Call {
            body: Some(&body),
            path: "/v1/sessions/refresh",
            bearer: None,
            seen: None,
            key: &key,
        };
        *tokens = match self.http.send(call).await {
            Ok(reply) => reply.read()?,
            Err(error) if error.status() == 401 => sign_in(&self.http, &self.account, None).await?,
            Err(error) => return Err(error),
        };
        Ok(tokens.access_token.clone())
    }

    fn seen(&self) -> Option<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn sign_in(http: &Http, account: &Account, seen: Option<&str>) -> Result<Tokens, CallError> {
    let body = json!({ "email": account.email, "password": account.password, "role": account.role });
    let key = http.key();
    let call = Call {
        body: Some(&body),
        path: "/v1/sessions",
        bearer: None,
        seen,
        key: &key,
    };
    http.send(call).await?.read()
}
