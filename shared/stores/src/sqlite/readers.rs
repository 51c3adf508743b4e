//! Connections for queries. They see committed rows only.

use super::{connection, error};
use rusqlite::Connection;
use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;

/// More than cores only wait for each other.
const READERS: usize = 4;

/// A few connections that read. Clones share them.
#[derive(Debug, Clone)]
pub struct Readers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: Box<Path>,
    places: Arc<Semaphore>,
    /// Opened when first used. They stay open: opening one reads the schema again.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn of(path: &Path) -> Self {
        let shared = Shared {
            path: path.into(),
            places: Arc::new(Semaphore::new(READERS)),
            idle: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Asks a question on a thread that may wait for the disk. Statements of one text are prepared once
    /// (`prepare_cached`).
    ///
    /// # Errors
    /// Those of the question, and of the file where it cannot be opened.
    pub async fn read<T, E>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<rusqlite::Error> + Send + 'static,
    {
        let closed = || E::from(error::of_the_store("the file is closed"));
        let place = self.shared.places.clone().acquire_owned().await;
        let place = place.map_err(|_| closed())?;
        let shared = self.shared.clone();
        let asked = tokio::task::spawn_blocking(move || {
            // Kept to the end, also where nobody waits for the answer any more.
            let _place = place;
            let idle = shared.idle().pop();
            let reader = match idle {
                Some(reader) => reader,
                None => connection::reader(&shared.path)?,
            };
            let answer = question(&reader);
            if !shared.places.is_closed() {
                shared.idle().push(reader);
            }
            answer
        });
        match asked.await {
            Ok(answer) => answer,
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            // The process ends.
            Err(_) => Err(closed()),
        }
    }

    pub(crate) fn close(&self) {
        self.shared.places.close();
        self.shared.idle().clear();
    }
}

impl Shared {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
