//! The latest of something, for those who wait until it is as they want it. They are woken in the order in which they
//! began to wait; `tokio::sync::watch` wakes them in an order of chance, and a simulated world would not be the same
//! again from the same seed.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

struct Shared<T> {
    /// With whether its owner still is there.
    state: Mutex<(T, bool)>,
    changed: Notify,
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, (T, bool)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Its owner, who changes it. There is one.
pub(crate) struct Latest<T>(Arc<Shared<T>>);

/// Who looks at it. Clones are cheap.
pub(crate) struct Seen<T>(Arc<Shared<T>>);

impl<T> Clone for Seen<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Latest<T> {
    pub(crate) fn new(first: T) -> Self {
        Self(Arc::new(Shared {
            state: Mutex::new((first, true)),
            changed: Notify::new(),
        }))
    }

    /// Changes it and wakes who waits.
    pub(crate) fn change(&self, change: impl FnOnce(&mut T)) {
        change(&mut self.0.state().0);
        self.0.changed.notify_waiters();
    }

    pub(crate) fn seen(&self) -> Seen<T> {
        Seen(self.0.clone())
    }
}

impl<T> Drop for Latest<T> {
    fn drop(&mut self) {
        self.0.state().1 = false;
        self.0.changed.notify_waiters();
    }
}

impl<T> Seen<T> {
    /// What `look` finds in it now. It is locked meanwhile.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.0.state().0)
    }

    /// Waits until it is as wanted; false when its owner has gone before.
    pub(crate) async fn wait_for(&self, wanted: impl Fn(&T) -> bool) -> bool {
        loop {
            let mut changed = pin!(self.0.changed.notified());
            // From here on no change is missed.
            changed.as_mut().enable();
            {
                let state = self.0.state();
                if wanted(&state.0) {
                    return true;
                }
                if !state.1 {
                    return false;
                }
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::{FutureExt, StreamExt, stream::FuturesUnordered};

    #[test]
    fn all_are_woken_in_the_order_in_which_they_began_to_wait() {
        let latest = Latest::new(0);
        let order = Mutex::new(Vec::new());
        let seen = latest.seen();
        let wait = |index: usize| {
            let (seen, order) = (seen.clone(), &order);
            async move {
                assert!(seen.wait_for(|state| *state == 1).await);
                order.lock().unwrap().push(index);
            }
        };
        // It polls what was woken in the order in which it was woken.
        let mut waiting = FuturesUnordered::new();
        for index in 0..100 {
            waiting.push(wait(index));
            assert!(waiting.next().now_or_never().is_none(), "not yet");
        }
        latest.change(|state| *state += 1);
        while waiting.next().now_or_never().flatten().is_some() {}
        assert_eq!(*order.lock().unwrap(), Vec::from_iter(0..100));
    }

    #[test]
    fn who_waits_hears_when_nobody_is_left_to_change_it() {
        let latest = Latest::new(0);
        let seen = latest.seen();
        let mut waiting = pin!(seen.wait_for(|state| *state > 1));
        assert_eq!(waiting.as_mut().now_or_never(), None);
        latest.change(|state| *state = 1);
        assert_eq!(waiting.as_mut().now_or_never(), None);
        drop(latest);
        assert_eq!(waiting.now_or_never(), Some(false));
        assert_eq!(seen.wait_for(|state| *state == 1).now_or_never(), Some(true));
        assert_eq!(seen.look(|state| *state), 1);
    }
}
