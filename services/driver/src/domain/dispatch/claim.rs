//! The claim of a driver who accepted: both calendars must keep the time, or the next one is asked.

use super::{
    event::{ClaimBegun, ClaimLost, DriverFound, HoldGranted},
    request::Candidate,
    rounds,
    state::{Dispatch, OfferState, Search},
};
use crate::domain::calendar::CalendarRequest;
use interstate_eventing::{Context, Draft, Message};
use interstate_schemas::{
    BookingId, CalendarOwner, DispatchId, DriverAnswer, SignedDuration, StepOutcome, StepRef, StepReply,
    Timestamp, UserId,
};

const HOLD_DRIVER: &str = "hold the driver's time";
const HOLD_VEHICLE: &str = "hold the vehicle's time";

/// How long a driver's time is kept for the booking to reserve it: many times what its saga takes when
/// somebody restarts in between.
const HELD_FOR: SignedDuration = SignedDuration::from_mins(15);

/// Begins the claim of whoever accepted first, unless one is under way.
pub(super) fn begin_next(draft: &mut Draft<Dispatch>, cx: &Context<'_>) {
    let claims = draft.state().claims;
    let Some(search) = draft
        .state()
        .search
        .as_ref()
        .filter(|search| search.claim.is_none())
    else {
        return;
    };
    let Some((offer, candidate)) = search
        .queue
        .first()
        .and_then(|id| Some((*id, &search.offers.get(id)?.candidate)))
    else {
        return;
    };
    let (search, candidate, claim) = (search.clone(), candidate.clone(), claims + 1);
    draft.emit(ClaimBegun { offer, claim });
    hold(
        draft,
        cx,
        &search,
        claim,
        (HOLD_DRIVER, CalendarOwner::Driver(candidate.driver)),
        &candidate,
    );
}

/// Asks a calendar to keep the time. The driver's comes first and the vehicle's after its yes: two claims of the
/// same pair that asked both at once could each get one of them, and both lose.
fn hold(
    draft: &mut Draft<Dispatch>,
    cx: &Context<'_>,
    search: &Search,
    claim: u32,
    (step, owner): (&'static str, CalendarOwner),
    candidate: &Candidate,
) {
    let hold = CalendarRequest::Hold {
        owner,
        booking: search.booking,
        search: search.number,
        plan: candidate.plan,
        expires_at: cx.now.saturating_add(HELD_FOR).unwrap_or(Timestamp::MAX),
    };
    let step = StepRef {
        to: cx.address.clone(),
        step: step.into(),
        run: claim,
    };
    draft.send(Message::to(owner, &hold).for_step(step));
}

/// A calendar has answered. What belongs to an earlier claim changes nothing: its time was given back when
/// that claim ended.
pub(super) fn answered(draft: &mut Draft<Dispatch>, reply: StepReply<DriverAnswer>, cx: &Context<'_>) {
    let Some(search) = draft.state().search.clone() else {
        return;
    };
    let Some(claim) = search.claim.filter(|claim| claim.number == reply.run) else {
        return;
    };
    let Some(candidate) = search.offers.get(&claim.offer).map(|offer| &offer.candidate) else {
        return;
    };
    let (offer, driver) = (claim.offer, CalendarOwner::Driver(candidate.driver));
    let vehicle = CalendarOwner::Vehicle(candidate.vehicle);
    let owner = if reply.step == HOLD_DRIVER {
        driver
    } else {
        vehicle
    };
    match reply.outcome {
        StepOutcome::Done(_) => {
            draft.emit(HoldGranted { offer, owner });
            let held = draft.state().search.as_ref().and_then(|search| search.claim);
            match held.map(|claim| (claim.driver_held, claim.vehicle_held)) {
                Some((true, true)) => found(draft, &search, cx),
                Some((true, false)) => {
                    hold(
                        draft,
                        cx,
                        &search,
                        claim.number,
                        (HOLD_VEHICLE, vehicle),
                        candidate,
                    );
                }
                _ => {}
            }
        }
        StepOutcome::Refused { code } => {
            if claim.driver_held {
                draft.send(release(driver, search.booking, search.number));
            }
            draft.emit(ClaimLost { offer, owner, code });
            begin_next(draft, cx);
            rounds::go_on_when_answered(draft, cx);
        }
        StepOutcome::Undone => {}
    }
}

/// Gives the time of a claim back. It comes after the hold, because messages to one calendar keep their order.
pub(super) fn release(owner: CalendarOwner, booking: BookingId, search: u32) -> Message {
    Message::to(
        owner,
        &CalendarRequest::Release {
            owner,
            booking,
            search,
        },
    )
}

fn found(draft: &mut Draft<Dispatch>, search: &Search, cx: &Context<'_>) {
    let Some((offer, candidate)) = search
        .claim
        .and_then(|claim| Some((claim.offer, &search.offers.get(&claim.offer)?.candidate)))
    else {
        return;
    };
    let answer = DriverAnswer::Found {
        dispatch: DispatchId::from(search.booking),
        offer,
        driver: candidate.driver,
        user: UserId::from(candidate.driver),
        vehicle: candidate.vehicle,
        busy_from: candidate.plan.reserved.start(),
        busy_to: candidate.plan.reserved.end(),
        card: candidate.card.clone(),
    };
    let others = search
        .in_state(OfferState::Open)
        .chain(search.in_state(OfferState::Accepted));
    let withdrawn = others.filter(|&id| id != offer).collect();
    draft.emit(DriverFound {
        booking: search.booking,
        search: search.number,
        answer: answer.clone(),
        withdrawn,
    });
    if let Some(step) = search.step.as_ref().or(cx.step) {
        draft.send(Message::answer(step, StepOutcome::Done(answer)));
    }
}
