//! What every service says about a trip: the class of vehicle, the kind of trip, the state of India.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A class of vehicle that a rider can book, smallest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VehicleClass {
    /// A small car.
    Hatchback,
    /// A car with a boot.
    Sedan,
    /// A "6+1": six passengers and the driver.
    Suv,
    /// As the SUV, with more comfort.
    PremiumSuv,
    /// A small coach.
    TempoTraveller,
}

impl VehicleClass {
    /// Every class, smallest first.
    pub const ALL: [Self; 5] = [
        Self::Hatchback,
        Self::Sedan,
        Self::Suv,
        Self::PremiumSuv,
        Self::TempoTraveller,
    ];

    /// Passengers that it seats, the driver not counted.
    pub const fn seats(self) -> u8 {
        match self {
            Self::Hatchback | Self::Sedan => 4,
            Self::Suv | Self::PremiumSuv => 6,
            Self::TempoTraveller => 12,
        }
    }

    /// Large bags that it takes with every seat in use.
    pub const fn bags(self) -> u8 {
        match self {
            Self::Hatchback => 1,
            Self::Sedan => 2,
            Self::Suv => 3,
            Self::PremiumSuv => 4,
            Self::TempoTraveller => 10,
        }
    }

    /// Whether so many passengers and large bags fit.
    pub const fn fits(self, passengers: u8, bags: u8) -> bool {
        passengers <= self.seats() && bags <= self.bags()
    }
}

/// The shape of a trip, which decides its rate and its minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TripKind {
    /// From one place to another; the vehicle's way home is in the rate.
    OneWay,
    /// Comes back to where it began, with or without stops between.
    RoundTrip,
    /// Ordered stops that end elsewhere. One that ends where it began is a round trip.
    MultiCity,
}

/// Declares the states and union territories: letters of the registration plate, GST number, name.
macro_rules! states {
    ($($code:ident $gst:literal $name:literal,)+) => {
        /// A state or union territory of India by the two letters of its registration plates.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum StateCode { $(#[doc = $name] $code,)+ }

        impl StateCode {
            /// Every state and union territory, by its letters.
            pub const ALL: &[Self] = &[$(Self::$code,)+];

            /// The number that GST knows it by: the first two digits of a GSTIN, and "place of supply" on
            /// an invoice.
            pub const fn gst_number(self) -> u8 {
                match self { $(Self::$code => $gst,)+ }
            }

            /// Its name in English.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)+ }
            }

            const fn letters(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)+ }
            }
        }
    };
}

states! {
    AN 35 "Andaman and Nicobar Islands",
    AP 37 "Andhra Pradesh",
    AR 12 "Arunachal Pradesh",
    AS 18 "Assam",
    BR 10 "Bihar",
    CG 22 "Chhattisgarh",
    CH 4 "Chandigarh",
    DD 26 "Dadra and Nagar Haveli and Daman and Diu",
    DL 7 "Delhi",
    GA 30 "Goa",
    GJ 24 "Gujarat",
    HP 2 "Himachal Pradesh",
    HR 6 "Haryana",
    JH 20 "Jharkhand",
    JK 1 "Jammu and Kashmir",
    KA 29 "Karnataka",
    KL 32 "Kerala",
    LA 38 "Ladakh",
    LD 31 "Lakshadweep",
    MH 27 "Maharashtra",
    ML 17 "Meghalaya",
    MN 14 "Manipur",
    MP 23 "Madhya Pradesh",
    MZ 15 "Mizoram",
    NL 13 "Nagaland",
    OD 21 "Odisha",
    PB 3 "Punjab",
    PY 34 "Puducherry",
    RJ 8 "Rajasthan",
    SK 11 "Sikkim",
    TG 36 "Telangana",
    TN 33 "Tamil Nadu",
    TR 16 "Tripura",
    UK 5 "Uttarakhand",
    UP 9 "Uttar Pradesh",
    WB 19 "West Bengal",
}

impl fmt::Display for StateCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.letters())
    }
}

/// Two letters that are no state's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a state of India: expected the two letters of its registration plates, such as GJ")]
pub struct ParseStateError(String);

impl FromStr for StateCode {
    type Err = ParseStateError;

    fn from_str(text: &str) -> Result<Self, ParseStateError> {
        Self::ALL
            .iter()
            .copied()
            .find(|state| state.letters() == text)
            .ok_or_else(|| ParseStateError(text.chars().take(16).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_state_reads_back_and_no_two_share_a_gst_number() {
        let numbers: BTreeSet<u8> = StateCode::ALL.iter().map(|state| state.gst_number()).collect();
        assert_eq!(numbers.len(), StateCode::ALL.len());
        for state in StateCode::ALL {
            assert_eq!(state.to_string().parse(), Ok(*state));
            assert_eq!(serde_json::to_string(state).unwrap(), format!("\"{state}\""));
        }
        assert!("gj".parse::<StateCode>().is_err() && "XX".parse::<StateCode>().is_err());
    }

    #[test]
    fn a_larger_class_never_takes_less() {
        for pair in VehicleClass::ALL.windows(2) {
            assert!(pair[1].fits(pair[0].seats(), pair[0].bags()), "{pair:?}");
        }
        assert!(!VehicleClass::Sedan.fits(5, 0) && !VehicleClass::Sedan.fits(4, 3));
        assert_eq!(
            serde_json::to_string(&VehicleClass::PremiumSuv).unwrap(),
            "\"PREMIUM_SUV\""
        );
    }
}
