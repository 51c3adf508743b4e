//! How a booking's sagas begin, move and end, and what follows from each end.

use super::{Booking, Plan, Stage, absent, cancel, event::*, ladder, plan, silence, state, unpaid};
use crate::domain::cancellation::CancelCause;
use interstate_eventing::{
    Aggregate, Context, Draft,
    saga::{Phase, Saga, SagaState, StepStatus},
};
use interstate_schemas::{
    BookingAnswer, CaseId, DriverAnswer, PaymentAnswer, SignedDuration, StepOutcome, StepReply, Timestamp,
};

/// Giving back that ended without success is begun again after this.
const UNDO_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// Searches in which somebody was found whose calendar then said no.
const SEARCHES: u32 = 10;

/// Begins a saga.
pub(super) fn begin(draft: &mut Draft<Booking>, cx: &Context<'_>, plan: Plan) {
    draft.emit(PlanChosen { plan });
    plan.saga().start(draft, cx);
}

/// Begins a search: the next one of this booking.
pub(super) fn open_search(draft: &mut Draft<Booking>, cx: &Context<'_>, plan: Plan) {
    let search = draft.state().search + 1;
    let until = draft.state().ordered().search_gives_up_at(cx.now);
    draft.emit(SearchOpened { search, until });
    begin(draft, cx, plan);
}

/// Takes a participant's answer.
pub(super) fn answered(draft: &mut Draft<Booking>, cx: &Context<'_>, reply: StepReply<BookingAnswer>) {
    let running = draft.state().saga.phase == Phase::Running;
    // Steps that only give back are answered as compensations are: it is undone, so this step is done.
    let outcome = match reply.outcome {
        StepOutcome::Done(answer) => StepOutcome::Done(Some(answer)),
        StepOutcome::Undone if running && draft.state().plan.gives_back() => StepOutcome::Done(None),
        StepOutcome::Undone => StepOutcome::Undone,
        StepOutcome::Refused { code } => StepOutcome::Refused { code },
    };
    let reply = StepReply {
        step: reply.step,
        run: reply.run,
        outcome,
    };
    drive(draft, cx, |saga, draft| {
        saga.reply(draft, cx, reply, |draft, answer| {
            if let Some(answer) = answer {
                keep(draft, answer);
            }
        });
    });
}

/// A step's time is over.
pub(super) fn overdue(draft: &mut Draft<Booking>, cx: &Context<'_>, step: &str) {
    drive(draft, cx, |saga, draft| saga.overdue(draft, cx, step));
}

/// Turns the saga back where it still can be.
pub(super) fn turn_back(draft: &mut Draft<Booking>, cx: &Context<'_>, because: &str) {
    drive(draft, cx, |saga, draft| {
        saga.cancel(draft, cx, because);
    });
}

/// Turns the saga back also beyond the pivot.
pub(super) fn abandon(draft: &mut Draft<Booking>, cx: &Context<'_>, because: &str) {
    drive(draft, cx, |saga, draft| {
        saga.abandon(draft, cx, because);
    });
}

/// What came of a step, as an event of its own.
fn keep(draft: &mut Draft<Booking>, answer: BookingAnswer) {
    match answer {
        BookingAnswer::Payment(PaymentAnswer::Held { amount }) => draft.emit(AdvanceHeld { amount }),
        BookingAnswer::Payment(PaymentAnswer::Captured { amount }) => draft.emit(AdvanceCaptured { amount }),
        BookingAnswer::Driver(DriverAnswer::Found {
            dispatch,
            offer,
            driver,
            user,
            vehicle,
            busy_from,
            busy_to,
            card,
        }) => {
            let search = draft.state().search;
            draft.emit(DriverFound {
                assignment: super::Assignment {
                    search,
                    dispatch,
                    offer,
                    driver,
                    user,
                    vehicle,
                    busy_from,
                    busy_to,
                    card,
                },
            });
        }
        BookingAnswer::Driver(DriverAnswer::Reserved) => {}
    }
}

