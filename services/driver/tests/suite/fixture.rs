//! Events of searches, told to a read model.

use super::trip::ahmedabad_to_udaipur;
use interstate_driver::{
    SERVICE,
    domain::{
        calendar::{Calendar, CalendarEvent, DutyClosed, DutyReleased, DutyReserved, DutyStarted, TimeHeld},
        candidates::{FilterCode, SearchRecord},
        dispatch::{
            Candidate, CandidatesConsidered, CandidatesWanted, ClaimLost, Dispatch, DispatchEvent,
            DriverFound, OfferAccepted, OfferDeclined, OffersMade, SearchOpened,
        },
        duty::{DutyPlan, Interval},
        offers::DispatchMode,
    },
    read::{Dispatches, Opened},
};
use interstate_eventing::{Aggregate, DomainEvent, Event, projection::Position};
use interstate_log::PartitionId;
use interstate_schemas::*;
use std::{collections::BTreeMap, sync::Arc};

pub fn booking(name: &str) -> BookingId {
    BookingId::derive(1, &[name.as_bytes()])
}

pub fn driver(name: &str) -> DriverId {
    DriverId::derive(1, &[name.as_bytes()])
}

pub fn vehicle(name: &str) -> VehicleId {
    VehicleId::derive(1, &[name.as_bytes()])
}

/// The offer of a search to a driver.
pub fn offer(trip: &str, search: u32, name: &str) -> OfferId {
    OfferId::derive(1, &[trip.as_bytes(), &search.to_be_bytes(), name.as_bytes()])
}

pub fn at(time: &str) -> Timestamp {
    format!("2026-11-20T{time}Z").parse().unwrap()
}

fn trip(name: &str) -> Box<TripRequest> {
    ahmedabad_to_udaipur(booking(name), at("08:00:00"))
}

/// The trip as an offer shows it.
pub fn trip_shown(name: &str) -> serde_json::Value {
    serde_json::to_value(trip(name)).unwrap()
}

pub fn opened(name: &str, search: u32) -> DispatchEvent {
    let (trip, until) = (trip(name), at("06:30:00.250"));
    SearchOpened {
        search,
        trip,
        until,
        mode: DispatchMode::OnDemand,
        step: None,
    }
    .into()
}

pub fn wanted(search: u32, round: u32) -> DispatchEvent {
    let attempt = 1;
    CandidatesWanted {
        search,
        round,
        attempt,
    }
    .into()
}

/// Nine are considered, two of them could drive, and the others have too few seats.
pub fn considered(name: &str, search: u32) -> DispatchEvent {
    let record = Box::new(SearchRecord {
        booking: booking(name),
        round: 1,
        at: at("06:00:00"),
        policy_version: "2026-11".into(),
        considered: 9,
        passed: 2,
        candidates: Vec::new(),
        others: BTreeMap::from([(FilterCode::SeatsShort, 7)]),
    });
    CandidatesConsidered { search, record }.into()
}

pub fn offered(name: &str, search: u32, expires_at: &str, drivers: &[&str]) -> DispatchEvent {
    let interval = Interval::new(at("07:15:00"), at("13:00:00")).unwrap();
    let candidate = |name: &str| Candidate {
        driver: driver(name),
        vehicle: vehicle(name),
        plan: DutyPlan {
            on_duty: interval,
            reserved: interval,
            driving_minutes: Some(300),
        },
        card: None,
    };
    let offers = drivers
        .iter()
        .map(|driver| (offer(name, search, driver), candidate(driver)));
    OffersMade {
        booking: booking(name),
        search,
        round: 1,
        offers: offers.collect(),
        expires_at: at(expires_at),
        driver_earns: Money::rupees(3_000),
    }
    .into()
}

pub fn accepted(name: &str, search: u32, by: &str) -> DispatchEvent {
    let (offer, driver) = (offer(name, search, by), driver(by));
    let card = None;
    OfferAccepted { offer, driver, card }.into()
}

pub fn declined(name: &str, search: u32, by: &str) -> DispatchEvent {
    let (offer, driver) = (offer(name, search, by), driver(by));
    OfferDeclined { offer, driver }.into()
}

pub fn lost(name: &str, search: u32, by: &str) -> DispatchEvent {
    ClaimLost {
        offer: offer(name, search, by),
        owner: CalendarOwner::Driver(driver(by)),
        code: "calendar.taken".to_owned(),
    }
    .into()
}

