//! Reason codes of the filters, and what a candidate's evaluation found.

use crate::domain::{documents::DocumentKind, duty::Overlap};
use interstate_schemas::{Money, StateCode, Timestamp, VehicleClass};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Declares the codes in the order in which the filters are applied, with the sentence that says what each
/// means.
macro_rules! filter_codes {
    ($($(#[$doc:meta])* $name:ident $text:literal,)+) => {
        /// Why a candidate is left out. The text of a code is stable: logs, support and dashboards know it.
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
        )]
        pub enum FilterCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)+
        }

        impl FilterCode {
            /// Every code, in the order in which the filters are applied.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable text of the code.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }
    };
}

filter_codes! {
    /// Not admitted, suspended or gone.
    DriverNotActive "DRIVER_NOT_ACTIVE",
    /// Takes no trips right now; asked of trips on demand only.
    DriverOffline "DRIVER_OFFLINE",
    /// Another class of vehicle than was booked.
    ClassMismatch "CLASS_MISMATCH",
    /// More people than seats.
    SeatsShort "SEATS_SHORT",
    /// More bags than room.
    LuggageShort "LUGGAGE_SHORT",
    /// The licence, or a badge on file, lapses before the end and its margin.
    LicenceExpiresInTrip "LICENCE_EXPIRES_IN_TRIP",
    /// The police check does.
    PoliceCheckExpiresInTrip "POLICE_CHECK_EXPIRES_IN_TRIP",
    /// The medical certificate does.
    MedicalExpiresInTrip "MEDICAL_EXPIRES_IN_TRIP",
    /// The registration does.
    RegistrationExpiresInTrip "REGISTRATION_EXPIRES_IN_TRIP",
    /// The fitness certificate does.
    FitnessExpiresInTrip "FITNESS_EXPIRES_IN_TRIP",
    /// The insurance does.
    InsuranceExpiresInTrip "INSURANCE_EXPIRES_IN_TRIP",
    /// The pollution certificate does.
    PucExpiresInTrip "PUC_EXPIRES_IN_TRIP",
    /// The permits that are for a state of the journey do.
    PermitExpiresInTrip "PERMIT_EXPIRES_IN_TRIP",
    /// No permit is for a state of the journey.
    PermitNotValidIn "PERMIT_NOT_VALID_IN",
    /// On a tourist permit, and the journey neither starts nor ends in the home state.
    AitpHomeStateNotEndpoint "AITP_HOME_STATE_NOT_ENDPOINT",
    /// On a tourist permit, and longer outside of the home state than it allows.
    Aitp60DaysOutside "AITP_60_DAYS_OUTSIDE",
    /// A challan has stood unpaid for too long.
    ChallanOverdue "CHALLAN_OVERDUE",
    /// A national-highway fee is unpaid.
    UnpaidToll "UNPAID_TOLL",
    /// Older than a state of the journey allows.
    VehicleTooOld "VEHICLE_TOO_OLD",
    /// The built-in tracker has not been heard.
    VltdSilent "VLTD_SILENT",
    /// The driver or the vehicle is taken.
    DutyOverlap "DUTY_OVERLAP",
    /// Too little rest before or after, or no free day in seven.
    RestShort "REST_SHORT",
    /// Too much driving in 24 hours.
    DayHoursExceeded "DAY_HOURS_EXCEEDED",
    /// Too much driving in seven days.
    WeekHoursExceeded "WEEK_HOURS_EXCEEDED",
    /// Cannot be at the pickup in time.
    PickupUnreachable "PICKUP_UNREACHABLE",
    /// Hill roads, and no clearance for them.
    HillNotCleared "HILL_NOT_CLEARED",
    /// Night driving, and the driver does none.
    NightOptOut "NIGHT_OPT_OUT",
    /// A cash trip, and too much is owed to us.
    CashLimit "CASH_LIMIT",
    /// The driver has blocked the rider.
    RiderBlocked "RIDER_BLOCKED",
    /// The rider has blocked the driver.
    DriverBlocked "DRIVER_BLOCKED",
    /// The rider asked for a driver of another gender.
    GenderPreference "GENDER_PREFERENCE",
    /// A sanction is in force.
    Sanction "SANCTION",
    /// Declined this booking before.
    OfferDeclinedBefore "OFFER_DECLINED_BEFORE",
    /// The last known position is too old to send somebody from; asked of trips on demand only.
    StaleFix "STALE_FIX",
}

