//! Riders who book one trip after the other while something happens to the platform.

use crate::ride::{Person, Platform};
use interstate_schemas::SignedDuration;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

/// A booking that somebody was told of.
pub struct Booked {
    /// The request, to repeat it.
    pub key: String,
    pub order: Value,
    /// What it was answered with.
    pub booking: String,
}

/// One rider, with what came of it.
pub struct Rider {
    pub person: Person,
    pub booked: Vec<Booked>,
    /// The longest that a request took from its first try to its answer.
    pub longest: Duration,
}

/// Riders at work.
pub struct Riders {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicUsize>,
    riding: Vec<JoinHandle<Rider>>,
}

impl Riders {
    /// So many of them sign up and begin.
    pub async fn start(platform: &Platform, number: usize) -> Self {
        Self::start_as(platform, "rider", number).await
    }

    /// The same under another name; nobody else may have a name as long.
    pub async fn start_as(platform: &Platform, name: &str, number: usize) -> Self {
        let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut riding = Vec::new();
        for one in 0..number {
            let person = platform
                .signed_up(
                    &format!("{name}-{one}"),
                    &format!("+9198123457{}{one}", name.len()),
                    "rider",
                )
                .await;
            let (clock, stop, count) = (platform.clock.clone(), stop.clone(), count.clone());
            riding.push(tokio::spawn(async move {
                let mut rider = Rider {
                    person,
                    booked: Vec::new(),
                    longest: Duration::ZERO,
                };
                for n in 0.. {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    // Two days before the pickup nobody is looked for yet, whatever the clock's speed.
                    let pickup = clock.now() + SignedDuration::from_hours(20 * 24);
                    let before = Instant::now();
                    rider.book(&format!("trip-{n}"), pickup.to_string()).await;
                    rider.longest = rider.longest.max(before.elapsed());
                    count.store(
                        count.load(Ordering::SeqCst).max(rider.booked.len()),
                        Ordering::SeqCst,
                    );
                    tokio::time::sleep(Duration::from_millis(30)).await;
                }
                rider
            }));
        }
        Self { stop, count, riding }
    }

    /// Waits until the busiest of them has booked so many trips more.
    pub async fn go_on(&self, more: usize) {
        let wanted = self.count.load(Ordering::SeqCst) + more;
        let limit = Duration::from_secs(60);
        interstate_engines::within(limit, "riders go on booking", async || {
            self.count.load(Ordering::SeqCst) >= wanted || self.riding.iter().any(JoinHandle::is_finished)
        })
        .await;
    }

    /// Everybody ends the trip that is being booked, and tells.
    pub async fn stop(self) -> Vec<Rider> {
        self.stop.store(true, Ordering::SeqCst);
        let mut riders = Vec::new();
        for rider in self.riding {
            let ended = tokio::time::timeout(Duration::from_secs(120), rider).await;
            riders.push(ended.expect("a rider ends").unwrap());
        }
        riders
    }
}

impl Rider {
    async fn book(&mut self, key: &str, pickup_at: String) {
        let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup_at,
            "stops": [{ "name": "Mumbai" }, { "name": "Pune" }] });
        let quote = self.person.post("/v1/quotes", key, wanted).await;
        let order = json!({ "quote": quote["quote"], "method": { "kind": "card", "token": "pm_card_ok" } });
        let (status, answer) = self.person.try_post("/v1/bookings", key, order.clone()).await;
        // Where log time runs fast, a quote may end while its rider waits for the platform to recover.
        if answer["code"] == "quote-expired" {
            return;
        }
        assert!(status < 300, "{status} {answer}");
        self.booked.push(Booked {
            key: key.to_owned(),
            order,
            booking: answer["booking"].as_str().unwrap().to_owned(),
        });
    }

    /// Everything that was acknowledged is there, at the instance that `asks` asks, and a repeated request is
    /// answered with the same booking.
    pub async fn finds_everything(&self, asks: &Person) {
        for Booked { key, order, booking } in &self.booked {
            let again = asks.post("/v1/bookings", key, order.clone()).await;
            assert_eq!(
                again["booking"], *booking,
                "a repeated request made another booking"
            );
            let found = asks.get(&format!("/v1/bookings/{booking}")).await;
            assert_eq!(found["booking"], *booking);
        }
    }

    /// How many bookings `asks` finds in this state, page by page.
    pub async fn count(&self, asks: &Person, state: &str) -> usize {
        let (mut count, mut cursor) = (0, String::new());
        loop {
            let page = asks.get(&format!("/v1/bookings?limit=100{cursor}")).await;
            let items = page["items"].as_array().unwrap();
            count += items.iter().filter(|item| item["state"] == state).count();
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return count,
            }
        }
    }
}
