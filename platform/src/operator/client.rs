//! The tools' way to a running platform.

use super::{BackupPlace, KEY_HEADER, Status};
use crate::{audit::Check, cli::Target};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// Replays, audits and backups read a log, which may be long, on a disk that may be slow.
const PATIENCE: Duration = Duration::from_secs(24 * 3_600);
/// For what is answered at once.
const SHORT_PATIENCE: Duration = Duration::from_secs(60);
/// Until there is a connection.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// Why a tool got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers there.
    #[error("no platform answers at {url} ({why}); start one with `interstate up`, or say where with --url")]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        why: String,
    },
    /// It is there, and does not answer.
    #[error(
        "the platform at {url} has not answered in time; what it was asked for may still be under way there"
    )]
    Silent {
        /// Where.
        url: String,
    },
    /// The key is not that platform's.
    #[error(
        "the platform at {url} does not take the key of {dir}; say which data folder it uses with --data-dir"
    )]
    Key {
        /// Where.
        url: String,
        /// Whose key.
        dir: String,
    },
    /// It says no.
    #[error("{0}")]
    Refused(String),
    /// The folder's key cannot be read.
    #[error(transparent)]
    KeyFile(#[from] interstate_auth::KeyFileError),
}

/// A connection with the operator's key.
pub struct Client {
    http: reqwest::Client,
    target: String,
    dir: String,
    key: String,
}

impl Client {
    /// To the platform of these arguments.
    pub fn new(target: &Target) -> Result<Self, ClientError> {
        let unreachable = |error: reqwest::Error| ClientError::Unreachable {
            url: target.url.clone(),
            why: error.to_string(),
        };
        Ok(Self {
            http: reqwest::Client::builder()
                .connect_timeout(CONNECT_WITHIN)
                .timeout(PATIENCE)
                .build()
                .map_err(unreachable)?,
            target: target.url.trim_end_matches('/').to_owned(),
            dir: target.data_dir.display().to_string(),
            key: super::key(&target.data_dir)?,
        })
    }

    /// The figures.
    pub async fn status(&self) -> Result<Status, ClientError> {
        let request = self.http.get(format!("{}/operator/status", self.target));
        read(&self.send(request.timeout(SHORT_PATIENCE)).await?)
    }

    /// Has the invariants checked.
    pub async fn audit(&self) -> Result<Vec<Check>, ClientError> {
        read(&self.get("/operator/audit").await?)
    }

    /// Reads a page of text.
    pub async fn get(&self, path: &str) -> Result<String, ClientError> {
        self.send(self.http.get(format!("{}{path}", self.target))).await
    }

    /// Has something done.
    pub async fn post(&self, path: &str) -> Result<String, ClientError> {
        self.send(self.http.post(format!("{}{path}", self.target))).await
    }

    /// Has something done with this.
    pub async fn post_json<T: Serialize>(&self, path: &str, body: &T) -> Result<String, ClientError> {
        self.send(self.http.post(format!("{}{path}", self.target)).json(body))
            .await
    }

    /// Has the log and the keys copied.
    pub async fn backup(&self, place: &BackupPlace) -> Result<String, ClientError> {
        self.post_json("/operator/backup", place).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<String, ClientError> {
        let url = || self.target.clone();
        let unreachable = |error: reqwest::Error| {
            if error.is_timeout() && !error.is_connect() {
                ClientError::Silent { url: url() }
            } else {
                ClientError::Unreachable {
                    url: url(),
                    why: error.to_string(),
                }
            }
        };
        let response = request
            .header(KEY_HEADER, &self.key)
            .send()
            .await
            .map_err(unreachable)?;
        let status = response.status();
        let text = response.text().await.map_err(unreachable)?;
        match status.as_u16() {
            200..300 => Ok(text),
            404 => Err(ClientError::Key {
                url: self.target.clone(),
                dir: self.dir.clone(),
            }),
            _ => Err(ClientError::Refused(text)),
        }
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, ClientError> {
    serde_json::from_str(text)
        .map_err(|error| ClientError::Refused(format!("an answer of another version: {error}")))
}
