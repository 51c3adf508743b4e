//! A driver: answers offers, fetches riders, drives them, takes what they owe, and drives home.

use super::{
    World,
    client::CallError,
    device::Device,
    journey::Journey,
    places::Place,
    session::Session,
    tally::Counted,
    wire::{Booking, Offer, Offers, Page, Route},
};
use interstate_schemas::{SignedDuration, Timestamp};
use rand::{Rng, rngs::StdRng};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// How often a driver who waits looks for offers: some stand for half a second of a demonstration.
const LOOK: Duration = Duration::from_millis(250);
/// How often the phone reports.
const REPORT: Duration = Duration::from_secs(1);
/// How often the list of trips is looked at without a reason, in looks for offers.
const LOOKS: u32 = 20;
/// How long a driver who has accepted looks out for the trip.
const HOPE: Duration = Duration::from_secs(10);
/// After an error.
const PAUSE: Duration = Duration::from_secs(3);
const DECLINING: f64 = 0.12;
/// Nearer than this nobody drives to the pickup.
const THERE_METRES: f64 = 2_000.0;
/// Before the agreed pickup.
const EARLY: SignedDuration = SignedDuration::from_mins(15);

/// Somebody who drives.
pub struct Driver {
    pub world: Arc<World>,
    pub session: Session,
    pub home: Place,
    pub device: Device,
    pub rng: StdRng,
}

/// Whether a trip goes on.
#[derive(PartialEq)]
enum Trip {
    GoesOn,
    IsOff,
}

