//! One function a line: its amount and the figures that it follows from.

use super::{
    Explanation, FareError, FareInput, FareLine, KmBasis, LineCode, StateEntry, Wait, WaitPlace,
    distance::ChargedDistance,
};
use crate::domain::tariff::{BasisPoints, ClassRates, Tariff};
use interstate_schemas::Money;

const MINUTES_PER_DAY: u32 = 24 * 60;

/// A line, unless it is of nothing.
pub(super) fn counted(code: LineCode, amount: Money, explanation: Explanation) -> Option<FareLine> {
    (amount != Money::ZERO).then_some(FareLine {
        code,
        amount,
        explanation,
    })
}

pub(super) fn km_line(rates: &ClassRates, input: &FareInput, distance: &ChargedDistance) -> FareLine {
    let unit_rate = rates.per_km(input.kind);
    let &ChargedDistance {
        km,
        measured_km,
        minimum_km,
        ..
    } = distance;
    FareLine {
        code: LineCode::Km,
        amount: unit_rate * i64::from(km),
        explanation: Explanation::Kilometres {
            km,
            measured_km,
            minimum_km,
            unit_rate,
        },
    }
}

pub(super) fn dynamic_line(factor: BasisPoints, of: Money) -> Option<FareLine> {
    let above = i64::from(factor.0) - i64::from(BasisPoints::ONE.0);
    counted(
        LineCode::Dynamic,
        of.percent(above),
        Explanation::DemandFactor { factor, of },
    )
}

pub(super) fn extra_km_line(
    rates: &ClassRates,
    input: &FareInput,
    distance: &ChargedDistance,
) -> Option<FareLine> {
    let unit_rate = rates.per_km(input.kind);
    let &ChargedDistance {
        km: quoted_km,
        extra_km: km,
        measured_km,
        free_km,
        ..
    } = distance;
    let explanation = Explanation::BeyondQuote {
        km,
        measured_km,
        quoted_km,
        free_km,
        unit_rate,
    };
    counted(LineCode::ExtraKm, unit_rate * i64::from(km), explanation)
}

pub(super) fn extra_hour_line(
    tariff: &Tariff,
    rates: &ClassRates,
    input: &FareInput,
) -> Result<Option<FareLine>, FareError> {
    let limit_days = tariff.limits.trip_days;
    let (hours, unit_rate) = (input.extra_hours, rates.extra_hour);
    if hours > limit_days.saturating_mul(24) {
        return Err(FareError::TooMuchTime {
            line: LineCode::ExtraHour,
            limit_days,
        });
    }
    let explanation = Explanation::Hours { hours, unit_rate };
    Ok(counted(
        LineCode::ExtraHour,
        unit_rate * i64::from(hours),
        explanation,
    ))
}

pub(super) fn waiting_line(tariff: &Tariff, input: &FareInput) -> Result<Option<FareLine>, FareError> {
    let limit_days = tariff.limits.trip_days;
    let too_long = FareError::TooMuchTime {
        line: LineCode::Waiting,
        limit_days,
    };
    let minutes = input
        .waits
        .iter()
        .try_fold(0_u32, |sum, wait| sum.checked_add(wait.minutes))
        .filter(|minutes| *minutes <= limit_days.saturating_mul(MINUTES_PER_DAY))
        .ok_or(too_long)?;
    let charged_minutes = input.waits.iter().map(|wait| charged_wait(tariff, wait)).sum();
    let unit_rate = tariff.waiting.per_minute;
    let explanation = Explanation::WaitingBlocks {
        minutes,
        charged_minutes,
        unit_rate,
    };
    Ok(counted(
        LineCode::Waiting,
        unit_rate * i64::from(charged_minutes),
        explanation,
    ))
}

/// Minutes in started blocks after the free ones; each wait has its own free minutes.
fn charged_wait(tariff: &Tariff, wait: &Wait) -> u32 {
    let terms = &tariff.waiting;
    let free = match wait.place {
        WaitPlace::Pickup => terms.free_at_pickup,
        WaitPlace::AirportPickup => terms.free_at_airport,
        WaitPlace::Meal => terms.free_at_meal,
    };
    let block = terms.block.max(1);
    wait.minutes
        .saturating_sub(free)
        .div_ceil(block)
        .saturating_mul(block)
}

pub(super) fn bata_line(rates: &ClassRates, days: u32) -> Option<FareLine> {
    let unit_rate = rates.bata_per_day;
    counted(
        LineCode::Bata,
        unit_rate * i64::from(days),
        Explanation::Days { days, unit_rate },
    )
}

pub(super) fn night_line(rates: &ClassRates, nights: u32) -> Option<FareLine> {
    let unit_rate = rates.night;
    counted(
        LineCode::Night,
        unit_rate * i64::from(nights),
        Explanation::Nights { nights, unit_rate },
    )
}

pub(super) fn hill_line(rates: &ClassRates, days: u32) -> Option<FareLine> {
    let unit_rate = rates.hill_day;
    counted(
        LineCode::Hill,
        unit_rate * i64::from(days),
        Explanation::Days { days, unit_rate },
    )
}

pub(super) fn at_cost_line(code: LineCode, amount: Money, input: &FareInput) -> Option<FareLine> {
    counted(
        code,
        amount,
        Explanation::AtCost {
            estimated: input.km_basis == KmBasis::Planned,
        },
    )
}

/// A permit that covers the border is shown as a line of nothing: riders ask why others charge for it.
pub(super) fn state_entry_line(entry: &StateEntry) -> Option<FareLine> {
    let (amount, explanation) = match entry {
        StateEntry::NoBorder => return None,
        StateEntry::CoveredByAitp => (Money::ZERO, Explanation::CoveredByAitp),
        StateEntry::Taxed { taxes } => (
            taxes.iter().map(|tax| tax.amount).sum(),
            Explanation::StateTaxes { taxes: taxes.clone() },
        ),
    };
    Some(FareLine {
        code: LineCode::StateEntry,
        amount,
        explanation,
    })
}

pub(super) fn discount_line(input: &FareInput) -> Option<FareLine> {
    let discount = input.discount.as_ref()?;
    let explanation = Explanation::Promotion {
        promotion: discount.promotion.clone(),
    };
    counted(LineCode::Discount, -discount.amount, explanation)
}