pub fn found(name: &str, search: u32, who: &str, withdrawn: &[&str]) -> DispatchEvent {
    let answer = DriverAnswer::Found {
        dispatch: DispatchId::from(booking(name)),
        offer: offer(name, search, who),
        driver: driver(who),
        user: UserId::from(driver(who)),
        vehicle: vehicle(who),
        busy_from: at("07:15:00"),
        busy_to: at("13:00:00"),
        card: None,
    };
    let withdrawn = withdrawn.iter().map(|other| offer(name, search, other));
    DriverFound {
        booking: booking(name),
        search,
        answer,
        withdrawn: withdrawn.collect(),
    }
    .into()
}

/// On duty from one time to the other, and an hour of rest after it.
fn plan(from: &str, to: &str) -> DutyPlan {
    let between = |from, to| Interval::new(from, to).unwrap();
    DutyPlan {
        on_duty: between(at(from), at(to)),
        reserved: between(at(from), at(to) + SignedDuration::from_hours(1)),
        driving_minutes: Some(60),
    }
}

pub fn held(owner: CalendarOwner, trip: &str, search: u32, from: &str, to: &str) -> CalendarEvent {
    TimeHeld {
        owner,
        booking: booking(trip),
        search,
        plan: plan(from, to),
        expires_at: at("06:01:00"),
    }
    .into()
}

pub fn reserved(owner: CalendarOwner, trip: &str, search: u32, from: &str, to: &str) -> CalendarEvent {
    let (booking, plan) = (booking(trip), plan(from, to));
    DutyReserved {
        owner,
        booking,
        search,
        plan,
    }
    .into()
}

pub fn released(owner: CalendarOwner, trip: &str, search: u32) -> CalendarEvent {
    let booking = booking(trip);
    DutyReleased {
        owner,
        booking,
        search,
    }
    .into()
}

pub fn started(trip: &str, search: u32) -> CalendarEvent {
    let booking = booking(trip);
    DutyStarted { booking, search }.into()
}

pub fn closed(owner: CalendarOwner, trip: &str, search: u32, ended: &str, rested: &str) -> CalendarEvent {
    DutyClosed {
        owner,
        booking: booking(trip),
        search,
        on_duty_until: at(ended),
        rest_until: at(rested),
        clash: None,
    }
    .into()
}

/// Tells a read model what happens, so many events in one transaction.
pub struct Story {
    opened: Opened,
    batch: usize,
    sequence: u64,
    batches: u64,
    waiting: Vec<Event>,
}

impl Story {
    pub fn new(opened: Opened, batch: usize) -> Self {
        Self {
            opened,
            batch,
            sequence: 0,
            batches: 0,
            waiting: Vec::new(),
        }
    }

    /// One more event of a booking's search.
    pub async fn tell(&mut self, trip: &str, what: DispatchEvent) {
        let subject = DispatchId::from(booking(trip)).to_string();
        self.write(Dispatch::NAME, subject, &what).await;
    }

    /// One more event of a calendar.
    pub async fn mark(&mut self, owner: CalendarOwner, what: CalendarEvent) {
        self.write(Calendar::NAME, owner.to_string(), &what).await;
    }

    async fn write(&mut self, aggregate: &'static str, subject: String, what: &impl DomainEvent) {
        self.sequence += 1;
        let parts: [&[u8]; 1] = [&self.sequence.to_be_bytes()];
        let command = CommandId::derive(1, &parts);
        self.waiting.push(Event {
            id: EventId::derive(1, &parts),
            service: SERVICE.into(),
            partition: 0,
            sequence: self.sequence,
            aggregate: aggregate.into(),
            subject,
            version: self.sequence,
            event_type: what.event_type().into(),
            time: at("06:00:00.125"),
            actor: Actor::System,
            correlation: command,
            causation: command,
            trace: None,
            payload: what.encode().into(),
        });
        if self.waiting.len() == self.batch {
            self.take_up().await;
        }
    }

    /// The read model with everything that was told.
    pub async fn told(&mut self) -> Arc<dyn Dispatches> {
        self.take_up().await;
        self.opened.dispatches.clone()
    }

    /// Why events are parked.
    pub async fn parked(&self) -> Vec<String> {
        let notes = self.opened.model.parked_notes(10).await.unwrap();
        notes.into_iter().map(|note| note.reason).collect()
    }

    /// Takes what waits up; answers with it, for another instance that follows the same events.
    pub async fn take_up(&mut self) -> (Vec<Event>, Position) {
        let events = std::mem::take(&mut self.waiting);
        self.batches += 1;
        let to = Position {
            next: self.sequence,
            sequence: self.sequence,
            receipt: self.batches,
            incarnation: 1,
        };
        if !events.is_empty() {
            let source = PartitionId::new(SERVICE, 0);
            let applied = self.opened.model.apply(&source, &events, to).await.unwrap();
            assert_eq!(applied.overtaken, None);
        }
        (events, to)
    }
}
