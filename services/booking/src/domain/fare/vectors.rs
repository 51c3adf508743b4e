//! Three whole trips, every line by hand.

use super::{
    Difference, Explanation, FareInput,
    LineCode::*,
    Recipient, StateEntry, StateTax, differences,
    fixtures::*,
    price,
    settlement::{TdsStatus, VehicleOwner, settle},
};
use crate::domain::tariff::{BasisPoints, Tariff};
use interstate_schemas::{Money, StateCode};

fn inr(paise: i64) -> Money {
    Money::inr(paise)
}

#[test]
fn one_way_across_a_border_with_a_permit() {
    let fare = price(&Tariff::india_2026_11(), &ahmedabad_udaipur()).unwrap();
    assert_eq!(
        amounts(&fare),
        [
            (Km, 378_000),
            (Bata, 40_000),
            (Toll, 29_500),
            (StateEntry, 0),
            (Cgst, 11_188),
            (Sgst, 11_188),
            (RoundOff, 24),
        ]
    );
    assert_eq!(
        fare.lines[0].explanation,
        Explanation::Kilometres {
            km: 270,
            measured_km: 270,
            minimum_km: 130,
            unit_rate: inr(1_400)
        }
    );
    assert_eq!(fare.lines[3].explanation, Explanation::CoveredByAitp);
    assert_eq!(
        fare.lines[6].explanation,
        Explanation::RoundedToRupee { before: inr(469_876) }
    );
    assert_eq!(
        (fare.taxable, fare.tax, fare.payable),
        (inr(447_500), inr(22_376), inr(469_900))
    );
    assert_eq!((fare.advance, fare.balance), (inr(94_000), inr(375_900)));
    assert_eq!((fare.place_of_supply, fare.days), (StateCode::GJ, 1));
}

#[test]
fn the_same_trip_for_a_business_elsewhere_bears_integrated_tax() {
    let recipient = Recipient::Registered { state: StateCode::MH };
    let fare = price(
        &Tariff::india_2026_11(),
        &FareInput {
            recipient,
            ..ahmedabad_udaipur()
        },
    )
    .unwrap();
    assert_eq!(amounts(&fare)[4..], [(Igst, 22_375), (RoundOff, 25)]);
    assert_eq!(
        (fare.payable, fare.place_of_supply),
        (inr(469_900), StateCode::MH)
    );
}

#[test]
fn the_same_trip_without_a_permit_pays_the_state() {
    let taxes = vec![StateTax {
        state: StateCode::RJ,
        amount: Money::rupees(500),
    }];
    let state_entry = StateEntry::Taxed { taxes: taxes.clone() };
    let fare = price(
        &Tariff::india_2026_11(),
        &FareInput {
            state_entry,
            ..ahmedabad_udaipur()
        },
    )
    .unwrap();
    assert_eq!(fare.amount(StateEntry), inr(50_000));
    assert_eq!(fare.lines[3].explanation, Explanation::StateTaxes { taxes });
    assert_eq!(
        (fare.taxable, fare.tax, fare.payable),
        (inr(497_500), inr(24_876), inr(522_400))
    );
}

#[test]
fn the_one_way_fare_is_divided_to_the_paisa() {
    let tariff = Tariff::india_2026_11();
    let fare = price(&tariff, &ahmedabad_udaipur()).unwrap();
    let settled = settle(
        &tariff.settlement,
        &fare,
        VehicleOwner::Driver,
        TdsStatus::WithPan,
    );
    assert_eq!(
        (settled.commission, settled.commission_gst),
        (inr(56_700), inr(10_206))
    );
    assert_eq!((settled.gross, settled.tds), (inr(447_500), inr(448)));
    assert_eq!(settled.driver_due, inr(380_146));
    assert_eq!(settled.parts(), inr(469_900));
    assert_eq!(settled.owed_after_cash(fare.balance), inr(4_246));
    assert_eq!(settled.driver_share, BasisPoints(8_399), "84.0 %, rounded down");
    assert_eq!(settled.commission_given_up, Money::ZERO);
}

