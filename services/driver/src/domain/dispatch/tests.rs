//! Searches: who wins, who is told, and what is left when everything comes at once.

use super::*;
use crate::{
    domain::{
        calendar::CalendarRequest,
        candidates::SearchRecord,
        duty::{DutyPlan, Interval},
    },
    trip::ahmedabad_to_udaipur,
};
use interstate_eventing::{
    Message,
    fixture::{Story, given},
};
use interstate_schemas::*;
use std::collections::BTreeMap;

const NOW: &str = "2026-11-20T06:30:00Z";
const RUN: u32 = 7;

fn booking() -> BookingId {
    BookingId::derive(1, &[b"booking"])
}

fn step() -> StepRef {
    StepRef {
        to: Address {
            service: "booking".into(),
            aggregate: "booking".into(),
            id: booking().to_string(),
        },
        step: "find a driver".into(),
        run: RUN,
    }
}

fn find(search: u32) -> DispatchRequest {
    let deadline = "2026-11-20T08:00:00Z".parse().unwrap();
    DispatchRequest::Find {
        trip: ahmedabad_to_udaipur(booking(), deadline),
        deadline,
        search,
    }
}

fn driver(name: &str) -> DriverId {
    DriverId::derive(2, &[name.as_bytes()])
}

fn candidate(name: &str) -> Candidate {
    let interval = |from: &str, to: &str| Interval::new(from.parse().unwrap(), to.parse().unwrap()).unwrap();
    Candidate {
        driver: driver(name),
        vehicle: VehicleId::derive(3, &[name.as_bytes()]),
        plan: DutyPlan {
            on_duty: interval("2026-11-20T07:15:00Z", "2026-11-20T13:00:00Z"),
            reserved: interval("2026-11-20T07:15:00Z", "2026-11-20T23:00:00Z"),
            driving_minutes: Some(300),
        },
        card: Some(card()),
    }
}

fn propose(round: u32, names: &[&str]) -> DispatchRequest {
    let record = SearchRecord {
        booking: booking(),
        round,
        at: NOW.parse().unwrap(),
        policy_version: "2026-11".into(),
        considered: 9,
        passed: u32::try_from(names.len()).unwrap(),
        candidates: Vec::new(),
        others: BTreeMap::from([(crate::domain::candidates::FilterCode::SeatsShort, 9)]),
    };
    let candidates = names.iter().map(|name| candidate(name)).collect();
    DispatchRequest::Propose(Box::new(Proposal {
        search: 1,
        round,
        record,
        candidates,
    }))
}

fn saga() -> Actor {
    Actor::Service("booking".into())
}

fn me(name: &str) -> Actor {
    Actor::User {
        id: UserId::from(driver(name)),
        role: Role::Driver,
    }
}

/// A search with open offers to these drivers.
fn offered(names: &[&str]) -> Story<Dispatch> {
    given::<Dispatch>(DispatchId::from(booking()))
        .at(NOW)
        .for_step(step())
        .when(saga(), find(1))
        .then_types(&["dispatch.search_opened.v1", "dispatch.candidates_wanted.v1"])
        .when(saga(), propose(1, names))
        .then_types(&["dispatch.candidates_considered.v1", "dispatch.offers_made.v1"])
}

fn offer(story: &Story<Dispatch>, name: &str) -> OfferId {
    let search = story.state().search.as_ref().unwrap();
    let of_driver = |(_, offer): &(&OfferId, &Offer)| offer.candidate.driver == driver(name);
    *search.offers.iter().find(of_driver).unwrap().0
}

fn card() -> Box<DriverCard> {
    Box::new(DriverCard {
        name: Some(Sealed::new("usr_1".to_owned(), "k".to_owned(), "d".to_owned())),
        plate_ending: "1234".to_owned(),
        class: VehicleClass::Sedan,
        seats: 4,
    })
}

fn accept(story: &Story<Dispatch>, name: &str) -> DispatchRequest {
    DispatchRequest::Accept {
        offer: offer(story, name),
    }
}