impl fmt::Display for FilterCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// What a filter looked at when it failed: enough to check its decision by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "of", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Inputs {
    /// The code says it all.
    Plain,
    /// The vehicle's class is not among those that will do.
    Class {
        /// What will do.
        wanted: Vec<VehicleClass>,
        /// What it is.
        actual: VehicleClass,
    },
    /// A number on the wrong side of a limit: seats, bags, days, minutes or years, as the code says.
    Count {
        /// The limit.
        limit: u32,
        /// What it is.
        actual: u32,
    },
    /// A paper does not hold for long enough.
    Document {
        /// Which; for a permit the first that is for the state.
        kind: DocumentKind,
        /// The first moment of the trip without it; the pickup where there is none at all.
        lapses_at: Timestamp,
        /// Until when it must hold.
        needed_until: Timestamp,
    },
    /// States of the journey.
    States {
        /// Those that the rule is broken in.
        states: Vec<StateCode>,
    },
    /// The home state is not where the journey starts or ends.
    Journey {
        /// The state of registration.
        home: StateCode,
        /// Where passengers board.
        from: StateCode,
        /// Where they leave for good.
        to: StateCode,
    },
    /// An age limit of a state.
    Age {
        /// The state whose limit it is.
        state: StateCode,
        /// The limit in years.
        limit_years: u32,
        /// When the vehicle reaches it.
        reached_at: Timestamp,
    },
    /// Something in the driver's calendar.
    DriverTaken {
        /// What.
        overlap: Overlap,
    },
    /// Something in the vehicle's calendar.
    VehicleTaken {
        /// What.
        overlap: Overlap,
    },
    /// Too many days in a row.
    FreeDay {
        /// Days in a row that are allowed.
        limit: u32,
        /// Days in a row that it would be.
        actual: u32,
    },
    /// Something happened too long ago, or would happen too late.
    Late {
        /// The last moment that would do.
        limit: Timestamp,
        /// When it was, or would be.
        actual: Timestamp,
    },
    /// An amount at or below a limit.
    Amount {
        /// The limit.
        limit: Money,
        /// What it is.
        actual: Money,
    },
}

/// A filter that a candidate did not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Which.
    pub code: FilterCode,
    /// On what grounds.
    pub inputs: Inputs,
}

/// What the filters found. A filter is in one list, in the other, or passed or not asked of this trip.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The filters that failed, in their order.
    pub failures: Vec<Failure>,
    /// The filters that had no real input and so were not applied, in their order.
    pub not_evaluated: Vec<FilterCode>,
}

impl Verdict {
    /// Whether no filter failed. Says nothing of those that were not evaluated.
    pub fn passes(&self) -> bool {
        self.failures.is_empty()
    }

    /// The first filter that failed: the reason that is counted.
    pub fn first_failure(&self) -> Option<FilterCode> {
        self.failures.first().map(|failure| failure.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_the_same_in_json_and_in_text() {
        assert_eq!(FilterCode::ALL.len(), 34);
        for code in FilterCode::ALL {
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{code}\""));
        }
        assert!(FilterCode::ALL.is_sorted());
    }

    #[test]
    fn every_code_has_a_sentence_for_people() {
        for code in FilterCode::ALL {
            let sentence = interstate_schemas::reason::why_not_this_driver(code.text());
            assert!(sentence.is_some(), "{code} has no sentence");
        }
    }
}