#[test]
fn round_trip_pays_the_minimum_of_its_days() {
    let fare = price(&Tariff::india_2026_11(), &karnataka_planned()).unwrap();
    assert_eq!(
        amounts(&fare),
        [
            (Km, 1_350_000),
            (Bata, 120_000),
            (Toll, 61_000),
            (Cgst, 38_275),
            (Sgst, 38_275),
            (RoundOff, 50),
        ]
    );
    assert_eq!(
        fare.lines[0].explanation,
        Explanation::Kilometres {
            km: 900,
            measured_km: 780,
            minimum_km: 900,
            unit_rate: inr(1_500)
        }
    );
    assert_eq!(fare.lines[2].explanation, Explanation::AtCost { estimated: true });
    assert_eq!((fare.taxable, fare.payable), (inr(1_531_000), inr(1_607_600)));
}

#[test]
fn round_trip_invoice_differs_from_its_quote_by_named_lines_only() {
    let tariff = Tariff::india_2026_11();
    let quote = price(&tariff, &karnataka_planned()).unwrap();
    let invoice = price(&tariff, &karnataka_driven(&quote)).unwrap();
    assert_eq!(
        amounts(&invoice),
        [
            (Km, 1_350_000),
            (ExtraKm, 72_000),
            (Bata, 120_000),
            (Night, 30_000),
            (Toll, 64_500),
            (Parking, 15_000),
            (Cgst, 41_288),
            (Sgst, 41_288),
            (RoundOff, 24),
        ]
    );
    assert_eq!(
        invoice.lines[1].explanation,
        Explanation::BeyondQuote {
            km: 48,
            measured_km: 948,
            quoted_km: 900,
            free_km: 0,
            unit_rate: inr(1_500)
        }
    );
    assert_eq!(
        (invoice.taxable, invoice.payable),
        (inr(1_651_500), inr(1_734_100))
    );
    assert_eq!(invoice.balance, invoice.payable - quote.advance);

    let found = differences(&quote, &invoice);
    let deltas: Vec<_> = found
        .iter()
        .map(|found| (found.line, found.delta().amount))
        .collect();
    assert_eq!(
        deltas,
        [
            (ExtraKm, 72_000),
            (Night, 30_000),
            (Toll, 3_500),
            (Parking, 15_000),
            (Cgst, 3_013),
            (Sgst, 3_013),
            (RoundOff, -26),
        ]
    );
    assert_eq!(
        found[2],
        Difference {
            line: Toll,
            quoted: inr(61_000),
            invoiced: inr(64_500)
        }
    );
    assert_eq!(found.iter().map(Difference::delta).sum::<Money>(), inr(126_500));
    assert_eq!(invoice.payable - quote.payable, inr(126_500));
    assert!(differences(&quote, &quote).is_empty());
}

#[test]
fn multi_city_in_the_hills_at_a_busy_time_for_a_business() {
    let tariff = Tariff::india_2026_11();
    let fare = price(&tariff, &kochi_madurai()).unwrap();
    assert_eq!(
        amounts(&fare),
        [
            (Km, 871_200),
            (Dynamic, 130_680),
            (Bata, 100_000),
            (Hill, 90_000),
            (Toll, 12_350),
            (StateEntry, 0),
            (Discount, -50_000),
            (Igst, 57_712),
            (RoundOff, -42),
        ]
    );
    assert_eq!(
        fare.lines[0].explanation,
        Explanation::Kilometres {
            km: 363,
            measured_km: 363,
            minimum_km: 360,
            unit_rate: inr(2_400)
        }
    );
    assert_eq!(
        fare.lines[1].explanation,
        Explanation::DemandFactor {
            factor: BasisPoints(11_500),
            of: inr(871_200)
        }
    );
    assert_eq!(
        fare.lines[7].explanation,
        Explanation::TaxRate {
            rate: BasisPoints(500),
            taxable: inr(1_154_230),
            place_of_supply: StateCode::KA
        }
    );
    assert_eq!((fare.taxable, fare.payable), (inr(1_154_230), inr(1_211_900)));

    let settled = settle(
        &tariff.settlement,
        &fare,
        VehicleOwner::Driver,
        TdsStatus::WithPan,
    );
    assert_eq!(
        settled.discount_borne,
        inr(50_000),
        "the platform's promotion is not the driver's loss"
    );
    assert_eq!(settled.gross, inr(1_204_230));
    assert_eq!(settled.parts(), fare.payable);
}