impl Driver {
    /// Drives for good.
    pub async fn run(mut self) {
        loop {
            let Err(error) = self.work().await else { continue };
            self.world.failed(&self.session, &error);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits for a trip, and drives it.
    async fn work(&mut self) -> Result<(), CallError> {
        let booking = self.wait_for_trip().await?;
        self.serve(booking).await?;
        self.go_home().await
    }

    async fn wait_for_trip(&mut self) -> Result<Booking, CallError> {
        let (mut looks, mut hope, mut reported) = (0_u32, None::<Instant>, Instant::now());
        loop {
            if reported.elapsed() >= REPORT {
                self.device.report(&self.session, &self.world.clock, None).await?;
                reported = Instant::now();
            }
            let hopes = hope.is_some_and(|until| Instant::now() < until);
            if (hopes || looks.is_multiple_of(LOOKS))
                && let Some(booking) = self.next_trip().await?
            {
                return Ok(booking);
            }
            if !hopes && self.answer_offers().await? {
                hope = Some(Instant::now() + HOPE);
            }
            looks = looks.wrapping_add(1);
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn next_trip(&self) -> Result<Option<Booking>, CallError> {
        let page: Page<Booking> = self.session.get("/v1/bookings?limit=20").await?;
        Ok(page
            .items
            .into_iter()
            .filter(Booking::is_driven)
            .min_by_key(|booking| booking.pickup_at))
    }

    /// Whether one was accepted.
    async fn answer_offers(&mut self) -> Result<bool, CallError> {
        let Offers { offers } = self.session.get("/v1/drivers/me/offers").await?;
        let mut accepted = offers.iter().any(|offer| offer.state == "accepted");
        for offer in offers.iter().filter(|offer| offer.state == "open") {
            if accepted {
                break;
            }
            if self.rng.random_bool(DECLINING) {
                self.answer(offer, "decline", Counted::OffersDeclined).await?;
            } else {
                accepted = self.answer(offer, "accept", Counted::OffersAccepted).await?;
            }
        }
        Ok(accepted)
    }

    async fn answer(
        &self,
        Offer { offer, dispatch, .. }: &Offer,
        what: &str,
        counted: Counted,
    ) -> Result<bool, CallError> {
        match self
            .session
            .tell(
                &format!("/v1/dispatches/{dispatch}/offers/{offer}/{what}"),
                Value::Null,
            )
            .await
        {
            Ok(()) => {
                self.world.tally.count(counted);
                Ok(true)
            }
            // Too late, or somebody was faster.
            Err(error) if matches!(error.status(), 404 | 409) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// From wherever the trip stands to its end.
    async fn serve(&mut self, booking: Booking) -> Result<(), CallError> {
        let id = booking.booking.as_str();
        let path = format!("/v1/bookings/{id}");
        let tracking = format!("/v1/trips/{id}/tracking");
        let ride = self
            .route(
                json!({ "name": booking.from }),
                json!({ "name": booking.to }),
                &booking.class,
            )
            .await?;
        if matches!(booking.state.as_str(), "ASSIGNED" | "EN_ROUTE") {
            if self.approach(&booking, &ride, &tracking).await? == Trip::IsOff {
                return Ok(());
            }
            if !self.bear(&format!("{path}/arrive"), Value::Null).await? {
                return Ok(());
            }
        }
        if matches!(booking.state.as_str(), "ASSIGNED" | "EN_ROUTE" | "ARRIVED") {
            let waits = SignedDuration::from_mins(self.rng.random_range(0..12));
            let leaves = booking
                .pickup_at
                .saturating_add(waits)
                .unwrap_or(booking.pickup_at);
            if self.on_the_way(leaves, id, &["ARRIVED"], true).await? == Trip::IsOff {
                return Ok(());
            }
            let code = self.world.codes.of(id).await;
            if !self
                .bear(&format!("{path}/start"), json!({ "code": code }))
                .await?
            {
                return Ok(());
            }
        }
        if booking.state != "COMPLETED" {
            let begun = if booking.state == "ON_TRIP" {
                booking.updated_at
            } else {
                self.world.clock.now()
            };
            self.device.journey = along(&ride, begun);
            let arrives = self.device.journey.ends();
            if self
                .on_the_way(arrives, id, &["ARRIVED", "ON_TRIP"], true)
                .await?
                == Trip::IsOff
            {
                return Ok(());
            }
            if !self.bear(&format!("{path}/end"), json!({})).await? {
                return Ok(());
            }
            self.bear(&format!("{tracking}/close"), Value::Null).await?;
        }
        self.take_cash(&path).await
    }

    /// Sets out in time, and drives to the pickup.
    async fn approach(&mut self, booking: &Booking, ride: &Route, tracking: &str) -> Result<Trip, CallError> {
        let id = booking.booking.as_str();
        let here = self.device.journey.at(self.world.clock.now());
        let pickup = ride
            .lines
            .first()
            .and_then(|line| line.points.first().copied())
            .unwrap_or(here);
        let way = match here.metres_to(pickup) < THERE_METRES {
            true => None,
            false => {
                let from = json!({ "point": { "at": here } });
                Some(
                    self.route(from, json!({ "name": booking.from }), &booking.class)
                        .await?,
                )
            }
        };
        let needs = way.as_ref().map_or(0, |way| way.seconds);
        let leaves = booking
            .pickup_at
            .saturating_sub(EARLY + SignedDuration::from_secs(needs));
        let leaves = leaves.unwrap_or(Timestamp::MIN);
        if self
            .on_the_way(leaves, id, &["ASSIGNED", "EN_ROUTE"], false)
            .await?
            == Trip::IsOff
        {
            return Ok(Trip::IsOff);
        }
        self.bear(tracking, Value::Null).await?;
        if let Some(way) = way {
            self.device.journey = along(&way, self.world.clock.now());
        }
        // Refused where the driver lives farther away than the reserved time says: then it is not said.
        self.bear(&format!("/v1/bookings/{id}/set-off"), Value::Null)
            .await?;
        let arrives = self.device.journey.ends();
        self.on_the_way(arrives, id, &["ASSIGNED", "EN_ROUTE"], true)
            .await
    }

    /// Reports positions until that moment, for the booking if it is being driven. Off once the booking has none of
    /// these states.
    async fn on_the_way(
        &mut self,
        until: Timestamp,
        id: &str,
        states: &[&str],
        driven: bool,
    ) -> Result<Trip, CallError> {
        loop {
            self.device
                .report(&self.session, &self.world.clock, driven.then_some(id))
                .await?;
            if self.is_off(id, states).await? {
                return Ok(Trip::IsOff);
            }
            let left = self.world.clock.until(until);
            if left.is_zero() {
                return Ok(Trip::GoesOn);
            }
            tokio::time::sleep(left.min(REPORT)).await;
        }
    }

    async fn is_off(&self, id: &str, states: &[&str]) -> Result<bool, CallError> {
        match self.session.get::<Booking>(&format!("/v1/bookings/{id}")).await {
            Ok(booking) => Ok(!states.contains(&booking.state.as_str())),
            // It is somebody else's now.
            Err(error) if error.status() == 404 => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// The rider pays what is left, unless by card.
    async fn take_cash(&self, path: &str) -> Result<(), CallError> {
        for _ in 0..40 {
            let booking: Booking = self.session.get(path).await?;
            if booking.state == "COMPLETED" && !booking.owes_cash() || booking.is_over() {
                return Ok(());
            }
            let body = json!({ "method": { "kind": "cash" } });
            match self.session.tell(&format!("{path}/balance"), body).await {
                Ok(()) => return Ok(()),
                Err(error) if error.code() == "payment-not-settled" => tokio::time::sleep(LOOK).await,
                Err(error) if error.status() == 409 => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn go_home(&mut self) -> Result<(), CallError> {
        let now = self.world.clock.now();
        let here = self.device.journey.at(now);
        if here.metres_to(self.home.point()) > THERE_METRES {
            let from = json!({ "point": { "at": here } });
            let way = self
                .route(from, json!({ "name": self.home.name }), "SEDAN")
                .await?;
            self.device.journey = along(&way, now);
        }
        Ok(())
    }

    async fn route(&self, from: Value, to: Value, class: &str) -> Result<Route, CallError> {
        self.session
            .post("/v1/routes", json!({ "stops": [from, to], "class": class }))
            .await
    }

    /// Whether it was done; not where the booking has moved on without the driver.
    async fn bear(&self, path: &str, body: Value) -> Result<bool, CallError> {
        match self.session.tell(path, body).await {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.status(), 403 | 404 | 409) => {
                tracing::debug!(%error, path, "a driver came too late");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

fn along(route: &Route, begins: Timestamp) -> Journey {
    let mut points = route.lines.iter().flat_map(|line| line.points.iter().copied());
    let first = points.next().expect("a route has at least two points");
    Journey::new(first, points, begins, route.seconds)
}
