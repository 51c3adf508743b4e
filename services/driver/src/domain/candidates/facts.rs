//! What is known of a candidate and what the trip asks for. An absent fact is `None`: no rule may take it for
//! a good one.

use crate::domain::{
    documents::Document,
    duty::{DutyFit, Overlap},
    offers::DispatchMode,
};
use interstate_schemas::{DriverId, Money, StateCode, Timestamp, TripKind, VehicleClass, VehicleId};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What an engine runs on, as far as a rule asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Fuel {
    /// Petrol.
    Petrol,
    /// Diesel.
    Diesel,
    /// Compressed natural gas.
    Cng,
    /// Battery.
    Electric,
}

/// Asked for only where a rider wants a driver of the same; never a feature of the rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Gender {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Neither of these.
    Other,
}

/// Where a vehicle is with respect to the state that it is registered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "where", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Whereabouts {
    /// In its home state.
    AtHome,
    /// Outside, and since when.
    Outside {
        /// When it left.
        since: Timestamp,
    },
}

/// What a look into a vehicle's calendar found: a vehicle needs no rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VehicleFit {
    /// Whose time the duty would take; nothing where it is free.
    pub overlap: Option<Overlap>,
}

/// Promises of a driver (confirmations before a pickup, pickups on time) that fell due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptPromises {
    /// How many were kept.
    pub kept: u32,
    /// How many there were.
    pub due: u32,
}

/// What a trip asks of its driver and vehicle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TripNeeds {
    /// About now, or ahead.
    pub mode: DispatchMode,
    /// The shape of the trip.
    pub kind: TripKind,
    /// When the rider is to be picked up.
    pub pickup_at: Timestamp,
    /// When the passengers are to leave the vehicle for good.
    pub planned_end: Timestamp,
    /// The states of the journey in the order of travel, from where passengers board to where they leave for
    /// good. Empty where the route does not say.
    pub states: Vec<StateCode>,
    /// The classes that will do; usually the one that was booked.
    pub classes: Vec<VehicleClass>,
    /// How many people ride.
    pub passengers: u8,
    /// How many large bags they bring, where they said.
    pub bags: Option<u8>,
    /// Whether the road has hill sections.
    pub hill: Option<bool>,
    /// Whether there is driving in the night hours of the tariff.
    pub night: bool,
    /// Whether the rider pays the balance in cash.
    pub cash: bool,
    /// The gender of the driver, where the rider asked for it.
    pub driver_gender: Option<Gender>,
}

/// What is known of one driver with one vehicle, for one trip. The papers may be borrowed: a search looks at hundreds
/// of candidates.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateFacts<'a> {
    /// The driver.
    pub driver: DriverId,
    /// The vehicle that would be driven.
    pub vehicle: VehicleId,
    /// Whether the driver is admitted to drive at all.
    pub active: Option<bool>,
    /// Whether the driver takes trips right now.
    pub online: Option<bool>,
    /// Whether a sanction is in force.
    pub sanctioned: Option<bool>,
    /// Every approved paper of the driver; an empty list says that there is none.
    pub driver_documents: Option<Cow<'a, [Document]>>,
    /// Every approved paper of the vehicle; an empty list says that there is none.
    pub vehicle_documents: Option<Cow<'a, [Document]>>,
    /// Class of the vehicle.
    pub class: Option<VehicleClass>,
    /// Passengers that it seats, the driver not counted.
    pub seats: Option<u8>,
    /// Large bags that it takes.
    pub bags: Option<u8>,
    /// The state that the vehicle is registered in.
    pub home_state: Option<StateCode>,
    /// Where the vehicle is with respect to it.
    pub whereabouts: Option<Whereabouts>,
    /// The day of first registration, from which age counts.
    pub first_registered: Option<Date>,
    /// What it runs on.
    pub fuel: Option<Fuel>,
    /// Days that the oldest unpaid challan has stood; 0 where none is unpaid.
    pub challan_unpaid_days: Option<u32>,
    /// Unpaid national-highway fees, counted.
    pub unpaid_tolls: Option<u32>,
    /// When the built-in tracker was last heard.
    pub vltd_heard_at: Option<Timestamp>,
    /// How the duty fits into the driver's calendar.
    pub driver_duty: Option<DutyFit>,
    /// How the duty fits into the vehicle's calendar.
    pub vehicle_duty: Option<VehicleFit>,
    /// When the last fix of the driver's position was taken.
    pub fix_at: Option<Timestamp>,
    /// Road metres from the driver to the pickup, driven empty.
    pub dead_metres: Option<u32>,
    /// Seconds that they take.
    pub pickup_seconds: Option<u32>,
    /// Metres from the driver's home to the pickup and to the drop.
    pub metres_from_home: Option<(u32, u32)>,
    /// Whether the driver is cleared for hill roads.
    pub hill_cleared: Option<bool>,
    /// Whether the driver drives at night.
    pub drives_at_night: Option<bool>,
    /// What we owe the driver; negative for a debt.
    pub balance: Option<Money>,
    /// Whether the driver has blocked this rider.
    pub blocks_rider: Option<bool>,
    /// Whether this rider has blocked the driver.
    pub blocked_by_rider: Option<bool>,
    /// The driver's gender, where it was given.
    pub gender: Option<Gender>,
    /// Whether the driver declined an offer for this booking before.
    pub declined_before: Option<bool>,
    /// Confirmations and punctual pickups.
    pub promises: Option<KeptPromises>,
    /// Earnings of the last seven days.
    pub earned: Option<Money>,
    /// Mean earnings of the last seven days among drivers of this class.
    pub mean_earned_in_class: Option<Money>,
    /// Mean rating in thousandths: 4,700 is 4.7 of 5.
    pub rating_thousandths: Option<u32>,
    /// Trips driven on this corridor.
    pub corridor_trips: Option<u32>,
    /// Since when the driver has had no trip.
    pub idle_since: Option<Timestamp>,
}

impl CandidateFacts<'_> {
    /// A candidate of whom nothing is known.
    pub fn unknown(driver: DriverId, vehicle: VehicleId) -> Self {
        Self {
            driver,
            vehicle,
            active: None,
            online: None,
            sanctioned: None,
            driver_documents: None,
            vehicle_documents: None,
            class: None,
            seats: None,
            bags: None,
            home_state: None,
            whereabouts: None,
            first_registered: None,
            fuel: None,
            challan_unpaid_days: None,
            unpaid_tolls: None,
            vltd_heard_at: None,
            driver_duty: None,
            vehicle_duty: None,
            fix_at: None,
            dead_metres: None,
            pickup_seconds: None,
            metres_from_home: None,
            hill_cleared: None,
            drives_at_night: None,
            balance: None,
            blocks_rider: None,
            blocked_by_rider: None,
            gender: None,
            declined_before: None,
            promises: None,
            earned: None,
            mean_earned_in_class: None,
            rating_thousandths: None,
            corridor_trips: None,
            idle_since: None,
        }
    }
}
