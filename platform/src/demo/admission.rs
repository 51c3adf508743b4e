//! How somebody becomes a driver: papers, a vehicle, support's yes.

use super::{
    client::CallError,
    places::{Car, Place},
    session::Session,
    wire::Driver,
};
use serde_json::{Value, json};
use std::time::Duration;

/// How often an admission is looked at before it counts as stuck.
const LOOKS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// Papers hold for decades: a demonstration lives through years.
const FROM: &str = "2024-01-01";
const THROUGH: &str = "2098-12-31";

/// Takes an admission from wherever it stands to a driver who is online. Can be repeated.
pub async fn admit(
    driver: &Session,
    support: &Session,
    home: &Place,
    car: Car,
    plate: &str,
) -> Result<(), CallError> {
    for look in 1..=LOOKS {
        let now: Option<Driver> = match driver.get("/v1/drivers/me").await {
            Ok(found) => Some(found),
            Err(error) if error.status() == 404 => None,
            Err(error) => return Err(error),
        };
        let outcome = match &now {
            Some(now) if now.status == "approved" && now.online.is_some() => return Ok(()),
            Some(now) if now.status == "suspended" => {
                return Err(CallError::Unreadable("the driver is suspended".to_owned()));
            }
            Some(now) => step(driver, support, now, home, car, plate).await,
            None => {
                let profile = json!({ "home_state": home.state, "drives_at_night": true, "hill_roads": true,
                    "name": format!("Driver {}", &plate[plate.len().saturating_sub(4)..]) });
                driver.tell("/v1/drivers", profile).await
            }
        };
        match outcome {
            // Something is on its way, and the next look shows it.
            Err(error) if error.status() == 409 && look < LOOKS => tokio::time::sleep(PAUSE).await,
            other => other?,
        }
    }
    Err(CallError::Unreadable("the admission does not go on".to_owned()))
}

/// The next thing to do.
async fn step(
    driver: &Session,
    support: &Session,
    now: &Driver,
    home: &Place,
    car: Car,
    plate: &str,
) -> Result<(), CallError> {
    match now.status.as_str() {
        "draft" | "rejected" => {
            let kinds = ["DRIVING_LICENCE", "POLICE_CHECK", "MEDICAL"];
            let missing = kinds
                .iter()
                .filter(|kind| now.documents.iter().all(|paper| paper["kind"] != **kind));
            for kind in missing {
                driver.tell("/v1/drivers/me/documents", paper(kind)).await?;
            }
            if now.vehicles.is_empty() {
                driver
                    .tell("/v1/drivers/me/vehicles", vehicle(home, car, plate))
                    .await?;
            }
            if now.vehicles.iter().any(|vehicle| vehicle.status == "refused") {
                return Err(CallError::Unreadable(format!(
                    "the plate {plate} is another vehicle's"
                )));
            }
            driver.tell("/v1/drivers/me/submit", Value::Null).await
        }
        "submitted" => {
            support
                .tell(&format!("/v1/drivers/{}/approve", now.driver), Value::Null)
                .await
        }
        _ => {
            let vehicle = now.vehicles.first().map(|vehicle| &vehicle.vehicle);
            driver
                .tell(
                    "/v1/drivers/me/availability",
                    json!({ "online": true, "vehicle": vehicle }),
                )
                .await
        }
    }
}

fn paper(kind: &str) -> Value {
    json!({ "kind": kind, "valid_from": FROM, "valid_through": THROUGH })
}

fn vehicle(home: &Place, car: Car, plate: &str) -> Value {
    let papers = [
        "REGISTRATION",
        "FITNESS",
        "INSURANCE",
        "PUC",
        "ALL_INDIA_TOURIST_PERMIT",
    ];
    json!({
        "plate": plate,
        "description": {
            "class": car.class,
            "seats": car.seats,
            "bags": car.bags,
            "home_state": home.state,
            "first_registered": FROM,
            "fuel": "CNG",
        },
        "documents": papers.map(paper),
    })
}
