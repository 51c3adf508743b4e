//! Where a booking stands.

use super::{
    BookingCommand, BookingEvent, Order, Plan, Rung, absent, ladder::CONFIRMATION_MISSING, plan::FIND,
    silence, unpaid,
};
use interstate_eventing::{
    Aggregate, Context, Deadline, Decision, Rejection,
    saga::{Orchestrator, Phase, SagaEvent, SagaState, StepStatus},
};
use interstate_schemas::{
    DispatchId, DriverCard, DriverId, Money, OfferId, SignedDuration, Timestamp, UserId, VehicleId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// T − 48 h of a booking that was confirmed earlier.
pub(super) const SEARCH_OPENS: &str = "the search for a driver opens";
/// The search's deadline has passed, and dispatch has not said so itself.
pub(super) const SEARCH_OVER: &str = "the search for a driver is over";
/// Giving back is tried again.
pub(super) const UNDO_AGAIN: &str = "giving back is tried again";
/// Dispatch gets so long to give up by itself before the booking does.
const DISPATCH_GRACE: SignedDuration = SignedDuration::from_mins(10);

/// The life of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stage {
    /// There is none yet.
    #[default]
    Unknown,
    /// The advance is awaited.
    PendingPayment,
    /// The advance is paid; no driver yet.
    Confirmed,
    /// A driver has it.
    Assigned,
    /// The driver is on the way to the pickup.
    EnRoute,
    /// The driver is at the pickup.
    Arrived,
    /// With the rider, to the destination.
    OnTrip,
    /// The fare is final; the balance is awaited.
    Completed,
    /// Everything is paid.
    Closed,
    /// The advance was not paid in time.
    Lapsed,
    /// Nobody was found to drive it.
    Unfulfilled,
    /// Somebody withdrew.
    Cancelled,
}

/// Who drives, in what, and what both calendars keep free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Assignment {
    /// Which search found them.
    pub search: u32,
    /// Where the search is recorded.
    pub dispatch: DispatchId,
    /// The offer that was accepted.
    pub offer: OfferId,
    /// Who drives.
    pub driver: DriverId,
    /// The user that the driver is.
    pub user: UserId,
    /// In what.
    pub vehicle: VehicleId,
    /// From when they are busy, travel included.
    pub busy_from: Timestamp,
    /// Until when, rest included.
    pub busy_to: Timestamp,
    /// What the rider is shown of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<Box<DriverCard>>,
}

/// A booking's state.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Booking {
    pub(super) stage: Stage,
    pub(super) order: Option<Box<Order>>,
    pub(super) booked_at: Timestamp,
    /// The table that `saga` runs.
    pub(super) plan: Plan,
    pub(super) saga: SagaState,
    /// The table that runs next, once this one has ended.
    pub(super) next: Option<Plan>,
    /// The search under way, or the last one; 0 before the first.
    pub(super) search: u32,
    pub(super) search_until: Timestamp,
    pub(super) held: Money,
    pub(super) captured: Money,
    pub(super) assignment: Option<Assignment>,
    /// The search whose driver may not drive any more.
    #[serde(default)]
    pub(super) driver_lost: Option<u32>,
    /// What the driver still has to confirm, the next first.
    #[serde(default)]
    pub(super) confirms: Vec<Rung>,
    /// Since when this driver has it.
    #[serde(default)]
    pub(super) assigned_at: Option<Timestamp>,
    /// Since when the rider may leave because the driver has not come.
    #[serde(default)]
    pub(super) overdue_since: Option<Timestamp>,
    /// A driver has come late, and the rider has been credited for it.
    #[serde(default)]
    pub(super) late_credited: bool,
    /// What goes back at the end: the amount (all of it where nothing is said) and the fee that is kept.
    pub(super) refund: Option<Money>,
    pub(super) fee: Money,
    /// What the driver gets for a trip that was cancelled.
    #[serde(default)]
    pub(super) driver_gets: Money,
    pub(super) undo_again_at: Option<Timestamp>,
    pub(super) case_opened: bool,
    pub(super) waiting_from: Option<Timestamp>,
    pub(super) wrong_codes: u32,
    pub(super) started_at: Option<Timestamp>,
    pub(super) waited_minutes: u32,
    pub(super) balance: Money,
}

impl Booking {
    /// Where it stands.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// What was booked; nothing before.
    pub fn order(&self) -> Option<&Order> {
        self.order.as_deref()
    }

    /// Who drives, or drove last.
    pub fn assignment(&self) -> Option<&Assignment> {
        self.assignment.as_ref()
    }

    /// What is kept of the advance.
    pub fn fee(&self) -> Money {
        self.fee
    }

    /// What was booked. Requests of a saga ask for it, and a saga begins after `Requested`.
    pub(super) fn ordered(&self) -> &Order {
        self.order
            .as_deref()
            .expect("a saga or a trip begins after the order was kept")
    }

    fn is_searching(&self) -> bool {
        matches!(self.stage, Stage::PendingPayment | Stage::Confirmed)
            && self.saga.phase == Phase::Running
            && matches!(self.saga.status(FIND), Some(StepStatus::Requested { .. }))
    }

    fn waits_for_search(&self) -> bool {
        self.stage == Stage::Confirmed && self.saga.is_over() && self.next.is_none() && self.search == 0
    }
}

impl Orchestrator for Booking {
    fn saga(&self) -> &SagaState {
        &self.saga
    }

    fn saga_event(event: SagaEvent) -> BookingEvent {
        BookingEvent::Saga(event)
    }
}

