//! Known bugs, each of a kind that real systems had, as variants of the product's own code. The simulator
//! switches them on one at a time and must find each. A build without the feature `planted` has none of them.

/// The bugs that can be switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bug {
    /// A repeated command is decided again.
    NoDeduplication,
    /// The asker hears of a batch before it is durable.
    ReplyBeforeCommit,
    /// A projection's position is written apart from its rows.
    PositionOutsideTransaction,
    /// A compensation that is repeated gives back twice.
    CompensationNotIdempotent,
    /// A deadline that fell due while nobody ran is forgotten.
    DeadlineLostOnRestart,
    /// A release that comes before its reserve leaves no trace, so the reserve wins.
    ReleaseOvertakesReserve,
    /// A capture without an answer is sent again blind.
    DoubleCaptureAfterTimeout,
    /// A projection starts behind what it had not finished.
    ProjectionSkipsAfterCrash,
    /// A writer that was replaced goes on.
    FencingOff,
    /// The task's state changes before the batch is durable, and stays changed when it is not.
    StateBeforeCommit,
    /// A reader hands out events whose receipt has not come.
    BatchWithoutReceipt,
    /// A channel takes a message past a missing one.
    ChannelAcceptsGap,
    /// A forwarder forgets a message that failed, and goes on with the next.
    ForwarderDropsFailed,
    /// A deadline fires before the commands that stood before it.
    DeadlineBeforeBacklog,
    /// An operation counts as closed when a later one is.
    EffectClosedByHighWater,
    /// Two owners take a partition from each other for ever.
    MutualFencing,
    /// A saga's table has no compensation for a step that has one: what is held stays held.
    CompensationMissing,
    /// A cancellation that comes between the pivot and the saga's end is not remembered.
    CancelDuringConfirmForgotten,
    /// The release of a calendar's time frees earlier attempts, and not the one that it names.
    ReleaseMissesOwnAttempt,
    /// Time that is kept for somebody counts as free, and is kept for somebody else too.
    TentativeTimeTakenTwice,
    /// Offers expire that were accepted before their time was over.
    OfferExpiryIgnoresAccept,
    /// An operation's result is taken each time that it is told.
    ResultTakenTwice,
    /// A hold whose time is over is captured like any other, again and again.
    HoldExpiryNotHandled,
    /// A cancellation that is repeated is computed again, by then at other terms.
    CancelComputedAgain,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 24] = [
        Bug::NoDeduplication,
        Bug::ReplyBeforeCommit,
        Bug::PositionOutsideTransaction,
        Bug::CompensationNotIdempotent,
        Bug::DeadlineLostOnRestart,
        Bug::ReleaseOvertakesReserve,
        Bug::DoubleCaptureAfterTimeout,
        Bug::ProjectionSkipsAfterCrash,
        Bug::FencingOff,
        Bug::StateBeforeCommit,
        Bug::BatchWithoutReceipt,
        Bug::ChannelAcceptsGap,
        Bug::ForwarderDropsFailed,
        Bug::DeadlineBeforeBacklog,
        Bug::EffectClosedByHighWater,
        Bug::MutualFencing,
        Bug::CompensationMissing,
        Bug::CancelDuringConfirmForgotten,
        Bug::ReleaseMissesOwnAttempt,
        Bug::TentativeTimeTakenTwice,
        Bug::OfferExpiryIgnoresAccept,
        Bug::ResultTakenTwice,
        Bug::HoldExpiryNotHandled,
        Bug::CancelComputedAgain,
    ];

    /// Those that a small business on the engine shows.
    pub const OF_THE_ENGINE: [Bug; 16] = [
        Bug::NoDeduplication,
        Bug::ReplyBeforeCommit,
        Bug::PositionOutsideTransaction,
        Bug::CompensationNotIdempotent,
        Bug::DeadlineLostOnRestart,
        Bug::ReleaseOvertakesReserve,
        Bug::DoubleCaptureAfterTimeout,
        Bug::ProjectionSkipsAfterCrash,
        Bug::FencingOff,
        Bug::StateBeforeCommit,
        Bug::BatchWithoutReceipt,
        Bug::ChannelAcceptsGap,
        Bug::ForwarderDropsFailed,
        Bug::DeadlineBeforeBacklog,
        Bug::EffectClosedByHighWater,
        Bug::MutualFencing,
    ];

    /// Those that stand in the code of services.
    pub const OF_SERVICES: [Bug; 10] = [
        Bug::CompensationMissing,
        Bug::CancelDuringConfirmForgotten,
        Bug::ReleaseMissesOwnAttempt,
        Bug::TentativeTimeTakenTwice,
        Bug::OfferExpiryIgnoresAccept,
        Bug::ResultTakenTwice,
        Bug::HoldExpiryNotHandled,
        Bug::CancelComputedAgain,
        Bug::DoubleCaptureAfterTimeout,
        Bug::EffectClosedByHighWater,
    ];
}

#[cfg(feature = "planted")]
mod switch {
    use super::Bug;
    use std::cell::Cell;

    thread_local! {
        static ON: Cell<Option<Bug>> = const { Cell::new(None) };
    }

    /// Switches a bug on for this thread, or all off.
    pub fn switch(bug: Option<Bug>) {
        ON.set(bug);
    }

    /// Whether this bug is on.
    pub fn on(bug: Bug) -> bool {
        ON.get() == Some(bug)
    }
}

#[cfg(feature = "planted")]
pub use switch::{on, switch};

/// Never: this build has no planted bugs.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn on(_: Bug) -> bool {
    false
}
