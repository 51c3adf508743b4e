//! The one connection of a process for questions: what goes wrong with it, and how it comes back.
//!
//! Nobody who asks waits for a connection. Where there is none the answer is that at once, and one task in the
//! background makes a new one.

use super::{
    LiveError,
    figures::{Figures, Outcome},
    server::{ANSWER_WITHIN, Server},
};
use crate::live::Standing;
use interstate_config::RedisAddress;
use interstate_telemetry::{Breaker, BreakerState, Metrics};
use rand::Rng;
use redis::{
    ErrorKind, RedisError, RedisResult, ServerErrorKind,
    aio::{MultiplexedConnection, PubSub},
};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Answers that are late in a row until the connection is given up.
const FAILURES: u32 = 3;
/// Between two attempts to connect: twice as long after each, and a random part of it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);

/// Each request may be refused; that much is said of it.
const COMPLAIN_EVERY: Duration = Duration::from_secs(10);

/// The way to the server. Made once a process.
pub(crate) struct Link {
    server: Server,
    prefix: String,
    figures: Figures,
    known: Mutex<Known>,
    /// Counts connections: whoever has something to tell again does it at each.
    connections: watch::Sender<u64>,
}

struct Known {
    /// With its number: what an older one still has to complain of says nothing of this one.
    connection: Option<(u64, MultiplexedConnection)>,
    breaker: Breaker,
    why: Option<LiveError>,
    /// The last call that the server refused by its name, until it takes that one.
    refused: Option<(&'static str, LiveError)>,
    complained: Option<Instant>,
    mending: bool,
}

impl Known {
    fn is_on(&self, number: u64) -> bool {
        self.connection
            .as_ref()
            .is_some_and(|(known, _)| *known == number)
    }
}

/// The server was not asked, or did not answer. Why is [`Link::standing`]'s to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Redis server does not answer")]
pub(crate) struct Away;

impl Link {
    /// Connects. A server that is away is waited for in the background.
    ///
    /// # Errors
    /// What waiting does not mend: the user is refused, the server too old, the certificate wrong.
    pub(crate) async fn open(address: &RedisAddress, metrics: &Metrics) -> Result<Arc<Self>, LiveError> {
        let known = Known {
            connection: None,
            breaker: Breaker::new(FAILURES, LONGEST_PAUSE),
            why: None,
            refused: None,
            complained: None,
            mending: false,
        };
        let link = Arc::new(Self {
            server: Server::new(address)?,
            prefix: address.prefix.clone(),
            figures: Figures::new(metrics),
            known: Mutex::new(known),
            connections: watch::Sender::new(0),
        });
        match link.server.connect().await {
            Ok(connection) => link.connected(connection),
            Err(error) if error.for_good => return Err(error),
            Err(error) => link.lost(&mut link.known(), error),
        }
        Ok(link)
    }

