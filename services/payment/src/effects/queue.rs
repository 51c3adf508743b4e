//! By which queue operations reach whoever carries them out.

use super::{desk::Open, operation::Tools};
use interstate_eventing::runtime::Clock;
use interstate_jobs::{Cause, Job, Jobs, MemoryJobs};
use std::{sync::Arc, time::Duration};

/// Operations in the process that wait or are under way; what is above waits in the log.
const MOST_OPEN: usize = 10_000;
/// Visits by one job, which take about a quarter of an hour; [`REISSUE`] has made another one by then.
pub(super) const VISITS: u32 = 40;
/// How long an operation may be open until it is given another job. One that was lost with its broker, or put aside, is
/// replaced so.
pub(super) const REISSUE: Duration = Duration::from_secs(600);
/// Between two looks whether partitions have come to this process.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// A queue, and who hands on.
#[derive(Clone)]
pub struct Queue {
    /// Where jobs go and come from.
    pub jobs: Arc<dyn Jobs>,
    /// Whether this process hands on the operations of a partition. Where a queue is shared it is the partition's owner,
    /// so that each operation gets one job and not one of each process that follows the log.
    pub hands_on: Arc<dyn Fn(u32) -> bool + Send + Sync>,
}

impl Queue {
    /// Within the process, which carries out itself what it reads.
    pub fn in_process(clock: Arc<dyn Clock>) -> Self {
        Self {
            jobs: Arc::new(MemoryJobs::new(clock, MOST_OPEN)),
            hands_on: Arc::new(|_| true),
        }
    }
}

/// Hands an operation on, and does not give up: until it returns, the operation is known to the log alone.
pub(super) async fn hand_on(tools: &Tools, open: Open) {
    let job = Job {
        again: open.resumed,
        ..Job::new(open.request.operation.to_string(), open.cause)
    };
    let mut tries = 0;
    while let Err(error) = tools.queue.jobs.enqueue(&job).await {
        tries += 1;
        // One line an outage and operation would drown the log.
        if tries == 1 {
            let code = error.code();
            tracing::warn!(operation = %job.subject, %error, code, "a payment operation waits for its queue");
        }
        if !error.may_pass() {
            tracing::error!(operation = %job.subject, %error, "a payment operation cannot be handed on");
        }
        tools
            .clock
            .sleep(super::operation::wait(&tools.options, &open.request, tries))
            .await;
    }
}

/// A visit now, because a webhook says that there is something to see; the operation's own job goes on.
pub(super) async fn visit_now(tools: &Tools, open: Open) {
    let cause: Cause = open.cause;
    let job = Job {
        attempt: VISITS,
        again: true,
        ..Job::new(open.request.operation.to_string(), cause)
    };
    if let Err(error) = tools.queue.jobs.enqueue(&job).await {
        tracing::warn!(operation = %job.subject, %error, "a webhook saves no time: the queue does not take it");
    }
}
