//! Replies on their way to whoever asked.

use crate::task::Reply;
use interstate_schemas::CommandId;
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{self, Poll},
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
    /// Waits for a reply.
    pub fn wait(&self, id: CommandId, fingerprint: u64) -> Awaited {
        let (sender, reply) = oneshot::channel();
        let question = (id, fingerprint);
        self.lock().entry(question).or_default().push(sender);
        Awaited {
            replies: self.clone(),
            question,
            reply,
        }
    }

    /// Hands a reply to all who wait for it.
    pub fn deliver(&self, reply: &Reply) {
        let waiting = self.lock().remove(&(reply.id, reply.fingerprint));
        for waiter in waiting.into_iter().flatten() {
            let _ = waiter.send(reply.clone());
        }
    }

    /// Forgets those who gave up on this command.
    fn forget(&self, question: Question) {
        let mut waiting = self.lock();
        if let Some(waiters) = waiting.get_mut(&question) {
            waiters.retain(|waiter| !waiter.is_closed());
            if waiters.is_empty() {
                waiting.remove(&question);
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

/// A reply to come. Whoever drops it waits no longer, and leaves nothing behind.
pub struct Awaited {
    replies: Replies,
    question: Question,
    reply: oneshot::Receiver<Reply>,
}

impl Future for Awaited {
    type Output = Option<Reply>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.reply).poll(cx).map(Result::ok)
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        self.reply.close();
        self.replies.forget(self.question);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Verdict;
    use futures::FutureExt;

    #[test]
    fn whoever_goes_away_leaves_nothing_behind_and_the_others_are_answered() {
        let (replies, id) = (Replies::default(), CommandId::derive(1, &[b"a"]));
        let (mut stays, goes) = (replies.wait(id, 1), replies.wait(id, 1));
        let other = replies.wait(id, 2);
        assert_eq!(replies.len(), 2);
        drop((goes, other));
        assert_eq!(replies.len(), 1);
        let reply = Reply {
            id,
            fingerprint: 1,
            to: String::new(),
            verdict: Verdict::Expired {
                at: interstate_schemas::Timestamp::UNIX_EPOCH,
            },
            incarnation: 1,
            sequence: 0,
        };
        replies.deliver(&reply);
        assert_eq!(
            (&mut stays).now_or_never().flatten().map(|reply| reply.id),
            Some(id)
        );
        drop(stays);
        assert!(replies.is_empty());
    }
}
