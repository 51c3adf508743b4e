//! The quote decides whether its price still stands.

use super::{QuoteAccepted, QuoteEvent, QuoteExpired, QuoteIssued, QuoteRules, plan};
use crate::domain::{
    booking::{BookingCommand, Order},
    catalogue,
    fare::{Discount, FareBreakdown, FareError, Recipient, price},
    tariff::{BasisPoints, TariffVersion},
};
use interstate_eventing::{Aggregate, Context, Deadline, Decision, Message, Rejection};
use interstate_schemas::{
    AddressedCommand, BookingId, PaymentMethod, QuoteId, Timestamp, TripKind, TripRoute, UserId, VehicleClass,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const EXPIRY: &str = "the quote expires";

/// What a rider wants priced, with all that the price depends on from outside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// The quote; the edge derives it from the rider and the request's key.
    pub quote: QuoteId,
    /// Who asks.
    pub rider: UserId,
    /// The shape of the trip.
    pub kind: TripKind,
    /// The class of vehicle.
    pub class: VehicleClass,
    /// People.
    pub passengers: u8,
    /// Large bags.
    pub bags: u8,
    /// When it starts.
    pub pickup_at: Timestamp,
    /// Until when the vehicle is wanted, where that is longer than the driving takes.
    pub until: Option<Timestamp>,
    /// The way.
    pub route: TripRoute,
    /// The price rules.
    pub tariff: TariffVersion,
    /// The factor of demand.
    pub factor: BasisPoints,
    /// Who is invoiced.
    pub recipient: Recipient,
    /// A promotion.
    pub discount: Option<Discount>,
    /// The operator's figures about notice and validity.
    pub rules: QuoteRules,
}

/// What a quote can be asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum QuoteCommand {
    /// Make an offer.
    Issue(Box<Issue>),
    /// Take it. Answers [`AcceptedBooking`], a repeat the same.
    Accept {
        /// How the advance is paid.
        method: PaymentMethod,
    },
    /// Its time is over.
    Expire,
}

impl AddressedCommand for QuoteCommand {
    const SERVICE: &'static str = "booking";
    const AGGREGATE: &'static str = "quote";
}

/// The answer to [`QuoteCommand::Issue`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quoted {
    /// The quote.
    pub quote: QuoteId,
    /// When the trip should be over.
    pub ends_at: Timestamp,
    /// The price, line by line.
    pub fare: FareBreakdown,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// The answer to [`QuoteCommand::Accept`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AcceptedBooking {
    /// The booking that the quote became.
    pub booking: BookingId,
}

/// Where a quote stands.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Quote {
    /// Not made yet.
    #[default]
    Unknown,
    /// An offer.
    Issued(Box<QuoteIssued>),
    /// Taken.
    Accepted {
        /// Who took it.
        rider: UserId,
        /// What it became.
        booking: BookingId,
        /// How it is paid.
        method: PaymentMethod,
    },
    /// Too late.
    Expired {
        /// Whom it was for.
        rider: UserId,
    },
}

impl Aggregate for Quote {
    const NAME: &'static str = "quote";
    const VERSION: u32 = 2;
    type Command = QuoteCommand;
    type Event = QuoteEvent;

    fn decide(&self, command: QuoteCommand, cx: &Context<'_>) -> Result<Decision<QuoteEvent>, Rejection> {
        match (self, command) {
            (Self::Unknown, QuoteCommand::Issue(issue)) => issued(*issue, cx),
            (_, QuoteCommand::Issue(_)) => Err(Rejection::conflict(
                "quote-exists",
                "This quote has been made before; ask for a new one with a new Idempotency-Key.",
            )),
            (Self::Unknown, _) => Err(unknown()),

            // Too late is who comes behind the deadline, which fires behind all that stood here when it fell due:
            // whoever accepted in time and is decided late, after an outage say, has the price.
            (Self::Issued(offer), QuoteCommand::Accept { method }) => {
                owned_by(offer.rider, cx)?;
                Ok(accepted(offer, method))
            }
            // A second acceptance finds the booking of the first. One with another method would be another booking.
            (
                Self::Accepted {
                    rider,
                    booking,
                    method: first,
                },
                QuoteCommand::Accept { method },
            ) => {
                owned_by(*rider, cx)?;
                if *first != method {
                    return Err(booked(*booking));
                }
                Ok(Decision::nothing().reply(&AcceptedBooking { booking: *booking }))
            }
            (Self::Expired { rider }, QuoteCommand::Accept { .. }) => {
                owned_by(*rider, cx)?;
                Err(expired())
            }

            (Self::Issued(offer), QuoteCommand::Expire) if cx.now >= offer.expires_at => {
                Ok(Decision::event(QuoteExpired { quote: offer.quote }))
            }
            (_, QuoteCommand::Expire) => Ok(Decision::nothing()),
        }
    }

    fn evolve(&mut self, event: &QuoteEvent, _: Timestamp) {
        *self = match event {
            QuoteEvent::Issued(offer) => Self::Issued(offer.clone()),
            QuoteEvent::Accepted(accepted) => Self::Accepted {
                rider: accepted.rider,
                booking: accepted.booking,
                method: accepted.method.clone(),
            },
            QuoteEvent::Expired(_) => match &*self {
                Self::Issued(offer) => Self::Expired { rider: offer.rider },
                other => other.clone(),
            },
        };
    }

