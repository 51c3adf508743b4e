//! Riders: they ask for a price, hesitate, book, change their mind at the worst moment, and pay.

use super::{Traffic, books::RideBooks, roads::Roads};
use crate::{
    clients::Clients,
    here::{Here, time_at},
    play::Seen,
    sim::{WORLD, lock},
};
use interstate_booking::{
    domain::{
        booking::{BookingCommand, CancelBy, Stage},
        cancellation::RiderReason,
        fare::Recipient,
        quote::{AcceptedBooking, Issue, QuoteCommand, QuoteRules, Quoted},
        tariff::{BasisPoints, TariffVersion},
    },
    ports::RouteFinder,
};
use interstate_payment::domain::{BalanceMethod, Command as PaymentCommand};
use interstate_schemas::{
    Actor, BookingId, PaymentId, PaymentMethod, QuoteId, Role, SignedDuration, Timestamp, TripKind,
    TripRoute, UserId, VehicleClass,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Trips that each rider wants.
const TRIPS: u32 = 2;
/// A rider who has waited for a driver so long goes another way, in nanoseconds.
const PATIENCE: u64 = 200_000_000_000;
/// After this nobody looks at a booking any more, in nanoseconds.
const GONE: u64 = 3_600_000_000_000;

/// A rider's day. `riding` counts those who are not through.
pub(super) async fn day(
    clients: Arc<Clients>,
    seen: Seen<RideBooks>,
    number: u32,
    traffic: Traffic,
    riding: Arc<AtomicUsize>,
) {
    let id = UserId::derive(1, &[b"rider", &number.to_be_bytes()]);
    let rider = Rider {
        clients,
        seen,
        number,
        id,
        me: Actor::User {
            id,
            role: Role::Rider,
        },
    };
    for trip in 0..TRIPS {
        let in_a_hurry = traffic == Traffic::Rush && trip == 0;
        rider.clients.rest(if in_a_hurry { 500 } else { 4_000 }).await;
        if let Some(booking) = rider.book(trip, in_a_hurry).await {
            rider.follow(booking).await;
        }
    }
    riding.fetch_sub(1, Ordering::Relaxed);
}

struct Rider {
    clients: Arc<Clients>,
    seen: Seen<RideBooks>,
    number: u32,
    id: UserId,
    me: Actor,
}

impl Rider {
    /// From the price to the booking; nothing where it does not come to one.
    async fn book(&self, trip: u32, in_a_hurry: bool) -> Option<BookingId> {
        let name = format!("{}-{trip}", self.number);
        let quote = QuoteId::derive(1, &[b"quote", name.as_bytes()]);
        let route = self.route().await;
        let issue = QuoteCommand::Issue(Box::new(self.issue(quote, route, in_a_hurry)));
        let told = self
            .clients
            .insist(&format!("quote {name}"), quote, &issue, &self.me)
            .await;
        let quoted: Quoted = told.decode()?;
        match self.clients.draw(0, 4) {
            _ if in_a_hurry => {}
            0 => self.hesitate_until(quoted.expires_at).await,
            _ => self.clients.rest(3_000).await,
        }
        let accept = QuoteCommand::Accept {
            method: self.method(in_a_hurry),
        };
        let told = self
            .clients
            .insist(&format!("accept {name}"), quote, &accept, &self.me)
            .await;
        let booking = told.decode::<AcceptedBooking>()?.booking;
        if self.clients.draw(0, 4) == 0 {
            // Tapped twice on two devices: another key, and the same booking.
            let again = format!("accept {name} again");
            let told = self.clients.insist(&again, quote, &accept, &self.me).await;
            let second = told.decode::<AcceptedBooking>().map(|accepted| accepted.booking);
            if second != Some(booking) {
                self.clients
                    .complain(format!("{quote} became {booking}, and then {second:?}"));
            }
        }
        Some(booking)
    }

    /// To the last moment, or one too long.
    async fn hesitate_until(&self, due: Timestamp) {
        let now = time_at(self.clients.sim().now() as i64);
        let left = due.duration_since(now).as_millis().clamp(0, 120_000) as u64;
        let early = self.clients.draw(0, 4_000);
        let wait = (left + 500).saturating_sub(early);
        self.clients.sim().sleep(Duration::from_millis(wait)).await;
    }

    /// Looks at the booking until it is over, and withdraws now and then.
    async fn follow(&self, booking: BookingId) {
        let begun = self.clients.sim().now();
        let draw = |low, high| self.clients.draw(low, high);
        let mut withdraws = match draw(0, 3) {
            0 => Some(begun + draw(0, 25_000) * 1_000_000),
            _ => Some(begun + PATIENCE),
        };
        let mut paid = 0;
        let mut count = 0;
        loop {
            self.clients.rest(2_000).await;
            let waited = self.clients.sim().now() - begun;
            match self.stage(booking) {
                Some(Stage::Closed | Stage::Cancelled | Stage::Lapsed | Stage::Unfulfilled) => return,
                Some(Stage::Completed) => {
                    if waited > paid {
                        count += 1;
                        self.pay(booking, count).await;
                        paid = self.clients.sim().now() - begun + 20_000_000_000;
                    }
                }
                _ => {
                    if withdraws.is_some_and(|at| self.clients.sim().now() >= at) {
                        count += 1;
                        self.withdraw(booking, count).await;
                        withdraws = Some(self.clients.sim().now() + 60_000_000_000);
                    }
                }
            }
            if waited > GONE {
                return;
            }
        }
    }

    async fn withdraw(&self, booking: BookingId, count: u32) {
        let by = CancelBy::Rider {
            reason: RiderReason::ChangedPlans,
        };
        if self.clients.draw(0, 3) == 0 {
            let preview = BookingCommand::PreviewCancel { by };
            let key = format!("preview {booking} {count}");
            self.clients.insist(&key, booking, &preview, &self.me).await;
        }
        let cancel = BookingCommand::Cancel { by };
        for time in 0..self.clients.draw(1, 4) {
            let key = format!("cancel {booking} {count} {time}");
            self.clients.insist(&key, booking, &cancel, &self.me).await;
        }
    }

    /// Pays by card or app, or the driver has the cash; what fails is tried in another way later.
    async fn pay(&self, booking: BookingId, count: u32) {
        let payment = PaymentId::from(booking);
        let by_provider = count == 1 && self.clients.draw(0, 2) == 0;
        let (method, actor) = if by_provider {
            let method = self.method(false);
            (BalanceMethod::Provider { method }, self.me.clone())
        } else {
            (BalanceMethod::Cash, Actor::System)
        };
        let pay = PaymentCommand::RecordBalancePayment { method };
        let key = format!("pay {booking} {count}");
        self.clients.insist(&key, payment, &pay, &actor).await;
    }

    async fn route(&self) -> TripRoute {
        let roads = Roads(Here::new(self.clients.sim(), WORLD));
        loop {
            match roads.route(&[], VehicleClass::Sedan).await {
                Ok(route) => return route,
                Err(_) => self.clients.sim().sleep(Duration::from_secs(1)).await,
            }
        }
    }

    /// Soon, tomorrow, or just so late that the advance is taken before a driver is sought.
    fn pickup(&self, in_a_hurry: bool) -> Timestamp {
        let minutes = match self.clients.draw(0, 6) {
            _ if in_a_hurry => self.clients.draw(60, 90),
            // So near that the driver may set off at once: nobody waits for hours here.
            0..=2 => self.clients.draw(40, 100),
            3 => 24 * 60 + self.clients.draw(0, 600),
            _ => 48 * 60 + self.clients.draw(1, 3),
        };
        let now = time_at(self.clients.sim().now() as i64);
        now + SignedDuration::from_mins(minutes as i64)
    }

    fn issue(&self, quote: QuoteId, route: TripRoute, in_a_hurry: bool) -> Issue {
        Issue {
            quote,
            rider: self.id,
            kind: TripKind::OneWay,
            class: VehicleClass::Sedan,
            passengers: 2,
            bags: 1,
            pickup_at: self.pickup(in_a_hurry),
            until: None,
            route,
            tariff: TariffVersion("india-2026-11".to_owned()),
            factor: BasisPoints::ONE,
            recipient: Recipient::Unregistered,
            discount: None,
            rules: QuoteRules {
                notice_minutes: 5,
                ahead_days: 30,
                valid_minutes: 1,
            },
        }
    }

    /// By card, or by an app in which it is to be approved: not where there is no time for that.
    fn method(&self, in_a_hurry: bool) -> PaymentMethod {
        let token = "tok_sim".to_owned();
        match self.clients.draw(0, 3) {
            0 if !in_a_hurry => PaymentMethod::Upi { token },
            _ => PaymentMethod::Card { token },
        }
    }

    fn stage(&self, booking: BookingId) -> Option<Stage> {
        let mut seen = lock(&self.seen);
        // What is damaged shows in the end.
        let _ = seen.catch_up();
        seen.books.stage(booking)
    }
}
