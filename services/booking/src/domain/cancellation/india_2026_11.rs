//! The policies that ship, one for each profile: the Indian rules and market of November 2026.

use super::{CancellationPolicy, Charge, CreditBand, RiderBand};
use crate::domain::tariff::BasisPoints;
use interstate_schemas::Money;

const HOUR: i64 = 60;

impl CancellationPolicy {
    /// Under the aggregator guidelines 2025: 10 % of the fare and no more than ₹100, for either side.
    pub fn india_2026_11_aggregator() -> Self {
        let ten_percent_to = |rupees| Charge::of_fare(BasisPoints::percent(10), Money::rupees(rupees));
        let fee = ten_percent_to(100);
        Self {
            grace_minutes: 30,
            grace_needs_more_than_minutes: 6 * HOUR,
            rider_bands: vec![
                RiderBand {
                    at_least_minutes: 6 * HOUR,
                    fee: Charge::FREE,
                },
                RiderBand {
                    at_least_minutes: 2 * HOUR,
                    fee,
                },
            ],
            rider_late: fee,
            rider_no_show: fee,
            driver_share: BasisPoints::percent(80),
            driver_late_minutes: 30,
            driver_late_credit: ten_percent_to(300),
            arrived_late_minutes: HOUR,
            driver_fine: fee,
            driver_release_lowers_rank: false,
            operator_bands: vec![
                CreditBand {
                    at_least_minutes: 24 * HOUR,
                    credit: Charge::FREE,
                },
                CreditBand {
                    at_least_minutes: 2 * HOUR,
                    credit: ten_percent_to(300),
                },
            ],
            operator_late: ten_percent_to(500),
            stand_down: Money::rupees(200),
            unfulfilled_credit: ten_percent_to(500),
            free_move_days: 90,
            fee_gst: BasisPoints::percent(5),
        }
    }

    /// By contract: a growing share of the advance.
    pub fn india_2026_11_contract() -> Self {
        let of_advance = |percent| Charge::of_advance(BasisPoints::percent(percent));
        Self {
            rider_bands: vec![
                RiderBand {
                    at_least_minutes: 24 * HOUR,
                    fee: Charge::FREE,
                },
                RiderBand {
                    at_least_minutes: 6 * HOUR,
                    fee: of_advance(25),
                },
                RiderBand {
                    at_least_minutes: 2 * HOUR,
                    fee: of_advance(50),
                },
            ],
            rider_late: of_advance(75),
            rider_no_show: of_advance(100),
            driver_release_lowers_rank: true,
            ..Self::india_2026_11_aggregator()
        }
    }
}
