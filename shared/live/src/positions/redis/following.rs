//! Drivers whom somebody follows here: one connection, one channel a driver.

use super::Shared;
use crate::{keys, redis::LiveError};
use futures::StreamExt;
use interstate_schemas::DriverId;
use rand::Rng;
use redis::{
    Msg,
    aio::{PubSub, PubSubSink},
};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval, timeout},
};

/// How often it is seen whether the server still listens, and who is not followed any more.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The server confirms within this time.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(2);
/// Until it is tried again: twice as long after each failure, and a random part of it.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// Channels in one command, and drivers in one question.
const BATCH: usize = 500;

#[derive(Default)]
pub(super) struct Following {
    wanted: Mutex<HashSet<DriverId>>,
    more: Notify,
}

impl Following {
    pub(super) fn add(&self, driver: DriverId) {
        // Also for one that is known: the last sighting may have been missed since nobody followed any more.
        self.lock().insert(driver);
        self.more.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<DriverId>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection has ended, or the server confirms nothing.
struct Broken;

/// Follows until it is aborted.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut pause = FIRST_PAUSE;
    loop {
        if shared.following.lock().is_empty() {
            shared.following.more.notified().await;
            continue;
        }
        match shared.link.listen().await {
            Ok(listening) => {
                pause = FIRST_PAUSE;
                if Listening::new(&shared, listening).run().await.is_ok() {
                    continue;
                }
                tracing::debug!("positions of other instances are not heard of; it is tried again");
            }
            Err(why) => unheard(&why),
        }
        let share = rand::rng().random_range(0.5..1.0);
        tokio::time::sleep(pause.mul_f64(share)).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// The link says it loudly, once; here it is tried again and again.
fn unheard(why: &LiveError) {
    tracing::debug!(error = %why, "positions of other instances are not heard of");
}

struct Listening<'a> {
    shared: &'a Shared,
    sink: PubSubSink,
    messages: redis::aio::PubSubStream,
    followed: HashSet<DriverId>,
    channel: String,
}

impl<'a> Listening<'a> {
    fn new(shared: &'a Shared, listening: PubSub) -> Self {
        let (sink, messages) = listening.split();
        Self {
            shared,
            sink,
            messages,
            followed: HashSet::new(),
            channel: keys::MOVED.of(&shared.link, ""),
        }
    }

    /// Ends well when nobody is followed any more.
    async fn run(mut self) -> Result<(), Broken> {
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut connections = self.shared.link.connections();
        loop {
            self.adjust().await?;
            if self.followed.is_empty() {
                return Ok(());
            }
            tokio::select! {
                message = self.messages.next() => self.heard(&message.ok_or(Broken)?),
                () = self.shared.following.more.notified() => {}
                _ = connections.changed() => {
                    let all: Vec<DriverId> = self.followed.iter().copied().collect();
                    self.catch_up(&all).await;
                }
                _ = look.tick() => {
                    let here = &self.shared.here;
                    self.shared.following.lock().retain(|driver| here.is_followed(*driver));
                    confirmed(self.sink.ping::<redis::Value>()).await?;
                }
            }
        }
    }

    /// Subscribes to who is wanted and not followed, and leaves the others.
    async fn adjust(&mut self) -> Result<(), Broken> {
        let (more, less): (Vec<DriverId>, Vec<DriverId>) = {
            let wanted = self.shared.following.lock();
            let more = wanted.difference(&self.followed).copied().collect();
            (more, self.followed.difference(&wanted).copied().collect())
        };
        for some in more.chunks(BATCH) {
            let channels = self.channels(some);
            confirmed(self.sink.subscribe(channels)).await?;
            self.followed.extend(some);
            // Only now: what comes from here on is heard.
            self.catch_up(some).await;
        }
        for some in less.chunks(BATCH) {
            let channels = self.channels(some);
            confirmed(self.sink.unsubscribe(channels)).await?;
            some.iter().for_each(|driver| _ = self.followed.remove(driver));
        }
        Ok(())
    }

    async fn catch_up(&self, drivers: &[DriverId]) {
        for some in drivers.chunks(BATCH) {
            // Where the server is away, this is done again when it is back.
            let Ok(known) = self.shared.known_there(some).await else {
                return;
            };
            for (driver, seen) in some.iter().zip(known) {
                if let Some(seen) = seen {
                    self.shared.told(*driver, seen);
                }
            }
        }
    }

    fn heard(&self, message: &Msg) {
        let driver = message.get_channel_name().strip_prefix(&self.channel);
        let driver = driver.and_then(|driver| driver.parse().ok());
        let text = message.get_payload::<String>();
        if let (Some(driver), Ok(text)) = (driver, text)
            && let Some(seen) = super::read(&text)
        {
            self.shared.told(driver, seen);
        }
    }

    fn channels(&self, drivers: &[DriverId]) -> Vec<String> {
        let name = |driver: &DriverId| format!("{}{driver}", self.channel);
        drivers.iter().map(name).collect()
    }
}

async fn confirmed<T>(confirmation: impl Future<Output = redis::RedisResult<T>>) -> Result<(), Broken> {
    match timeout(CONFIRMED_WITHIN, confirmation).await {
        Ok(Ok(_)) => Ok(()),
        _ => Err(Broken),
    }
}
