//! The cancellation matrix.

use super::{CancelCause, CancelInput, CancellationPolicy, Charge, RiderReason};
use crate::domain::tariff::BasisPoints;
use interstate_schemas::{Money, SignedDuration};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which row of the matrix applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CancellationReason {
    /// The rider, soon after booking.
    RiderInGrace,
    /// The rider, by the time left to the pickup.
    RiderByTime,
    /// The rider, below the last band or with the driver on the way.
    RiderLate,
    /// The rider did not come.
    RiderNoShow,
    /// The rider, excused: the driver is late.
    DriverLate,
    /// The rider, excused: not the vehicle or driver that was named.
    NotAsNamed,
    /// The rider, excused: illness.
    Medical,
    /// The rider, excused: not safe.
    Unsafe,
    /// The driver, without a valid reason.
    DriverReleased,
    /// The driver, with one.
    DriverExcused,
    /// The driver did not come.
    DriverNoShow,
    /// The operator.
    Operator,
    /// No driver was found in time.
    Unfulfilled,
    /// Nobody could have prevented it.
    ForceMajeure,
}

/// What a cancellation costs and gives. `fee + refund` is what was captured.
///
/// All of it is booked. A credit is owed to the rider from then on; nothing takes it off the next fare yet, so that
/// the operator's staff make it good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancellationTerms {
    /// Which row of the matrix applied.
    pub reason: CancellationReason,
    /// Whole minutes to the pickup, below zero after it.
    pub minutes_to_pickup: i64,
    /// The rule that the fee, or where there is none the credit or fine, follows from.
    pub rule: Charge,
    /// What the rider pays, GST included; kept from what was captured, never more.
    pub fee: Money,
    /// The fee without GST.
    pub fee_taxable: Money,
    /// The GST that the fee includes.
    pub fee_gst: Money,
    /// What goes back to where it came from.
    pub refund: Money,
    /// What the driver gets.
    pub driver_gets: Money,
    /// What the driver pays; the rider gets it as `credit`.
    pub driver_fine: Money,
    /// What the rider gets for the next trip.
    pub credit: Money,
    /// Whether the driver's rank falls.
    pub lowers_driver_rank: bool,
    /// Days in which the trip may be moved free; 0: it may not.
    pub free_move_days: u32,
}

/// What it would cost to cancel now. Shown before it is confirmed, and the same when it is.
pub fn cancellation_terms(policy: &CancellationPolicy, input: &CancelInput) -> CancellationTerms {
    use CancellationReason as Reason;
    match input.cause {
        CancelCause::Rider { reason } => rider_terms(policy, input, reason),
        // Whoever may leave free need not wait for the driver in order to be told so.
        CancelCause::RiderNoShow if input.arrived_at().is_some() && driver_is_late(policy, input) => {
            free(input, Reason::DriverLate)
        }
        CancelCause::RiderNoShow => with_fee(policy, input, Reason::RiderNoShow, policy.rider_no_show),
        CancelCause::Driver { valid_reason: true } => free(input, Reason::DriverExcused),
        CancelCause::Driver { valid_reason: false } => {
            let terms = with_credit(input, Reason::DriverReleased, policy.driver_fine);
            let lowers_driver_rank = policy.driver_release_lowers_rank;
            CancellationTerms {
                driver_fine: terms.credit,
                lowers_driver_rank,
                ..terms
            }
        }
        CancelCause::DriverNoShow => with_credit(input, Reason::DriverNoShow, policy.unfulfilled_credit),
        CancelCause::Operator => operator_terms(policy, input),
        CancelCause::Unfulfilled => with_credit(input, Reason::Unfulfilled, policy.unfulfilled_credit),
        CancelCause::ForceMajeure => {
            let free_move_days = policy.free_move_days;
            CancellationTerms {
                free_move_days,
                ..free(input, Reason::ForceMajeure)
            }
        }
    }
}

fn rider_terms(policy: &CancellationPolicy, input: &CancelInput, reason: RiderReason) -> CancellationTerms {
    use CancellationReason as Reason;
    match reason {
        RiderReason::NotAsNamed => free(input, Reason::NotAsNamed),
        RiderReason::Medical => free(input, Reason::Medical),
        RiderReason::Unsafe => free(input, Reason::Unsafe),
        RiderReason::DriverLate if driver_is_late(policy, input) => match input.arrived_at() {
            // The delay was credited when the driver came.
            Some(_) => free(input, Reason::DriverLate),
            None => with_credit(input, Reason::DriverLate, policy.driver_late_credit),
        },
        RiderReason::DriverLate | RiderReason::ChangedPlans => {
            let (row, fee) = rider_row(policy, input);
            with_fee(policy, input, row, fee)
        }
    }
}

/// By the clock, not by the claim.
fn driver_is_late(policy: &CancellationPolicy, input: &CancelInput) -> bool {
    match input.arrived_at() {
        Some(arrived) => is_more(
            arrived.duration_since(input.pickup_at),
            policy.arrived_late_minutes,
        ),
        None => is_more(
            input.at.duration_since(input.pickup_at),
            policy.driver_late_minutes,
        ),
    }
}

