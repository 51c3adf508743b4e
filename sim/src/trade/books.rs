//! What the trade's books promise: money, times, and sagas that are whole.

use super::{
    account::{Account, Hold, HoldStatus},
    calendar::Calendar,
    ledger::Ledger,
    offer::{Offer, OfferEvent},
    provider::{self, Provider},
    trip::Trip,
};
use crate::{
    clients::{Acknowledged, Told},
    invariants::{Books, History, evolve},
};
use interstate_eventing::{Event, saga::Phase};
use interstate_schemas::Timestamp;
use std::collections::BTreeMap;

/// The trade as its log has it, and the provider's own books.
pub struct TradeBooks {
    trips: BTreeMap<String, Trip>,
    offers: BTreeMap<String, Offer>,
    accounts: BTreeMap<String, Account>,
    ledgers: BTreeMap<String, Ledger>,
    calendars: BTreeMap<String, Calendar>,
    /// Until when each offer stands.
    due: BTreeMap<String, Timestamp>,
    provider: Provider,
}

impl TradeBooks {
    /// Empty ones.
    pub fn new(provider: Provider) -> Self {
        Self {
            trips: BTreeMap::new(),
            offers: BTreeMap::new(),
            accounts: BTreeMap::new(),
            ledgers: BTreeMap::new(),
            calendars: BTreeMap::new(),
            due: BTreeMap::new(),
            provider,
        }
    }
}

impl Books for TradeBooks {
    fn evolve(&mut self, event: &Event) -> Result<(), String> {
        match &*event.aggregate {
            "trip" => evolve(&mut self.trips, event),
            "offer" => {
                if let Ok(OfferEvent::Opened(opened)) = event.decode() {
                    self.due.insert(event.subject.clone(), opened.due);
                }
                evolve(&mut self.offers, event)
            }
            "account" => evolve(&mut self.accounts, event),
            "ledger" => evolve(&mut self.ledgers, event),
            "calendar" => evolve(&mut self.calendars, event),
            other => Err(format!("an event of the unknown aggregate {other}")),
        }
    }

    fn open(&self, _: Timestamp) -> Vec<String> {
        let mut open = Vec::new();
        for (id, trip) in &self.trips {
            if !trip.saga.is_over() {
                open.push(format!("every saga ends: {id} is {:?}", trip.saga));
            }
        }
        for (id, offer) in &self.offers {
            if let Offer::Open { due } = offer {
                open.push(format!("every deadline fires: {id} has been open since {due}"));
            }
        }
        for (id, account) in &self.accounts {
            for (number, operation) in &account.open {
                open.push(format!(
                    "every operation is closed: {id}/{number} {operation:?} waits"
                ));
            }
        }
        open
    }

    fn due_of(&self, line: &Acknowledged) -> Option<Timestamp> {
        let late = line.told.is_no("offer.expired");
        late.then(|| self.due.get(&line.to.id).copied()).flatten()
    }

    /// Ledgers answer nothing and refuse nothing, so each message to one is exactly one event.
    fn messages_once(&self, history: &History) -> Vec<String> {
        messages_once(self, history)
    }

    fn money_is_conserved(&self) -> Vec<String> {
        money_is_conserved(self, &self.provider.books())
    }

    fn captured_once(&self) -> Vec<String> {
        captured_once(self, &self.provider.books())
    }

    fn no_overlap(&self) -> Vec<String> {
        no_overlap(self)
    }

    fn nothing_half_done(&self) -> Vec<String> {
        nothing_half_done(self)
    }

    fn released_stays_free(&self, journal: &[Acknowledged]) -> Vec<String> {
        released_stays_free(self, journal)
    }
}

fn messages_once(books: &TradeBooks, history: &History) -> Vec<String> {
    let mut handled: BTreeMap<_, u32> = BTreeMap::new();
    for event in history.events().filter(|event| event.aggregate == "ledger") {
        *handled.entry(event.causation).or_default() += 1;
    }
    let mut wrong = Vec::new();
    for message in history.messages() {
        let times = handled.get(&message.meta.id).copied().unwrap_or(0);
        if message.meta.to.aggregate == "ledger" && message.meta.step.is_none() && times != 1 {
            wrong.push(format!(
                "message {} to {} was handled {times} times",
                message.number, message.meta.to
            ));
        }
    }
    for (id, ledger) in &books.ledgers {
        let mut last: BTreeMap<&str, u32> = BTreeMap::new();
        for (from, number) in &ledger.notes {
            let last = last.entry(from).or_default();
            if *number != 0 && *number != *last + 1 {
                wrong.push(format!("note {number} of {from} follows note {last} in {id}"));
            }
            *last = *number;
        }
    }
    wrong
}

fn is_held(hold: &&Hold) -> bool {
    use HoldStatus::{Authorizing, Capturing, Held, Voiding};
    matches!(hold.status, Authorizing | Held | Capturing | Voiding)
}

fn money_is_conserved(books: &TradeBooks, provider: &provider::Books) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut captured, mut taken) = (0, 0);
    for (id, account) in &books.accounts {
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
    for trip in provider.trips.values() {
        taken += trip.captured.iter().sum::<i64>();
    }
    if captured != taken {
        wrong.push(format!(
            "the accounts say {captured} captured, the provider says {taken}"
        ));
    }
    wrong
}

fn captured_once(books: &TradeBooks, provider: &provider::Books) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, trip) in &books.trips {
        let taken = provider.trips.get(id).cloned().unwrap_or_default();
        let amount = trip.order.as_ref().map_or(0, |order| order.amount);
        let expected = match trip.saga.phase {
            Phase::Completed => vec![amount],
            _ => Vec::new(),
        };
        if taken.captured != expected || taken.held != 0 {
            wrong.push(format!(
                "{id} ({:?}) costs {amount}; the provider has taken {:?} and holds {}",
                trip.saga.phase, taken.captured, taken.held
            ));
        }
    }
    for id in provider.trips.keys() {
        if !books.trips.contains_key(id) {
            wrong.push(format!("the provider knows {id}, and the log does not"));
        }
    }
    for key in provider.answers.keys() {
        let operation = key.split_once('/').and_then(|(account, number)| {
            let number: u64 = number.parse().ok()?;
            let account = books.accounts.get(account)?;
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

fn no_overlap(history: &TradeBooks) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, calendar) in &history.calendars {
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

fn nothing_half_done(history: &TradeBooks) -> Vec<String> {
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

fn released_stays_free(books: &TradeBooks, journal: &[Acknowledged]) -> Vec<String> {
    let mut wrong = Vec::new();
    for line in journal {
        let Some(by) = line.what.strip_prefix("release ") else {
            continue;
        };
        let calendar = books.calendars.get(&line.to.id);
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
