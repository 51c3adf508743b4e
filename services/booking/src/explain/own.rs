//! The events of quotes and bookings in words.

use super::{clock, fare};
use crate::domain::{
    booking::{Assignment, Booking, BookingEvent, Order},
    cancellation::CancellationTerms,
    quote::{Quote, QuoteEvent, QuoteIssued},
};
use interstate_eventing::{Aggregate, Event, saga::SagaEvent};
use interstate_schemas::{Money, RouteSource, TripRoute, reason::why_it_ended};

/// The event in words, where it is one of ours and readable.
pub(super) fn lines(event: &Event) -> Option<Vec<String>> {
    if event.service != "booking" {
        None
    } else if event.aggregate == Quote::NAME {
        event.decode().ok().map(|event| of_quote(&event))
    } else if event.aggregate == Booking::NAME {
        event.decode().ok().map(|event| of_booking(&event))
    } else {
        None
    }
}

fn of_quote(event: &QuoteEvent) -> Vec<String> {
    match event {
        QuoteEvent::Issued(issued) => offered(issued),
        QuoteEvent::Accepted(accepted) => vec![format!("Accepted; it becomes {}.", accepted.booking)],
        QuoteEvent::Expired(_) => vec!["Nobody accepted it in time.".to_owned()],
    }
}

fn offered(issued: &QuoteIssued) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{:?}, {:?}, {} passenger(s), {} large bag(s), pickup {}, over at {}",
            issued.input.class,
            issued.input.kind,
            issued.passengers,
            issued.bags,
            clock(issued.pickup_at),
            clock(issued.ends_at)
        ),
        way(&issued.route),
    ];
    lines.extend(fare::lines(&issued.fare));
    lines.push(match issued.recomputed() {
        Some(Ok(again)) if again == issued.fare => {
            "Computed again from this event alone: the same.".to_owned()
        }
        Some(Ok(again)) => format!("COMPUTED AGAIN IT IS {}: tell support.", again.payable),
        Some(Err(error)) => format!("IT CANNOT BE COMPUTED AGAIN: {error}"),
        None => format!("This release does not know the tariff {}.", issued.tariff),
    });
    lines.push(format!("Good until {}.", clock(issued.expires_at)));
    lines
}

fn way(route: &TripRoute) -> String {
    let stops: Vec<&str> = route.stops.iter().map(|stop| stop.name.as_str()).collect();
    let states: Vec<String> = route.states.iter().map(ToString::to_string).collect();
    let how = match route.source {
        RouteSource::Approximate => "approximate",
        RouteSource::RoadNetwork => "from the road network",
    };
    format!(
        "{}: {:.1} km, {} min, states {}, {} toll plaza(s) of {} ({how})",
        stops.join(" → "),
        f64::from(route.metres) / 1_000.0,
        route.seconds / 60,
        states.join(" → "),
        route.tolls.len(),
        route.toll()
    )
}