fn is_more(late: SignedDuration, minutes: i64) -> bool {
    late.as_secs() > minutes.saturating_mul(60)
}

/// What a rider is credited whose driver has come late, whatever becomes of the trip; nothing within the patience.
pub fn late_arrival_credit(
    policy: &CancellationPolicy,
    late: SignedDuration,
    fare: Money,
    advance: Money,
) -> Money {
    if is_more(late, policy.driver_late_minutes) {
        policy.driver_late_credit.amount(fare, advance)
    } else {
        Money::ZERO
    }
}

/// The row for a rider who simply cancels. A driver on the way outweighs the clock.
fn rider_row(policy: &CancellationPolicy, input: &CancelInput) -> (CancellationReason, Charge) {
    if input.has_set_off() {
        return (CancellationReason::RiderLate, policy.rider_late);
    }
    let seconds_left = input.pickup_at.duration_since(input.at).as_secs();
    let seconds_booked = input.at.duration_since(input.booked_at).as_secs();
    if seconds_booked <= policy.grace_minutes.saturating_mul(60)
        && seconds_left > policy.grace_needs_more_than_minutes.saturating_mul(60)
    {
        return (CancellationReason::RiderInGrace, Charge::FREE);
    }
    let minutes = input.minutes_to_pickup();
    match policy
        .rider_bands
        .iter()
        .find(|band| minutes >= band.at_least_minutes)
    {
        Some(band) => (CancellationReason::RiderByTime, band.fee),
        None => (CancellationReason::RiderLate, policy.rider_late),
    }
}

/// Whoever charges riders for cancelling bears at least the like (E-Commerce Rules 2020, r. 4(8)).
fn operator_terms(policy: &CancellationPolicy, input: &CancelInput) -> CancellationTerms {
    let minutes = input.minutes_to_pickup();
    let band = policy
        .operator_bands
        .iter()
        .find(|band| minutes >= band.at_least_minutes);
    let rule = band.map_or(policy.operator_late, |band| band.credit);
    let terms = with_credit(input, CancellationReason::Operator, rule);
    let riders_rule = rider_row(policy, input).1;
    let riders_fee = riders_rule.amount(input.fare, input.advance);
    CancellationTerms {
        rule: if riders_fee.amount > terms.credit.amount {
            riders_rule
        } else {
            rule
        },
        credit: terms.credit.max(riders_fee),
        driver_gets: if input.has_set_off() {
            policy.stand_down
        } else {
            Money::ZERO
        },
        ..terms
    }
}

fn free(input: &CancelInput, reason: CancellationReason) -> CancellationTerms {
    CancellationTerms {
        reason,
        minutes_to_pickup: input.minutes_to_pickup(),
        rule: Charge::FREE,
        fee: Money::ZERO,
        fee_taxable: Money::ZERO,
        fee_gst: Money::ZERO,
        refund: input.captured.max(Money::ZERO),
        driver_gets: Money::ZERO,
        driver_fine: Money::ZERO,
        credit: Money::ZERO,
        lowers_driver_rank: false,
        free_move_days: 0,
    }
}

fn with_credit(input: &CancelInput, reason: CancellationReason, rule: Charge) -> CancellationTerms {
    CancellationTerms {
        rule,
        credit: rule.amount(input.fare, input.advance),
        ..free(input, reason)
    }
}

fn with_fee(
    policy: &CancellationPolicy,
    input: &CancelInput,
    reason: CancellationReason,
    rule: Charge,
) -> CancellationTerms {
    let captured = input.captured.max(Money::ZERO);
    let fee = rule.amount(input.fare, input.advance).min(captured);
    let fee_taxable = without_gst(fee, policy.fee_gst);
    let driver_gets = if input.has_driver() {
        policy.driver_share.of(fee)
    } else {
        Money::ZERO
    };
    CancellationTerms {
        rule,
        fee,
        fee_taxable,
        fee_gst: fee - fee_taxable,
        refund: captured - fee,
        driver_gets,
        ..free(input, reason)
    }
}

/// What an amount is before the GST that it includes, half up to the paisa.
fn without_gst(gross: Money, rate: BasisPoints) -> Money {
    let whole = i64::from(BasisPoints::ONE.0);
    gross.ratio(whole, whole + i64::from(rate.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use interstate_schemas::reason::why_it_ended;

    #[test]
    fn every_reason_has_a_sentence_for_people() {
        let schema = serde_json::to_value(schemars::schema_for!(CancellationReason)).unwrap();
        let all = schema["oneOf"].as_array().unwrap();
        assert_eq!(all.len(), 14, "{schema:#}");
        for reason in all {
            let code = reason["const"].as_str().unwrap();
            assert!(why_it_ended(code).is_some(), "{code} has no sentence");
        }
    }
}
