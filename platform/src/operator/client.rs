//! The tools' way to a running platform.

use super::{BackupPlace, KEY_HEADER, Status};
use crate::{audit::Check, cli::Target};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;

/// Replays may take a while; everything else answers at once.
const PATIENCE: Duration = Duration::from_secs(600);

/// A long log on a slow disk.
const BACKUP_PATIENCE: Duration = Duration::from_secs(24 * 3_600);

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
        self.read("/operator/status").await
    }

    /// Has the invariants checked.
    pub async fn audit(&self) -> Result<Vec<Check>, ClientError> {
        self.read("/operator/audit").await
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let text = self.get(path).await?;
        serde_json::from_str(&text)
            .map_err(|error| ClientError::Refused(format!("an answer of another version: {error}")))
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
        let request = self.http.post(format!("{}/operator/backup", self.target));
        self.send(request.json(place).timeout(BACKUP_PATIENCE)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<String, ClientError> {
        let unreachable = |error: reqwest::Error| ClientError::Unreachable {
            url: self.target.clone(),
            why: error.to_string(),
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
