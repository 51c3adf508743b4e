//! Events into facts: a pure function of one event, so that a block of events is a block of rows, however often and
//! by whomever it is made.

use super::{
    Corridor, day,
    fact::{
        Booked, Driven, Fact, FareLine, Happened, LineOf, OfferMove, Offered, Posted, Quoted, Reached, Stage,
        Trip, When, Withdrawn,
    },
    told,
    withdrawal::Band,
};
use interstate_eventing::{DecodeError, Event, decode_json};
use interstate_schemas::{Actor, BookingId, DispatchId, DriverId, Timestamp};
use serde::de::DeserializeOwned;

/// Why an event cannot become facts. It is put aside until a version comes that can.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Its payload.
    #[error(transparent)]
    Payload(#[from] DecodeError),
    /// Its subject is not what its type is about.
    #[error("`{subject}` is not what a `{event_type}` is about")]
    Subject {
        /// What it is about.
        subject: String,
        /// Its type.
        event_type: String,
    },
    /// Its tariff counts days in another zone.
    #[error("the tariff `{0}` does not count its days in {zone}, and reports cannot keep zones apart", zone = day::ZONE)]
    Zone(String),
    /// A route without stops.
    #[error("its route has no stops")]
    NoStops,
}

/// The facts of an event: that it happened, and what its type adds.
///
/// # Errors
/// [`Unreadable`]; nothing of the event is counted then.
pub fn facts(event: &Event) -> Result<Vec<Fact>, Unreadable> {
    let when = when(event.time);
    let mut facts = vec![Fact::Happened(Happened {
        when,
        aggregate: event.aggregate.to_string(),
        event_type: event.event_type.to_string(),
        by: by(&event.actor),
    })];
    let of = Of { event, when };
    match &*event.event_type {
        "quote.issued.v1" => facts.push(of.quoted()?),
        "booking.requested.v1" => of.booked(&mut facts)?,
        "booking.confirmed.v1" => facts.push(of.reached(Stage::Confirmed, None)?),
        "booking.assigned.v1" => {
            let assigned: told::Assigned = of.told()?;
            facts.push(of.reached(Stage::Assigned, Some(assigned.assignment.driver))?);
        }
        "booking.closed.v1" => facts.push(of.reached(Stage::Closed, None)?),
        "booking.lapsed.v1" => facts.push(of.reached(Stage::Lapsed, None)?),
        "booking.cancelled.v1" => {
            facts.extend([of.reached(Stage::Cancelled, None)?, of.withdrawn()?]);
        }
        "booking.unfulfilled.v1" => {
            facts.extend([of.reached(Stage::Unfulfilled, None)?, of.withdrawn()?]);
        }
        "booking.driver_released.v1" => facts.push(of.withdrawn()?),
        "booking.completed.v1" => of.driven(&mut facts)?,
        "booking.fare_differed.v1" => {
            let told::FareDiffered { difference } = of.told()?;
            let explained = difference.invoiced - difference.quoted;
            facts.push(of.line(LineOf::Explanation, difference.line, explained)?);
        }
        "payment.journal_posted.v1" => of.posted(&mut facts)?,
        "dispatch.offers_made.v1" => {
            let made: told::OffersMade = of.told()?;
            facts.push(of.offered(OfferMove::Made, made.offers.len())?);
        }
        "dispatch.offers_expired.v1" => {
            let expired: told::OffersExpired = of.told()?;
            facts.push(of.offered(OfferMove::Expired, expired.offers.len())?);
        }
        "dispatch.offer_accepted.v1" => facts.push(of.offered(OfferMove::Accepted, 1)?),
        "dispatch.offer_declined.v1" => facts.push(of.offered(OfferMove::Declined, 1)?),
        _ => {}
    }
    Ok(facts)
}

fn when(at: Timestamp) -> When {
    When {
        at,
        day: day::day_of(at),
    }
}

fn by(actor: &Actor) -> &'static str {
    match actor {
        Actor::User { role, .. } => role.as_str(),
        Actor::Service(_) => "service",
        Actor::System => "system",
    }
}

/// One event, while its facts are made.
struct Of<'e> {
    event: &'e Event,
    when: When,
}

