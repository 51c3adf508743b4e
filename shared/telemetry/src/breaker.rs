//! Whether a server is worth asking, and the figure of that. Pure: the moment is told.

use std::time::{Duration, Instant};

/// What is thought of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// It answers.
    Closed,
    /// It did not answer for a while; one question tries it.
    OnTrial,
    /// It does not answer, and is left alone.
    Open,
}

impl BreakerState {
    /// As the metric shows it.
    pub const fn figure(self) -> i64 {
        match self {
            Self::Closed => 0,
            Self::OnTrial => 1,
            Self::Open => 2,
        }
    }
}

/// Counts failures in a row; after so many it opens, and after a rest lets one question through.
#[derive(Debug)]
pub struct Breaker {
    failures: u32,
    most: u32,
    rest: Duration,
    opened: Option<Instant>,
    trying: Option<Instant>,
}

impl Breaker {
    /// Opens after so many failures in a row, and rests so long.
    pub fn new(most: u32, rest: Duration) -> Self {
        Self {
            failures: 0,
            most,
            rest,
            opened: None,
            trying: None,
        }
    }

    /// What is thought of it now.
    pub fn state(&self, now: Instant) -> BreakerState {
        match self.opened {
            None => BreakerState::Closed,
            Some(since) if now.saturating_duration_since(since) < self.rest => BreakerState::Open,
            Some(_) => BreakerState::OnTrial,
        }
    }

    /// Whether a question may go there now.
    pub fn lets_through(&self, now: Instant) -> bool {
        match self.state(now) {
            BreakerState::Closed => true,
            BreakerState::Open => false,
            // One at a time; one that was given up without a word does not block the address for ever.
            BreakerState::OnTrial => self
                .trying
                .is_none_or(|since| now.saturating_duration_since(since) >= self.rest),
        }
    }

    /// A question goes there.
    pub fn asked(&mut self, now: Instant) {
        if self.opened.is_some() {
            self.trying = Some(now);
        }
    }

    /// It answered.
    pub fn answered(&mut self) {
        (self.failures, self.opened, self.trying) = (0, None, None);
    }

    /// It is known to be gone, as a connection that ended says: no further failure is waited for.
    pub fn gone(&mut self, now: Instant) {
        self.failures = self.most;
        (self.opened, self.trying) = (Some(now), None);
    }

    /// It did not answer.
    pub fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        self.trying = None;
        if self.failures >= self.most {
            self.opened = Some(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(1);

    #[test]
    fn an_address_that_fails_is_left_alone_and_tried_by_one_question() {
        let (mut breaker, start) = (Breaker::new(2, REST), Instant::now());
        breaker.failed(start);
        assert_eq!(
            breaker.state(start),
            BreakerState::Closed,
            "one failure is nothing"
        );
        breaker.failed(start);
        assert_eq!(breaker.state(start), BreakerState::Open);
        assert!(!breaker.lets_through(start));

        let later = start + REST;
        assert_eq!(breaker.state(later), BreakerState::OnTrial);
        assert!(breaker.lets_through(later));
        breaker.asked(later);
        assert!(!breaker.lets_through(later), "one question tries it");
        breaker.failed(later);
        assert_eq!(breaker.state(later), BreakerState::Open, "it rests again");

        let again = later + REST;
        breaker.asked(again);
        breaker.answered();
        assert_eq!(breaker.state(again), BreakerState::Closed);
        breaker.failed(again);
        assert_eq!(
            breaker.state(again),
            BreakerState::Closed,
            "it begins to count anew"
        );
    }

    #[test]
    fn a_trial_that_nobody_waited_for_does_not_block_the_address() {
        let (mut breaker, start) = (Breaker::new(1, REST), Instant::now());
        breaker.failed(start);
        breaker.asked(start + REST);
        assert!(!breaker.lets_through(start + REST));
        assert!(breaker.lets_through(start + REST * 2));
    }
}
