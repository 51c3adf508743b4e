//! What riders and drivers read of the platform's answers.

use interstate_schemas::{GeoPoint, Money, Timestamp};
use serde::Deserialize;

/// A quote.
#[derive(Deserialize)]
pub struct Quote {
    pub quote: String,
}

/// A booking that was made.
#[derive(Deserialize)]
pub struct Booked {
    pub booking: String,
}

/// A booking.
#[derive(Clone, Deserialize)]
pub struct Booking {
    pub booking: String,
    pub state: String,
    pub from: String,
    pub to: String,
    pub class: String,
    pub pickup_at: Timestamp,
    pub updated_at: Timestamp,
    pub money: Sums,
    pub start_code: Option<String>,
}

/// The money of a booking.
#[derive(Clone, Deserialize)]
pub struct Sums {
    pub balance: Money,
}

impl Booking {
    /// Whether nothing will happen to it any more.
    pub fn is_over(&self) -> bool {
        matches!(
            self.state.as_str(),
            "CLOSED" | "LAPSED" | "UNFULFILLED" | "CANCELLED"
        )
    }

    /// Whether its driver has something to do for it.
    pub fn is_driven(&self) -> bool {
        matches!(
            self.state.as_str(),
            "ASSIGNED" | "EN_ROUTE" | "ARRIVED" | "ON_TRIP"
        ) || (self.state == "COMPLETED" && self.owes_cash())
    }

    /// Whether what is left is paid to the driver.
    pub fn owes_cash(&self) -> bool {
        !pays_online(&self.booking) && self.owes()
    }

    /// Whether anything is left to pay.
    pub fn owes(&self) -> bool {
        self.money.balance.amount > 0
    }
}

/// Whether the rider of this booking pays what is left by card. Rider and driver have agreed on it.
pub fn pays_online(booking: &str) -> bool {
    booking.bytes().map(u32::from).sum::<u32>() % 10 < 3
}

/// A page of a list.
#[derive(Deserialize)]
pub struct Page<T> {
    pub items: Vec<T>,
}

/// Offers that wait for an answer.
#[derive(Deserialize)]
pub struct Offers {
    pub offers: Vec<Offer>,
}

/// One of them.
#[derive(Deserialize)]
pub struct Offer {
    pub offer: String,
    pub dispatch: String,
    pub state: String,
}

/// A driver's admission.
#[derive(Deserialize)]
pub struct Driver {
    pub driver: String,
    pub status: String,
    pub documents: Vec<serde_json::Value>,
    pub vehicles: Vec<Vehicle>,
    pub online: Option<String>,
}

/// A driver's vehicle.
#[derive(Deserialize)]
pub struct Vehicle {
    pub vehicle: String,
    pub status: String,
}

/// A route with its line on the map.
#[derive(Deserialize)]
pub struct Route {
    pub seconds: i64,
    pub lines: Vec<Line>,
}

/// One leg.
#[derive(Deserialize)]
pub struct Line {
    pub points: Vec<GeoPoint>,
}
