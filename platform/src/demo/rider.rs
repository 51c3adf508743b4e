//! A rider: asks for a price, books, follows the booking to its end, pays, and some days later goes again.

use super::{
    World,
    client::CallError,
    places,
    session::Session,
    tally::Counted,
    wire::{Booked, Booking, Page, Quote, pays_online},
};
use interstate_schemas::{SignedDuration, Timestamp};
use rand::{Rng, rngs::StdRng};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// How often a rider looks at a booking.
const LOOK: Duration = Duration::from_millis(500);
/// After an error.
const PAUSE: Duration = Duration::from_secs(3);
/// Minutes to the pickup: more than the operator's notice, so that there is time to find somebody.
const AHEAD: std::ops::Range<i64> = 270..480;
/// Minutes between two trips.
const BETWEEN: std::ops::Range<i64> = 60..300;
const CANCELLING: f64 = 0.05;
const DECLINED: f64 = 0.02;
const BY_UPI: f64 = 0.1;

/// Somebody who rides.
pub struct Rider {
    pub world: Arc<World>,
    pub session: Session,
    pub rng: StdRng,
}

impl Rider {
    /// Rides until the wanted trips are made.
    pub async fn run(mut self) {
        // Riders do not all come in the same minute.
        let minutes = self.rng.random_range(0..BETWEEN.end);
        self.world.clock.sleep(SignedDuration::from_mins(minutes)).await;
        if let Err(error) = self.resume().await {
            self.world.failed(&self.session, &error);
        }
        while self.world.ticket() {
            if let Err(error) = self.ride().await {
                self.world.failed(&self.session, &error);
                tokio::time::sleep(PAUSE).await;
            }
            let minutes = self.rng.random_range(BETWEEN);
            self.world.clock.sleep(SignedDuration::from_mins(minutes)).await;
        }
    }

    /// Goes on with what an earlier run has left.
    async fn resume(&mut self) -> Result<(), CallError> {
        let page: Page<Booking> = self.session.get("/v1/bookings?limit=20").await?;
        for booking in page.items.into_iter().filter(|booking| !booking.is_over()) {
            self.follow(&booking.booking, None).await?;
        }
        Ok(())
    }

    async fn ride(&mut self) -> Result<(), CallError> {
        let (from, to, car) = places::trip(self.world.drivers, &mut self.rng);
        let minutes = self.rng.random_range(AHEAD);
        let pickup = self
            .world
            .clock
            .now()
            .saturating_add(SignedDuration::from_mins(minutes));
        let pickup = pickup.unwrap_or(Timestamp::MAX);
        let wanted = json!({
            "kind": "ONE_WAY",
            "class": car.class,
            "stops": [{ "name": from.name }, { "name": to.name }],
            "pickup_at": pickup,
            "passengers": self.rng.random_range(1..=3),
            "bags": self.rng.random_range(0..=1),
        });
        let quote: Quote = self.session.post("/v1/quotes", wanted).await?;
        self.world.tally.count(Counted::Quoted);
        let method = self.method();
        let cancels = self.rng.random_bool(CANCELLING).then(|| {
            let minutes = self.rng.random_range(5..AHEAD.start - 30);
            self.world
                .clock
                .now()
                .saturating_add(SignedDuration::from_mins(minutes))
                .unwrap_or(Timestamp::MAX)
        });
        let body = json!({ "quote": quote.quote, "method": method });
        let booked: Booked = match self.session.post("/v1/bookings", body).await {
            // A price is good for half an hour, which passes in seconds while the platform is restarted.
            Err(error) if error.code() == "quote-expired" => return Ok(()),
            other => other?,
        };
        self.world.tally.count(Counted::Booked);
        self.follow(&booked.booking, cancels).await
    }

    fn method(&mut self) -> Value {
        if self.rng.random_bool(DECLINED) {
            json!({ "kind": "card", "token": "pm_card_declined" })
        } else if self.rng.random_bool(BY_UPI) {
            json!({ "kind": "upi", "token": "pm_upi_ok" })
        } else {
            json!({ "kind": "card", "token": "pm_card_ok" })
        }
    }

    /// Looks at a booking until it is over: shows the code, pays, or changes plans.
    async fn follow(&self, id: &str, cancels: Option<Timestamp>) -> Result<(), CallError> {
        let path = format!("/v1/bookings/{id}");
        let (mut confirmed, mut paid, mut cancelled) = (false, false, false);
        loop {
            let booking: Booking = match self.session.get(&path).await {
                // The list of bookings follows the log; a new one is there in a moment.
                Err(error) if error.status() == 404 => {
                    tokio::time::sleep(LOOK).await;
                    continue;
                }
                other => other?,
            };
            if let Some(code) = &booking.start_code {
                self.world.codes.show(id, code);
            }
            let waits = matches!(booking.state.as_str(), "CONFIRMED" | "ASSIGNED");
            if !confirmed && !matches!(booking.state.as_str(), "PENDING_PAYMENT" | "LAPSED" | "UNKNOWN") {
                confirmed = true;
                self.world.tally.count(Counted::Confirmed);
            }
            if waits && !cancelled && cancels.is_some_and(|at| self.world.clock.now() >= at) {
                cancelled = true;
                let body = json!({ "as": "rider", "reason": "CHANGED_PLANS" });
                self.bear(self.session.tell(&format!("{path}/cancel"), body).await)?;
            }
            if booking.state == "COMPLETED" && booking.owes() && pays_online(id) && !paid {
                let method =
                    json!({ "kind": "provider", "method": { "kind": "card", "token": "pm_card_ok" } });
                let body = json!({ "method": method });
                match self.session.tell(&format!("{path}/balance"), body).await {
                    // The trip is not settled yet: the next look is soon.
                    Err(error) if error.code() == "payment-not-settled" => {}
                    other => {
                        paid = true;
                        self.bear(other)?;
                    }
                }
            }
            if booking.state == "COMPLETED" && booking.owes_cash() && !paid {
                let body = json!({ "paid": true });
                match self.session.tell(&format!("{path}/cash"), body).await {
                    // The driver has not said so yet.
                    Err(error) if matches!(error.code(), "payment-not-settled" | "payment-no-cash") => {}
                    other => {
                        paid = true;
                        self.bear(other)?;
                    }
                }
            }
            if booking.is_over() {
                self.world.codes.forget(id);
                self.world.tally.count(match booking.state.as_str() {
                    "CLOSED" => Counted::Completed,
                    "CANCELLED" => Counted::Cancelled,
                    "LAPSED" => Counted::PaymentDeclined,
                    _ => Counted::NoDriver,
                });
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Somebody else was faster: the next look shows what there is.
    fn bear(&self, outcome: Result<(), CallError>) -> Result<(), CallError> {
        match outcome {
            Err(error) if error.status() == 409 => {
                tracing::debug!(%error, "a rider came too late");
                Ok(())
            }
            other => other,
        }
    }
}
