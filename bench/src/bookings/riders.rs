//! Riders: a quote, a booking, and its stream until a driver is assigned.

use super::people::{Failure, Person, text};
use interstate_eventing::runtime::MachineClock;
use interstate_schemas::SignedDuration;
use rand::Rng;
use serde_json::json;
use std::time::{Duration, Instant};

/// Minutes to the pickup: beyond the notice, and before the day from which the search begins later.
const AHEAD: std::ops::Range<i64> = 300..2_700;
/// After it a booking counts as lost.
const PATIENCE: Duration = Duration::from_secs(60);

/// A trip that has a driver.
pub struct Ridden {
    pub booking: String,
    /// From the request to the assignment.
    pub took: Duration,
}

/// Books one trip.
pub async fn ride(rider: &Person) -> Result<Ridden, Failure> {
    let minutes = rand::rng().random_range(AHEAD);
    let pickup = MachineClock::machine_now() + SignedDuration::from_mins(minutes);
    let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup.to_string(),
        "stops": [{ "name": "Delhi" }, { "name": "Sonipat" }] });
    let quote = rider.post("/v1/quotes", &wanted).await?;
    let order = json!({ "quote": quote["quote"], "method": { "kind": "card", "token": "pm_card_ok" } });
    let began = Instant::now();
    let (booked, token) = rider.tell("/v1/bookings", &order).await?;
    let booking = text(&booked, "booking")?;
    let path = format!("/v1/bookings/{booking}/stream");
    let mut state = String::new();
    let followed = rider.follow(&path, &token, |booking| {
        state = booking["state"].as_str().unwrap_or_default().to_owned();
        !matches!(state.as_str(), "PENDING_PAYMENT" | "CONFIRMED")
    });
    tokio::time::timeout(PATIENCE, followed)
        .await
        .map_err(|_| format!("{path} stays {state}"))??;
    if state != "ASSIGNED" {
        return Err(format!("{path} became {state}").into());
    }
    let took = began.elapsed();
    Ok(Ridden { booking, took })
}
