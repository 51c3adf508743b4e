//! Who is asked first.

use super::super::{
    KeptPromises,
    fixtures::{at, candidate, now, trip},
};
use super::*;
use interstate_schemas::{Money, VehicleId};
use proptest::prelude::*;

fn policy() -> RankPolicy {
    RankPolicy::default()
}

fn value(facts: &CandidateFacts, needs: &TripNeeds, feature: Feature) -> Option<u32> {
    let score = score(facts, needs, &policy(), now());
    score
        .features
        .iter()
        .find(|scored| scored.feature == feature)
        .map(|scored| scored.value.get())
}

#[test]
fn a_score_is_the_weighted_sum_that_one_can_do_by_hand() {
    let score = score(&candidate("asha"), &trip(), &policy(), now());
    let values: Vec<_> = score
        .features
        .iter()
        .map(|scored| (scored.value.get(), scored.weight.get()))
        .collect();
    assert_eq!(
        values,
        [
            (900_000, 300_000),   // 6 of 60 km
            (1_000_000, 200_000), // 75 minutes to spare, 60 are enough
            (11_904, 150_000),    // from 5 km of home to 210 km
            (900_000, 150_000),   // 45 of 50, towards a mean of 0.9
            (100_000, 100_000),   // a tenth below the mean
            (900_000, 50_000),    // 4.6 stars
            (500_000, 50_000),    // 5 of 10 trips
        ]
    );
    // 270,000 + 200,000 + 1,785.6 + 135,000 + 10,000 + 45,000 + 25,000
    assert_eq!(score.total.get(), 686_785);
    assert_eq!(score.absent, []);
}

#[test]
fn the_weights_of_the_policy_are_those_of_the_rule_and_sum_to_one() {
    let weights = Feature::ALL.map(|feature| feature.weight(&policy()));
    assert_eq!(weights, [30, 20, 15, 15, 10, 5, 5]);
    assert_eq!(weights.iter().sum::<u32>(), 100);
}

#[test]
fn the_weight_of_an_absent_feature_goes_to_the_others() {
    let facts = CandidateFacts {
        dead_metres: None,
        pickup_seconds: None,
        ..candidate("asha")
    };
    let score = score(&facts, &trip(), &policy(), now());
    assert_eq!(score.absent, [Feature::DeadKm, Feature::EtaSlack]);
    let reliability = score
        .features
        .iter()
        .find(|scored| scored.feature == Feature::Reliability)
        .unwrap();
    assert_eq!(
        reliability.weight,
        Millionths(300_000),
        "15 of the 50 that are left"
    );
    // (1,785.6 + 135,000 + 10,000 + 45,000 + 25,000) ÷ 0.5
    assert_eq!(score.total.get(), 433_571);
}

#[test]
fn of_a_stranger_nothing_is_counted() {
    let stranger = CandidateFacts::unknown(
        DriverId::derive(0, &[b"stranger"]),
        VehicleId::derive(0, &[b"stranger"]),
    );
    let score = score(&stranger, &trip(), &policy(), now());
    assert_eq!((score.total.get(), score.features.len()), (0, 0));
    assert_eq!(score.absent, Feature::ALL);
}

#[test]
fn a_driver_on_the_way_home_fits_and_a_round_trip_has_no_return_leg() {
    let facts = |metres| CandidateFacts {
        metres_from_home: Some(metres),
        ..candidate("asha")
    };
    let one_way = trip();
    assert_eq!(
        value(&facts((210_000, 0)), &one_way, Feature::ReturnLeg),
        Some(1_000_000)
    );
    assert_eq!(
        value(&facts((210_000, 210_000)), &one_way, Feature::ReturnLeg),
        Some(500_000)
    );
    assert_eq!(value(&facts((0, 210_000)), &one_way, Feature::ReturnLeg), Some(0));
    assert_eq!(value(&facts((0, 0)), &one_way, Feature::ReturnLeg), Some(500_000));
    let round = TripNeeds {
        kind: TripKind::RoundTrip,
        ..trip()
    };
    assert_eq!(value(&facts((210_000, 0)), &round, Feature::ReturnLeg), None);
}

#[test]
fn one_lucky_pickup_does_not_beat_ninety_five_of_a_hundred() {
    let reliability = |kept, due| {
        let facts = CandidateFacts {
            promises: Some(KeptPromises { kept, due }),
            ..candidate("asha")
        };
        value(&facts, &trip(), Feature::Reliability).unwrap()
    };
    assert_eq!(reliability(0, 0), 900_000, "nothing known is the mean");
    assert!(reliability(1, 1) < reliability(95, 100));
    assert!(
        reliability(0, 1) > reliability(50, 100),
        "nor does one bad day ruin a newcomer"
    );
}

