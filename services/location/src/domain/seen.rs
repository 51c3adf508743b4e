//! Which numbers of a device have been seen: a window of bits below the highest, so that memory is bounded
//! however long the device lives.

use std::sync::Arc;

/// A driver has a phone, a tracker in the vehicle, a spare.
const MOST_DEVICES: usize = 8;

/// How far behind the highest number a late fix may be. A day offline at one fix in five seconds, the most
/// that a device keeps, is 17,280.
const WINDOW: u64 = 1 << 15;
/// How far above the highest number a new one may be: a device that numbers two fixes a second comes so far in 24
/// days. A number further off is a broken counter's, and would push all true ones out of the window.
const JUMP: u64 = 1 << 22;
const WORDS: usize = (WINDOW / 64) as usize;

/// What is known about a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// Never seen; it is now.
    New,
    /// Seen before.
    Repeat,
    /// Below the window: nobody knows any more.
    FarBehind,
    /// Further above the highest than a device can have come.
    FarAhead,
    /// The keeper of the windows has no room for more.
    NoRoom,
}

/// The numbers that were seen of one device.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    /// One above the highest number seen.
    end: u64,
    /// A ring of bits, number `n` at `n % WINDOW`; grown on first need, because most devices are never late.
    bits: Vec<u64>,
}

impl Seen {
    /// What a number is, without noting it.
    pub fn sight(&self, seq: u64) -> Sighting {
        // A device may begin anywhere, but the last number of all has no number above it.
        if seq == u64::MAX || (self.end > 0 && seq >= self.end.saturating_add(JUMP)) {
            Sighting::FarAhead
        } else if seq >= self.end || self.bits.is_empty() {
            Sighting::New
        } else if self.end - seq > WINDOW {
            Sighting::FarBehind
        } else if self.has(seq) {
            Sighting::Repeat
        } else {
            Sighting::New
        }
    }

    /// Notes a number that is new; any other changes nothing.
    pub fn note(&mut self, seq: u64) -> Sighting {
        let sighting = self.sight(seq);
        if sighting != Sighting::New {
            return sighting;
        }
        if self.bits.is_empty() {
            self.bits = vec![0; WORDS];
        }
        if seq >= self.end {
            for skipped in self.end.max((seq + 1).saturating_sub(WINDOW))..seq {
                self.clear(skipped);
            }
            self.end = seq + 1;
        }
        self.set(seq);
        Sighting::New
    }

    /// Whether the number is known to have been seen, without noting it.
    pub fn knows(&self, seq: u64) -> bool {
        !self.bits.is_empty() && seq < self.end && self.end - seq <= WINDOW && self.has(seq)
    }

    fn place(seq: u64) -> (usize, u64) {
        (((seq % WINDOW) / 64) as usize, 1 << (seq % 64))
    }

    fn has(&self, seq: u64) -> bool {
        let (word, bit) = Self::place(seq);
        self.bits[word] & bit != 0
    }

    fn set(&mut self, seq: u64) {
        let (word, bit) = Self::place(seq);
        self.bits[word] |= bit;
    }

    fn clear(&mut self, seq: u64) {
        let (word, bit) = Self::place(seq);
        self.bits[word] &= !bit;
    }
}

/// The numbers that were seen of one driver's devices: so few that looking at each is quickest.
#[derive(Debug, Clone, Default)]
pub(crate) struct Devices(Vec<(Arc<str>, Seen)>);

impl Devices {
    /// What a number of a device is, without noting it.
    pub fn sight(&self, device: &str, seq: u64) -> Sighting {
        match self.0.iter().find(|(name, _)| **name == *device) {
            Some((_, seen)) => seen.sight(seq),
            None if self.have_room() => Seen::default().sight(seq),
            None => Sighting::NoRoom,
        }
    }

    /// Notes a number of a device, where it is new.
    pub fn note(&mut self, device: &Arc<str>, seq: u64) {
        if let Some((_, seen)) = self.0.iter_mut().find(|(name, _)| name == device) {
            seen.note(seq);
        } else if self.have_room() {
            let mut seen = Seen::default();
            seen.note(seq);
            self.0.push((device.clone(), seen));
        }
    }

    /// Whether the number is known to have been seen of the device, without noting it.
    pub fn know(&self, device: &str, seq: u64) -> bool {
        let found = self.0.iter().find(|(name, _)| **name == *device);
        found.is_some_and(|(_, seen)| seen.knows(seq))
    }

    /// Whether this device is told apart, or can be.
    pub fn have_room_for(&self, device: &str) -> bool {
        self.have_room() || self.0.iter().any(|(name, _)| **name == *device)
    }

    /// Whether another device can be told apart.
    pub fn have_room(&self) -> bool {
        self.0.len() < MOST_DEVICES
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_number_is_new_once() {
        let mut seen = Seen::default();
        assert_eq!(seen.note(0), Sighting::New);
        assert_eq!(seen.note(0), Sighting::Repeat);
        assert_eq!(seen.note(100), Sighting::New);
        assert_eq!(seen.note(40), Sighting::New, "late, but new");
        assert_eq!(seen.note(40), Sighting::Repeat);
    }

    #[test]
    fn a_jump_over_the_whole_window_forgets_what_was_there() {
        let mut seen = Seen::default();
        (0..WINDOW).for_each(|seq| assert_eq!(seen.note(seq), Sighting::New));
        assert_eq!(seen.note(10 * WINDOW), Sighting::New);
        assert_eq!(seen.note(WINDOW - 1), Sighting::FarBehind);
        (9 * WINDOW + 1..10 * WINDOW).for_each(|seq| assert_eq!(seen.note(seq), Sighting::New, "{seq}"));
        assert_eq!(seen.note(u64::MAX), Sighting::FarAhead);
    }

    #[test]
    fn a_number_that_no_device_comes_to_leaves_the_window_where_it_is() {
        let mut seen = Seen::default();
        assert_eq!(seen.note(99), Sighting::New);
        assert_eq!(seen.note(1 << 63), Sighting::FarAhead);
        assert_eq!(seen.note(100 + JUMP), Sighting::FarAhead);
        assert_eq!(seen.note(100), Sighting::New);
        assert_eq!(seen.note(100 + JUMP), Sighting::New, "the furthest");
    }

    #[test]
    fn within_the_window_it_answers_as_a_set_would() {
        let (mut seen, mut set) = (Seen::default(), BTreeSet::new());
        let mut state = 7u64;
        for step in 0..20_000u64 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let seq = step + (state >> 33) % 30_000;
            let expected = if set.insert(seq) {
                Sighting::New
            } else {
                Sighting::Repeat
            };
            let end = set.last().copied().unwrap_or_default();
            if end - seq < WINDOW {
                assert_eq!(seen.note(seq), expected, "{seq}");
            }
        }
    }
}