    fn deadlines(&self) -> Vec<Deadline> {
        match self {
            Self::Issued(offer) => vec![Deadline::new(EXPIRY, offer.expires_at)],
            _ => Vec::new(),
        }
    }

    fn deadline_reached(name: &str) -> Option<QuoteCommand> {
        (name == EXPIRY).then_some(QuoteCommand::Expire)
    }
}

fn issued(issue: Issue, cx: &Context<'_>) -> Result<Decision<QuoteEvent>, Rejection> {
    owned_by(issue.rider, cx)?;
    check(&issue, cx.now)?;
    let Some(tariff) =
        catalogue::tariff(&issue.tariff).filter(|_| catalogue::is_on_sale(&issue.tariff, cx.now))
    else {
        return Err(Rejection::invalid(
            "quote-tariff-not-on-sale",
            "The tariff is not on sale at this time; the operator must publish a version that is.",
        ));
    };
    let ends_at = plan::ends_at(&issue.route, issue.pickup_at, issue.until);
    let input = plan::fare_input(tariff, &issue, ends_at).map_err(|error| unpriced(&error))?;
    let fare = price(tariff, &input).map_err(|error| unpriced(&error))?;
    let event = QuoteIssued {
        quote: issue.quote,
        rider: issue.rider,
        passengers: issue.passengers,
        bags: issue.bags,
        pickup_at: issue.pickup_at,
        ends_at,
        route: issue.route,
        tariff: issue.tariff,
        input,
        fare,
        expires_at: issue.rules.expiry(cx.now),
    };
    let reply = Quoted {
        quote: event.quote,
        ends_at,
        fare: event.fare.clone(),
        expires_at: event.expires_at,
    };
    Ok(Decision::event(Box::new(event)).reply(&reply))
}

/// What makes a trip impossible to quote, besides its price.
fn check(issue: &Issue, now: Timestamp) -> Result<(), Rejection> {
    let invalid = |code, message: String| Err(Rejection::invalid(code, message));
    let rules = &issue.rules;
    if issue.pickup_at < rules.earliest_pickup(now) {
        let message = format!(
            "The pickup is too soon: book at least {} minutes ahead.",
            rules.notice_minutes
        );
        return invalid("quote-pickup-too-soon", message);
    }
    if issue.pickup_at > rules.latest_pickup(now) {
        let message = format!(
            "The pickup is too far away: book at most {} days ahead.",
            rules.ahead_days
        );
        return invalid("quote-pickup-too-late", message);
    }
    if issue.passengers == 0 || !issue.class.fits(issue.passengers, issue.bags) {
        let message = format!(
            "A vehicle of this class takes 1 to {} passengers and {} large bags; choose a larger class.",
            issue.class.seats(),
            issue.class.bags()
        );
        return invalid("quote-class-too-small", message);
    }
    let (stops, legs) = (&issue.route.stops, &issue.route.legs);
    if stops.len() < 2 || legs.len() + 1 != stops.len() {
        return invalid(
            "quote-route-incomplete",
            "A trip needs at least two stops and a way between each.".into(),
        );
    }
    let returns = stops.first().map(|stop| stop.point) == stops.last().map(|stop| stop.point);
    match issue.kind {
        TripKind::RoundTrip if !returns => invalid(
            "quote-kind-does-not-fit",
            "A round trip ends where it began.".into(),
        ),
        TripKind::OneWay | TripKind::MultiCity if returns => invalid(
            "quote-kind-does-not-fit",
            "A trip that ends where it began is a round trip.".into(),
        ),
        TripKind::OneWay if stops.len() > 2 => invalid(
            "quote-kind-does-not-fit",
            "A trip with stops on the way is a multi-city trip.".into(),
        ),
        _ => Ok(()),
    }
}

fn accepted(offer: &QuoteIssued, method: PaymentMethod) -> Decision<QuoteEvent> {
    let booking = BookingId::from(offer.quote);
    let order = Order {
        booking,
        quote: offer.quote,
        rider: offer.rider,
        passengers: offer.passengers,
        bags: offer.bags,
        pickup_at: offer.pickup_at,
        ends_at: offer.ends_at,
        route: offer.route.clone(),
        tariff: offer.tariff.clone(),
        input: offer.input.clone(),
        fare: offer.fare.clone(),
        method: method.clone(),
    };
    Decision::event(QuoteAccepted {
        quote: offer.quote,
        booking,
        rider: offer.rider,
        method,
    })
    .send(Message::to(booking, &BookingCommand::Book(Box::new(order))))
    .reply(&AcceptedBooking { booking })
}

/// A rider quotes and accepts for themselves, the operator's staff for anybody.
fn owned_by(rider: UserId, cx: &Context<'_>) -> Result<(), Rejection> {
    if cx.actor.is_user(rider) || cx.actor.is_staff() {
        Ok(())
    } else {
        // Whether it exists is none of a stranger's business.
        Err(unknown())
    }
}

fn unknown() -> Rejection {
    Rejection::not_found("quote-unknown", "There is no such quote.")
}

fn booked(booking: BookingId) -> Rejection {
    Rejection::conflict(
        "quote-booked",
        format!("The quote became {booking}, to be paid in another way; ask for a new quote to book again."),
    )
}

fn expired() -> Rejection {
    Rejection::conflict(
        "quote-expired",
        "The quote's time is over; ask for a new one, its price may differ.",
    )
}

fn unpriced(error: &FareError) -> Rejection {
    Rejection::invalid(
        "quote-not-priced",
        format!("The trip has no price: {error} ({}).", error.code()),
    )
}