    /// `{prefix}:{name}`.
    pub(crate) fn key(&self, name: fmt::Arguments<'_>) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// Asks, where the server is thought to answer. `call` names the question in the figures.
    pub(crate) async fn ask<T, F>(
        self: &Arc<Self>,
        call: &'static str,
        question: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, Away>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let Some((number, connection)) = self.known().connection.clone() else {
            self.figures.called(call, Outcome::Spared, Duration::ZERO);
            return Err(Away);
        };
        let began = Instant::now();
        // The driver's own time-out begins once a question is on its way; this one counts the wait before it too.
        let asked = tokio::time::timeout(ANSWER_WITHIN, question(connection)).await;
        let (outcome, answer) = match asked {
            Ok(Ok(answer)) => {
                let mut known = self.known();
                known.breaker.answered();
                if known
                    .refused
                    .as_ref()
                    .is_some_and(|(refused, _)| *refused == call)
                {
                    known.refused = None;
                }
                drop(known);
                (Outcome::Answered, Ok(answer))
            }
            Ok(Err(error)) => {
                self.failed(call, number, &error);
                (Outcome::Failed, Err(Away))
            }
            Err(_) => {
                self.late(number);
                (Outcome::Failed, Err(Away))
            }
        };
        self.figures.called(call, outcome, began.elapsed());
        answer
    }

    /// A connection for messages; whoever asks for it tries again later.
    pub(crate) async fn listen(&self) -> Result<PubSub, LiveError> {
        self.server.listen().await
    }

    /// Changes with each connection.
    pub(crate) fn connections(&self) -> watch::Receiver<u64> {
        self.connections.subscribe()
    }

    /// Asks the server whether it is there.
    pub(crate) async fn standing(self: &Arc<Self>) -> Standing {
        let ping =
            |mut connection| async move { redis::cmd("PING").query_async::<String>(&mut connection).await };
        let answered = self.ask("ping", ping).await.is_ok();
        self.seen(answered)
    }

    /// What is known without asking.
    pub(crate) fn last_known(&self) -> Standing {
        let answered = self.known().connection.is_some();
        self.seen(answered)
    }

    fn seen(&self, answered: bool) -> Standing {
        let (why, refused) = {
            let known = self.known();
            (known.why.clone(), known.refused.clone())
        };
        match (answered, refused, why) {
            (true, None, _) => Standing::Answers(self.server.at().to_owned()),
            (true, Some((_, why)), _) | (false, _, Some(why)) => Standing::Away(why),
            (false, _, None) => Standing::Away(LiveError::away(self.server.at(), "the answer is late")),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an error says of the connection.
    fn failed(self: &Arc<Self>, call: &'static str, number: u64, error: &RedisError) {
        if error.is_timeout() {
            return self.late(number);
        }
        let why = self.server.said(error);
        let of_the_connection = match error.kind() {
            ErrorKind::Io | ErrorKind::Parse | ErrorKind::AuthenticationFailed => true,
            // It is there, but serves nobody: others are better off without it until it does.
            ErrorKind::Server(
                ServerErrorKind::BusyLoading | ServerErrorKind::MasterDown | ServerErrorKind::ReadOnly,
            ) => true,
            _ => matches!(error.code(), Some("NOAUTH" | "WRONGPASS")),
        };
        if of_the_connection {
            let mut known = self.known();
            if known.is_on(number) {
                self.lost(&mut known, why);
            }
            return;
        }
        let mut known = self.known();
        let now = Instant::now();
        let quiet = known
            .complained
            .is_some_and(|last| now.duration_since(last) < COMPLAIN_EVERY);
        if !quiet {
            known.complained = Some(now);
            tracing::warn!(call, error = %why, "a call of the Redis server was refused");
        }
        known.refused = Some((call, why));
    }

    fn late(self: &Arc<Self>, number: u64) {
        let mut known = self.known();
        if !known.is_on(number) {
            return;
        }
        let now = Instant::now();
        known.breaker.failed(now);
        if known.breaker.state(now) != BreakerState::Closed {
            let millis = ANSWER_WITHIN.as_millis();
            let why = LiveError::away(self.server.at(), format!("no answer within {millis} ms"));
            self.lost(&mut known, why);
        }
    }

    /// From here on nobody asks until there is a new connection.
    fn lost(self: &Arc<Self>, known: &mut Known, why: LiveError) {
        known.connection = None;
        if known.breaker.state(Instant::now()) == BreakerState::Closed {
            known.breaker.gone(Instant::now());
        }
        self.figures.breaker(BreakerState::Open);
        if !std::mem::replace(&mut known.mending, true) {
            tracing::warn!(error = %why, "live data is this process's own until the Redis server is back");
            tokio::spawn(mend(Arc::downgrade(self)));
        }
        known.why = Some(why);
    }

    fn connected(&self, connection: MultiplexedConnection) {
        let mut known = self.known();
        let number = *self.connections.borrow() + 1;
        known.connection = Some((number, connection));
        known.breaker.answered();
        (known.why, known.mending) = (None, false);
        drop(known);
        self.figures.breaker(BreakerState::Closed);
        self.connections.send_replace(number);
    }
}

/// Connects until it succeeds, or until nobody needs it any more.
async fn mend(link: Weak<Link>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let Some(link) = link.upgrade() else { return };
        link.known().breaker.asked(Instant::now());
        link.figures.breaker(BreakerState::OnTrial);
        match link.server.connect().await {
            Ok(connection) => {
                tracing::info!(at = link.server.at(), "the Redis server is used again");
                return link.connected(connection);
            }
            Err(why) => {
                let mut known = link.known();
                known.breaker.failed(Instant::now());
                known.why = Some(why);
                link.figures.breaker(BreakerState::Open);
            }
        }
        drop(link);
        // Instances that lost it together must not come back together.
        let share = rand::rng().random_range(0.5..1.0);
        tokio::time::sleep(pause.mul_f64(share)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.server.at())
    }
}
