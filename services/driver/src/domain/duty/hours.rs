//! How long a person may drive and must rest: checks of a planned duty against the calendar.
//!
//! Only work on this platform is in the calendar. A check for which a duty in question has no driving time
//! says so, unless what is known already breaks the rule.

use super::{
    calendar::DutyCalendar,
    entry::{Duty, Overlap},
    interval::{Interval, shifted},
    plan::DutyPlan,
};
use crate::domain::documents::{day_in_india, midnight};
use interstate_schemas::{SignedDuration, Timestamp};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The figures of driving and rest: stricter than each of the rules that they come from (aggregator
/// guidelines, labour codes).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoursPolicy {
    /// Minutes of rest between two duties.
    pub rest_minutes: u32,
    /// Minutes at the wheel in any 24 hours.
    pub driving_minutes_a_day: u32,
    /// Minutes at the wheel in any 7 × 24 hours.
    pub driving_minutes_a_week: u32,
    /// Days in a row with work, by the calendar of India: 6 leaves one day in seven free.
    pub working_days_in_a_row: u32,
}

impl Default for HoursPolicy {
    fn default() -> Self {
        Self {
            rest_minutes: 10 * 60,
            driving_minutes_a_day: 10 * 60,
            driving_minutes_a_week: 48 * 60,
            working_days_in_a_row: 6,
        }
    }
}

/// The outcome of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HoursCheck {
    /// Within the limit.
    Kept,
    /// Beyond it, in the unit of the rule: minutes, or days.
    Broken {
        /// What would happen.
        actual: u32,
        /// What the rule allows (or, for rest, asks for).
        limit: u32,
    },
    /// A duty that counts has no driving time, so nobody can tell.
    NoInput,
}

/// How a duty fits into a driver's calendar: everything that a filter needs of it, small enough to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DutyFit {
    /// Whose time it would take, rest owed included.
    pub overlap: Option<Overlap>,
    /// Rest before and after it.
    pub rest: HoursCheck,
    /// Driving in any 24 hours.
    pub day: HoursCheck,
    /// Driving in any 7 days.
    pub week: HoursCheck,
    /// A free day in seven.
    pub free_day: HoursCheck,
}

impl DutyFit {
    /// How `plan` fits into `calendar`, what expired by `now` left aside.
    pub fn of(calendar: &DutyCalendar, plan: &DutyPlan, policy: &HoursPolicy, now: Timestamp) -> Self {
        Self {
            overlap: calendar.first_overlap(plan.reserved, now),
            rest: rest(calendar, plan, policy, now),
            day: driving(
                calendar,
                plan,
                SignedDuration::from_hours(24),
                policy.driving_minutes_a_day,
                now,
            ),
            week: driving(
                calendar,
                plan,
                SignedDuration::from_hours(7 * 24),
                policy.driving_minutes_a_week,
                now,
            ),
            free_day: free_day(calendar, plan, policy, now),
        }
    }
}

/// Rest between the plan and the duties around it. Broken names the shortest rest in minutes; no rest at all,
/// as with a duty that it overlaps, is 0.
pub fn rest(calendar: &DutyCalendar, plan: &DutyPlan, policy: &HoursPolicy, now: Timestamp) -> HoursCheck {
    let gap = |other: Interval| {
        let (start, end) = (plan.on_duty.start(), plan.on_duty.end());
        start
            .duration_since(other.end())
            .max(other.start().duration_since(end))
            .max(SignedDuration::ZERO)
    };
    let wanted = SignedDuration::from_mins(policy.rest_minutes.into());
    match work(calendar, now).map(|duty| gap(duty.on_duty)).min() {
        Some(shortest) if shortest < wanted => HoursCheck::Broken {
            actual: u32::try_from(shortest.as_mins()).unwrap_or(u32::MAX),
            limit: policy.rest_minutes,
        },
        _ => HoursCheck::Kept,
    }
}

