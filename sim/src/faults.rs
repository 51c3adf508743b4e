//! What goes wrong in a world, and how often. Each world draws its own weather from its seed.

use crate::rng::Rng;

/// How often each fault strikes: once in so many occasions; 0 is never.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// A process dies before or after an operation.
    pub crash: u64,
    /// A process stands still for 1 to 20 seconds and then goes on as if nothing had been.
    pub pause: u64,
    /// A process's clock jumps.
    pub clock_jump: u64,
    /// An operation takes up to a second instead of a millisecond.
    pub slow: u64,
    /// A reader gets nothing for up to ten seconds.
    pub stuck_reader: u64,
    /// A batch is refused, certainly.
    pub aborted: u64,
    /// The outcome of a batch is not told: written, not written, or written later.
    pub unknown: u64,
    /// The client library commits the beginning of a batch, without its receipt.
    pub half: u64,
    /// A record on its way is lost, and the sender is told.
    pub lost_record: u64,
    /// A record arrives, and the sender is told that it did not.
    pub lost_ack: u64,
    /// A client library loses one record and carries the next ones on.
    pub gap: u64,
    /// A record takes up to five seconds.
    pub late_record: u64,
    /// A queue is full.
    pub full: u64,
    /// A member is thrown out of its group for no reason.
    pub expelled: u64,
    /// The provider does not answer; what was asked for happens now, later, or never.
    pub provider_timeout: u64,
    /// A machine comes back with an empty disk: what its partitions were must be had from elsewhere.
    pub lost_disk: u64,
    /// The store of a read model fails, or loses a process before or after it writes.
    pub store: u64,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// The weather of one world: some faults are absent, some rage.
    pub fn draw(rng: &mut Rng) -> Self {
        let mut often = |usual: u64| match rng.below(4) {
            0 => 0,
            1 => usual * 4,
            2 => usual,
            _ => usual / 3 + 1,
        };
        Self {
            crash: often(600),
            pause: often(1500),
            clock_jump: often(3000),
            slow: often(60),
            stuck_reader: often(300),
            aborted: often(40),
            unknown: often(40),
            half: often(60),
            lost_record: often(80),
            lost_ack: often(60),
            gap: often(150),
            late_record: often(40),
            full: often(100),
            expelled: often(40),
            provider_timeout: often(6),
            lost_disk: often(4),
            store: often(80),
        }
    }
}
