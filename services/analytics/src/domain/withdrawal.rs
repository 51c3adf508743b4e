//! Who withdrew, why, and how long before the pickup.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Declares an enum whose text is the same in events, stores and answers.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its text.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The one of this text.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text)
            }
        }
    };
}

words! {
    /// Whose a withdrawal is, by the first column of the cancellation matrix: not who pressed the button.
    Actor {
        /// The rider.
        Rider = "rider",
        /// The driver.
        Driver = "driver",
        /// The operator.
        Operator = "operator",
        /// The platform: nobody was found to drive.
        System = "system",
        /// Nobody's: a road closed, a flood.
        Nobody = "nobody",
    }
}

words! {
    /// The row of the cancellation matrix, as the booking service names it.
    Cause {
        /// The rider, soon after booking.
        RiderInGrace = "RIDER_IN_GRACE",
        /// The rider, by the time left to the pickup.
        RiderByTime = "RIDER_BY_TIME",
        /// The rider, late or with the driver on the way.
        RiderLate = "RIDER_LATE",
        /// The rider did not come.
        RiderNoShow = "RIDER_NO_SHOW",
        /// The rider, because the driver is late.
        DriverLate = "DRIVER_LATE",
        /// The rider, because of another vehicle or driver than named.
        NotAsNamed = "NOT_AS_NAMED",
        /// The rider, ill.
        Medical = "MEDICAL",
        /// The rider, not safe.
        Unsafe = "UNSAFE",
        /// The driver gave the trip back, without a valid reason.
        DriverReleased = "DRIVER_RELEASED",
        /// The driver gave it back, with one.
        DriverExcused = "DRIVER_EXCUSED",
        /// The driver did not come.
        DriverNoShow = "DRIVER_NO_SHOW",
        /// The operator.
        Operator = "OPERATOR",
        /// No driver was found in time.
        Unfulfilled = "UNFULFILLED",
        /// Nobody could have prevented it.
        ForceMajeure = "FORCE_MAJEURE",
    }
}

impl Cause {
    /// Whose it is.
    pub const fn actor(self) -> Actor {
        match self {
            Self::RiderInGrace
            | Self::RiderByTime
            | Self::RiderLate
            | Self::RiderNoShow
            | Self::DriverLate
            | Self::NotAsNamed
            | Self::Medical
            | Self::Unsafe => Actor::Rider,
            Self::DriverReleased | Self::DriverExcused | Self::DriverNoShow => Actor::Driver,
            Self::Operator => Actor::Operator,
            Self::Unfulfilled => Actor::System,
            Self::ForceMajeure => Actor::Nobody,
        }
    }
}

words! {
    /// How long before the pickup, in the bands of the cancellation matrix.
    Band {
        /// 24 hours or more.
        Day = "24h_or_more",
        /// From 6 to 24 hours.
        Hours = "6h_to_24h",
        /// From 2 to 6 hours.
        Soon = "2h_to_6h",
        /// Less than 2 hours.
        Late = "under_2h",
        /// After the pickup.
        After = "after_pickup",
    }
}

impl Band {
    /// Of whole minutes to the pickup, below zero after it.
    pub const fn of(minutes: i64) -> Self {
        match minutes {
            1_440.. => Self::Day,
            360.. => Self::Hours,
            120.. => Self::Soon,
            0.. => Self::Late,
            _ => Self::After,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_begins_where_the_matrix_says() {
        let bands = [1_440, 1_439, 360, 359, 120, 119, 0, -1].map(Band::of);
        use Band::{After, Day, Hours, Late, Soon};
        assert_eq!(bands, [Day, Hours, Hours, Soon, Soon, Late, Late, After]);
    }

    #[test]
    fn words_read_back() {
        for cause in Cause::ALL {
            assert_eq!(Cause::parse(cause.as_str()), Some(*cause));
            assert_eq!(
                serde_json::to_string(cause).unwrap(),
                format!("\"{}\"", cause.as_str())
            );
        }
        assert_eq!(Band::parse("6h_to_24h"), Some(Band::Hours));
        assert_eq!(Actor::parse("admin"), None);
    }
}
