use super::*;
use crate::domain::{
    fix::tests::{fix, time},
    geo::OnTheMap,
};

const TOO_FAST: FixVerdict = FixVerdict::Refused {
    reason: FixRefusal::TooFast,
};

fn log_of(fixes: &[Fix]) -> FixLog {
    let mut log = FixLog::default();
    for fix in fixes {
        log.record(fix, time(3_600));
    }
    log
}

#[test]
fn a_drive_of_two_kilometres_is_measured() {
    let log = log_of(&(0..=100).map(fix).collect::<Vec<_>>());
    assert_eq!(
        log.distance(),
        Distance {
            measured: 2_000,
            inferred: 0
        }
    );
    assert_eq!(log.latest(), Some((time(100), fix(100).point)));
}

#[test]
fn the_order_of_arrival_makes_no_difference() {
    let inner = |seq: u64| Fix {
        point: fix(seq).point.offset(0.0, 15.0 * (seq % 7) as f64),
        ..fix(seq)
    };
    let in_order: Vec<_> = (0..200).map(inner).collect();
    let mut shuffled = in_order.clone();
    shuffled.sort_by_key(|fix| fix.seq * 7_919 % 211);
    assert_ne!(in_order[0], shuffled[1]);
    assert_eq!(log_of(&in_order).distance(), log_of(&shuffled).distance());
}

#[test]
fn a_repeated_batch_changes_nothing() {
    let mut log = log_of(&[fix(0), fix(1), fix(2)]);
    let before = log.distance();
    assert_eq!(log.record(&fix(1), time(60)), FixVerdict::Duplicate);
    assert_eq!((log.distance(), log.len()), (before, 3));
    let other = Fix {
        device: "tracker".into(),
        ..fix(1)
    };
    assert_eq!(
        log.record(&other, time(60)),
        FixVerdict::Accepted,
        "another device counts for itself"
    );
}

#[test]
fn a_dead_zone_is_inferred_until_its_fixes_come_in() {
    let mut log = log_of(&[fix(0), fix(10), fix(160), fix(170)]);
    assert_eq!(
        log.distance(),
        Distance {
            measured: 400,
            inferred: 3_000
        }
    );
    assert_eq!(
        log.gaps().map(|gap| (gap.from.0, gap.to.0)).collect::<Vec<_>>(),
        [(time(10), time(160))]
    );
    for late in (20..160).step_by(10) {
        assert_eq!(log.record(&fix(late), time(7_200)), FixVerdict::Accepted);
    }
    assert_eq!(
        log.distance(),
        Distance {
            measured: 3_400,
            inferred: 0
        }
    );
    assert_eq!(log.gaps().count(), 0);
}

#[test]
fn a_leap_is_refused_and_the_drive_goes_on() {
    let leap = Fix {
        point: fix(0).point.offset(0.0, 50_000.0),
        ..fix(2)
    };
    let mut log = log_of(&[fix(0), fix(1)]);
    assert_eq!(log.record(&leap, time(60)), TOO_FAST);
    assert_eq!(log.record(&fix(3), time(60)), FixVerdict::Accepted);
    assert_eq!(log.distance().measured, 60);
}

#[test]
fn a_wrong_first_fix_does_not_refuse_the_rest() {
    let wrong = Fix {
        point: fix(0).point.offset(0.0, 50_000.0),
        ..fix(0)
    };
    let mut log = log_of(&[wrong]);
    let verdicts: Vec<_> = (1..=4).map(|seq| log.record(&fix(seq), time(60))).collect();
    assert_eq!(
        verdicts,
        [TOO_FAST, TOO_FAST, FixVerdict::Accepted, FixVerdict::Accepted]
    );
    assert_eq!(
        log.distance(),
        Distance {
            measured: 60,
            inferred: 0
        },
        "the two come back, the leap goes"
    );
}

#[test]
fn what_is_only_shown_or_refused_is_not_billed() {
    let mut log = log_of(&[fix(0), fix(10)]);
    let vague = Fix {
        accuracy_m: 80.0,
        point: fix(5).point.offset(0.0, 70.0),
        ..fix(5)
    };
    assert_eq!(log.record(&vague, time(60)), FixVerdict::ShownOnly);
    assert_eq!(log.distance().measured, 200);
}

#[test]
fn devices_without_end_are_refused() {
    let mut log = FixLog::default();
    let from = |n: u64| Fix {
        device: format!("phone {n}").into(),
        ..fix(n)
    };
    assert!((0..8).all(|n| log.record(&from(n), time(60)) == FixVerdict::Accepted));
    assert_eq!(
        log.record(&from(8), time(60)),
        FixVerdict::Refused {
            reason: FixRefusal::TooMany
        }
    );
}

#[test]
fn a_refused_fix_with_a_mad_number_does_not_silence_its_device() {
    let mut log = log_of(&(0..100).map(fix).collect::<Vec<_>>());
    let leap = Fix {
        seq: 1 << 63,
        point: fix(0).point.offset(0.0, 50_000.0),
        ..fix(100)
    };
    let mad = FixVerdict::Refused {
        reason: FixRefusal::FarAhead,
    };
    assert_eq!(log.record(&leap, time(600)), mad);
    let far = Fix {
        seq: 1_000_000,
        ..leap
    };
    assert_eq!(log.record(&far, time(600)), TOO_FAST);
    assert!((101..600).all(|seq| log.record(&fix(seq), time(600)) == FixVerdict::Accepted));
}

#[test]
fn a_leap_that_is_sent_three_times_is_still_one_voice() {
    let mut log = log_of(&[fix(0), fix(1)]);
    let leap = Fix {
        point: fix(0).point.offset(0.0, 50_000.0),
        ..fix(2)
    };
    assert_eq!(log.record(&leap, time(60)), TOO_FAST);
    for _ in 0..3 {
        assert_eq!(log.record(&leap, time(60)), FixVerdict::Duplicate);
    }
    assert_eq!(log.record(&fix(3), time(60)), FixVerdict::Accepted);
}

#[test]
fn fixes_that_win_the_vote_are_known_from_then_on() {
    let wrong = Fix {
        point: fix(0).point.offset(0.0, 50_000.0),
        ..fix(0)
    };
    let mut log = log_of(&[wrong, fix(1), fix(2), fix(3)]);
    for seq in 0..=3 {
        assert_eq!(log.record(&fix(seq), time(60)), FixVerdict::Duplicate, "{seq}");
    }
}
