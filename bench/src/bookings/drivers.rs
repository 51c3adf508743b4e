//! Drivers: admitted as everybody is, then each with a stream of offers. Of those who are asked, one accepts; where
//! the calendars refuse, the next does.

use super::people::{Failure, Http, Person, text};
use futures::StreamExt;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// What a dispatch's drivers are doing.
#[derive(Default)]
struct Asked {
    open: BTreeMap<String, Arc<Person>>,
    accepted: Option<String>,
}

/// The drivers of the platform, who know of each other.
#[derive(Default)]
pub struct Fleet {
    dispatches: Mutex<HashMap<String, Asked>>,
}

impl Fleet {
    /// Takes offers for good.
    pub async fn listen(self: Arc<Self>, driver: Arc<Person>) {
        let mut shown: Vec<(String, String)> = Vec::new();
        loop {
            let fleet = self.clone();
            let ended = driver
                .follow("/v1/drivers/me/offers/stream", "", |event| {
                    shown = fleet.clone().see(&driver, &shown, &event);
                    false
                })
                .await;
            if let Err(error) = ended {
                eprintln!("a driver's stream of offers is opened again: {error}");
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Takes up what a driver's screen shows now; answers the (dispatch, offer) pairs on it.
    fn see(
        self: Arc<Self>,
        driver: &Arc<Person>,
        shown: &[(String, String)],
        event: &Value,
    ) -> Vec<(String, String)> {
        let mut all = self.dispatches.lock().unwrap_or_else(PoisonError::into_inner);
        let mut now = Vec::new();
        for offer in event["offers"].as_array().into_iter().flatten() {
            let (Some(dispatch), Some(id)) = (offer["dispatch"].as_str(), offer["offer"].as_str()) else {
                continue;
            };
            let pair = (dispatch.to_owned(), id.to_owned());
            let is_open = offer["state"] == "open";
            if is_open || offer["state"] == "accepted" {
                if is_open && !shown.contains(&pair) {
                    let asked = all.entry(pair.0.clone()).or_default();
                    asked.open.insert(pair.1.clone(), driver.clone());
                    if asked.accepted.is_none() {
                        asked.accepted = Some(pair.1.clone());
                        tokio::spawn(self.clone().accept(pair.clone(), driver.clone()));
                    }
                }
                now.push(pair);
            }
        }
        for pair in shown.iter().filter(|pair| !now.contains(pair)) {
            let Some(asked) = all.get_mut(&pair.0) else {
                continue;
            };
            asked.open.remove(&pair.1);
            if asked.accepted.as_ref() == Some(&pair.1) {
                asked.accepted = None;
            }
            if asked.open.is_empty() {
                all.remove(&pair.0);
            } else if asked.accepted.is_none()
                && let Some((offer, next)) = asked.open.first_key_value()
            {
                asked.accepted = Some(offer.clone());
                let pair = (pair.0.clone(), offer.clone());
                tokio::spawn(self.clone().accept(pair, next.clone()));
            }
        }
        now
    }

    async fn accept(self: Arc<Self>, (dispatch, offer): (String, String), driver: Arc<Person>) {
        let path = format!("/v1/dispatches/{dispatch}/offers/{offer}/accept");
        if let Err(error) = driver.post(&path, &Value::Null).await {
            // Too late: the stream shows it and the next one accepts.
            if !error.to_string().contains("409") {
                eprintln!("{error}");
            }
        }
    }
}

/// New drivers, online, spread over the instances.
pub async fn admit(https: &[Http], support: &Person, count: usize) -> Result<Vec<Person>, Failure> {
    let admitted = (0..count).map(|number| one(&https[number % https.len()], support, number));
    let admitted: Vec<_> = futures::stream::iter(admitted)
        .buffer_unordered(16)
        .collect()
        .await;
    admitted.into_iter().collect()
}

async fn one(http: &Http, support: &Person, number: usize) -> Result<Person, Failure> {
    let driver = Person::sign_up(http, "driver", number).await?;
    let paper =
        |kind: &str| json!({ "kind": kind, "valid_from": "2024-01-01", "valid_through": "2098-12-31" });
    let profile = json!({ "home_state": "DL", "drives_at_night": true, "hill_roads": true });
    driver.post("/v1/drivers", &profile).await?;
    for kind in ["DRIVING_LICENCE", "POLICE_CHECK", "MEDICAL", "PSV_BADGE"] {
        driver.post("/v1/drivers/me/documents", &paper(kind)).await?;
    }
    let papers = [
        "REGISTRATION",
        "FITNESS",
        "INSURANCE",
        "PUC",
        "ALL_INDIA_TOURIST_PERMIT",
    ];
    let vehicle = json!({ "plate": format!("DL 01 AB {number:04}"), "documents": papers.map(paper),
        "description": { "class": "SEDAN", "seats": 4, "bags": 2, "home_state": "DL",
            "first_registered": "2024-01-01", "fuel": "CNG" } });
    driver.post("/v1/drivers/me/vehicles", &vehicle).await?;
    let me = driver
        .until("/v1/drivers/me", |me| {
            me["vehicles"].as_array().is_some_and(|all| !all.is_empty())
        })
        .await?;
    // The plate is looked up meanwhile; until then there is nothing to submit.
    let mut tries = 0;
    while let Err(error) = driver.post("/v1/drivers/me/submit", &Value::Null).await {
        tries += 1;
        if tries > 500 {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let id = text(&me, "driver")?;
    support
        .post(&format!("/v1/drivers/{id}/approve"), &Value::Null)
        .await?;
    driver
        .until("/v1/drivers/me", |me| me["status"] == "approved")
        .await?;
    driver
        .post("/v1/drivers/me/availability", &json!({ "online": true }))
        .await?;
    Ok(driver)
}
