//! Ended logins that instances share on a Redis server.

use super::{EndedLogins, MemoryLogins};
use crate::{
    keys,
    redis::{Away, Link},
};
use async_trait::async_trait;
use rand::Rng;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// To say it once more changes nothing, so it is said up to so many times. If it fails as often, the connection is
/// given up, and all is said again at the next.
const TIMES: usize = 3;
const PAUSE: Duration = Duration::from_millis(40);
/// Logins in one go.
const BATCH: usize = 256;

/// Ended logins on a server.
pub(crate) struct RedisLogins {
    shared: Arc<Shared>,
    beside: JoinHandle<()>,
}

struct Shared {
    link: Arc<Link>,
    /// Those that ended here, and those that were found on the server.
    here: MemoryLogins,
}

impl RedisLogins {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        let shared = Arc::new(Shared {
            link,
            here: MemoryLogins::default(),
        });
        let beside = tokio::spawn(tell_again(shared.clone()));
        Self { shared, beside }
    }
}

impl Drop for RedisLogins {
    fn drop(&mut self) {
        self.beside.abort();
    }
}

impl Shared {
    async fn tell(&self, ended: &[(String, Duration)]) -> Result<(), Away> {
        let mut commands = redis::pipe();
        for (login, life) in ended {
            let millis = u64::try_from(life.as_millis()).unwrap_or(u64::MAX).max(1);
            let key = keys::ENDED.of(&self.link, login);
            commands
                .cmd("SET")
                .arg(key)
                .arg("1")
                .arg("PX")
                .arg(millis)
                .ignore();
        }
        let told = self.link.ask("end-logins", |mut connection| async move {
            commands.query_async::<()>(&mut connection).await
        });
        told.await
    }
}

/// At each new connection: the server may have come back empty, or have been away when a login ended.
async fn tell_again(shared: Arc<Shared>) {
    let mut connections = shared.link.connections();
    connections.mark_unchanged();
    while connections.changed().await.is_ok() {
        for some in shared.here.all(Instant::now()).chunks(BATCH) {
            if shared.tell(some).await.is_err() {
                break;
            }
        }
    }
}

#[async_trait]
impl EndedLogins for RedisLogins {
    async fn end(&self, login: &str, life: Duration) {
        self.shared.here.note(login, life, Instant::now());
        let ended = [(login.to_owned(), life)];
        for time in 1..=TIMES {
            if self.shared.tell(&ended).await.is_ok() {
                return;
            }
            if time < TIMES {
                let share = rand::rng().random_range(0.5..1.0);
                tokio::time::sleep(PAUSE.mul_f64(share)).await;
            }
        }
        tracing::warn!(
            login,
            "a login has ended, and other instances hear of it when the Redis server is back"
        );
    }

    async fn has_ended(&self, login: &str) -> bool {
        let now = Instant::now();
        if self.shared.here.knows(login, now) {
            return true;
        }
        let key = keys::ENDED.of(&self.shared.link, login);
        let left = self.shared.link.ask("login-ended", |mut connection| async move {
            redis::cmd("PTTL")
                .arg(key)
                .query_async::<i64>(&mut connection)
                .await
        });
        let Ok(left) = left.await else { return false };
        let Ok(left @ 1..) = u64::try_from(left) else {
            return false;
        };
        // It stays ended if the server goes away.
        self.shared.here.note(login, Duration::from_millis(left), now);
        true
    }
}

impl fmt::Debug for RedisLogins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisLogins")
    }
}
