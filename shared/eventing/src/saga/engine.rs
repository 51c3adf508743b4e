//! The one engine that runs every saga.

use super::{Phase, Saga, SagaEvent, SagaState, Step, StepStatus};
use crate::{
    Aggregate, Context, Draft,
    plant::{self, Bug},
};
use interstate_schemas::{SignedDuration, StepOutcome, StepRef, StepReply, Timestamp};

/// The longest wait between two attempts.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(10);

/// An aggregate that runs a saga within its state.
pub trait Orchestrator: Aggregate {
    /// Where the saga stands.
    fn saga(&self) -> &SagaState;
    /// The aggregate's event around a saga's.
    fn saga_event(event: SagaEvent) -> Self::Event;
}

impl<A: Orchestrator> Saga<A> {
    /// Begins: asks for the first step.
    pub fn start(&self, draft: &mut Draft<A>, cx: &Context<'_>) {
        let run = draft.state().saga().run + 1;
        let steps = self.steps.iter().map(|step| step.name.into()).collect();
        emit(draft, SagaEvent::Started { run, steps });
        self.advance(draft, cx);
    }

    /// Takes an answer. `done` sees what came of a step before the next one is asked for, to keep it as events
    /// of its own. Answers that are late, repeated or of an earlier run change nothing.
    pub fn reply<T>(
        &self,
        draft: &mut Draft<A>,
        cx: &Context<'_>,
        reply: StepReply<T>,
        done: impl FnOnce(&mut Draft<A>, T),
    ) {
        let state = draft.state().saga();
        let Some(step) = self.step(&reply.step).filter(|_| reply.run == state.run) else {
            return;
        };
        let status = state.status(&reply.step).cloned();
        match (&state.phase, status, reply.outcome) {
            (Phase::Running, Some(StepStatus::Requested { .. }), StepOutcome::Done(answer)) => {
                done(draft, answer);
                emit(
                    draft,
                    SagaEvent::Succeeded {
                        step: step.name.into(),
                    },
                );
                self.advance(draft, cx);
            }
            // Beyond the pivot a refusal is a delay: the step is asked for again when it is due.
            (Phase::Running, Some(StepStatus::Requested { attempt, .. }), StepOutcome::Refused { code })
                if !self.is_past_pivot(draft.state().saga()) =>
            {
                let failed = SagaEvent::Failed {
                    step: step.name.into(),
                    code: code.clone(),
                    // Another request under way may still be granted: then there is something to take back.
                    answered: attempt == 1,
                };
                emit(draft, failed);
                self.unwind(draft, cx, code);
            }
            (Phase::Unwinding { .. }, Some(StepStatus::Compensating { .. }), StepOutcome::Undone) => {
                emit(
                    draft,
                    SagaEvent::Compensated {
                        step: step.name.into(),
                    },
                );
                self.compensate_next(draft, cx);
            }
            _ => {}
        }
    }

    /// A step's or compensation's time is over: it is asked for again, or given up where that is allowed.
    pub fn overdue(&self, draft: &mut Draft<A>, cx: &Context<'_>, step: &str) {
        let state = draft.state().saga();
        let Some(step) = self.step(step) else { return };
        match (&state.phase, state.status(step.name).cloned()) {
            (Phase::Running, Some(StepStatus::Requested { attempt, due })) if due <= draft.now() => {
                if attempt >= step.attempts && !self.is_past_pivot(state) && !step.is_irrevocable() {
                    let code = "saga.no_answer".to_owned();
                    emit(
                        draft,
                        SagaEvent::Failed {
                            step: step.name.into(),
                            code: code.clone(),
                            answered: plant::on(Bug::CompensationSkippedOnTimeout),
                        },
                    );
                    self.unwind(draft, cx, code);
                } else {
                    call_person(draft, step, attempt);
                    self.request(draft, cx, step, attempt + 1);
                }
            }
            (Phase::Unwinding { .. }, Some(StepStatus::Compensating { attempt, due }))
                if due <= draft.now() =>
            {
                call_person(draft, step, attempt);
                self.compensate(draft, cx, step, attempt + 1);
            }
            _ => {}
        }
    }

    /// Turns it back, where that is still possible; says whether it was. It is not while the outcome of a pivot
    /// is open that cannot be taken back.
    pub fn cancel(&self, draft: &mut Draft<A>, cx: &Context<'_>, because: &str) -> bool {
        !self.is_past_pivot(draft.state().saga()) && self.abandon(draft, cx, because)
    }

