//! Stories about what a rider is promised for the next trip.

use super::people::*;
use crate::domain::{Account, Command, PaymentEvent};
use interstate_schemas::{DriverId, Money};

fn credit(fined: Option<DriverId>) -> Command {
    Command::Credit {
        booking: booking(),
        rider: rider(),
        amount: Money::inr(10_000),
        fined,
        reference: "released-1".to_owned(),
    }
}

fn lines(
    told: &interstate_eventing::fixture::Told<crate::domain::Payment>,
) -> Vec<(Account, i64, Option<DriverId>)> {
    let entries = told.decided().events.iter().filter_map(|event| match event {
        PaymentEvent::JournalPosted(posted) => Some(&posted.entry),
        _ => None,
    });
    let lines = entries.flat_map(|entry| entry.postings());
    lines
        .map(|line| (line.account, line.amount.amount, line.driver))
        .collect()
}

#[test]
fn a_drivers_fine_is_the_riders_credit_and_is_booked_once() {
    let told = captured().when(saga(), credit(Some(driver())));
    assert_eq!(
        lines(&told),
        [
            (Account::DriverPayable, 10_000, Some(driver())),
            (Account::RiderCredits, -10_000, None)
        ]
    );
    let story = told.then_types(&["payment.credit_given.v1", "payment.journal_posted.v1"]);
    story.when(saga(), credit(Some(driver()))).then_nothing();
}

#[test]
fn what_the_operator_promises_is_its_own_cost() {
    let told = payment().when(saga(), credit(None));
    assert_eq!(
        lines(&told),
        [
            (Account::CreditsGiven, 10_000, None),
            (Account::RiderCredits, -10_000, None)
        ]
    );
}

#[test]
fn nobody_is_promised_less_than_nothing() {
    let less = Command::Credit {
        booking: booking(),
        rider: rider(),
        amount: Money::inr(-1),
        fined: None,
        reference: "released-1".to_owned(),
    };
    payment()
        .when(saga(), less)
        .then_rejected("payment.amount_not_positive");
}