/// Moves the saga, opens a case where it called a person, and draws the conclusion where it ended.
fn drive(
    draft: &mut Draft<Booking>,
    cx: &Context<'_>,
    move_it: impl FnOnce(&'static Saga<Booking>, &mut Draft<Booking>),
) {
    let before = draft.state().saga.clone();
    move_it(draft.state().plan.saga(), draft);
    let after = draft.state().saga.clone();
    if after.person_called && !before.person_called {
        open_case(draft, cx, &after);
    }
    if after.is_over() && !before.is_over() {
        conclude(draft, cx, after.phase);
    }
}

fn open_case(draft: &mut Draft<Booking>, cx: &Context<'_>, saga: &SagaState) {
    let under_way = saga.steps.iter().find_map(|progress| match progress.status {
        StepStatus::Requested { attempt, .. } | StepStatus::Compensating { attempt, .. } => {
            Some((progress.step.to_string(), attempt))
        }
        _ => None,
    });
    let (step, attempts) = under_way.unwrap_or_default();
    draft.emit(SupportCaseOpened {
        case: case(cx),
        step,
        attempts,
    });
}

pub(super) fn case(cx: &Context<'_>) -> CaseId {
    CaseId::derive(
        cx.now.as_millisecond().unsigned_abs(),
        &[&cx.command.ulid().to_bytes()],
    )
}

/// What follows from a saga's end.
fn conclude(draft: &mut Draft<Booking>, cx: &Context<'_>, end: Phase) {
    let state = draft.state();
    match (state.plan, end, state.stage) {
        (Plan::Near, Phase::Completed, Stage::PendingPayment) => {
            confirm(draft);
            assign(draft, cx);
        }
        (Plan::Advance, Phase::Completed, Stage::PendingPayment) => {
            confirm(draft);
            if draft.state().ordered().is_near(cx.now) {
                open_search(draft, cx, Plan::Assign);
            }
        }
        (Plan::Assign, Phase::Completed, Stage::Confirmed) => assign(draft, cx),
        (Plan::Near, Phase::Unwound { because }, Stage::PendingPayment) => {
            // With the money held it was the search that failed, unless it was the money itself in the end.
            if draft.state().held.is_positive() && because != unpaid::BECAUSE {
                unfulfilled(draft, cx, because);
            } else {
                draft.emit(Lapsed { because });
            }
        }
        (Plan::Advance, Phase::Unwound { because }, Stage::PendingPayment) => draft.emit(Lapsed { because }),
        (Plan::Assign, Phase::Unwound { because }, Stage::Confirmed) => {
            if is_lost_race(&because) && cx.now < state.search_until && state.search < SEARCHES {
                open_search(draft, cx, Plan::Assign);
            } else {
                unfulfilled(draft, cx, because);
                begin(draft, cx, Plan::Refund);
            }
        }
        (plan, Phase::Unwound { because }, _) if plan.gives_back() => stalled(draft, cx, because),
        _ => {}
    }
    if draft.state().saga.is_over()
        && let Some(next) = draft.state().next
    {
        begin(draft, cx, next);
    }
}

fn confirm(draft: &mut Draft<Booking>) {
    let advance = draft.state().captured;
    draft.emit(Confirmed { advance });
}

fn assign(draft: &mut Draft<Booking>, cx: &Context<'_>) {
    if let Some(assignment) = draft.state().assignment.clone() {
        let confirms = ladder::confirmations(draft.state().ordered(), cx.now);
        draft.emit(Assigned {
            assignment: assignment.clone(),
            confirms,
        });
        if draft.state().driver_lost == Some(assignment.search) {
            let excused = CancelCause::Driver { valid_reason: true };
            cancel::give_away(draft, cx, assignment, excused);
        }
    }
}

/// Somebody accepted and another duty was faster, or the calendar gave no answer: another one may do.
fn is_lost_race(because: &str) -> bool {
    because.starts_with("duty.") || because == "saga.no_answer"
}

fn unfulfilled(draft: &mut Draft<Booking>, cx: &Context<'_>, because: String) {
    let terms = cancel::terms(draft.state(), CancelCause::Unfulfilled, cx.now);
    let credited = plan::credit(draft.state(), terms.credit, None, "unfulfilled".to_owned());
    draft.emit(Box::new(Unfulfilled { because, terms }));
    if let Some(credited) = credited {
        draft.send(credited);
    }
}

/// Giving back may not end without success: a person is called once, and it begins again.
fn stalled(draft: &mut Draft<Booking>, cx: &Context<'_>, because: String) {
    let again_at = cx.now.saturating_add(UNDO_PAUSE).unwrap_or(Timestamp::MAX);
    let failed = draft.state().saga.steps.iter().find(|progress| {
        matches!(
            progress.status,
            StepStatus::Refused | StepStatus::Unknown | StepStatus::Compensated
        )
    });
    let step = failed.map_or_else(String::new, |progress| progress.step.to_string());
    draft.emit(UndoingStalled { because, again_at });
    if !draft.state().case_opened {
        draft.emit(SupportCaseOpened {
            case: case(cx),
            step,
            attempts: draft.state().saga.run,
        });
    }
}

/// A named moment has come.
pub(super) fn due(draft: &mut Draft<Booking>, cx: &Context<'_>, deadline: &str) {
    // A moment that the state no longer waits for has passed it by.
    let waits = draft
        .state()
        .deadlines()
        .iter()
        .any(|waiting| waiting.name == deadline && waiting.due <= cx.now);
    if !waits {
        return;
    }
    if let Some(step) = SagaState::step_of(deadline) {
        return overdue(draft, cx, step);
    }
    match deadline {
        state::SEARCH_OPENS => open_search(draft, cx, Plan::Assign),
        ladder::CONFIRMATION_MISSING => ladder::unconfirmed(draft, cx),
        absent::OVERDUE => absent::overdue(draft, cx),
        absent::ABSENT => absent::ends(draft, cx),
        silence::SILENT => silence::call(draft, cx),
        unpaid::UNPAID => abandon(draft, cx, unpaid::BECAUSE),
        state::SEARCH_OVER => turn_back(draft, cx, "dispatch.no_driver"),
        state::UNDO_AGAIN => {
            let plan = draft.state().plan;
            begin(draft, cx, plan);
        }
        _ => {}
    }
}

/// Whether the way back is closed: the pivot is done.
pub(super) fn is_past_pivot(booking: &Booking) -> bool {
    booking.plan.saga().is_past_pivot(&booking.saga)
}
