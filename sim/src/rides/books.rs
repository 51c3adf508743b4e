//! What the platform's log says of bookings, drivers and money, and what must hold of it.

use super::{
    accounts::Accounts,
    money::{self, Dues, Money},
    provider::Provider,
    tracking::Tracked,
};
use crate::{
    clients::Acknowledged,
    invariants::{Books, evolve},
};
use interstate_booking::domain::{
    booking::{Booking, Stage},
    quote::{Quote, QuoteEvent},
};
use interstate_driver::domain::{
    calendar::Calendar,
    dispatch::{Dispatch, DispatchEvent, OfferState, Stage as SearchStage},
    driver::Driver,
    duty::{Duty, DutyState, Holder},
    vehicle::{Plate, Vehicle},
};
use interstate_eventing::{
    Event,
    saga::{Orchestrator, Phase},
};
use interstate_schemas::{BookingId, CalendarOwner, DispatchId, DriverId, OfferId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// An offer that waits for a driver's answer.
pub(super) struct Offered {
    pub(super) dispatch: DispatchId,
    pub(super) offer: OfferId,
    /// When it expires.
    pub(super) until: Timestamp,
}

/// The platform as its log has it, and the provider's own books.
pub struct RideBooks {
    quotes: BTreeMap<String, Quote>,
    pub(super) bookings: BTreeMap<String, Booking>,
    dues: BTreeMap<String, Dues>,
    dispatches: BTreeMap<String, Dispatch>,
    calendars: BTreeMap<String, Calendar>,
    /// Times that two had at once, at some moment.
    kept_twice: Vec<String>,
    drivers: BTreeMap<String, Driver>,
    vehicles: BTreeMap<String, Vehicle>,
    plates: BTreeMap<String, Plate>,
    money: Money,
    accounts: Accounts,
    tracked: Tracked,
    /// Until when each quote and each offer stands.
    due: BTreeMap<String, Timestamp>,
    /// Offers that were accepted in time.
    accepted: BTreeSet<OfferId>,
    overtaken: Vec<String>,
    provider: Provider,
}

impl RideBooks {
    pub(super) fn new(provider: Provider) -> Self {
        Self {
            quotes: BTreeMap::new(),
            bookings: BTreeMap::new(),
            dues: BTreeMap::new(),
            dispatches: BTreeMap::new(),
            calendars: BTreeMap::new(),
            kept_twice: Vec::new(),
            drivers: BTreeMap::new(),
            vehicles: BTreeMap::new(),
            plates: BTreeMap::new(),
            money: Money::default(),
            accounts: Accounts::default(),
            tracked: Tracked::default(),
            due: BTreeMap::new(),
            accepted: BTreeSet::new(),
            overtaken: Vec::new(),
            provider,
        }
    }

    /// Where a booking stands.
    pub(super) fn stage(&self, booking: BookingId) -> Option<Stage> {
        self.bookings.get(&booking.to_string()).map(Booking::stage)
    }

    /// Offers that wait for a driver's answer.
    pub(super) fn offers_to(&self, driver: DriverId) -> Vec<Offered> {
        let mut found = Vec::new();
        for (id, dispatch) in &self.dispatches {
            let (Ok(id), Some(search)) = (id.parse(), &dispatch.search) else {
                continue;
            };
            let mine = search
                .in_state(OfferState::Open)
                .filter(|offer| search.offers[offer].candidate.driver == driver);
            found.extend(mine.map(|offer| Offered {
                dispatch: id,
                offer,
                until: self.due.get(&offer.to_string()).copied().unwrap_or_default(),
            }));
        }
        found
    }

    /// Trips that a driver has.
    pub(super) fn trips_of(&self, driver: DriverId) -> Vec<(BookingId, Stage)> {
        let mut found = Vec::new();
        for (id, booking) in &self.bookings {
            let mine = booking.assignment().is_some_and(|it| it.driver == driver);
            let under_way = matches!(
                booking.stage(),
                Stage::Assigned | Stage::EnRoute | Stage::Arrived | Stage::OnTrip
            );
            if let (true, true, Ok(id)) = (mine, under_way, id.parse()) {
                found.push((id, booking.stage()));
            }
        }
        found
    }

    fn take_dispatch(&mut self, event: &Event) -> Result<(), String> {
        match event.decode().map_err(|error| error.to_string())? {
            DispatchEvent::OffersMade(made) => {
                let offers = made.offers.keys();
                self.due
                    .extend(offers.map(|offer| (offer.to_string(), made.expires_at)));
            }
            DispatchEvent::Accepted(accepted) => {
                self.accepted.insert(accepted.offer);
            }
            DispatchEvent::Expired(expired) => {
                for offer in expired
                    .offers
                    .iter()
                    .filter(|offer| self.accepted.contains(*offer))
                {
                    self.overtaken
                        .push(format!("{offer} was accepted, and expired afterwards"));
                }
            }
            _ => {}
        }
        evolve(&mut self.dispatches, event)
    }

    /// Whatever is asked of a calendar, no two of its entries overlap: nor those that are only kept for somebody.
    fn take_calendar(&mut self, event: &Event) -> Result<(), String> {
        evolve(&mut self.calendars, event)?;
        let id = &event.subject;
        let entries = self.calendars.get(id).map_or(&[][..], |it| it.duties().duties());
        for (at, one) in entries.iter().enumerate() {
            for other in &entries[at + 1..] {
                if one.reserved.overlaps(other.reserved) {
                    let (one, other) = (one.claim, other.claim);
                    self.kept_twice.push(format!(
                        "{id} was kept for {one:?} and for {other:?} at {}",
                        event.time
                    ));
                }
            }
        }
        Ok(())
    }

    /// Time that a booking has, or may still get: neither driven nor given back.
    fn duties_of(&self, booking: &str) -> Vec<(CalendarOwner, &Duty)> {
        let mut found = Vec::new();
        let Ok(id) = booking.parse::<BookingId>() else {
            return found;
        };
        for calendar in self.calendars.values() {
            let Some(owner) = calendar.owner() else { continue };
            let duties = calendar.duties().duties().iter();
            let of_booking = duties
                .filter(|duty| duty.claim.holder == Holder::Booking(id) && duty.state != DutyState::Closed);
            found.extend(of_booking.map(|duty| (owner, duty)));
        }
        found
    }
}

impl Books for RideBooks {
    fn evolve(&mut self, event: &Event) -> Result<(), String> {
        match &*event.aggregate {
            "quote" => {
                if let Ok(QuoteEvent::Issued(issued)) = event.decode() {
                    self.due.insert(event.subject.clone(), issued.expires_at);
                }
                evolve(&mut self.quotes, event)
            }
            "booking" => {
                let told = event.decode().map_err(|error| error.to_string())?;
                self.dues.entry(event.subject.clone()).or_default().take(&told);
                evolve(&mut self.bookings, event)
            }
            "dispatch" => self.take_dispatch(event),
            "calendar" => self.take_calendar(event),
            "driver" => evolve(&mut self.drivers, event),
            "vehicle" => evolve(&mut self.vehicles, event),
            "plate" => evolve(&mut self.plates, event),
            "payment" => self.money.take(event),
            "user" => self.accounts.take_user(event),
            "claim" => self.accounts.take_claim(event),
            "session" => self.accounts.take_session(event),
            "trip" => self.tracked.take(event),
            other => Err(format!("an event of the unknown aggregate {other}")),
        }
    }

    fn open(&self, now: Timestamp) -> Vec<String> {
        let mut open = self.money.open(now);
        open.extend(self.accounts.open());
        open.extend(self.tracked.open(now));
        for (id, booking) in &self.bookings {
            let (stage, saga) = (booking.stage(), booking.saga());
            if !saga.is_over() {
                open.push(format!("every saga ends: {id} ({stage:?}) is {saga:?}"));
            } else if stage == Stage::PendingPayment {
                open.push(format!("every saga ends well or gives back: {id} is {stage:?}"));
            }
        }
        for (id, quote) in &self.quotes {
            if let Quote::Issued(offer) = quote {
                let due = offer.expires_at;
                open.push(format!("every deadline fires: {id} stands since {due}"));
            }
        }
        for (id, calendar) in &self.calendars {
            if let Some(due) = calendar.duties().next_expiry().filter(|due| *due < now) {
                open.push(format!("every deadline fires: time in {id} is kept since {due}"));
            }
        }
        open
    }

    fn due_of(&self, line: &Acknowledged) -> Option<Timestamp> {
        if line.told.is_no("quote-expired") {
            return self.due.get(&line.to.id).copied();
        }
        let offer = line.what.split(' ').next_back()?;
        let late = line.told.is_no("offer-expired");
        late.then(|| self.due.get(offer).copied()).flatten()
    }

    fn overtaken(&self) -> Vec<String> {
        self.overtaken.clone()
    }

    fn money_is_conserved(&self) -> Vec<String> {
        let mut wrong = self.money.is_conserved(&self.provider);
        wrong.extend(self.money.is_told(&self.provider));
        wrong
    }

    fn captured_once(&self) -> Vec<String> {
        self.money.captured_once(&self.provider)
    }

    /// One driver a trip, and one trip at a time for each driver and each vehicle.
    fn no_overlap(&self) -> Vec<String> {
        let mut wrong = self.kept_twice.clone();
        for id in self.bookings.keys() {
            let firm = self
                .duties_of(id)
                .into_iter()
                .filter(|(_, duty)| !duty.is_tentative());
            let owners: Vec<CalendarOwner> = firm.map(|(owner, _)| owner).collect();
            let drivers = owners
                .iter()
                .filter(|owner| matches!(owner, CalendarOwner::Driver(_)))
                .count();
            if drivers > 1 || owners.len() - drivers > 1 {
                wrong.push(format!("{id} has {owners:?}"));
            }
        }
        wrong
    }

    fn owned_twice(&self) -> Vec<String> {
        self.accounts.taken_twice()
    }

    fn nothing_half_done(&self) -> Vec<String> {
        let mut wrong = self.money.held(&self.provider);
        wrong.extend(self.accounts.half_done());
        wrong.extend(self.tracked.wrong());
        for (id, booking) in &self.bookings {
            wrong.extend(self.half_done(id, booking));
            let dues = self.dues.get(id).copied().unwrap_or_default();
            wrong.extend(self.money.half_paid(id, booking, &dues, &self.provider));
        }
        wrong
    }

    fn released_stays_free(&self, _: &[Acknowledged]) -> Vec<String> {
        let mut wrong = Vec::new();
        for (id, calendar) in &self.calendars {
            let duties = calendar.duties();
            let taken_again = duties
                .duties()
                .iter()
                .filter(|duty| duty.state != DutyState::Closed && duties.is_released(duty.claim));
            wrong.extend(taken_again.map(|duty| {
                let claim = duty.claim;
                format!("{claim:?} was given back and is still taken in {id}")
            }));
        }
        wrong
    }
}

impl RideBooks {
    /// What a booking has or lacks of drivers and vehicles, where it stands.
    fn half_done(&self, id: &str, booking: &Booking) -> Vec<String> {
        let mut wrong = Vec::new();
        let stage = booking.stage();
        let duties = self.duties_of(id);
        let has_driver = matches!(
            stage,
            Stage::Assigned | Stage::EnRoute | Stage::Arrived | Stage::OnTrip
        );
        if has_driver {
            let Some(assignment) = booking.assignment() else {
                return vec![format!("{id} is {stage:?} and has no driver")];
            };
            for owner in [
                CalendarOwner::Driver(assignment.driver),
                CalendarOwner::Vehicle(assignment.vehicle),
            ] {
                let reserved = duties.iter().any(|(found, duty)| {
                    *found == owner && duty.claim.attempt == assignment.search && !duty.is_tentative()
                });
                if !reserved {
                    wrong.push(format!("{id} is {stage:?}, and {owner} does not keep the time"));
                }
            }
        } else {
            for (owner, duty) in &duties {
                let (claim, state) = (duty.claim, duty.state);
                wrong.push(format!(
                    "{id} is {stage:?}, and {owner} keeps {claim:?} {state:?}"
                ));
            }
        }
        let given_up = matches!(stage, Stage::Cancelled | Stage::Lapsed | Stage::Unfulfilled);
        wrong.extend(self.search_goes_on(id, booking).filter(|_| given_up));
        if matches!(stage, Stage::Completed | Stage::Closed)
            && !matches!(booking.saga().phase, Phase::Completed)
        {
            wrong.push(format!(
                "{id} is {stage:?}, and its saga is {:?}",
                booking.saga().phase
            ));
        }
        wrong
    }

    /// A search that is neither over nor withdrawn.
    fn search_goes_on(&self, id: &str, booking: &Booking) -> Option<String> {
        let dispatch = DispatchId::from(id.parse::<BookingId>().ok()?);
        let dispatch = self.dispatches.get(&dispatch.to_string())?;
        let search = dispatch.search.as_ref()?;
        let over = dispatch.withdrawn >= search.number || search.stage == SearchStage::NoDriver;
        let stage = booking.stage();
        (!over).then(|| format!("{id} is {stage:?}, and its search is {:?}", search.stage))
    }
}

/// The payment of a booking.
pub(super) fn payment_of(booking: &str) -> String {
    booking
        .parse::<BookingId>()
        .map_or_else(|_| String::new(), |id| money::payment(id).to_string())
}
