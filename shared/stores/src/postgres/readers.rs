//! Connections for questions, which cannot write.

use crate::QueryError;
use interstate_telemetry::Gate;
use sqlx::PgPool;
use std::time::Duration;

/// Longer than the server lets a statement take: a slow one is told by the server, and only one that stands still is
/// given up here.
const ANSWER_WITHIN: Duration = Duration::from_secs(12);
const AT_LENGTH: Duration = Duration::from_secs(60);

/// Asks a read model's tables. Clones share the connections.
#[derive(Debug, Clone)]
pub struct PgReaders {
    rows: PgPool,
    gate: Gate,
}

impl PgReaders {
    pub(super) fn new(rows: PgPool, gate: Gate) -> Self {
        Self { rows, gate }
    }

    /// The connections that a question to [`PgReaders::ask`] uses.
    pub fn rows(&self) -> &PgPool {
        &self.rows
    }

    /// Asks, unless the server has not answered lately.
    ///
    /// # Errors
    /// The server says no, or nothing in time, or was not asked.
    pub async fn ask<T>(&self, question: impl Future<Output = sqlx::Result<T>>) -> Result<T, QueryError> {
        self.ask_within(ANSWER_WITHIN, question).await
    }

    /// The same with all of an operator's questions at once, which nobody waits for at a screen.
    ///
    /// # Errors
    /// As [`PgReaders::ask`].
    pub async fn ask_at_length<T>(
        &self,
        questions: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T, QueryError> {
        self.ask_within(AT_LENGTH, questions).await
    }

    async fn ask_within<T>(
        &self,
        limit: Duration,
        question: impl Future<Output = sqlx::Result<T>>,
    ) -> Result<T, QueryError> {
        let in_time = async {
            match tokio::time::timeout(limit, question).await {
                Ok(answer) => answer.map_err(QueryError::from),
                Err(_) => Err(QueryError::away(format!("no answer within {limit:?}"))),
            }
        };
        let spared =
            || QueryError::away("the server has not answered lately, and is asked again in a moment");
        self.gate.ask(in_time, QueryError::is_away, spared).await
    }
}
