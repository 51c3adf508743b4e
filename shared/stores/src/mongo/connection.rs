//! A database on a MongoDB server: bounded in connections and in time.

use super::error::{MongoError, Whom};
use interstate_config::Secret;
use interstate_telemetry::{Gate, gate::SPARED};
use mongodb::{
    Client, Collection, Database,
    bson::{Document, doc},
    options::{ClientOptions, WriteConcern},
};
use std::{future::IntoFuture, sync::Arc, time::Duration};

/// How much of a server is used, and for how long it is waited for. What the address says of the same goes before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections of this process.
    pub pool: u32,
    /// Until a server is found that answers.
    pub selection: Duration,
    /// Until a connection stands.
    pub connect: Duration,
    /// One query, or one small write.
    pub operation: Duration,
    /// One command of many writes, or a page of many documents.
    pub bulk: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pool: 32,
            selection: Duration::from_secs(2),
            connect: Duration::from_secs(2),
            operation: Duration::from_secs(5),
            bulk: Duration::from_secs(20),
        }
    }
}

/// A database on a server. Clones share its connections.
#[derive(Clone)]
pub struct Mongo {
    database: Database,
    limits: Limits,
    whom: Arc<Whom>,
    gate: Gate,
}

impl Mongo {
    /// Connects, and asks the server for a sign of life. The database is the one that the address names, or else that
    /// of the service's name.
    ///
    /// # Errors
    /// The address is wrong, nobody answers there, or the server refuses the user.
    pub async fn open(url: &Secret, service: &str) -> Result<Self, MongoError> {
        Self::open_with(url, service, Limits::default()).await
    }

    /// The same with other limits.
    ///
    /// # Errors
    /// As of [`Mongo::open`].
    pub async fn open_with(url: &Secret, service: &str, limits: Limits) -> Result<Self, MongoError> {
        let mut whom = Whom {
            address: String::new(),
            user: "somebody without a name".to_owned(),
            secrets: Whom::secrets_of(url.expose()),
        };
        let parsed = ClientOptions::parse(url.expose()).await;
        let mut options =
            parsed.map_err(|error| MongoError::Address(whom.scrubbed(error.kind.to_string())))?;
        options
            .app_name
            .get_or_insert_with(|| format!("interstate-{service}"));
        options.max_pool_size.get_or_insert(limits.pool);
        options.connect_timeout.get_or_insert(limits.connect);
        options.server_selection_timeout.get_or_insert(limits.selection);
        // The position follows the documents: both must be where a new primary has them.
        options.write_concern.get_or_insert_with(WriteConcern::majority);
        // Writes are repeated by whoever knows what they are, and only where that is safe.
        options.retry_writes = Some(false);
        let name = options
            .default_database
            .clone()
            .unwrap_or_else(|| service.to_owned());
        let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
        whom.address = format!("{}/{name}", hosts.join(","));
        if let Some(user) = options
            .credential
            .as_ref()
            .and_then(|known| known.username.clone())
        {
            whom.user = user;
        }
        let client = Client::with_options(options)
            .map_err(|error| MongoError::Address(whom.scrubbed(error.kind.to_string())))?;
        let opened = Self {
            database: client.database(&name),
            limits,
            whom: Arc::new(whom),
            gate: Gate::default(),
        };
        opened.ping().await?;
        Ok(opened)
    }

    /// Host, port and database, without the password.
    pub fn address(&self) -> &str {
        &self.whom.address
    }

    /// What is thought of it by those who ask.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<(), MongoError> {
        self.soon(self.database.run_command(doc! { "ping": 1 })).await?;
        Ok(())
    }

    /// The names of all collections.
    ///
    /// # Errors
    /// The server says no, or nothing in time.
    pub async fn collections(&self) -> Result<Vec<String>, MongoError> {
        self.soon(self.database.list_collection_names()).await
    }

    /// Removes a collection with all that is in it: what is needed of it is made again from the log.
    ///
    /// # Errors
    /// The server says no, or nothing in time.
    pub async fn forget(&self, collection: &str) -> Result<(), MongoError> {
        self.at_length(self.collection::<Document>(collection).drop())
            .await
    }

    /// The names of a collection's indices.
    ///
    /// # Errors
    /// The server says no, or nothing in time.
    pub async fn indices(&self, collection: &str) -> Result<Vec<String>, MongoError> {
        self.soon(self.collection::<Document>(collection).list_index_names())
            .await
    }

    /// Any command, for operators and measurements.
    ///
    /// # Errors
    /// The server says no, or nothing in time.
    pub async fn command(&self, command: Document) -> Result<Document, MongoError> {
        self.at_length(self.database.run_command(command)).await
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    pub(super) fn collection<T: Send + Sync>(&self, name: &str) -> Collection<T> {
        self.database.collection(name)
    }

    /// A query, or a small write: within the limit of one operation.
    ///
    /// # Errors
    /// The server says no, or nothing in time.
    pub async fn soon<T>(
        &self,
        operation: impl IntoFuture<Output = mongodb::error::Result<T>>,
    ) -> Result<T, MongoError> {
        self.within(self.limits.operation, operation).await
    }

    /// Asks, unless the server has not answered lately.
    pub(super) async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, MongoError>>,
    ) -> Result<T, MongoError> {
        let spared = || MongoError::Unreachable {
            address: self.whom.address.clone(),
            why: SPARED.to_owned(),
        };
        self.gate.ask(question, MongoError::is_away, spared).await
    }

    /// Many writes, or many documents.
    pub(super) async fn at_length<T>(
        &self,
        operation: impl IntoFuture<Output = mongodb::error::Result<T>>,
    ) -> Result<T, MongoError> {
        self.within(self.limits.bulk, operation).await
    }

    /// The driver has no time-out of its own once a command is under way: a server that hangs would hold its asker
    /// for ever. A connection whose answer was not waited for is closed.
    async fn within<T>(
        &self,
        limit: Duration,
        operation: impl IntoFuture<Output = mongodb::error::Result<T>>,
    ) -> Result<T, MongoError> {
        match tokio::time::timeout(limit, operation.into_future()).await {
            Ok(answer) => answer.map_err(|error| self.whom.explain(&error)),
            Err(_) => Err(MongoError::TimedOut {
                address: self.whom.address.clone(),
                after: limit,
            }),
        }
    }

    pub(super) fn failed(&self, why: impl Into<String>) -> MongoError {
        MongoError::Failed {
            address: self.whom.address.clone(),
            why: self.whom.scrubbed(why.into()),
        }
    }
}
