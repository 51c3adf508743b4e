//! What is left of a body that nobody read to its end.
//!
//! A server that answers early and closes cuts the client off in the middle of its sending: the answer may be lost,
//! and so may the next request on the same connection. So what is left is taken in and thrown away, within
//! bounds; where it is too much, the answer says that the connection ends.

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
};
use http::header;
use hyper::body::{Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

/// A client that sends more than this in vain is cut off.
const MOST: usize = 4 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(1);

type Slot = Arc<Mutex<Option<Body>>>;

/// Where a request's body comes back to.
pub(crate) struct Leftover {
    slot: Slot,
    waits_for_us: bool,
}

impl Leftover {
    /// Lends the request's body to whoever handles it.
    pub(crate) fn watch(request: Request) -> (Request, Self) {
        let slot = Slot::default();
        let waits_for_us = request.headers().contains_key(header::EXPECT);
        let watched = if request.body().is_end_stream() {
            request
        } else {
            let back = slot.clone();
            request.map(|body| {
                Body::new(Lent {
                    body: Some(body),
                    back,
                })
            })
        };
        (watched, Self { slot, waits_for_us })
    }

    /// Takes in what is left. Answers whether the connection can be used again.
    pub(crate) async fn taken_in(self) -> bool {
        let Some(mut body) = self.slot.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return true;
        };
        if body.is_end_stream() {
            return true;
        }
        // Who waits to be asked for the body has sent none of it.
        if self.waits_for_us || body.size_hint().lower() > MOST as u64 {
            return false;
        }
        let all = async {
            let mut left = MOST;
            loop {
                match std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
                    None => return true,
                    Some(Err(_)) => return false,
                    Some(Ok(frame)) => {
                        let Some(rest) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else {
                            return false;
                        };
                        left = rest;
                    }
                }
            }
        };
        tokio::time::timeout(PATIENCE, all).await.unwrap_or(false)
    }
}

/// A body that goes back where it came from when its reader is done with it.
struct Lent {
    body: Option<Body>,
    back: Slot,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, HttpBody::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        *self.back.lock().unwrap_or_else(PoisonError::into_inner) = self.body.take();
    }
}
