//! Who drives a trip now, by booking's word. Whoever opened one may have lost it since, and says nothing of it here.

use crate::{
    domain::tracking::TripOpened,
    ports::{BookedTrip, BookedTrips, BookingsUnavailable},
};
use interstate_eventing::runtime::Clock;
use interstate_schemas::{BookingId, SignedDuration, Timestamp, UserId};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

#[cfg(test)]
mod tests;

/// While somebody looks, booking is asked again after this time: so long a driver may be seen by a trip that is over.
pub const ASKED_EVERY: Duration = Duration::from_secs(10);
/// So long booking's word holds while it cannot be asked again; then nobody sees the driver.
pub const HOLDS_FOR: Duration = Duration::from_secs(120);
/// Whoever has not answered by then cannot be asked now.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// The drivers of the trips that somebody looks at.
pub struct AssignedDrivers {
    bookings: Arc<dyn BookedTrips>,
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    words: BTreeMap<BookingId, Word>,
    tidied: Timestamp,
}

/// What booking said last.
struct Word {
    /// Nobody, where it is over or nobody has it.
    driver: Option<UserId>,
    /// When the question was asked that it answers.
    said: Timestamp,
    /// When booking was asked last, answered or not.
    asked: Timestamp,
}

impl AssignedDrivers {
    /// Asks these; nothing is known yet.
    pub fn new(bookings: Arc<dyn BookedTrips>, clock: Arc<dyn Clock>) -> Self {
        Self {
            bookings,
            clock,
            known: Mutex::default(),
        }
    }

    /// Asks booking now.
    pub async fn ask(&self, booking: BookingId) -> Result<Option<BookedTrip>, BookingsUnavailable> {
        let asked = self.clock.now();
        let found = tokio::select! {
            biased;
            found = self.bookings.trip(booking) => found?,
            () = self.clock.sleep(ANSWERED_WITHIN) => {
                return Err(BookingsUnavailable("no answer has come".to_owned()));
            }
        };
        self.hear(booking, found.as_ref().map(|found| found.driver), asked);
        Ok(found)
    }

    /// Whether the trip is still its driver's. Booking is asked at most every [`ASKED_EVERY`] for all who look; where
    /// it does not answer, its last word holds for [`HOLDS_FOR`]. Only a yes is kept: who was assigned a moment ago
    /// is seen at once.
    pub async fn still_drives(&self, trip: &TripOpened) -> Result<bool, BookingsUnavailable> {
        if !self.is_due(trip) {
            return Ok(true);
        }
        match self.ask(trip.booking).await {
            Ok(found) => Ok(found.is_some_and(|found| found.driver == trip.driver)),
            Err(error) if self.holds(trip) => {
                tracing::debug!(booking = %trip.booking, %error, "a trip is shown by what booking said before");
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether booking is to be asked. Then the others who look need not: until the answer has come they go by the
    /// last one.
    fn is_due(&self, trip: &TripOpened) -> bool {
        let mut known = self.known();
        let now = self.clock.now();
        let word = known.words.get_mut(&trip.booking);
        let Some(word) = word.filter(|word| self.is_of(word, trip, now)) else {
            return true;
        };
        let due = !self.is_within(ASKED_EVERY, word.asked, now);
        if due {
            word.asked = now;
        }
        due
    }

    fn holds(&self, trip: &TripOpened) -> bool {
        let known = self.known();
        let word = known.words.get(&trip.booking);
        word.is_some_and(|word| self.is_of(word, trip, self.clock.now()))
    }

    fn is_of(&self, word: &Word, trip: &TripOpened, now: Timestamp) -> bool {
        word.driver == Some(trip.driver) && self.is_within(HOLDS_FOR, word.said, now)
    }

    /// A clock that was set back makes nothing younger.
    fn is_within(&self, real: Duration, since: Timestamp, now: Timestamp) -> bool {
        let age = now.duration_since(since);
        (SignedDuration::ZERO..=self.clock.log_duration(real)).contains(&age)
    }

    fn hear(&self, booking: BookingId, driver: Option<UserId>, asked: Timestamp) {
        let mut known = self.known();
        if !self.is_within(HOLDS_FOR, known.tidied, asked) {
            known.tidied = asked;
            known
                .words
                .retain(|_, word| self.is_within(HOLDS_FOR, word.said, asked));
        }
        // Of two answers that overtook each other the later question's counts.
        let word = known.words.get(&booking);
        if word.is_some_and(|word| word.said > asked) {
            return;
        }
        let word = Word {
            driver,
            said: asked,
            asked,
        };
        known.words.insert(booking, word);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
