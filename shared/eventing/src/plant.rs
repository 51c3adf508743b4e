//! Known bugs, each of a kind that real systems had, as variants of the product's own code. The simulator
//! switches them on one at a time and must find each. A build without the feature `planted` has none of them.

/// Where a bug shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// A small business on the engine shows it.
    Engine,
    /// The platform's services show it.
    Services,
}

/// Each bug once, with the ground on which it must be found.
macro_rules! bugs {
    ($($(#[$doc:meta])* $bug:ident: $($ground:ident)|+,)+) => {
        /// The bugs that can be switched on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Bug {
            $($(#[$doc])* $bug,)+
        }

        impl Bug {
            /// All of them.
            pub const ALL: &[Bug] = &[$(Bug::$bug),+];

            /// Where it shows.
            pub const fn grounds(self) -> &'static [Ground] {
                match self {
                    $(Bug::$bug => &[$(Ground::$ground),+],)+
                }
            }
        }
    };
}

bugs! {
    /// A repeated command is decided again.
    NoDeduplication: Engine,
    /// The outcomes of a batch are remembered under the first one's key.
    ReplyUnderWrongKey: Engine,
    /// What became of a command is remembered with the next batch, when its own is durable.
    OutcomeBoundAfterwards: Engine,
    /// The asker hears of a batch before it is durable.
    ReplyBeforeCommit: Engine,
    /// A projection's position is written apart from its rows.
    PositionOutsideTransaction: Engine | Services,
    /// A compensation that is repeated gives back twice.
    CompensationNotIdempotent: Engine,
    /// A step that had no answer in time counts as not done: nothing is taken back of it.
    CompensationSkippedOnTimeout: Engine,
    /// A deadline that fell due while nobody ran is forgotten.
    DeadlineLostOnRestart: Engine,
    /// A release that comes before its reserve leaves no trace, so the reserve wins.
    ReleaseOvertakesReserve: Engine,
    /// A capture without an answer is sent again blind.
    DoubleCaptureAfterTimeout: Engine | Services,
    /// A projection starts behind what it had not finished.
    ProjectionSkipsAfterCrash: Engine | Services,
    /// A writer that was replaced goes on.
    FencingOff: Engine,
    /// The task's state changes before the batch is durable, and stays changed when it is not.
    StateBeforeCommit: Engine,
    /// An owner believes what an earlier one has left on the disk, and passes over what came after it.
    StateOfOlderEpoch: Engine,
    /// A reader hands out events whose receipt has not come.
    BatchWithoutReceipt: Engine,
    /// A channel takes a message past a missing one.
    ChannelAcceptsGap: Engine,
    /// A new owner counts the messages of a channel from one again.
    ChannelCountedAnew: Engine,
    /// A forwarder forgets a message that failed, and goes on with the next.
    ForwarderDropsFailed: Engine,
    /// A deadline fires before the commands that stood before it.
    DeadlineBeforeBacklog: Engine,
    /// An operation counts as closed when a later one is.
    EffectClosedByHighWater: Engine | Services,
    /// Two owners take a partition from each other for ever.
    MutualFencing: Engine,
    /// A saga's table has no compensation for a step that has one: what is held stays held.
    CompensationMissing: Services,
    /// A cancellation that comes between the pivot and the saga's end is not remembered.
    CancelDuringConfirmForgotten: Services,
    /// The release of a calendar's time frees earlier attempts, and not the one that it names.
    ReleaseMissesOwnAttempt: Services,
    /// Time that is kept for somebody counts as free, and is kept for somebody else too.
    TentativeTimeTakenTwice: Services,
    /// Offers expire that were accepted before their time was over.
    OfferExpiryIgnoresAccept: Services,
    /// An operation's result is taken each time that it is told.
    ResultTakenTwice: Services,
    /// A hold whose time is over is captured like any other, again and again.
    HoldExpiryNotHandled: Services,
    /// A cancellation that is repeated is computed again, by then at other terms.
    CancelComputedAgain: Services,
    /// The advance does not count towards the fare: the rider pays it twice.
    AdvanceNotCredited: Services,
    /// Whoever asks for a contact that is taken gets it: two accounts have one address.
    ContactClaimedTwice: Services,
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