/// Driving in every window of that length that the plan has a part in, the worst of them compared with
/// `limit` in minutes. Driving is taken as spread evenly over the time on duty: a duty of several days counts
/// in each of them. One that can be driven within the limit, with halts, has no more than the limit in any window:
/// a plan of more than ten hours has a halt, and is not driven evenly.
pub fn driving(
    calendar: &DutyCalendar,
    plan: &DutyPlan,
    length: SignedDuration,
    limit: u32,
    now: Timestamp,
) -> HoursCheck {
    let planned = (plan.on_duty, plan.driving_minutes);
    let spells: Vec<_> = work(calendar, now)
        .map(|duty| (duty.on_duty, duty.driving_minutes))
        .chain([planned])
        .filter(|(on_duty, _)| {
            on_duty.end() > shifted(plan.on_duty.start(), -length)
                && on_duty.start() < shifted(plan.on_duty.end(), length)
        })
        .collect();
    // A sum of even spells is greatest in a window that starts where one starts or ends where one ends.
    let worst = spells
        .iter()
        .flat_map(|(on_duty, _)| [on_duty.start(), shifted(on_duty.end(), -length)])
        .filter_map(|start| Interval::new(start, shifted(start, length)).ok())
        .filter(|window| window.overlaps(plan.on_duty))
        .map(|window| {
            spells
                .iter()
                .map(|&(on_duty, minutes)| {
                    let evenly = minutes_within(window, on_duty, minutes);
                    match minutes {
                        Some(minutes) if u64::from(minutes) <= most_on(on_duty, length, limit) => {
                            evenly.min(limit.into())
                        }
                        _ => evenly,
                    }
                })
                .sum()
        })
        .max()
        .unwrap_or(0u64);
    let actual = u32::try_from(worst).unwrap_or(u32::MAX);
    if actual > limit {
        HoursCheck::Broken { actual, limit }
    } else if spells.iter().any(|(_, minutes)| minutes.is_none()) {
        HoursCheck::NoInput
    } else {
        HoursCheck::Kept
    }
}

/// Whether the plan leaves a day free in seven: no longer run of days with work, by the calendar of India,
/// than the policy allows. Broken names the run in days. Of a duty that has more days than its driving takes, the
/// first and the last are work, and those in between that it does not take are free: the driver waits where the
/// riders stay.
pub fn free_day(
    calendar: &DutyCalendar,
    plan: &DutyPlan,
    policy: &HoursPolicy,
    now: Timestamp,
) -> HoursCheck {
    let worked: BTreeSet<Date> = work(calendar, now)
        .map(|duty| (duty.on_duty, duty.driving_minutes))
        .chain([(plan.on_duty, plan.driving_minutes)])
        .flat_map(|(on_duty, minutes)| days_of_work(on_duty, minutes, policy))
        .collect();
    let first = day_in_india(plan.on_duty.start());
    let run_from = |mut day: Date, next: fn(Date) -> Result<Date, jiff::Error>| {
        let mut length = 0u32;
        while let Ok(another) = next(day) {
            if !worked.contains(&another) {
                break;
            }
            (day, length) = (another, length + 1);
        }
        length
    };
    let last = days(plan.on_duty).last().unwrap_or(first);
    let run_with = |day| 1 + run_from(day, Date::yesterday) + run_from(day, Date::tomorrow);
    let run = run_with(first).max(run_with(last));
    if run > policy.working_days_in_a_row {
        HoursCheck::Broken {
            actual: run,
            limit: policy.working_days_in_a_row,
        }
    } else {
        HoursCheck::Kept
    }
}

fn work(calendar: &DutyCalendar, now: Timestamp) -> impl Iterator<Item = &Duty> {
    calendar
        .duties()
        .iter()
        .filter(move |duty| duty.is_work() && duty.counts_at(now))
}

/// The share of a spell's driving that falls into the window, rounded up to a minute.
fn minutes_within(window: Interval, on_duty: Interval, minutes: Option<u32>) -> u64 {
    let seconds = |interval: Interval| u128::try_from(interval.length().as_secs().max(1)).unwrap_or(1);
    window.common(on_duty).map_or(0, |common| {
        let share = u128::from(minutes.unwrap_or(0)) * seconds(common);
        u64::try_from(share.div_ceil(seconds(on_duty))).unwrap_or(u64::MAX)
    })
}

/// The most that can be driven in a time on duty, with no more than `limit` minutes in any window of that length.
fn most_on(on_duty: Interval, length: SignedDuration, limit: u32) -> u64 {
    let seconds = |duration: SignedDuration| u64::try_from(duration.as_secs().max(1)).unwrap_or(1);
    let (whole, rest) = (
        seconds(on_duty.length()) / seconds(length),
        seconds(on_duty.length()) % seconds(length),
    );
    whole * u64::from(limit) + (rest / 60).min(limit.into())
}

/// The days of a duty on which somebody works: of more than its driving takes, the first of them and the last.
fn days_of_work(on_duty: Interval, minutes: Option<u32>, policy: &HoursPolicy) -> Vec<Date> {
    let mut all: Vec<Date> = days(on_duty).collect();
    if let (Some(minutes), Some(last)) = (minutes, all.last().copied()) {
        let taken = minutes.div_ceil(policy.driving_minutes_a_day.max(1)).max(2) as usize;
        if taken < all.len() {
            all.truncate(taken - 1);
            all.push(last);
        }
    }
    all
}

/// The days in India that have a moment of the interval.
fn days(interval: Interval) -> impl Iterator<Item = Date> {
    let end = interval.end();
    day_in_india(interval.start())
        .series(jiff::Span::new().days(1))
        .take_while(move |day| midnight(*day) < end)
}

#[cfg(test)]
#[path = "hours_tests.rs"]
mod tests;
