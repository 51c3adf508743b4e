//! Drivers in a circle that one can begin to go round anywhere.

use interstate_schemas::{BookingId, DriverId};
use std::collections::BTreeSet;

/// As many as the random part of an id has values.
const RANDOM: u128 = 1 << ulid::Ulid::RAND_BITS;
/// The golden section of them: steps of this length never come near to each other.
const STEP: u128 = 0x9E37_79B9_7F4A_7C15_F39C;

/// A set of drivers, ordered by the part of their ids that is random: those who came one after the other stand
/// anywhere, and so does a booking among them.
#[derive(Debug, Default)]
pub(super) struct Ring {
    drivers: BTreeSet<(u128, DriverId)>,
}

impl Ring {
    pub(super) fn insert(&mut self, driver: DriverId) {
        self.drivers.insert((driver.ulid().random(), driver));
    }

    pub(super) fn remove(&mut self, driver: DriverId) {
        self.drivers.remove(&(driver.ulid().random(), driver));
    }

    pub(super) fn contains(&self, driver: DriverId) -> bool {
        self.drivers.contains(&(driver.ulid().random(), driver))
    }

    /// All of them, beginning where the booking stands in its first round, and far from there in every later one:
    /// where there are more than a round can look at, it is others' turn.
    pub(super) fn beginning_at(&self, booking: BookingId, round: u32) -> impl Iterator<Item = DriverId> {
        let turn = STEP * u128::from(round.saturating_sub(1));
        let from = (booking.ulid().random() + turn) % RANDOM;
        let begin = (from, DriverId::from_ulid(0.into()));
        let round = self.drivers.range(begin..).chain(self.drivers.range(..begin));
        round.map(|(_, driver)| *driver)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bookings_begin_all_around_whenever_the_drivers_came() {
        let mut ring = Ring::default();
        let driver = |number: u64| DriverId::derive(1_000 + number, &[&number.to_be_bytes()]);
        for number in 0..100 {
            ring.insert(driver(number));
        }
        // Later than all drivers, and within a moment.
        let booking = |number: u64| BookingId::derive(9_000 + number, &[&number.to_be_bytes()]);
        let first = |number| ring.beginning_at(booking(number), 1).next();
        let begun: BTreeSet<_> = (0..100).map(first).collect();
        assert!(
            begun.len() > 50,
            "{} of 100 drivers are looked at first",
            begun.len()
        );
        let all: BTreeSet<_> = ring.beginning_at(booking(0), 1).collect();
        assert_eq!(all.len(), 100);
        let of_round = |round| ring.beginning_at(booking(0), round).next();
        let begun: BTreeSet<_> = (1..=20).map(of_round).collect();
        assert!(begun.len() > 15, "{} of 20 rounds begin elsewhere", begun.len());
        assert!(ring.contains(driver(7)));
        ring.remove(driver(7));
        assert!(!ring.contains(driver(7)));
        assert_eq!(ring.beginning_at(booking(0), 3).count(), 99);
    }
}