#[test]
fn who_earned_more_than_the_mean_is_not_pushed_below_the_floor() {
    let fairness = |earned, mean| {
        let (earned, mean) = (Some(Money::rupees(earned)), Some(Money::rupees(mean)));
        let facts = CandidateFacts {
            earned,
            mean_earned_in_class: mean,
            ..candidate("asha")
        };
        value(&facts, &trip(), Feature::Fairness).unwrap()
    };
    assert_eq!(fairness(0, 10_000), 1_000_000);
    assert_eq!(fairness(20_000, 10_000), 0);
    assert_eq!(fairness(0, 0), 0, "nobody has earned anything yet");
    assert_eq!(fairness(-100, 10_000), 1_000_000);
}

#[test]
fn a_tie_goes_to_whoever_has_waited_longest_and_then_to_the_id() {
    let idle = |name: &str, since: Option<&str>| CandidateFacts {
        idle_since: since.map(at),
        ..candidate(name)
    };
    let (evening, morning) = ("2026-11-19T20:00:00Z", "2026-11-19T08:00:00Z");
    let asha = idle("asha", Some(evening));
    let ravi = idle("ravi", Some(morning));
    let unknown = idle("meera", None);
    let mut twins = [idle("imran", Some(evening)).driver, asha.driver];
    twins.sort_unstable();
    let candidates = [unknown.clone(), asha, idle("imran", Some(evening)), ravi.clone()];
    let order: Vec<_> = rank(&candidates, &trip(), &policy(), now())
        .into_iter()
        .map(|ranked| ranked.driver)
        .collect();
    assert_eq!(order, [ravi.driver, twins[0], twins[1], unknown.driver]);
}

fn any_candidate() -> impl Strategy<Value = CandidateFacts<'static>> {
    use prop::option::of;
    let small = (of(0u32..90_000), of(0u32..9_000), of((0u32..3, 0u32..3)));
    let history = (
        of((any::<u32>(), any::<u32>())),
        of(any::<i64>()),
        of(any::<i64>()),
    );
    let rest = (of(any::<u32>()), of(any::<u32>()), of(0i64..3));
    (0u8..40, small, history, rest).prop_map(|(name, small, history, rest)| CandidateFacts {
        dead_metres: small.0,
        pickup_seconds: small.1,
        metres_from_home: small.2,
        promises: history.0.map(|(kept, due)| KeptPromises { kept, due }),
        earned: history.1.map(Money::inr),
        mean_earned_in_class: history.2.map(Money::inr),
        rating_thousandths: rest.0,
        corridor_trips: rest.1,
        idle_since: rest.2.map(|hour| Timestamp::from_second(hour * 3_600).unwrap()),
        ..CandidateFacts::unknown(DriverId::derive(0, &[&[name]]), VehicleId::derive(0, &[&[name]]))
    })
}

proptest! {
    #[test]
    fn the_order_does_not_depend_on_how_the_candidates_come_in(
        (told, shuffled) in prop::collection::btree_map(0u8..40, any_candidate(), 0..12).prop_flat_map(|by_name| {
            // One candidate a driver: two with one id would be a tie that nothing breaks.
            let told: Vec<_> = by_name
                .into_iter()
                .map(|(name, facts)| CandidateFacts { driver: DriverId::derive(0, &[&[name]]), ..facts })
                .collect();
            (Just(told.clone()), Just(told).prop_shuffle())
        })
    ) {
        let first = rank(&told, &trip(), &policy(), now());
        prop_assert_eq!(&first, &rank(&shuffled, &trip(), &policy(), now()));
        prop_assert!(first.windows(2).all(|pair| pair[0].score.total >= pair[1].score.total));
    }

    #[test]
    fn a_score_is_a_share_and_survives_being_stored(facts in any_candidate()) {
        let score = score(&facts, &trip(), &policy(), now());
        prop_assert!(score.total <= Millionths::ONE);
        prop_assert_eq!(score.features.len() + score.absent.len(), Feature::ALL.len());
        let weights: u32 = score.features.iter().map(|scored| scored.weight.get()).sum();
        prop_assert!(score.features.is_empty() || weights > 999_990, "weights sum to {}", weights);
        let text = serde_json::to_string(&score).unwrap();
        prop_assert_eq!(serde_json::from_str::<Score>(&text).unwrap(), score);
    }

    #[test]
    fn fewer_empty_metres_are_never_worse(facts in any_candidate(), near in 0u32..90_000, more in 0u32..90_000) {
        let with = |metres| score(
            &CandidateFacts { dead_metres: Some(metres), ..facts.clone() }, &trip(), &policy(), now(),
        ).total;
        prop_assert!(with(near) >= with(near.saturating_add(more)));
    }
}
