//! A driver's phone: it keeps positions and sends them in batches.

use super::{client::CallError, clock::LogClock, journey::Journey, session::Session};
use interstate_schemas::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Seconds between two positions on the way, in log time.
const STEP: i64 = 60;
/// And where the vehicle stands.
const STANDING_STEP: i64 = 300;
/// Positions sent at once; what comes on top is left out by larger steps.
const MOST: i64 = 60;
/// Positions are this old at least, so that the estimate of the platform's time is never ahead of it.
const BEHIND: SignedDuration = SignedDuration::from_secs(45);

/// The phone.
pub struct Device {
    name: String,
    /// Where it is.
    pub journey: Journey,
    sent: Timestamp,
}

impl Device {
    /// One that is there from now on.
    pub fn new(name: String, journey: Journey, now: Timestamp) -> Self {
        Self {
            name,
            journey,
            sent: now.saturating_sub(BEHIND).unwrap_or(now),
        }
    }

    /// Sends where the vehicle has been since the last time.
    pub async fn report(
        &mut self,
        session: &Session,
        clock: &LogClock,
        booking: Option<&str>,
    ) -> Result<(), CallError> {
        let until = clock.now().saturating_sub(BEHIND).unwrap_or(Timestamp::MIN);
        let fixes = self.since(until, booking);
        if fixes.is_empty() {
            return Ok(());
        }
        session.tell("/v1/fixes", json!({ "fixes": fixes })).await?;
        self.sent = until;
        Ok(())
    }

    fn since(&self, until: Timestamp, booking: Option<&str>) -> Vec<Value> {
        let span = until.as_second() - self.sent.as_second();
        let usual = if self.journey.moves(until) {
            STEP
        } else {
            STANDING_STEP
        };
        let step = usual.max(span / MOST);
        (1..=span / step)
            .filter_map(|count| {
                self.sent
                    .checked_add(SignedDuration::from_secs(count * step))
                    .ok()
            })
            .chain((span >= step && span % step != 0).then_some(until))
            .map(|at| {
                json!({
                    "device": self.name,
                    // Seconds as numbers: they go up on their own, after a restart as well.
                    "seq": at.as_second(),
                    "at": at,
                    "point": self.journey.at(at),
                    "accuracy_m": 8.0,
                    "booking": booking,
                })
            })
            .collect()
    }
}
