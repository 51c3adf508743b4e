//! W3C Trace Context (Recommendation of 23 November 2021): the header `traceparent`.

use rand::RngCore;
use std::{fmt, str::FromStr};

/// Which trace, and which span in it, a piece of work belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    flags: u8,
}

impl TraceContext {
    /// The header and the event extension that carry it.
    pub const HEADER: &'static str = "traceparent";

    const SAMPLED: u8 = 1;

    /// A trace that begins here, sampled.
    pub fn generate(random: &mut impl RngCore) -> Self {
        let trace = u128::from(random.next_u64()) << 64 | u128::from(random.next_u64());
        // An id of zero means "invalid" on the wire.
        Self {
            trace: trace.max(1),
            span: random.next_u64().max(1),
            flags: Self::SAMPLED,
        }
    }

    /// A place in a trace that somebody else keeps.
    #[cfg(feature = "otel")]
    pub(crate) const fn new(trace: u128, span: u64, sampled: bool) -> Self {
        Self {
            trace,
            span,
            flags: sampled as u8,
        }
    }

    /// The next span of the same trace.
    #[must_use]
    pub fn child(&self, random: &mut impl RngCore) -> Self {
        Self {
            span: random.next_u64().max(1),
            ..*self
        }
    }

    /// The trace's 16 bytes.
    pub const fn trace_id(&self) -> u128 {
        self.trace
    }

    /// The span's 8 bytes.
    pub const fn span_id(&self) -> u64 {
        self.span
    }

    /// The trace's id as 32 hexadecimal digits, as logs show it.
    pub fn trace_hex(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// Whether the caller records this trace.
    pub const fn is_sampled(&self) -> bool {
        self.flags & Self::SAMPLED != 0
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

/// Text that is not a `traceparent`. The specification asks to begin a new trace then, not to refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent: expected `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`")]
pub struct TraceParentError;

impl FromStr for TraceContext {
    type Err = TraceParentError;

    fn from_str(text: &str) -> Result<Self, TraceParentError> {
        let bytes = text.as_bytes();
        // A later version may append fields after a dash; version 00 may not.
        let tail_is_legal = bytes.len() == 55 || (!text.starts_with("00") && bytes.get(55) == Some(&b'-'));
        let dashes = [2, 35, 52].iter().all(|&at| bytes.get(at) == Some(&b'-'));
        if bytes.len() < 55 || !tail_is_legal || !dashes || text.starts_with("ff") {
            return Err(TraceParentError);
        }
        hex(&bytes[..2])?;
        let context = Self {
            trace: hex(&bytes[3..35])?,
            span: hex(&bytes[36..52])? as u64,
            flags: hex(&bytes[53..55])? as u8,
        };
        if context.trace == 0 || context.span == 0 {
            Err(TraceParentError)
        } else {
            Ok(context)
        }
    }
}

/// At most 32 lower-case hexadecimal digits. `from_str_radix` would accept `+` and capitals.
fn hex(digits: &[u8]) -> Result<u128, TraceParentError> {
    digits.iter().try_fold(0_u128, |value, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return Err(TraceParentError),
        };
        Ok(value << 4 | u128::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_reads_back() {
        let context: TraceContext = EXAMPLE.parse().unwrap();
        assert_eq!(context.to_string(), EXAMPLE);
        assert!(context.is_sampled());
        assert_eq!(context.trace_hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let later = format!("01{}-extra", &EXAMPLE[2..]);
        assert_eq!(later.parse(), Ok(context), "a later version may carry more");
    }

    #[test]
    fn what_the_specification_calls_invalid_is_refused() {
        for wrong in [
            "",
            "00",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
            "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "zz-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-1",
        ] {
            assert_eq!(wrong.parse::<TraceContext>(), Err(TraceParentError), "{wrong}");
        }
    }

    #[test]
    fn a_child_stays_in_its_trace() {
        let mut random = rand::rng();
        let parent = TraceContext::generate(&mut random);
        let child = parent.child(&mut random);
        assert_eq!(child.trace_id(), parent.trace_id());
        assert_ne!(child.span_id(), parent.span_id());
        assert_eq!(child.to_string().parse(), Ok(child));
    }
}
