//! What the trade's books promise: money, times, and sagas that are whole.

use super::Evidence;
use crate::{
    riders::Told,
    trade::account::{Hold, HoldStatus},
};
use interstate_eventing::saga::Phase;

fn is_held(hold: &&Hold) -> bool {
    use HoldStatus::{Authorizing, Capturing, Held, Voiding};
    matches!(hold.status, Authorizing | Held | Capturing | Voiding)
}

pub(super) fn money_is_conserved(evidence: &Evidence<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut captured, mut taken) = (0, 0);
    for (id, account) in &evidence.history.accounts {
        let held: i64 = account
            .holds
            .values()
            .filter(is_held)
            .map(|hold| hold.amount)
            .sum();
        if account.deposited != account.available + held + account.captured {
            wrong.push(format!(
                "{id} got {} and has {} + {held} held + {} captured",
                account.deposited, account.available, account.captured
            ));
        }
        captured += account.captured;
    }
    for trip in evidence.provider.trips.values() {
        taken += trip.captured.iter().sum::<i64>();
    }
    if captured != taken {
        wrong.push(format!(
            "the accounts say {captured} captured, the provider says {taken}"
        ));
    }
    wrong
}

pub(super) fn captured_once(evidence: &Evidence<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, trip) in &evidence.history.trips {
        let books = evidence.provider.trips.get(id).cloned().unwrap_or_default();
        let amount = trip.order.as_ref().map_or(0, |order| order.amount);
        let expected = match trip.saga.phase {
            Phase::Completed => vec![amount],
            _ => Vec::new(),
        };
        if books.captured != expected || books.held != 0 {
            wrong.push(format!(
                "{id} ({:?}) costs {amount}; the provider has taken {:?} and holds {}",
                trip.saga.phase, books.captured, books.held
            ));
        }
    }
    for id in evidence.provider.trips.keys() {
        if !evidence.history.trips.contains_key(id) {
            wrong.push(format!("the provider knows {id}, and the log does not"));
        }
    }
    for key in evidence.provider.answers.keys() {
        let operation = key.split_once('/').and_then(|(account, number)| {
            let number: u64 = number.parse().ok()?;
            let account = evidence.history.accounts.get(account)?;
            (number <= account.operations).then_some(())
        });
        if operation.is_none() {
            wrong.push(format!(
                "the provider was asked for {key}, and the log does not know it"
            ));
        }
    }
    wrong
}

pub(super) fn no_overlap(evidence: &Evidence<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, calendar) in &evidence.history.calendars {
        let mut taken: Vec<_> = calendar.taken.iter().map(|(by, time)| (*time, by)).collect();
        taken.sort();
        for pair in taken.windows(2) {
            if pair[1].0.0 < pair[0].0.1 {
                wrong.push(format!("{id} is taken by {} and by {}", pair[0].1, pair[1].1));
            }
        }
    }
    wrong
}

pub(super) fn nothing_half_done(evidence: &Evidence<'_>) -> Vec<String> {
    let history = evidence.history;
    let mut wrong = Vec::new();
    for (id, trip) in &history.trips {
        let Some(order) = &trip.order else { continue };
        let has = |calendar: &str| {
            let calendar = history.calendars.get(calendar);
            calendar.is_some_and(|calendar| calendar.taken.contains_key(id))
        };
        let done = [
            (has(&order.driver), "the driver's time"),
            (has(&order.vehicle), "the vehicle's time"),
            (
                history
                    .ledgers
                    .get("finished")
                    .is_some_and(|ledger| ledger.notes.iter().any(|(from, _)| from == id)),
                "its line in the books",
            ),
        ];
        let completed = trip.saga.phase == Phase::Completed;
        for (_, what) in done.iter().filter(|(done, _)| *done != completed) {
            let verb = if completed { "lacks" } else { "keeps" };
            wrong.push(format!("{id} is {:?} and {verb} {what}", trip.saga.phase));
        }
    }
    wrong
}

pub(super) fn released_stays_free(evidence: &Evidence<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for line in evidence.journal {
        let Some(by) = line.what.strip_prefix("release ") else {
            continue;
        };
        let calendar = evidence.history.calendars.get(&line.to.id);
        let taken = calendar.is_some_and(|calendar| calendar.taken.contains_key(by));
        if taken && matches!(line.told, Told::Yes(_)) {
            wrong.push(format!(
                "{by} was given back and is still taken in {}",
                line.to.id
            ));
        }
    }
    wrong
}