/// What a calendar answers to the hold of a claim.
fn answer(step: &'static str, claim: u32, yes: bool) -> DispatchRequest {
    let outcome = if yes {
        StepOutcome::Done(DriverAnswer::Reserved)
    } else {
        StepOutcome::Refused {
            code: "duty.overlap".into(),
        }
    };
    DispatchRequest::Step(StepReply {
        step: step.into(),
        run: claim,
        outcome,
    })
}

const DRIVER: &str = "hold the driver's time";
const VEHICLE: &str = "hold the vehicle's time";

/// What goes back to the booking.
fn answered(messages: &[Message]) -> Vec<StepOutcome<DriverAnswer>> {
    #[derive(serde::Deserialize)]
    enum Reply {
        Step(StepReply<DriverAnswer>),
    }
    let to_booking = messages.iter().filter(|message| message.to.service == "booking");
    to_booking
        .map(|message| {
            let Reply::Step(reply) = serde_json::from_slice(&message.payload).unwrap();
            assert_eq!(reply.run, RUN);
            reply.outcome
        })
        .collect()
}

/// Whose calendars are told to give the time back.
fn released(messages: &[Message]) -> Vec<CalendarOwner> {
    let requests = messages
        .iter()
        .filter(|message| message.to.aggregate == "calendar");
    requests
        .filter_map(
            |message| match serde_json::from_slice(&message.payload).unwrap() {
                CalendarRequest::Release { owner, search: 1, .. } => Some(owner),
                _ => None,
            },
        )
        .collect()
}

/// `name` accepts and both calendars keep the time.
fn found(story: Story<Dispatch>, name: &str) -> Story<Dispatch> {
    let accepted = accept(&story, name);
    story
        .when(me(name), accepted)
        .story()
        .when(saga(), answer(DRIVER, 1, true))
        .then_types(&["dispatch.hold_granted.v1"])
        .when(saga(), answer(VEHICLE, 1, true))
        .then_types(&["dispatch.hold_granted.v1", "dispatch.driver_found.v1"])
}

#[test]
fn the_driver_who_accepts_is_found_once_both_calendars_keep_the_time() {
    let story = offered(&["ravi", "meera"]);
    let accepted = accept(&story, "ravi");
    let told = story.when(me("ravi"), accepted);
    let asked: Vec<_> = told
        .messages()
        .iter()
        .map(|message| message.to.aggregate.as_ref())
        .collect();
    assert_eq!(asked, ["calendar"], "the vehicle's is asked after the driver's");
    let told = told
        .then_types(&["dispatch.offer_accepted.v1", "dispatch.claim_begun.v1"])
        .when(saga(), answer(DRIVER, 1, true))
        .then_types(&["dispatch.hold_granted.v1"])
        .when(saga(), answer(VEHICLE, 1, true));
    let found = answered(told.messages());
    assert!(
        matches!(&found[..], [StepOutcome::Done(DriverAnswer::Found { driver: who, card: Some(shown), .. })] if *who == driver("ravi") && *shown == card()),
        "{found:?}"
    );
    let story = told.story();
    let late = accept(&story, "meera");
    story.when(me("meera"), late).then_rejected("offer-withdrawn");
}

#[test]
fn of_two_who_accept_the_first_wins_and_the_second_is_let_go() {
    let story = offered(&["ravi", "meera"]);
    let (first, second) = (accept(&story, "ravi"), accept(&story, "meera"));
    let story = story
        .when(me("ravi"), first)
        .then_types(&["dispatch.offer_accepted.v1", "dispatch.claim_begun.v1"]);
    let told = story.when(me("meera"), second);
    assert_eq!(
        told.messages(),
        [],
        "the second waits: nobody's calendar is asked for her"
    );
    let story = told
        .then_types(&["dispatch.offer_accepted.v1"])
        .when(saga(), answer(DRIVER, 1, true))
        .story()
        .when(saga(), answer(VEHICLE, 1, true))
        .story();
    let state = |name: &str| story.state().search.as_ref().unwrap().offers[&offer(&story, name)].state;
    assert_eq!(
        (state("ravi"), state("meera")),
        (OfferState::Won, OfferState::Withdrawn)
    );
}