fn of_booking(event: &BookingEvent) -> Vec<String> {
    match event {
        BookingEvent::Requested(requested) => vec![requested_words(&requested.order)],
        BookingEvent::PlanChosen(chosen) => vec![format!("Saga: {}.", chosen.plan.saga().name)],
        BookingEvent::Saga(event) => vec![saga(event)],
        BookingEvent::SearchOpened(opened) => {
            vec![format!(
                "Search {} for a driver, until {}.",
                opened.search,
                clock(opened.until)
            )]
        }
        BookingEvent::AdvanceHeld(held) => vec![format!("{} is held.", held.amount)],
        BookingEvent::AdvanceCaptured(captured) => vec![format!("{} is captured.", captured.amount)],
        BookingEvent::DriverFound(found) => vec![who(&found.assignment)],
        BookingEvent::Confirmed(confirmed) => {
            vec![format!("The booking stands; {} is paid.", confirmed.advance)]
        }
        BookingEvent::Assigned(assigned) => vec![who(&assigned.assignment)],
        BookingEvent::DriverLost(lost) => vec![format!(
            "{} of search {} may not drive any more.",
            lost.driver, lost.search
        )],
        BookingEvent::DriverReleased(released) => {
            let mut lines = vec![format!("{} gave the trip back.", released.assignment.driver)];
            lines.extend(terms(&released.terms));
            lines
        }
        BookingEvent::DriverConfirmed(confirmed) => {
            vec![format!("The driver still comes ({:?}).", confirmed.rung)]
        }
        BookingEvent::SetOff(_) => vec!["The driver is on the way.".to_owned()],
        BookingEvent::DriverOverdue(_) => vec!["The driver has not come; the rider may leave.".to_owned()],
        BookingEvent::Arrived(arrived) => {
            let waits = clock(arrived.waiting_from);
            let mut lines = vec![format!("At the pickup; waiting counts from {waits}.")];
            lines.extend(
                arrived
                    .late_credit
                    .map(|credit| format!("It is late: promised for the next trip {credit}.")),
            );
            lines
        }
        BookingEvent::CodeRefused(refused) => vec![format!("Wrong code, attempt {}.", refused.attempt)],
        BookingEvent::Started(started) => vec![format!(
            "The trip began after {} min of waiting.",
            started.waited_minutes
        )],
        BookingEvent::TripEnded(ended) => vec![format!(
            "Ended {}{}.",
            clock(ended.at),
            ended.record.metres.map_or_else(
                || ", driven as planned".to_owned(),
                |metres| format!(", {:.1} km driven", f64::from(metres) / 1_000.0)
            )
        )],
        BookingEvent::FareDiffered(differed) => vec![format!(
            "{}: quoted {}, invoiced {} ({}), by {}",
            differed.difference.line,
            differed.difference.quoted,
            differed.difference.invoiced,
            signed(differed.difference.delta()),
            differed.because
        )],
        BookingEvent::Completed(completed) => {
            let mut lines = fare::lines(&completed.invoice);
            let share = &completed.settlement;
            lines.push(format!(
                "The driver gets {}; commission {} + GST {}, TDS {}; {} in cash.",
                share.driver_due, share.commission, share.commission_gst, share.tds, completed.cash_collected
            ));
            lines
        }
        BookingEvent::Closed(closed) => vec![format!("The balance of {} is paid.", closed.balance)],
        BookingEvent::Lapsed(lapsed) => {
            vec![format!("The advance was not paid: {}.", reason(&lapsed.because))]
        }
        BookingEvent::Unfulfilled(unfulfilled) => {
            let mut lines = vec![format!("Nobody was found: {}.", reason(&unfulfilled.because))];
            lines.extend(terms(&unfulfilled.terms));
            lines
        }
        BookingEvent::Cancelled(cancelled) => {
            let mut lines = vec![format!("Cancelled by {}.", cancelled.by)];
            lines.extend(terms(&cancelled.terms));
            lines
        }
        BookingEvent::UndoingStalled(stalled) => vec![format!(
            "Giving back did not succeed ({}); again at {}.",
            stalled.because,
            clock(stalled.again_at)
        )],
        BookingEvent::SupportCaseOpened(case) if case.attempts == 0 => vec![format!(
            "A person is called: nobody reports {}; case {}.",
            case.step, case.case
        )],
        BookingEvent::SupportCaseOpened(case) => vec![format!(
            "A person is called: `{}` did not succeed in {} attempt(s); case {}.",
            case.step, case.attempts, case.case
        )],
    }
}

/// A code with what it means.
fn reason(code: &str) -> String {
    match why_it_ended(code) {
        Some(sentence) => format!("{code} ({})", sentence.trim_end_matches('.')),
        None => code.to_owned(),
    }
}

fn requested_words(order: &Order) -> String {
    format!(
        "Booked from {} for {}; pickup {}.",
        order.quote,
        order.fare.payable,
        clock(order.pickup_at)
    )
}

fn saga(event: &SagaEvent) -> String {
    match event {
        SagaEvent::Started { run, steps } => format!("Run {run}: {}.", steps.join(" → ")),
        SagaEvent::Requested { step, attempt, due } => {
            format!(
                "Asked to {step} (attempt {attempt}); asked again at {} without an answer.",
                clock(*due)
            )
        }
        SagaEvent::Succeeded { step } => format!("Done: {step}."),
        SagaEvent::Failed { step, code, .. } => format!("Failed: {step} ({code})."),
        SagaEvent::Unwinding { because } => format!("Everything is taken back: {because}."),
        SagaEvent::CompensationRequested { step, attempt, .. } => {
            format!("Asked to take back: {step} (attempt {attempt}).")
        }
        SagaEvent::Compensated { step } => format!("Taken back: {step}."),
        SagaEvent::PersonCalled { step, attempts } => {
            format!("A person is called: {step}, after {attempts} attempts.")
        }
        SagaEvent::Completed => "All steps are done.".to_owned(),
        SagaEvent::Unwound { because } => format!("Everything is back as it was: {because}."),
    }
}

fn who(assignment: &Assignment) -> String {
    format!(
        "{} in {}, by {} of search {}; busy {} to {}.",
        assignment.driver,
        assignment.vehicle,
        assignment.offer,
        assignment.search,
        clock(assignment.busy_from),
        clock(assignment.busy_to)
    )
}

fn terms(terms: &CancellationTerms) -> Vec<String> {
    vec![format!(
        "Rule {:?}, {} min before the pickup: fee {} (GST {}), refund {}, the driver gets {}; promised for the next trip {}, the driver is fined {}.",
        terms.reason,
        terms.minutes_to_pickup,
        terms.fee,
        terms.fee_gst,
        terms.refund,
        terms.driver_gets,
        terms.credit,
        terms.driver_fine
    )]
}

fn signed(amount: Money) -> String {
    if amount.is_positive() {
        format!("+{amount}")
    } else {
        amount.to_string()
    }
}
