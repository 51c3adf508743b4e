use super::*;

fn spec(json: &str) -> FaultSpec {
    serde_json::from_str(json).expect("the test writes well-formed rules")
}

#[test]
fn the_next_n_are_hit_and_no_more() {
    let faults = Faults::new(0);
    faults
        .add(spec(
            r#"{"kind":"timeout_with_effect","next_n":2,"operation":"capture"}"#,
        ))
        .unwrap();

    let capture = |reference| faults.on_request(Target::Capture, reference);
    assert_eq!(faults.on_request(Target::Refund, "r"), None, "another operation");
    assert_eq!(capture("a"), Some(RequestFault::HangWithEffect));
    assert_eq!(capture("b"), Some(RequestFault::HangWithEffect));
    assert_eq!(capture("c"), None);
    assert_eq!(faults.list()[0].fired, 2);
}

#[test]
fn a_share_is_hit_and_the_order_of_arrival_does_not_matter() {
    let hits = |references: &mut dyn Iterator<Item = u32>| {
        let faults = Faults::new(7);
        faults
            .add(spec(r#"{"kind":"error_500_without_effect","probability":0.25}"#))
            .unwrap();
        let mut hit: Vec<u32> = references
            .filter(|n| {
                faults
                    .on_request(Target::Authorize, &format!("ref-{n}"))
                    .is_some()
            })
            .collect();
        hit.sort_unstable();
        hit
    };
    let forwards = hits(&mut (0..1000));
    assert_eq!(forwards, hits(&mut (0..1000).rev()));
    assert!(
        (200..300).contains(&forwards.len()),
        "about a quarter, not {}",
        forwards.len()
    );
}

#[test]
fn a_reference_that_is_hit_gets_through_in_the_end() {
    let faults = Faults::new(1);
    faults
        .add(spec(r#"{"kind":"error_500_without_effect","probability":0.5}"#))
        .unwrap();
    let tries = (0..50).position(|_| faults.on_request(Target::Refund, "same").is_none());
    assert!(tries.is_some());
}

#[test]
fn queries_are_hit_only_by_name() {
    let faults = Faults::new(0);
    faults
        .add(spec(r#"{"kind":"timeout_without_effect","probability":1.0}"#))
        .unwrap();
    assert_eq!(faults.on_request(Target::Query, "q"), None);
    faults
        .add(spec(r#"{"kind":"slow","ms":5,"next_n":1,"operation":"query"}"#))
        .unwrap();
    assert_eq!(
        faults.on_request(Target::Query, "q"),
        Some(RequestFault::Slow(Duration::from_millis(5)))
    );
}

#[test]
fn a_rule_that_makes_no_sense_is_refused() {
    let faults = Faults::new(0);
    for wrong in [
        r#"{"kind":"slow","next_n":1}"#,
        r#"{"kind":"webhook_drop","next_n":1,"ms":5}"#,
        r#"{"kind":"webhook_drop"}"#,
        r#"{"kind":"webhook_drop","next_n":1,"probability":0.5}"#,
        r#"{"kind":"webhook_drop","probability":1.5}"#,
    ] {
        assert!(faults.add(spec(wrong)).is_err(), "{wrong}");
    }
    assert!(faults.list().is_empty());
}

#[test]
fn rules_end_one_by_one_or_all_at_once() {
    let faults = Faults::new(0);
    let first = faults
        .add(spec(r#"{"kind":"webhook_drop","probability":1}"#))
        .unwrap();
    faults
        .add(spec(r#"{"kind":"webhook_duplicate","probability":1}"#))
        .unwrap();
    assert!(faults.remove(Some(first.id)));
    assert!(!faults.remove(Some(first.id)));
    assert_eq!(faults.list().len(), 1);
    assert!(faults.remove(None));
    assert!(faults.list().is_empty());
}
