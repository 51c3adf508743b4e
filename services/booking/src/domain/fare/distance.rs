//! Which kilometres a trip pays for.

use super::{FareError, FareInput, KmBasis};
use crate::domain::tariff::{BasisPoints, ClassRates, EarlyEndBand, Tariff};
use interstate_schemas::TripKind;

/// The kilometres of the KM and of the EXTRA_KM line, and what they follow from.
pub(super) struct ChargedDistance {
    pub km: u32,
    pub extra_km: u32,
    pub measured_km: u32,
    pub minimum_km: u32,
    pub free_km: u32,
}

impl ChargedDistance {
    pub(super) fn of(
        tariff: &Tariff,
        rates: &ClassRates,
        input: &FareInput,
        days: u32,
    ) -> Result<Self, FareError> {
        let limit = tariff.limits.trip_km;
        let measured_km = whole_km(&input.leg_metres, limit)?;
        let minimum_km = match input.km_basis {
            KmBasis::Abandoned => 0,
            _ => rates.minimum_km(input.kind, days),
        };
        let (km, free_km) = match input.km_basis {
            KmBasis::Planned | KmBasis::Abandoned => (measured_km.max(minimum_km), 0),
            KmBasis::AsBooked { quoted_km } => (quoted_km, free_km(tariff, input.kind, quoted_km)),
            // Whoever calls an end early that is none pays as booked, tolerance and all, and the minimum all the same.
            KmBasis::EndedEarly { quoted_km } if measured_km > quoted_km => {
                (quoted_km.max(minimum_km), free_km(tariff, input.kind, quoted_km))
            }
            KmBasis::EndedEarly { quoted_km } => {
                let contract = contract_km(tariff, input.kind, measured_km, quoted_km);
                (measured_km.max(minimum_km).max(contract), 0)
            }
        };
        if km > limit {
            return Err(FareError::TooManyKm { limit });
        }
        let extra_km = measured_km.saturating_sub(km).saturating_sub(free_km);
        Ok(Self {
            km,
            extra_km,
            measured_km,
            minimum_km,
            free_km,
        })
    }
}

/// The legs' sum, half up to whole kilometres. Rounding each leg would charge for roads that nobody drove.
fn whole_km(leg_metres: &[u64], limit: u32) -> Result<u32, FareError> {
    leg_metres
        .iter()
        .try_fold(0_u64, |sum, leg| sum.checked_add(*leg))
        .and_then(|metres| metres.checked_add(500))
        .and_then(|metres| u32::try_from(metres / 1_000).ok())
        .filter(|km| *km <= limit)
        .ok_or(FareError::TooManyKm { limit })
}

fn free_km(tariff: &Tariff, kind: TripKind, quoted_km: u32) -> u32 {
    tariff
        .extra_km_tolerance
        .get(&kind)
        .map_or(0, |tolerance| tolerance.free_km(quoted_km))
}

/// What a contract charges at least when a one-way trip ends early; 0 where the tariff has no such bands.
fn contract_km(tariff: &Tariff, kind: TripKind, measured_km: u32, quoted_km: u32) -> u32 {
    if kind != TripKind::OneWay {
        return 0;
    }
    let done = u64::from(measured_km) * u64::from(BasisPoints::ONE.0);
    let inside = |band: &&EarlyEndBand| done < u64::from(quoted_km) * u64::from(band.below.0);
    tariff
        .one_way_early_end
        .iter()
        .find(inside)
        .map_or(0, |band| band.charged.of_count(quoted_km))
}
