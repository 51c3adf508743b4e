//! Standstills: while one lasts, nobody takes events up into the live tables but who called it. A rebuild calls one to
//! compare and to replace, whoever takes parked events up calls one to insert them, and who looks for what the server
//! has lost ([`super::mend`]) to put it in.
//!
//! The server has no transactions, so what holds is the order in which each side writes and looks:
//!
//! - Who takes a block up announces it, looks for a standstill afterwards, and inserts only where there is none.
//! - Who calls a standstill writes its row, looks for announced blocks afterwards, and waits for them or takes them up.
//!
//! One of the two sees the other. A block that was announced before is settled when the standstill's work begins, by
//! its announcer or with the same token by the caller, so that what a slow announcer still sends is dropped: replacing
//! a partition leaves the tokens that the table remembers alone. A block that is announced later waits.
//!
//! Of two who call a standstill one is heard: it has the number of a turn, and the number is its row's deduplication
//! token, as the beginning of a block is.
//!
//! **A caller that dies** blocks nobody for longer than [`LASTS`]: it renews its row, and whoever waits ends one that
//! was not renewed. **A caller that only stood still** for that long must not go on then, and time alone cannot keep
//! it from that: its statement may be on its way. So before anybody ends it, its database is dropped, and waited for
//! until no statement uses its tables any more. All that a rebuild or a mend does to live tables is to replace partitions from
//! there and to move some there or from there, which fails from then on; the name is never used again. The caller drops its database
//! itself before it ends its standstill, so that a statement whose answer it did not get has no effect later either.
//!
//! **Whoever takes parked events up** has no database. Its rows are sent within seconds of a look that found much of the
//! standstill left ([`Caller::look`]), and the server gives every statement up after 20 s.
//!
//! **Killed while it replaces**, it leaves some partitions replaced and others not: the rebuild is run again.
//!
//! Times are the server's, of which there is one. An instance of a build that does not know of standstills does not
//! look for them: nothing may be rebuilt while one runs.

use super::{
    ClickHouseError,
    ledger::{Ledger, Role},
    look::Look,
};
use clickhouse::{Row, RowOwned, RowRead, query::Query};
use serde::{Deserialize, Serialize};
use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::time::timeout;

/// How long one lasts whose caller says nothing more.
const LASTS: Duration = Duration::from_secs(45);
/// How often the caller says that it is still there.
const BEAT: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// What must be left of one for rows to be sent in it: as long as a [`Look`] holds, and as the server takes for them
/// at most.
const LEFT: Duration = Duration::from_secs(26);
/// The turn of those who have not called any yet: nobody waits for them, and nobody removes their databases.
const NOT_YET: u64 = 0;

/// A row of `standstills`. Of several of a turn the highest version counts.
#[derive(Debug, Clone, Row, Serialize)]
struct StandstillRow {
    model: String,
    turn: u64,
    beside: String,
    /// In milliseconds since 1970; 0 where it was ended.
    until: u64,
    version: u64,
}

/// The latest standstill of a model, as the server sees it now.
#[derive(Debug, Clone, PartialEq, Eq, Row, Deserialize)]
pub(super) struct Standstill {
    turn: u64,
    /// The database of its caller, which is also the caller's name.
    beside: String,
    until: u64,
    now: u64,
}

impl Standstill {
    fn is_ended(&self) -> bool {
        self.until == 0
    }

    /// How long it lasts from now on, if its caller says nothing more.
    fn rest(&self) -> Duration {
        Duration::from_millis(self.until.saturating_sub(self.now))
    }
}

impl Ledger {
    /// What others have called and not ended.
    pub async fn standstill(&self) -> Result<Option<Standstill>, ClickHouseError> {
        let latest = self.latest_standstill().await?;
        Ok(latest.filter(|found| self.has_to_wait_for(found)))
    }

    fn has_to_wait_for(&self, found: &Standstill) -> bool {
        let is_own = matches!(&self.role, Role::Caller { beside, .. } if **beside == *found.beside);
        !found.is_ended() && !is_own
    }

    /// Waits until others have ended what they have called.
    pub async fn wait_out(&self) -> Result<(), ClickHouseError> {
        let mut told = false;
        while let Some(found) = self.standstill().await? {
            if !told {
                let caller = &found.beside;
                tracing::info!(model = self.model, caller, "a standstill is waited for");
                told = true;
            }
            self.wait_or_clear(&found).await?;
        }
        Ok(())
    }

    /// Waits a little, or ends it where its caller has left it.
    async fn wait_or_clear(&self, found: &Standstill) -> Result<(), ClickHouseError> {
        if !found.rest().is_zero() {
            tokio::time::sleep(LOOK_AGAIN).await;
            return Ok(());
        }
        tracing::warn!(
            model = self.model,
            caller = found.beside,
            "a standstill is ended that its caller has left"
        );
        // First: what is still on its way from there must not arrive among what follows.
        drop_database(self, &found.beside).await?;
        self.end_standstill(found.turn, &found.beside).await?;
        tokio::time::sleep(LOOK_AGAIN).await;
        Ok(())
    }

