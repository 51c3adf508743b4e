//! Who is told to drive a booking, stage by stage.

use super::*;
use crate::{
    domain::{
        booking::Plan,
        quote::{
            Quote, QuoteCommand,
            tests::{MORNING, V1_PICKUP, as_rider, issue, quote, rider},
        },
    },
    read::{After, Bookings, Filter, MoneyView, QuoteRow, QuoteView, SagaView, StoryEntry, Whose},
};
use async_trait::async_trait;
use interstate_eventing::{fixture::given, projection::Changes};
use interstate_schemas::{Money, QuoteId};
use std::collections::BTreeMap;

/// A quote, and the booking that it became.
struct One(QuoteRow, BookingRow);

#[async_trait]
impl Bookings for One {
    async fn quote(&self, _: QuoteId) -> Result<Option<QuoteRow>, HistoryError> {
        Ok(Some(self.0.clone()))
    }

    async fn booking(&self, _: BookingId) -> Result<Option<BookingRow>, HistoryError> {
        Ok(Some(self.1.clone()))
    }

    async fn list(
        &self,
        _: Whose,
        _: Filter,
        _: Option<After>,
        _: u32,
    ) -> Result<Vec<BookingRow>, HistoryError> {
        unreachable!("one booking is asked for")
    }

    async fn by_stage(&self) -> Result<BTreeMap<String, u64>, HistoryError> {
        unreachable!("one booking is asked for")
    }

    async fn story(&self, _: &BookingRow) -> Result<Vec<StoryEntry>, HistoryError> {
        unreachable!("no story is asked for")
    }
}

fn quoted() -> QuoteRow {
    let issue = issue(V1_PICKUP);
    let told = given::<Quote>(quote())
        .at(MORNING)
        .when(as_rider(), QuoteCommand::Issue(Box::new(issue.clone())));
    let quoted = serde_json::from_slice(&told.decided().reply).unwrap();
    QuoteRow {
        rider: rider(),
        view: QuoteView::of(issue, quoted),
    }
}

fn driver() -> UserId {
    UserId::derive(0, &[b"ravi"])
}

fn booked(quoted: &QuoteRow, stage: Stage) -> BookingRow {
    let view = &quoted.view;
    let none = Money::inr(0);
    BookingRow {
        booking: BookingId::from(quote()),
        quote: quote(),
        rider: rider(),
        stage,
        because: None,
        driver: Some(driver().into()),
        driver_user: Some(driver()),
        vehicle: None,
        card: None,
        kind: view.kind,
        class: view.class,
        from: "Ahmedabad".to_owned(),
        to: "Udaipur".to_owned(),
        pickup_at: view.pickup_at,
        ends_at: view.ends_at,
        money: MoneyView {
            payable: none,
            advance: none,
            held: none,
            captured: none,
            balance: none,
            fee: none,
            refund: none,
        },
        saga: SagaView {
            plan: Plan::Near,
            phase: "completed".to_owned(),
            step: String::new(),
            support_case: false,
        },
        booked_at: view.pickup_at,
        updated_at: view.pickup_at,
        version: 1,
    }
}

async fn asked(row: BookingRow, quoted: &QuoteRow) -> Option<AssignedTrip> {
    let history = BookingHistory::new(One(quoted.clone(), row), Changes::default());
    assigned_trip(&history, BookingId::from(quote())).await.unwrap()
}

#[tokio::test]
async fn a_trip_is_its_drivers_from_the_assignment_to_the_trips_end_and_no_longer() {
    let quoted = quoted();
    for stage in [Stage::Assigned, Stage::EnRoute, Stage::Arrived, Stage::OnTrip] {
        let trip = asked(booked(&quoted, stage), &quoted).await;
        let trip = trip.unwrap_or_else(|| panic!("{stage:?} has a driver"));
        assert_eq!((trip.rider, trip.driver), (rider(), driver()));
        assert_eq!(trip.ends_at, quoted.view.ends_at);
    }
    for stage in [
        Stage::Confirmed,
        Stage::Completed,
        Stage::Closed,
        Stage::Unfulfilled,
        Stage::Cancelled,
    ] {
        assert_eq!(asked(booked(&quoted, stage), &quoted).await, None, "{stage:?}");
    }
}

#[tokio::test]
async fn nobody_drives_where_nobody_is_assigned() {
    let quoted = quoted();
    let row = BookingRow {
        driver_user: None,
        ..booked(&quoted, Stage::Assigned)
    };
    assert_eq!(asked(row, &quoted).await, None);
}