#[test]
fn when_a_calendar_says_no_what_was_held_is_given_back_and_the_next_is_asked() {
    let story = offered(&["ravi", "meera"]);
    let (first, second) = (accept(&story, "ravi"), accept(&story, "meera"));
    let told = story
        .when(me("ravi"), first)
        .story()
        .when(me("meera"), second)
        .story()
        .when(saga(), answer(DRIVER, 1, true))
        .story()
        .when(saga(), answer(VEHICLE, 1, false));
    assert_eq!(
        released(told.messages()),
        [CalendarOwner::Driver(candidate("ravi").driver)]
    );
    let story = told.then_types(&["dispatch.claim_lost.v1", "dispatch.claim_begun.v1"]);
    story
        .when(saga(), answer(DRIVER, 1, true))
        .then_nothing()
        .when(saga(), answer(DRIVER, 2, true))
        .story()
        .when(saga(), answer(VEHICLE, 2, true))
        .then_types(&["dispatch.hold_granted.v1", "dispatch.driver_found.v1"]);
}

#[test]
fn a_lost_race_with_nobody_left_to_answer_begins_the_next_round_at_once() {
    let story = offered(&["ravi"]);
    let first = accept(&story, "ravi");
    story
        .when(me("ravi"), first)
        .story()
        .when(saga(), answer(DRIVER, 1, false))
        .then_types(&["dispatch.claim_lost.v1", "dispatch.candidates_wanted.v1"])
        .when(saga(), propose(2, &["ravi", "meera"]))
        .then_types(&["dispatch.candidates_considered.v1", "dispatch.offers_made.v1"])
        .when(
            me("meera"),
            DispatchRequest::Accept {
                offer: OfferId::derive(0, &[b"none"]),
            },
        )
        .then_rejected("offer-unknown");
}

#[test]
fn an_accept_that_stands_before_the_deadline_counts_and_one_behind_it_does_not() {
    let story = offered(&["ravi", "meera"]).at("2026-11-20T06:30:30Z");
    let (first, second) = (accept(&story, "ravi"), accept(&story, "meera"));
    let story = story
        .when(me("ravi"), first)
        .then_types(&["dispatch.offer_accepted.v1", "dispatch.claim_begun.v1"])
        .when_due("round_over")
        .then_types(&["dispatch.offers_expired.v1"]);
    assert_eq!(story.deadlines(), [], "the claim is awaited, whatever the time");
    story
        .when(me("meera"), second)
        .then_rejected("offer-expired")
        .when(saga(), answer(DRIVER, 1, true))
        .story()
        .when(saga(), answer(VEHICLE, 1, true))
        .then_types(&["dispatch.hold_granted.v1", "dispatch.driver_found.v1"]);
}

#[test]
fn a_withdrawal_beats_a_claim_under_way_and_frees_both_calendars() {
    let story = offered(&["ravi"]);
    let first = accept(&story, "ravi");
    let told = story
        .when(me("ravi"), first.clone())
        .story()
        .when(saga(), DispatchRequest::Withdraw { search: 1 });
    let ravi = candidate("ravi");
    let both = [
        CalendarOwner::Driver(ravi.driver),
        CalendarOwner::Vehicle(ravi.vehicle),
    ];
    assert_eq!(released(told.messages()), both);
    assert_eq!(answered(told.messages()), [StepOutcome::Undone]);
    told.then_types(&["dispatch.search_withdrawn.v1"])
        .when(saga(), answer(DRIVER, 1, true))
        .then_nothing()
        .when(me("ravi"), first)
        .then_rejected("offer-withdrawn");
}

#[test]
fn an_accept_behind_a_withdrawal_is_refused() {
    let story = offered(&["ravi"]);
    let late = accept(&story, "ravi");
    story
        .when(saga(), DispatchRequest::Withdraw { search: 1 })
        .then_types(&["dispatch.search_withdrawn.v1"])
        .when(me("ravi"), late)
        .then_rejected("offer-withdrawn");
}

#[test]
fn a_withdrawal_frees_whoever_was_found_and_once_is_enough() {
    let told = found(offered(&["ravi"]), "ravi").when(saga(), DispatchRequest::Withdraw { search: 1 });
    assert_eq!(released(told.messages()).len(), 2);
    let again = told.story().when(saga(), DispatchRequest::Withdraw { search: 1 });
    assert_eq!(released(again.messages()), []);
    assert_eq!(answered(again.messages()), [StepOutcome::Undone]);
    again.then_nothing();
}

