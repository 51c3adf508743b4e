//! At the pickup: arrival, waiting, and the start by the rider's code.

use super::{
    Booking, BookingEvent, StartOutcome, cancel,
    event::*,
    ladder,
    permission::by_driver,
    plan::{credit, driver_of, vehicle_of},
};
use interstate_eventing::{Context, Decision, Draft, Message, Rejection};
use interstate_schemas::CalendarCommand;

/// Wrong codes in a row after which only support can start the trip. There are 10,000 codes.
const CODE_ATTEMPTS: u32 = 5;

pub(super) fn arrive(draft: &mut Draft<Booking>, cx: &Context<'_>) -> Result<(), Rejection> {
    let state = draft.state();
    by_driver(state, cx)?;
    ladder::not_too_early(state, cx)?;
    let waiting_from = cx.now.max(state.ordered().pickup_at);
    let late_credit = cancel::late_credit(state, cx.now);
    let credited = late_credit.and_then(|amount| credit(state, amount, None, "late".to_owned()));
    draft.emit(Arrived {
        at: cx.now,
        waiting_from,
        late_credit,
    });
    if let Some(credited) = credited {
        draft.send(credited);
    }
    Ok(())
}

pub(super) fn start(
    mut draft: Draft<Booking>,
    cx: &Context<'_>,
    code_matches: bool,
) -> Result<Decision<BookingEvent>, Rejection> {
    by_driver(draft.state(), cx)?;
    let wrong = draft.state().wrong_codes;
    let is_staff = cx.actor.is_staff();
    if wrong >= CODE_ATTEMPTS && !is_staff {
        return Err(Rejection::conflict(
            "booking-code-locked",
            "Too many wrong codes; support can start the trip after a call with the rider.",
        ));
    }
    if !code_matches && !is_staff {
        let attempt = wrong + 1;
        draft.emit(CodeRefused { attempt });
        let outcome = StartOutcome::WrongCode {
            attempts_left: CODE_ATTEMPTS - attempt,
        };
        return Ok(draft.finish().reply(&outcome));
    }
    let waited_seconds = draft
        .state()
        .waiting_from
        .map_or(0, |from| cx.now.duration_since(from).as_secs().max(0));
    draft.emit(Started {
        at: cx.now,
        waited_minutes: u32::try_from(waited_seconds / 60).unwrap_or(u32::MAX),
    });
    let booking = draft.state().ordered().booking;
    if let Some(assignment) = draft.state().assignment.clone() {
        let search = assignment.search;
        for owner in [driver_of(&assignment), vehicle_of(&assignment)] {
            draft.send(Message::to(owner, &CalendarCommand::Start { booking, search }));
        }
    }
    Ok(draft.finish().reply(&StartOutcome::Started))
}
