//! What repeats and hedges are paid from: each answer earns a tenth of one. A service that is down is not asked three
//! times as often for it.

use std::sync::atomic::{AtomicU32, Ordering};

/// One repeat, in tenths.
const REPEAT: u32 = 10;
/// As much as is saved up.
const MOST: u32 = 20 * REPEAT;

/// Saved up repeats, in tenths.
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(MOST))
    }
}

impl Budget {
    /// An answer came.
    pub(super) fn answered(&self) {
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                (saved < MOST).then_some(saved + 1)
            });
    }

    /// Takes a repeat, if there is one.
    pub(super) fn take(&self) -> bool {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |saved| {
                saved.checked_sub(REPEAT)
            })
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_run_out_and_answers_earn_new_ones() {
        let budget = Budget::default();
        let taken = std::iter::from_fn(|| budget.take().then_some(())).count();
        assert_eq!(taken, 20);
        (0..9).for_each(|_| budget.answered());
        assert!(!budget.take(), "nine answers earn no repeat");
        budget.answered();
        assert!(budget.take() && !budget.take());
        (0..10_000).for_each(|_| budget.answered());
        assert_eq!(std::iter::from_fn(|| budget.take().then_some(())).count(), 20);
    }
}