impl Aggregate for Booking {
    const NAME: &'static str = "booking";
    const VERSION: u32 = 4;
    type Command = BookingCommand;
    type Event = BookingEvent;

    fn decide(&self, command: BookingCommand, cx: &Context<'_>) -> Result<Decision<BookingEvent>, Rejection> {
        super::decide::decide(self, command, cx)
    }

    fn evolve(&mut self, event: &BookingEvent, time: Timestamp) {
        match event {
            BookingEvent::Requested(requested) => {
                self.stage = Stage::PendingPayment;
                self.booked_at = time;
                self.order = Some(requested.order.clone());
            }
            BookingEvent::PlanChosen(chosen) => {
                self.plan = chosen.plan;
                self.next = None;
                self.undo_again_at = None;
            }
            BookingEvent::Saga(event) => {
                self.saga.evolve(event);
                // What nobody could finish is finished.
                self.case_opened &= *event != SagaEvent::Completed;
            }
            BookingEvent::SearchOpened(opened) => {
                self.search = opened.search;
                self.search_until = opened.until;
                self.assignment = None;
            }
            BookingEvent::AdvanceHeld(held) => self.held = held.amount,
            BookingEvent::AdvanceCaptured(captured) => self.captured = captured.amount,
            BookingEvent::DriverFound(found) => self.assignment = Some(found.assignment.clone()),
            BookingEvent::DriverLost(lost) => self.driver_lost = Some(lost.search),
            BookingEvent::Confirmed(_) => self.stage = Stage::Confirmed,
            BookingEvent::Assigned(assigned) => {
                self.stage = Stage::Assigned;
                self.assignment = Some(assigned.assignment.clone());
                self.confirms.clone_from(&assigned.confirms);
                self.assigned_at = Some(time);
                self.overdue_since = None;
                self.wrong_codes = 0;
            }
            BookingEvent::DriverReleased(_) => {
                self.stage = Stage::Confirmed;
                self.assignment = None;
                self.waiting_from = None;
            }
            BookingEvent::DriverConfirmed(confirmed) => self.confirms.retain(|rung| *rung > confirmed.rung),
            BookingEvent::SetOff(_) => {
                self.stage = Stage::EnRoute;
                self.overdue_since = None;
            }
            BookingEvent::DriverOverdue(overdue) => self.overdue_since = Some(overdue.at),
            BookingEvent::Arrived(arrived) => {
                self.stage = Stage::Arrived;
                self.waiting_from = Some(arrived.waiting_from);
                self.late_credited |= arrived.late_credit.is_some();
            }
            BookingEvent::CodeRefused(refused) => self.wrong_codes = refused.attempt,
            BookingEvent::Started(started) => {
                self.stage = Stage::OnTrip;
                self.started_at = Some(started.at);
                self.waited_minutes = started.waited_minutes;
                self.case_opened = false;
            }
            BookingEvent::TripEnded(_) | BookingEvent::FareDiffered(_) => {}
            BookingEvent::Completed(completed) => {
                self.stage = Stage::Completed;
                self.balance = completed.invoice.balance;
                self.case_opened = false;
            }
            BookingEvent::Closed(_) => self.stage = Stage::Closed,
            BookingEvent::Lapsed(_) => self.stage = Stage::Lapsed,
            BookingEvent::Unfulfilled(_) => self.stage = Stage::Unfulfilled,
            BookingEvent::Cancelled(cancelled) => {
                self.stage = Stage::Cancelled;
                self.refund = Some(cancelled.terms.refund);
                self.fee = cancelled.terms.fee;
                self.driver_gets = cancelled.terms.driver_gets;
                self.next = cancelled.then;
            }
            BookingEvent::UndoingStalled(stalled) => self.undo_again_at = Some(stalled.again_at),
            BookingEvent::SupportCaseOpened(_) => self.case_opened = true,
        }
    }

    fn deadlines(&self) -> Vec<Deadline> {
        let mut deadlines = self.saga.deadlines();
        if self.waits_for_search() {
            deadlines.push(Deadline::new(SEARCH_OPENS, self.ordered().search_opens_at()));
        }
        if self.is_searching() {
            let due = self
                .search_until
                .saturating_add(DISPATCH_GRACE)
                .unwrap_or(Timestamp::MAX);
            deadlines.push(Deadline::new(SEARCH_OVER, due));
        }
        if let (Stage::Assigned, Some(rung)) = (self.stage, self.confirms.first()) {
            let due = rung.missing_at(self.ordered().pickup_at);
            deadlines.push(Deadline::new(CONFIRMATION_MISSING, due));
        }
        deadlines.extend(absent::deadline(self));
        deadlines.extend(silence::deadline(self));
        deadlines.extend(unpaid::deadline(self));
        if let Some(again_at) = self.undo_again_at {
            deadlines.push(Deadline::new(UNDO_AGAIN, again_at));
        }
        deadlines
    }

    fn deadline_reached(name: &str) -> Option<BookingCommand> {
        let own = [
            SEARCH_OPENS,
            SEARCH_OVER,
            UNDO_AGAIN,
            CONFIRMATION_MISSING,
            absent::OVERDUE,
            absent::ABSENT,
            silence::SILENT,
            unpaid::UNPAID,
        ];
        let known = SagaState::step_of(name).is_some() || own.contains(&name);
        known.then(|| BookingCommand::Due {
            deadline: name.to_owned(),
        })
    }
}
