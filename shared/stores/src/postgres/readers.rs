//! Connections for questions, which cannot write.

use crate::QueryError;
use interstate_telemetry::{Gate, gate::SPARED};
use sqlx::PgPool;
use std::time::Duration;

/// The edge waits 10 s for its answer, which may take two questions.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// All of an operator's questions at once.
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
                Err(_) => Err(QueryError::unanswered(format!("no answer within {limit:?}"))),
            }
        };
        let spared = || QueryError::unanswered(SPARED);
        self.gate.ask(in_time, QueryError::is_unanswered, spared).await
    }
}
