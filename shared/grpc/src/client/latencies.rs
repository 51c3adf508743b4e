//! How long recent answers took.

use std::time::Duration;

/// Answers that are remembered.
const REMEMBERED: usize = 256;
/// So many are needed before anything is concluded.
const ENOUGH: usize = 32;
/// Nobody is asked a second time before: what is shorter is the noise of a busy machine.
const LEAST: Duration = Duration::from_millis(1);

/// The last answers to one question.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    recent: Vec<Duration>,
    next: usize,
}

impl Latencies {
    pub(super) fn add(&mut self, took: Duration) {
        if self.recent.len() < REMEMBERED {
            self.recent.push(took);
        } else {
            self.recent[self.next] = took;
        }
        self.next = (self.next + 1) % REMEMBERED;
    }

    /// What so large a share of them did not exceed; nothing where too few are known.
    pub(super) fn quantile(&self, share: f64) -> Option<Duration> {
        if self.recent.len() < ENOUGH {
            return None;
        }
        let mut sorted = self.recent.clone();
        let at = ((sorted.len() - 1) as f64 * share.clamp(0.0, 1.0)).round() as usize;
        let (_, found, _) = sorted.select_nth_unstable(at);
        Some((*found).max(LEAST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_that_of_the_recent_answers() {
        let mut latencies = Latencies::default();
        for ms in 1..=31 {
            latencies.add(Duration::from_millis(ms));
        }
        assert_eq!(latencies.quantile(0.95), None, "too few");
        for ms in 32..=101 {
            latencies.add(Duration::from_millis(ms));
        }
        assert_eq!(latencies.quantile(0.95), Some(Duration::from_millis(96)));
        for _ in 0..REMEMBERED {
            latencies.add(Duration::from_micros(10));
        }
        assert_eq!(
            latencies.quantile(0.95),
            Some(LEAST),
            "the old ones are forgotten"
        );
    }
}
