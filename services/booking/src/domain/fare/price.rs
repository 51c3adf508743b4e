//! The fare's formula: the lines in their order, each from its own figures.

use super::{
    Explanation, FareBreakdown, FareError, FareInput, FareLine, LineCode, StateEntry, calendar::TripCalendar,
    distance::ChargedDistance, lines::*, tax,
};
use crate::domain::tariff::Tariff;
use interstate_schemas::Money;

/// Prices a trip: a quote's plan or an invoice's record. Equal inputs give equal fares, on any day.
///
/// # Errors
/// A [`FareError`] where the class is not sold, an input is impossible, or a limit of the tariff is passed.
pub fn price(tariff: &Tariff, input: &FareInput) -> Result<FareBreakdown, FareError> {
    let rates = tariff
        .rates
        .get(&input.class)
        .ok_or(FareError::ClassNotSold(input.class))?;
    check_factor(tariff, input)?;
    check_amounts(input)?;
    let calendar = TripCalendar::of(tariff, input)?;
    if input.hill_days > calendar.days {
        return Err(FareError::HillDaysExceedTrip {
            hill_days: input.hill_days,
            days: calendar.days,
        });
    }
    let distance = ChargedDistance::of(tariff, rates, input, calendar.days)?;

    let km = km_line(rates, input, &distance);
    let dynamic = dynamic_line(input.factor, km.amount);
    let mut lines: Vec<FareLine> = [
        Some(km),
        dynamic,
        extra_km_line(rates, input, &distance),
        extra_hour_line(tariff, rates, input)?,
        waiting_line(tariff, input)?,
        bata_line(rates, calendar.days),
        night_line(rates, calendar.nights),
        hill_line(rates, input.hill_days),
        at_cost_line(LineCode::Toll, input.toll, input),
        state_entry_line(&input.state_entry),
        at_cost_line(LineCode::Parking, input.parking, input),
        discount_line(input),
    ]
    .into_iter()
    .flatten()
    .collect();
    check_lines(tariff, &lines)?;

    let taxable = tax::taxable(&tariff.tax, &lines);
    check_discount(input, taxable)?;
    lines.extend(tax::tax_lines(&tariff.tax, input, taxable));
    let before: Money = lines.iter().map(|line| line.amount).sum();
    let payable = before.round_to_rupee();
    lines.extend(counted(
        LineCode::RoundOff,
        payable - before,
        Explanation::RoundedToRupee { before },
    ));

    let advance = input
        .advance_paid
        .unwrap_or_else(|| tariff.advance.of(payable).ceil_to_rupee());
    Ok(FareBreakdown {
        tariff: tariff.version.clone(),
        class: input.class,
        kind: input.kind,
        days: calendar.days,
        charged_km: distance.km,
        tax: lines
            .iter()
            .filter(|line| line.code.is_tax())
            .map(|line| line.amount)
            .sum(),
        lines,
        taxable,
        place_of_supply: tax::place_of_supply(input),
        payable,
        advance,
        balance: payable - advance,
    })
}

fn check_factor(tariff: &Tariff, input: &FareInput) -> Result<(), FareError> {
    let bounds = tariff.factor_bounds(input.boarding_state);
    let (factor, lowest, highest) = (input.factor, bounds.lowest, bounds.highest);
    if factor < lowest || factor > highest {
        return Err(FareError::FactorOutOfBounds {
            factor,
            lowest,
            highest,
        });
    }
    Ok(())
}

fn check_amounts(input: &FareInput) -> Result<(), FareError> {
    let taxes = match &input.state_entry {
        StateEntry::Taxed { taxes } => taxes.as_slice(),
        StateEntry::NoBorder | StateEntry::CoveredByAitp => &[],
    };
    let given = [(LineCode::Toll, input.toll), (LineCode::Parking, input.parking)]
        .into_iter()
        .chain(taxes.iter().map(|tax| (LineCode::StateEntry, tax.amount)))
        .chain(
            input
                .discount
                .iter()
                .map(|discount| (LineCode::Discount, discount.amount)),
        );
    for (line, amount) in given {
        if amount.amount < 0 {
            return Err(FareError::NegativeAmount { line, amount });
        }
    }
    match input.advance_paid {
        Some(advance) if advance.amount < 0 => Err(FareError::NegativeAdvance(advance)),
        _ => Ok(()),
    }
}

fn check_lines(tariff: &Tariff, lines: &[FareLine]) -> Result<(), FareError> {
    let limit = tariff.limits.line;
    for &FareLine {
        code: line, amount, ..
    } in lines
    {
        if amount.amount.unsigned_abs() > limit.amount.unsigned_abs() {
            return Err(FareError::LineTooLarge { line, amount, limit });
        }
    }
    Ok(())
}

fn check_discount(input: &FareInput, taxable: Money) -> Result<(), FareError> {
    let discount = input
        .discount
        .as_ref()
        .map_or(Money::ZERO, |discount| discount.amount);
    if taxable.amount < 0 {
        return Err(FareError::DiscountExceedsFare {
            discount,
            fare: taxable + discount,
        });
    }
    Ok(())
}