#[test]
fn a_withdrawal_that_comes_first_stops_the_search_that_comes_later_and_not_the_next() {
    given::<Dispatch>(DispatchId::from(booking()))
        .at(NOW)
        .for_step(step())
        .when(saga(), DispatchRequest::Withdraw { search: 1 })
        .then_types(&["dispatch.search_withdrawn.v1"])
        .when(saga(), find(1))
        .then_rejected("dispatch.withdrawn")
        .when(saga(), find(2))
        .then_types(&["dispatch.search_opened.v1", "dispatch.candidates_wanted.v1"])
        .when(saga(), DispatchRequest::Withdraw { search: 1 })
        .then_nothing();
}

#[test]
fn a_search_that_is_asked_for_again_answers_the_same() {
    let told = found(offered(&["ravi"]), "ravi").when(saga(), find(1));
    assert!(matches!(
        answered(told.messages())[..],
        [StepOutcome::Done(DriverAnswer::Found { .. })]
    ));
    told.then_nothing();
    offered(&["ravi"]).when(saga(), find(1)).then_nothing();
}

#[test]
fn five_rounds_without_an_answer_end_without_a_driver_and_say_why() {
    let mut story = offered(&["d1", "d2", "d3", "d4"]);
    assert_eq!(
        story.state().search.as_ref().unwrap().offers.len(),
        3,
        "three at a time"
    );
    for round in 2..=5 {
        let due = story.deadlines()[0].due.to_string();
        story = story
            .at(&due)
            .when_due("round_over")
            .then_types(&["dispatch.offers_expired.v1", "dispatch.candidates_wanted.v1"])
            .when(saga(), propose(round, &["d1", "d4"]))
            .story();
    }
    let asked = story.state().search.as_ref().unwrap().offers.len();
    assert_eq!(asked, 4, "nobody is asked twice");
    let due = story.deadlines()[0].due.to_string();
    let told = story.at(&due).when_due("round_over");
    assert_eq!(
        answered(told.messages()),
        [StepOutcome::Refused {
            code: NO_DRIVER.into()
        }]
    );
    let events = &told.decided().events;
    let Some(DispatchEvent::NoDriver(none)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!((none.rounds, none.offers[&OfferState::Expired]), (5, 4));
    assert_eq!(none.why[0].candidates, 9);
    told.story().when(saga(), find(1)).then_rejected(NO_DRIVER);
}

#[test]
fn everybody_declines_and_the_next_round_begins_at_once() {
    let story = offered(&["ravi", "meera"]);
    let (first, second) = (offer(&story, "ravi"), offer(&story, "meera"));
    story
        .when(me("ravi"), DispatchRequest::Decline { offer: first })
        .then_types(&["dispatch.offer_declined.v1"])
        .when(me("ravi"), DispatchRequest::Decline { offer: first })
        .then_nothing()
        .when(me("meera"), DispatchRequest::Decline { offer: second })
        .then_types(&["dispatch.offer_declined.v1", "dispatch.candidates_wanted.v1"]);
}

#[test]
fn an_offer_does_not_exist_for_anybody_else() {
    let story = offered(&["ravi"]);
    let stolen = accept(&story, "ravi");
    story
        .when(me("meera"), stolen)
        .then_rejected("offer-unknown")
        .when(me("meera"), DispatchRequest::Withdraw { search: 1 })
        .then_rejected("dispatch.not_yours");
}

#[test]
fn a_question_that_nobody_answers_is_asked_again_until_the_search_is_over() {
    let story = given::<Dispatch>(DispatchId::from(booking()))
        .at(NOW)
        .for_step(step())
        .when(saga(), find(1))
        .story();
    let due = story.deadlines()[0].due.to_string();
    let story = story
        .at(&due)
        .when_due("candidates_overdue")
        .then([CandidatesWanted {
            search: 1,
            round: 1,
            attempt: 2,
        }
        .into()]);
    let told = story.at("2026-11-20T08:00:00Z").when_due("candidates_overdue");
    assert_eq!(
        answered(told.messages()),
        [StepOutcome::Refused {
            code: NO_DRIVER.into()
        }]
    );
    told.then_types(&["dispatch.no_driver.v1"]);
}
