//! Takes jobs and sees what there is to do. A job only wakes: what is asked, and whether it is still open, says the log.

use super::{
    desk::Found,
    operation::{Tools, carry_out, wait},
    queue::VISITS,
};
use futures::{StreamExt, stream::FuturesUnordered};
use interstate_jobs::{Cause, Delivery, JobsError};
use interstate_schemas::OperationId;
use std::time::Duration;

/// How long a job waits here for the log to be read as far as its event.
const READ_WITHIN: Duration = Duration::from_secs(5);
/// When a job comes back that has found another one at its operation: the provider may take its time.
const COME_BACK: Duration = Duration::from_secs(2);

/// Takes jobs for ever, as many at a time as the queue gives out.
pub(super) async fn take_jobs(tools: &Tools) {
    let mut held = FuturesUnordered::new();
    let most = tools.queue.jobs.at_once();
    loop {
        tokio::select! {
            biased;
            Some(()) = held.next() => {}
            delivery = tools.queue.jobs.next(), if held.len() < most => held.push(visit(tools, delivery)),
        }
    }
}

async fn visit(tools: &Tools, delivery: Delivery) {
    let subject = delivery.job.subject.clone();
    if let Err(error) = settle(tools, delivery).await {
        // It comes again, to us or to another, and is looked at again.
        tracing::warn!(operation = %subject, %error, code = error.code(), "a job was not settled");
    }
}

async fn settle(tools: &Tools, delivery: Delivery) -> Result<(), JobsError> {
    let job = delivery.job.clone();
    let Ok(operation) = job.subject.parse::<OperationId>() else {
        return delivery.give_up("its subject is no payment operation's id").await;
    };
    let shared = tools.queue.jobs.is_shared();
    let held = match find(tools, operation, job.cause).await {
        Found::Open(held) => held,
        Found::Closed => return delivery.done().await,
        // Whoever is at it here goes on until its end, or has come by for one visit, after which this is the only job.
        Found::UnderWay if !shared || job.attempt > VISITS => return delivery.done().await,
        Found::UnderWay => return delivery.later(COME_BACK).await,
        Found::NotRead => return delivery.later(READ_WITHIN).await,
    };
    let known = job.again || job.attempt > 1 || delivery.redelivered;
    let attempts = shared.then_some(job.attempt);
    if carry_out(tools, &held.open, known, attempts).await {
        held.closed();
        return delivery.done().await;
    }
    let after = wait(&tools.options, &held.open.request, job.attempt);
    drop(held);
    match job.attempt {
        // Another one has been made meanwhile.
        VISITS.. => delivery.done().await,
        _ => delivery.later(after).await,
    }
}

/// Waits a while where the log has not been read so far: the queue may be faster than it.
async fn find(tools: &Tools, operation: OperationId, cause: Cause) -> Found<'_> {
    let mut progress = tools.desk.progress();
    let read = async {
        loop {
            progress.borrow_and_update();
            match tools.desk.find(operation, cause) {
                Found::NotRead => {}
                found => return found,
            }
            if progress.changed().await.is_err() {
                return Found::NotRead;
            }
        }
    };
    tokio::select! {
        biased;
        found = read => found,
        () = tools.clock.sleep(READ_WITHIN) => Found::NotRead,
    }
}
