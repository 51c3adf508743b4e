//! This machine's clock beside that of a server.

use super::look::Look;
use interstate_eventing::runtime::MachineClock;

/// Milliseconds; a machine that is kept right is a hundredth of it wrong.
const APART: u64 = 5_000;

/// This machine's clock, in milliseconds of Unix time.
pub(super) fn now() -> i64 {
    MachineClock::machine_now().as_millisecond()
}

/// What a server tells of its clock in milliseconds of Unix time, if it does, and which it was asked for at this moment.
pub(super) fn beside(server: &str, asked: i64, told: Option<i64>) -> Option<Look> {
    Some(judge(server, told?, asked, now()))
}

/// The server looked at its clock at some moment between the two.
fn judge(server: &str, told: i64, before: i64, after: i64) -> Look {
    let apart = told - told.clamp(before, after.max(before));
    let what = format!("clock beside that of {server}");
    let seconds = apart.unsigned_abs().div_ceil(1_000).max(1);
    if apart.unsigned_abs() <= APART {
        return Look::well(what, format!("{seconds} s apart at most"));
    }
    let is = if apart > 0 { "behind" } else { "ahead" };
    Look::wrong(
        what,
        format!(
            "this machine is {seconds} s {is}: keep both right by NTP; deadlines, tokens and certificates go by the \
             machine's clock"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_a_question_takes_is_no_difference() {
        let judged = |told| judge("PostgreSQL", told, 100_000, 103_000);
        for same in [95_000, 100_000, 101_500, 103_000, 108_000] {
            assert!(!judged(same).is_wrong(), "{same}");
        }
        assert!(judged(108_001).to_string().contains("6 s behind"));
        assert!(judged(40_000).to_string().contains("60 s ahead"));
    }
}