impl Of<'_> {
    fn told<T: DeserializeOwned>(&self) -> Result<T, Unreadable> {
        Ok(decode_json(&self.event.event_type, &self.event.payload)?)
    }

    fn other_subject(&self) -> Unreadable {
        Unreadable::Subject {
            subject: self.event.subject.chars().take(64).collect(),
            event_type: self.event.event_type.to_string(),
        }
    }

    fn booking(&self) -> Result<BookingId, Unreadable> {
        self.event.subject.parse().map_err(|_| self.other_subject())
    }

    fn quoted(&self) -> Result<Fact, Unreadable> {
        let order: told::Order = self.told()?;
        Ok(Fact::Quoted(Quoted {
            quote: order.quote,
            when: self.when,
            trip: trip(&order)?,
        }))
    }

    fn booked(&self, facts: &mut Vec<Fact>) -> Result<(), Unreadable> {
        let told::Requested { order } = self.told()?;
        facts.push(Fact::Booked(Booked {
            booking: self.booking()?,
            quote: order.quote,
            when: self.when,
            trip: trip(&order)?,
        }));
        for line in order.fare.lines {
            facts.push(self.line(LineOf::Quote, line.code, line.amount)?);
        }
        Ok(())
    }

    fn reached(&self, stage: Stage, driver: Option<DriverId>) -> Result<Fact, Unreadable> {
        Ok(Fact::Reached(Reached {
            booking: self.booking()?,
            when: self.when,
            stage,
            driver,
        }))
    }

    fn withdrawn(&self) -> Result<Fact, Unreadable> {
        let told::Withdrawn { terms } = self.told()?;
        Ok(Fact::Withdrawn(Withdrawn {
            booking: self.booking()?,
            when: self.when,
            actor: terms.reason.actor(),
            cause: terms.reason,
            band: Band::of(terms.minutes_to_pickup),
            fee: terms.fee,
            refund: terms.refund,
            credit: terms.credit,
        }))
    }

    fn driven(&self, facts: &mut Vec<Fact>) -> Result<(), Unreadable> {
        let told::Completed { invoice } = self.told()?;
        facts.push(self.reached(Stage::Completed, None)?);
        facts.push(Fact::Driven(Driven {
            booking: self.booking()?,
            when: self.when,
            payable: invoice.payable,
            tax: invoice.tax,
        }));
        for line in invoice.lines {
            facts.push(self.line(LineOf::Invoice, line.code, line.amount)?);
        }
        Ok(())
    }

    fn line(&self, of: LineOf, line: String, amount: interstate_schemas::Money) -> Result<Fact, Unreadable> {
        Ok(Fact::FareLine(FareLine {
            booking: self.booking()?,
            when: self.when,
            of,
            line,
            amount,
        }))
    }

    fn posted(&self, facts: &mut Vec<Fact>) -> Result<(), Unreadable> {
        let posted: told::JournalPosted = self.told()?;
        let kind = posted.entry.kind;
        facts.extend(posted.entry.postings.into_iter().map(|posting| {
            Fact::Posted(Posted {
                booking: posted.booking,
                when: self.when,
                entry: kind.clone(),
                account: posting.account,
                amount: posting.amount,
            })
        }));
        Ok(())
    }

    /// A search has its booking's bits.
    fn offered(&self, what: OfferMove, offers: usize) -> Result<Fact, Unreadable> {
        let search: DispatchId = self.event.subject.parse().map_err(|_| self.other_subject())?;
        Ok(Fact::Offered(Offered {
            booking: search.into(),
            when: self.when,
            what,
            offers: u32::try_from(offers).unwrap_or(u32::MAX),
        }))
    }
}

fn trip(order: &told::Order) -> Result<Trip, Unreadable> {
    if !day::is_of_zone(&order.tariff) {
        return Err(Unreadable::Zone(order.tariff.chars().take(64).collect()));
    }
    let stops = order.route.stops.iter().map(|stop| stop.point);
    Ok(Trip {
        corridor: Corridor::of(stops).ok_or(Unreadable::NoStops)?,
        class: order.input.class,
        kind: order.input.kind,
        pickup: when(order.pickup_at),
        payable: order.fare.payable,
    })
}
