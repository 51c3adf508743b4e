//! A fare line by line, each with the figures that it follows from.

use crate::domain::fare::{Explanation, FareBreakdown, FareLine};

pub(super) fn lines(fare: &FareBreakdown) -> Vec<String> {
    let mut lines: Vec<String> = fare.lines.iter().map(line).collect();
    lines.push(format!("{:<12} {:>14}", "PAYABLE", fare.payable.to_string()));
    lines.push(format!(
        "in advance {}, the balance {}; tariff {}, place of supply {}",
        fare.advance, fare.balance, fare.tariff, fare.place_of_supply
    ));
    lines
}

fn line(line: &FareLine) -> String {
    format!(
        "{:<12} {:>14}  {}",
        line.code.to_string(),
        line.amount.to_string(),
        figures(&line.explanation)
    )
}

fn figures(explanation: &Explanation) -> String {
    match explanation {
        Explanation::Kilometres {
            km,
            measured_km,
            minimum_km,
            unit_rate,
        } => {
            format!("{km} km × {unit_rate} ({measured_km} km on the road, at least {minimum_km})")
        }
        Explanation::DemandFactor { factor, of } => {
            format!("{of} × (factor {:.2} − 1)", f64::from(factor.0) / 10_000.0)
        }
        Explanation::BeyondQuote {
            km,
            measured_km,
            quoted_km,
            free_km,
            unit_rate,
        } => format!("{km} km × {unit_rate} ({measured_km} km driven − {quoted_km} quoted − {free_km} free)"),
        Explanation::Hours { hours, unit_rate } => format!("{hours} h × {unit_rate}"),
        Explanation::WaitingBlocks {
            minutes,
            charged_minutes,
            unit_rate,
        } => {
            format!("{charged_minutes} min × {unit_rate} (waited {minutes} min)")
        }
        Explanation::Days { days, unit_rate } => format!("{days} day(s) × {unit_rate}"),
        Explanation::Nights { nights, unit_rate } => format!("{nights} night(s) × {unit_rate}"),
        Explanation::AtCost { estimated: true } => "as estimated on the route".to_owned(),
        Explanation::AtCost { estimated: false } => "as recorded".to_owned(),
        Explanation::CoveredByAitp => "covered by the All India Tourist Permit".to_owned(),
        Explanation::StateTaxes { taxes } => {
            let taxes: Vec<String> = taxes
                .iter()
                .map(|tax| format!("{} {}", tax.state, tax.amount))
                .collect();
            taxes.join(", ")
        }
        Explanation::Promotion { promotion } => format!("promotion {promotion}"),
        Explanation::TaxRate {
            rate,
            taxable,
            place_of_supply,
        } => {
            format!(
                "{:.2} % of {taxable}, supplied in {place_of_supply}",
                f64::from(rate.0) / 100.0
            )
        }
        Explanation::RoundedToRupee { before } => format!("{before} to the whole rupee"),
    }
}
