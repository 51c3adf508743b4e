//! Replies on their way to whoever asked.

use crate::task::Reply;
use interstate_schemas::CommandId;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::oneshot;

/// A command's id with the hash of its body: the same id with another body is another question.
type Question = (CommandId, u64);
type Waiting = BTreeMap<Question, Vec<oneshot::Sender<Reply>>>;

/// Who waits for which command's reply, in this process.
#[derive(Clone, Default)]
pub struct Replies {
    waiting: Arc<Mutex<Waiting>>,
}

impl Replies {
    /// Waits for a reply. Dropping the receiver gives up.
    pub fn wait(&self, id: CommandId, fingerprint: u64) -> oneshot::Receiver<Reply> {
        let (sender, receiver) = oneshot::channel();
        self.lock().entry((id, fingerprint)).or_default().push(sender);
        receiver
    }

    /// Hands a reply to all who wait for it.
    pub fn deliver(&self, reply: &Reply) {
        let waiting = self.lock().remove(&(reply.id, reply.fingerprint));
        for waiter in waiting.into_iter().flatten() {
            let _ = waiter.send(reply.clone());
        }
    }

    /// Forgets those who gave up on this command.
    pub fn give_up(&self, id: CommandId, fingerprint: u64) {
        let mut waiting = self.lock();
        if let Some(waiters) = waiting.get_mut(&(id, fingerprint)) {
            waiters.retain(|waiter| !waiter.is_closed());
            if waiters.is_empty() {
                waiting.remove(&(id, fingerprint));
            }
        }
    }

    /// How many commands are waited for.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