    async fn end_standstill(&self, turn: u64, beside: &str) -> Result<(), ClickHouseError> {
        // Without a token: however often.
        self.write_standstill("", turn, beside, 0, u64::MAX).await
    }

    async fn write_standstill(
        &self,
        token: &str,
        turn: u64,
        beside: &str,
        until: u64,
        version: u64,
    ) -> Result<(), ClickHouseError> {
        let row = StandstillRow {
            model: self.model.to_owned(),
            turn,
            beside: beside.to_owned(),
            until,
            version,
        };
        self.db.insert("standstills", token, &[row]).await
    }

    async fn latest_standstill(&self) -> Result<Option<Standstill>, ClickHouseError> {
        let question = self
            .db
            .client
            .query(
                "SELECT turn, beside, argMax(until, version) AS until,
                        toUInt64(toUnixTimestamp64Milli(now64(3))) AS now
                 FROM standstills WHERE model = ? AND turn > ? GROUP BY turn, beside ORDER BY turn DESC LIMIT 1",
            )
            .bind(self.model)
            .bind(NOT_YET);
        self.db.first("look for a standstill", question).await
    }
}

/// Drops what a caller has made beside, and comes back when no statement uses it. Its name is gone at once, so that who
/// drops it a second time is answered at once; its tables are not.
pub(super) async fn drop_database(ledger: &Ledger, name: &str) -> Result<(), ClickHouseError> {
    let statement = format!("DROP DATABASE IF EXISTS `{name}` SYNC");
    ledger.db.execute("drop what was made beside", &statement).await?;
    let since = Instant::now();
    loop {
        let question = ledger
            .db
            .client
            .query("SELECT count() FROM system.dropped_tables WHERE database = ?");
        let left: u64 = only(ledger, "look for dropped tables", question.bind(name)).await?;
        if left == 0 {
            return Ok(());
        }
        if since.elapsed() > LASTS {
            return Err(failed(
                ledger,
                "drop what was made beside",
                format!("{left} tables of `{name}` are still used"),
            ));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Somebody who may call a standstill, under a name that nobody had before.
pub(super) struct Caller {
    ledger: Ledger,
    /// What the names of databases for the same purpose begin with.
    kind: String,
    /// The name of its database, whether it makes it or not.
    pub beside: Arc<str>,
}

impl Caller {
    /// A new one. Its name begins with the database's, the model's and with what it is for.
    pub async fn new(ledger: &Ledger, what_for: &str) -> Result<Self, ClickHouseError> {
        ledger.db.ready().await?;
        let model = ledger.model.trim_start_matches("analytics-");
        let kind = format!("{}_{model}_{what_for}", ledger.db.database);
        let question = ledger
            .db
            .client
            .query("SELECT replaceAll(toString(generateUUIDv4()), '-', '')");
        let unique: String = only(ledger, "think of a name", question).await?;
        let beside: Arc<str> = format!("{kind}_{unique}").into();
        let caller = Self {
            ledger: Ledger {
                role: Role::Caller {
                    beside: beside.clone(),
                    replaces: false,
                },
                ..ledger.clone()
            },
            kind,
            beside,
        };
        caller.beat(NOT_YET).await?;
        // Whoever clears it away needs these rights: a user without them is told so before anything stands still.
        drop_database(&caller.ledger, &caller.beside).await?;
        Ok(caller)
    }

    /// The same who, in its standstill, replaces all that is there.
    pub fn replacing(mut self) -> Self {
        self.ledger.role = Role::Caller {
            beside: self.beside.clone(),
            replaces: true,
        };
        self
    }

    /// The live ledger for the work that this one does in its standstill.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The ledger of its own database.
    pub fn ledger_beside(&self) -> Ledger {
        Ledger {
            db: self.ledger.db.beside(&self.beside),
            model: self.ledger.model,
            role: Role::Beside,
        }
    }

    /// Works in a standstill that is called after `preparation`, with a database beside that is gone afterwards. The
    /// work is given the turn.
    pub async fn alone<T, E, W>(
        &self,
        preparation: impl Future<Output = Result<(), E>>,
        work: impl FnOnce(u64) -> W,
    ) -> Result<T, E>
    where
        E: From<ClickHouseError>,
        W: Future<Output = Result<T, E>>,
    {
        let prepared = async {
            self.tidy().await?;
            preparation.await?;
            Ok::<u64, E>(self.call().await?)
        };
        let turn = match self.during(NOT_YET, prepared).await {
            Ok(turn) => turn,
            Err(error) => {
                self.clear().await;
                return Err(error);
            }
        };
        let worked = async {
            let worked = work(turn).await;
            // First: what was sent and not answered must not replace anything when the others go on. Where it cannot
            // be dropped, the standstill runs out, and whoever waits for that tries again.
            if self.clear().await
                && let Err(error) = self.end(turn).await
            {
                tracing::warn!(%error, "a standstill is left to run out");
            }
            worked
        };
        self.during(turn, worked).await
    }

    /// Drops its database; says whether it is gone.
    async fn clear(&self) -> bool {
        let dropped = drop_database(&self.ledger, &self.beside).await;
        if let Err(error) = &dropped {
            tracing::warn!(database = &*self.beside, %error, "what was made beside is left");
        }
        dropped.is_ok()
    }

    /// Removes the databases of this kind, by their whole names, that were left by callers who are not there any more.
    async fn tidy(&self) -> Result<(), ClickHouseError> {
        let db = &self.ledger.db;
        let question = db
            .client
            .query(
                "SELECT name FROM system.databases
                 WHERE startsWith(name, ?) AND match(substring(name, length(?) + 1), '^_[0-9a-f]{32}$')
                   AND name NOT IN (SELECT beside FROM standstills GROUP BY beside
                                    HAVING max(until) > toUnixTimestamp64Milli(now64(3)))",
            )
            .bind(&self.kind)
            .bind(&self.kind);
        let left: Vec<String> = db.all("list what was made beside", question).await?;
        for name in left {
            drop_database(&self.ledger, &name).await?;
        }
        Ok(())
    }

    /// Calls a standstill, after those of others; gives its turn. What was announced before may still be under way.
    pub async fn call(&self) -> Result<u64, ClickHouseError> {
        let (ledger, beside) = (&self.ledger, &self.beside);
        let mut unheard = NOT_YET;
        loop {
            // The next turn is that behind the one that is found to be ended: not asked for again.
            let latest = ledger.latest_standstill().await?;
            if let Some(found) = latest.as_ref().filter(|found| ledger.has_to_wait_for(found)) {
                ledger.wait_or_clear(found).await?;
                continue;
            }
            let turn = latest.map_or(NOT_YET, |latest| latest.turn).max(unheard) + 1;
            let until = self.until().await?;
            let token = format!("{}/{turn}", ledger.model);
            ledger
                .write_standstill(&token, turn, beside, until, until)
                .await?;
            if self.rest(turn).await? > LEFT {
                return Ok(turn);
            }
            // Where nobody was heard, the server knows the token and not the row ([`super::mend`]).
            unheard = turn;
        }
    }

    /// Does something in this turn, or before any, and says meanwhile that it is still there: nobody ends the
    /// standstill, and nobody removes the database.
    pub async fn during<T, E>(&self, turn: u64, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        tokio::select! {
            done = work => done,
            never = self.beats(turn) => match never {},
        }
    }

    /// What may be inserted in this standstill.
    ///
    /// # Errors
    /// [`ClickHouseError::TakenForDead`]
    pub async fn look(&self, turn: u64) -> Result<Look, ClickHouseError> {
        let look = Look::now();
        let enough = self.rest(turn).await? > LEFT;
        enough.then_some(look).ok_or(ClickHouseError::TakenForDead)
    }

    /// Ends it. What it has made beside must be gone.
    pub async fn end(&self, turn: u64) -> Result<(), ClickHouseError> {
        self.ledger.end_standstill(turn, &self.beside).await
    }

    /// How long the standstill of this turn lasts; nothing where another one was heard, or others have ended it.
    async fn rest(&self, turn: u64) -> Result<Duration, ClickHouseError> {
        let latest = self.ledger.latest_standstill().await?;
        let own = latest.filter(|found| found.turn == turn && *found.beside == *self.beside);
        Ok(own.map_or(Duration::ZERO, |own| own.rest()))
    }

    async fn beats(&self, turn: u64) -> Infallible {
        loop {
            tokio::time::sleep(BEAT).await;
            // One that hangs must not keep the next from being heard.
            let why = match timeout(BEAT, self.beat(turn)).await {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer has come".to_owned(),
            };
            tracing::warn!(
                model = self.ledger.model,
                caller = &*self.beside,
                why,
                "a standstill could not be renewed"
            );
        }
    }

    async fn beat(&self, turn: u64) -> Result<(), ClickHouseError> {
        let until = self.until().await?;
        let token = format!("{}/{turn}/{until}", self.beside);
        self.ledger
            .write_standstill(&token, turn, &self.beside, until, until)
            .await
    }

    async fn until(&self) -> Result<u64, ClickHouseError> {
        let now = self.ledger.db.clock().await?;
        Ok(now.cast_unsigned() + LASTS.as_millis() as u64)
    }
}

/// The one row of an answer.
async fn only<T: RowOwned + RowRead>(
    ledger: &Ledger,
    what: &str,
    question: Query,
) -> Result<T, ClickHouseError> {
    let found = ledger.db.first(what, question).await?;
    found.ok_or_else(|| failed(ledger, what, "it answered nothing".to_owned()))
}

fn failed(ledger: &Ledger, what: &str, why: String) -> ClickHouseError {
    ClickHouseError::Failed {
        at: ledger.db.at.to_string(),
        what: what.to_owned(),
        why,
    }
}