    /// Turns it back beyond the pivot too, where that can be taken back; says whether it was. It is the last resort
    /// for what nobody could finish and nobody has a use for any more. What a step beyond the pivot may have done has to
    /// be taken back by its own compensation or by one above it.
    pub fn abandon(&self, draft: &mut Draft<A>, cx: &Context<'_>, because: &str) -> bool {
        let state = draft.state().saga();
        let for_good = |step: &Step<A>| {
            let status = state.status(step.name);
            step.is_irrevocable() && matches!(status, Some(StepStatus::Requested { .. } | StepStatus::Done))
        };
        let possible = state.phase == Phase::Running && !self.steps.iter().any(for_good);
        if possible {
            self.unwind(draft, cx, because.to_owned());
        }
        possible
    }

    /// Whether there is no way back.
    pub fn is_past_pivot(&self, state: &SagaState) -> bool {
        let done = |step: &Step<A>| state.status(step.name) == Some(&StepStatus::Done);
        self.groups()
            .any(|group| group.iter().any(|step| step.pivot) && group.iter().all(done))
    }

    fn step(&self, name: &str) -> Option<&'static Step<A>> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// Asks for the next group, once everything that was asked for is done.
    fn advance(&self, draft: &mut Draft<A>, cx: &Context<'_>) {
        let state = draft.state().saga();
        let done = |step: &Step<A>| state.status(step.name) == Some(&StepStatus::Done);
        let Some(group) = self.groups().find(|group| !group.iter().all(done)) else {
            return emit(draft, SagaEvent::Completed);
        };
        let untouched = |step: &&Step<A>| state.status(step.name) == Some(&StepStatus::Untouched);
        for step in group.iter().filter(untouched).collect::<Vec<_>>() {
            self.request(draft, cx, step, 1);
        }
    }

    fn request(&self, draft: &mut Draft<A>, cx: &Context<'_>, step: &Step<A>, attempt: u32) {
        let due = due(draft.now(), step, attempt);
        emit(
            draft,
            SagaEvent::Requested {
                step: step.name.into(),
                attempt,
                due,
            },
        );
        let message = (step.request)(draft.state());
        draft.send(message.for_step(reference(draft, cx, step)));
    }

    fn unwind(&self, draft: &mut Draft<A>, cx: &Context<'_>, because: String) {
        emit(draft, SagaEvent::Unwinding { because });
        self.compensate_next(draft, cx);
    }

    /// The last step that was, or may have been, done and is not taken back yet.
    fn compensate_next(&self, draft: &mut Draft<A>, cx: &Context<'_>) {
        let state = draft.state().saga();
        let open = |step: &&Step<A>| {
            let status = state.status(step.name);
            step.compensation.is_some()
                && matches!(
                    status,
                    Some(StepStatus::Done | StepStatus::Requested { .. } | StepStatus::Unknown)
                )
        };
        match self.steps.iter().rev().find(open) {
            Some(step) => self.compensate(draft, cx, step, 1),
            None => {
                let because = match &state.phase {
                    Phase::Unwinding { because } => because.clone(),
                    _ => String::new(),
                };
                emit(draft, SagaEvent::Unwound { because });
            }
        }
    }

    fn compensate(&self, draft: &mut Draft<A>, cx: &Context<'_>, step: &Step<A>, attempt: u32) {
        let Some(compensation) = step.compensation else {
            return;
        };
        let due = due(draft.now(), step, attempt);
        emit(
            draft,
            SagaEvent::CompensationRequested {
                step: step.name.into(),
                attempt,
                due,
            },
        );
        let message = compensation(draft.state());
        draft.send(message.for_step(reference(draft, cx, step)));
    }
}

fn emit<A: Orchestrator>(draft: &mut Draft<A>, event: SagaEvent) {
    draft.emit(A::saga_event(event));
}

fn call_person<A: Orchestrator>(draft: &mut Draft<A>, step: &Step<A>, attempt: u32) {
    if attempt >= step.attempts && !draft.state().saga().person_called {
        emit(
            draft,
            SagaEvent::PersonCalled {
                step: step.name.into(),
                attempts: attempt,
            },
        );
    }
}

fn reference<A: Orchestrator>(draft: &Draft<A>, cx: &Context<'_>, step: &Step<A>) -> StepRef {
    StepRef {
        to: cx.address.clone(),
        step: step.name.into(),
        run: draft.state().saga().run,
    }
}

/// Each attempt waits twice as long as the one before, up to a bound.
fn due<A>(now: Timestamp, step: &Step<A>, attempt: u32) -> Timestamp {
    let factor = 1i32 << attempt.saturating_sub(1).min(8);
    let wait = step.answer_within.checked_mul(factor).unwrap_or(LONGEST_WAIT);
    let wait = wait.min(LONGEST_WAIT.max(step.answer_within));
    now.saturating_add(wait).unwrap_or(Timestamp::MAX)
}
