//! Drivers in a circle that one can begin to go round anywhere.

use interstate_schemas::{BookingId, DriverId};
use std::collections::BTreeSet;

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

    /// All of them, beginning where the booking stands.
    pub(super) fn beginning_at(&self, booking: BookingId) -> impl Iterator<Item = DriverId> {
        let from = booking.ulid().random();
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
        let first = |number| ring.beginning_at(booking(number)).next();
        let begun: BTreeSet<_> = (0..100).map(first).collect();
        assert!(
            begun.len() > 50,
            "{} of 100 drivers are looked at first",
            begun.len()
        );
        let all: BTreeSet<_> = ring.beginning_at(booking(0)).collect();
        assert_eq!(all.len(), 100);
        assert!(ring.contains(driver(7)));
        ring.remove(driver(7));
        assert!(!ring.contains(driver(7)));
        assert_eq!(ring.beginning_at(booking(0)).count(), 99);
    }
}
