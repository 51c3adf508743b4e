//! Start codes that riders show to drivers, who stand beside them.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

const LOOK: Duration = Duration::from_millis(200);
/// A rider who has not shown a code by then will not.
const LOOKS: u32 = 150;

/// The codes that are shown now.
#[derive(Default)]
pub struct Codes(Mutex<BTreeMap<String, String>>);

impl Codes {
    /// The rider of a booking shows its code.
    pub fn show(&self, booking: &str, code: &str) {
        self.with(|shown| shown.insert(booking.to_owned(), code.to_owned()));
    }

    /// Nobody needs it any more.
    pub fn forget(&self, booking: &str) {
        self.with(|shown| shown.remove(booking));
    }

    /// What the rider shows; waits a while for it. Without one the start is refused.
    pub async fn of(&self, booking: &str) -> String {
        for _ in 0..LOOKS {
            if let Some(code) = self.with(|shown| shown.get(booking).cloned()) {
                return code;
            }
            tokio::time::sleep(LOOK).await;
        }
        String::new()
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, String>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
