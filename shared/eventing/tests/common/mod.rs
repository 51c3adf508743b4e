//! Processes within a test: what belongs to one dies with it, and stands still with it.

use futures::future::BoxFuture;
use interstate_eventing::{conformance::Life, runtime::Spawn};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};
use tokio::task::AbortHandle;

/// A process: everything that it has started. Clones share it.
#[derive(Clone, Default)]
pub struct InTest {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    started: Vec<AbortHandle>,
    dead: bool,
    paused: bool,
    /// Who was to go on while it stood still.
    waiting: Vec<Waker>,
}

impl Spawn for InTest {
    fn spawn(&self, future: BoxFuture<'static, ()>) {
        let own = Own {
            of: self.clone(),
            future,
        };
        let mut state = self.state.lock().unwrap();
        if !state.dead {
            state.started.push(tokio::spawn(own).abort_handle());
        }
    }
}

impl Life for InTest {
    fn kill(&self) {
        let mut state = self.state.lock().unwrap();
        state.dead = true;
        for started in state.started.drain(..) {
            started.abort();
        }
    }

    fn pause(&self) {
        self.state.lock().unwrap().paused = true;
    }

    fn resume(&self) {
        let mut state = self.state.lock().unwrap();
        state.paused = false;
        for waker in state.waiting.drain(..) {
            waker.wake();
        }
    }
}

/// Work of a process.
struct Own {
    of: InTest,
    future: BoxFuture<'static, ()>,
}

impl Future for Own {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        {
            let mut state = self.of.state.lock().unwrap();
            if state.paused {
                state.waiting.push(cx.waker().clone());
                return Poll::Pending;
            }
        }
        self.future.as_mut().poll(cx)
    }
}
