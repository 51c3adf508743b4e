//! The way to the server. Everything that is asked has a time limit, there and here.

use super::{ClickHouseError, look::Look, migrate};
use clickhouse::{Client, Row, RowOwned, RowRead, query::Query};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::{
    client::legacy::{Client as Http, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use interstate_config::ClickHouse as Address;
use interstate_telemetry::{Gate, gate::SPARED};
use interstate_tls::AuthorityError;
use serde::Serialize;
use std::{borrow::Cow, sync::Arc, time::Duration};
use tokio::{sync::OnceCell, time::timeout};

/// What the server takes for a statement at most, in seconds; then it stops by itself.
const SERVER_LIMIT: &str = "20";
/// What is waited for an answer: a little longer, so that a slow statement is told by the server.
const PATIENCE: Duration = Duration::from_secs(25);
/// What is waited for the first answer of a server, at start.
const FIRST_PATIENCE: Duration = Duration::from_secs(5);
/// A connection is looked after once nothing has come for so long.
const KEPT_ALIVE: Duration = Duration::from_secs(60);
/// A connection that is not used is closed before the server closes it, which it does after 3 s.
const IDLE: Duration = Duration::from_secs(2);
/// What a question for a report may take: the edge waits 10 s for all of them.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// A database on a server. Clones share its connections.
#[derive(Clone)]
pub struct ClickHouse {
    /// Of the server, outside of any database.
    pub(super) server: Client,
    pub(super) client: Client,
    pub(super) at: Arc<str>,
    pub(super) database: Arc<str>,
    ready: Arc<OnceCell<()>>,
    gate: Gate,
}

impl ClickHouse {
    /// The database of this address. Nothing is asked yet.
    ///
    /// # Errors
    /// The authority that the address names cannot be trusted.
    pub fn new(address: &Address) -> Result<Self, AuthorityError> {
        let mut tcp = HttpConnector::new();
        tcp.set_connect_timeout(Some(FIRST_PATIENCE));
        tcp.set_keepalive(Some(KEPT_ALIVE));
        tcp.set_nodelay(true);
        tcp.enforce_http(false);
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(interstate_tls::trusting(address.ca.as_deref())?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let http = Http::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(https);
        let mut server = Client::with_http_client(http)
            .with_url(&address.url)
            .with_setting("max_execution_time", SERVER_LIMIT);
        if let Some(user) = &address.user {
            server = server.with_user(user);
        }
        if let Some(password) = &address.password {
            server = server.with_password(password.expose());
        }
        Ok(Self {
            client: server.clone().with_database(&address.database),
            server,
            at: address.url.as_str().into(),
            database: address.database.as_str().into(),
            ready: Arc::default(),
            gate: Gate::default(),
        })
    }

    /// The same server with another database.
    pub(super) fn beside(&self, database: &str) -> Self {
        Self {
            server: self.server.clone(),
            client: self.server.clone().with_database(database),
            at: self.at.clone(),
            database: database.into(),
            ready: Arc::default(),
            gate: self.gate.clone(),
        }
    }

    /// What is thought of it by those who ask for reports.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Asks for a report, unless the server has not answered lately.
    pub(super) async fn ask<T>(
        &self,
        question: impl Future<Output = Result<T, ClickHouseError>>,
    ) -> Result<T, ClickHouseError> {
        let is_away = |error: &ClickHouseError| matches!(error, ClickHouseError::Away { .. });
        let spared = || ClickHouseError::Away {
            at: self.at.to_string(),
            why: SPARED.to_owned(),
        };
        let in_time = async {
            let asked = timeout(ANSWER_WITHIN, question).await;
            asked.unwrap_or_else(|_| Err(self.silent(ANSWER_WITHIN)))
        };
        self.gate.ask(in_time, is_away, spared).await
    }

    /// Looks at the server, and brings the database to the schema of this release.
    ///
    /// # Errors
    /// [`ClickHouseError`]; those that may pass are tried again by whoever uses the database.
    pub async fn prepare(&self) -> Result<(), ClickHouseError> {
        let looked = timeout(FIRST_PATIENCE, migrate::look(self)).await;
        looked.map_err(|_| self.silent(FIRST_PATIENCE))??;
        self.ready().await
    }

    /// Looks at the server and at the schema of the database, as [`ClickHouse::prepare`] would find them. Makes nothing.
    ///
    /// # Errors
    /// [`ClickHouseError`].
    pub async fn look(&self) -> Result<(), ClickHouseError> {
        let looked = async {
            migrate::look(self).await?;
            migrate::is_known(self).await
        };
        let looked = timeout(FIRST_PATIENCE, looked).await;
        looked.map_err(|_| self.silent(FIRST_PATIENCE))?
    }

    /// The server's clock, in milliseconds of Unix time.
    ///
    /// # Errors
    /// [`ClickHouseError`].
    pub async fn clock(&self) -> Result<i64, ClickHouseError> {
        let question = self.server.query("SELECT toUnixTimestamp64Milli(now64(3))");
        let told = self.within("say its time", question.fetch_one::<i64>());
        let told = timeout(FIRST_PATIENCE, told).await;
        told.map_err(|_| self.silent(FIRST_PATIENCE))?
    }

    /// Once in the life of a process, when the server is first reached.
    pub(super) async fn ready(&self) -> Result<(), ClickHouseError> {
        self.ready.get_or_try_init(|| migrate::migrate(self)).await?;
        Ok(())
    }

    fn silent(&self, after: Duration) -> ClickHouseError {
        ClickHouseError::Away {
            at: self.at.to_string(),
            why: format!("no answer within {} seconds", after.as_secs()),
        }
    }

    /// Waits for an answer, and says what was asked where it fails.
    pub(super) async fn within<T>(
        &self,
        what: &str,
        asked: impl Future<Output = clickhouse::error::Result<T>>,
    ) -> Result<T, ClickHouseError> {
        match timeout(PATIENCE, asked).await {
            Ok(answer) => answer.map_err(|error| ClickHouseError::of(&self.at, what, error)),
            Err(_) => Err(self.silent(PATIENCE)),
        }
    }

    /// Runs a statement that answers nothing.
    pub(super) async fn execute(&self, what: &str, statement: &str) -> Result<(), ClickHouseError> {
        // In a statement of ours a question mark is a question mark.
        let statement = self.client.query_raw(statement);
        self.within(what, statement.execute()).await
    }

    /// All rows of a question that is bounded.
    pub(super) async fn all<T: RowOwned + RowRead>(
        &self,
        what: &str,
        question: Query,
    ) -> Result<Vec<T>, ClickHouseError> {
        self.within(what, question.fetch_all::<T>()).await
    }

    /// The first row.
    pub(super) async fn first<T: RowOwned + RowRead>(
        &self,
        what: &str,
        question: Query,
    ) -> Result<Option<T>, ClickHouseError> {
        self.within(what, question.fetch_optional::<T>()).await
    }

    /// Inserts a block of rows, which is dropped where one with this token was inserted before; without a token however
    /// often it comes. The server has all of them afterwards, or may have: after an error they are inserted again with
    /// the same token.
    pub(super) async fn insert<T>(&self, table: &str, token: &str, rows: &[T]) -> Result<(), ClickHouseError>
    where
        T: Row + Serialize + for<'r> clickhouse::RowWrite + for<'r> Row<Value<'r> = T>,
    {
        self.send(table, token, rows, || true).await
    }

    /// The same for rows of which this look said that they are to be inserted.
    ///
    /// # Errors
    /// [`ClickHouseError::Overtaken`] where it is too long ago, before anything was sent.
    pub(super) async fn insert_seen<T>(
        &self,
        look: &Look,
        table: &str,
        token: &str,
        rows: &[T],
    ) -> Result<(), ClickHouseError>
    where
        T: Row + Serialize + for<'r> clickhouse::RowWrite + for<'r> Row<Value<'r> = T>,
    {
        self.send(table, token, rows, || look.holds()).await
    }

    async fn send<T>(
        &self,
        table: &str,
        token: &str,
        rows: &[T],
        may_be_sent: impl Fn() -> bool,
    ) -> Result<(), ClickHouseError>
    where
        T: Row + Serialize + for<'r> clickhouse::RowWrite + for<'r> Row<Value<'r> = T>,
    {
        if rows.is_empty() {
            return Ok(());
        }
        // Without one the server would compare the rows themselves, and late servers do so whatever
        // `insert_deduplicate` says.
        let token = match token {
            "" => Cow::Owned(format!("{:032x}", rand::random::<u128>())),
            token => Cow::Borrowed(token),
        };
        let inserted = async {
            let insert = self.client.insert::<T>(table).await?;
            let mut insert = insert
                .with_setting("insert_deduplicate", "1")
                .with_setting("insert_deduplication_token", &*token)
                .with_setting("deduplicate_blocks_in_dependent_materialized_views", "1")
                .with_setting("async_insert", "0");
            for row in rows {
                insert.write(row).await?;
            }
            // As late as can be: the table's columns may have been asked for meanwhile, and a connection made. Without
            // its end the server takes nothing of an insert.
            if !may_be_sent() {
                return Ok(false);
            }
            insert.end().await?;
            Ok(true)
        };
        let what = format!("take {} rows of `{table}` up", rows.len());
        let sent = self.within(&what, inserted).await?;
        sent.then_some(()).ok_or(ClickHouseError::Overtaken)
    }
}
