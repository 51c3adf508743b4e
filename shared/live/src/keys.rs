//! All keys and channels on the Redis server, as docs/data/redis.md lists them.

use crate::redis::Link;
use std::fmt::Display;

/// A kind of keys, or of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// What the name begins with, after the deployment's prefix and a colon. What varies follows another colon.
    pub name: &'static str,
    /// What varies, `{driver}`; nothing where there is one such key.
    pub of: &'static str,
    /// Redis' type, or `channel`.
    pub holds: &'static str,
    /// How long it lives after it was last written.
    pub lives: &'static str,
}

impl Kind {
    /// The name of one of them; with nothing, what all of them begin with.
    pub(crate) fn of(&self, link: &Link, one: impl Display) -> String {
        match self.of {
            "" => link.key(format_args!("{}", self.name)),
            _ => link.key(format_args!("{}:{one}", self.name)),
        }
    }

    /// As the table shows it: `position:{driver}`.
    pub fn pattern(&self) -> String {
        match self.of {
            "" => self.name.to_owned(),
            of => format!("{}:{of}", self.name),
        }
    }
}

const fn kind(name: &'static str, of: &'static str, holds: &'static str, lives: &'static str) -> Kind {
    Kind {
        name,
        of,
        holds,
        lives,
    }
}

/// Where a driver was seen last.
pub const POSITION: Kind = kind("position", "{driver}", "hash", "24 h");
/// Where everybody is who was seen in the last ten minutes of log time.
pub const POSITIONS: Kind = kind("positions", "", "zset (geo)", "20 min");
/// When each of them was.
pub const POSITION_TIMES: Kind = kind("position-times", "", "zset", "20 min");
/// Positions of a driver as they come.
pub const MOVED: Kind = kind("moved", "{driver}", "channel", "not kept");

/// What a client may send by a limit: when its bucket is full again, in microseconds since 1970.
pub const RATE: Kind = kind("rate", "{limit}:{client}", "string", "until full");
/// A login that has ended.
pub const ENDED: Kind = kind("ended", "{login}", "string", "930 s");

/// The table.
pub const ALL: &[Kind] = &[POSITION, POSITIONS, POSITION_TIMES, MOVED, RATE, ENDED];
