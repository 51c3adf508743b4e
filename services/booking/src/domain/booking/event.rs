//! What happens to a booking.

use super::{Assignment, Order, Plan, Rung, TripRecord};
use crate::domain::{
    cancellation::CancellationTerms,
    fare::{Difference, FareBreakdown, settlement::DriverSettlement},
};
use interstate_eventing::{events, saga::SagaEvent};
use interstate_schemas::{Actor, CaseId, DriverId, Money, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A payload of an event.
macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub struct $name { $($(#[$field_doc])* pub $field: $type),* }
    };
}

payload! { /** A quote was accepted. */ Requested {
    /** What was booked. */ order: Box<Order>,
} }
payload! { /** A saga was chosen; its own events follow. */ PlanChosen {
    /** Which table. */ plan: Plan,
} }
payload! { /** A driver is wanted. */ SearchOpened {
    /** Counts the searches of this booking, from 1. */ search: u32,
    /** When it gives up. */ until: Timestamp,
} }
payload! { /** The advance is held. */ AdvanceHeld {
    /** How much. */ amount: Money,
} }
payload! { /** The advance is ours. */ AdvanceCaptured {
    /** How much. */ amount: Money,
} }
payload! { /** A driver accepted; the calendars are to confirm it. */ DriverFound {
    /** Who, and in what. */ assignment: Assignment,
} }
payload! { /** The booking stands: the advance is paid. */ Confirmed {
    /** How much was paid in advance. */ advance: Money,
} }
payload! { /** A driver and a vehicle are reserved. */ Assigned {
    /** Who, and in what. */ assignment: Assignment,
    /** What the driver has to confirm before the pickup. */
    #[serde(default)]
    confirms: Vec<Rung>,
} }
payload! { /** The driver still comes. */ DriverConfirmed {
    /** Which confirmation. */ rung: Rung,
    /** When it came. */ at: Timestamp,
} }
payload! { /** The driver is on the way to the pickup. */ SetOff {
    /** Since when. */ at: Timestamp,
} }
payload! { /** The driver who was found may not drive: once assigned, the trip is given to another one. */ DriverLost {
    /** Who. */ driver: DriverId,
    /** Which search found them. */ search: u32,
} }
payload! { /** The driver has it no more: gave it back, did not confirm it, or may not drive. */ DriverReleased {
    /** Who had it. */ assignment: Assignment,
    /** Who took it from the driver, or the driver. */
    by: Actor,
    /** What that costs the driver and gives the rider. */ terms: CancellationTerms,
} }
payload! { /** The driver has not come, long after the agreed time: the rider may leave and is made good. */ DriverOverdue {
    /** When that was noticed. */ at: Timestamp,
} }
payload! { /** The driver is at the pickup. */ Arrived {
    /** Since when. */ at: Timestamp,
    /** From when waiting counts: the later of arrival and the agreed time. */ waiting_from: Timestamp,
    /** What the rider is credited, where the driver is late. */
    #[serde(default, skip_serializing_if = "Option::is_none")]
    late_credit: Option<Money>,
} }
payload! { /** A wrong code was given at the start. */ CodeRefused {
    /** Which attempt in a row. */ attempt: u32,
} }
payload! { /** The trip has begun. */ Started {
    /** When. */ at: Timestamp,
    /** Minutes that the driver waited. */ waited_minutes: u32,
} }
payload! { /** The trip is over, and this was measured. */ TripEnded {
    /** When. */ at: Timestamp,
    /** As measured. */ record: TripRecord,
} }
payload! { /** A line of the invoice is not that of the quote. */ FareDiffered {
    /** Which line, and both amounts. */ difference: Difference,
    /** The type of the event that explains it. */ because: String,
} }
payload! { /** The fare is final. */ Completed {
    /** Line by line. */ invoice: FareBreakdown,
    /** How it is divided. */ settlement: DriverSettlement,
    /** What the driver took in cash. */ cash_collected: Money,
} }
payload! { /** Everything is paid. */ Closed {
    /** The balance. */ balance: Money,
    /** When it was paid. */ paid_at: Timestamp,
} }
payload! { /** The advance was not paid in time. */ Lapsed {
    /** Why: a stable code. */ because: String,
} }
payload! { /** Nobody was found to drive it. */ Unfulfilled {
    /** Why: a stable code. */ because: String,
    /** What the rider gets. */ terms: CancellationTerms,
} }
payload! { /** Somebody withdrew. */ Cancelled {
    /** Who. */ by: Actor,
    /** What it costs and gives. */ terms: CancellationTerms,
    /** The saga that gives back what was taken, once the one under way has ended. */ then: Option<Plan>,
} }
payload! { /** Giving back does not succeed: it is tried again from the start. */ UndoingStalled {
    /** Why. */ because: String,
    /** When it is tried again. */ again_at: Timestamp,
} }
payload! { /** A person must look: a step or a compensation does not succeed, or nothing more is heard of a trip. */ SupportCaseOpened {
    /** The case. */ case: CaseId,
    /** Which step, or what is waited for. */ step: String,
    /** Attempts so far; none where it is waited for. */ attempts: u32,
} }

events! {
    /// What happens to a booking.
    pub enum BookingEvent {
        /// A quote was accepted.
        Requested(Requested) = "booking.requested.v1",
        /// A saga was chosen.
        PlanChosen(PlanChosen) = "booking.plan_chosen.v1",
        /// A saga moved.
        Saga(SagaEvent) = "booking.saga_moved.v1",
        /// A driver is wanted.
        SearchOpened(SearchOpened) = "booking.search_opened.v1",
        /// The advance is held.
        AdvanceHeld(AdvanceHeld) = "booking.advance_held.v1",
        /// The advance is ours.
        AdvanceCaptured(AdvanceCaptured) = "booking.advance_captured.v1",
        /// A driver accepted.
        DriverFound(DriverFound) = "booking.driver_found.v1",
        /// The booking stands.
        Confirmed(Confirmed) = "booking.confirmed.v1",
        /// Driver and vehicle are reserved.
        Assigned(Assigned) = "booking.assigned.v1",
        /// The driver who was found may not drive.
        DriverLost(DriverLost) = "booking.driver_lost.v1",
        /// The driver has it no more.
        DriverReleased(Box<DriverReleased>) = "booking.driver_released.v1",
        /// The driver still comes.
        DriverConfirmed(DriverConfirmed) = "booking.driver_confirmed.v1",
        /// The driver is on the way to the pickup.
        SetOff(SetOff) = "booking.set_off.v1",
        /// The driver has not come.
        DriverOverdue(DriverOverdue) = "booking.driver_overdue.v1",
        /// The driver is at the pickup.
        Arrived(Arrived) = "booking.arrived.v1",
        /// A wrong code was given.
        CodeRefused(CodeRefused) = "booking.code_refused.v1",
        /// The trip has begun.
        Started(Started) = "booking.started.v1",
        /// The trip is over.
        TripEnded(Box<TripEnded>) = "booking.trip_ended.v1",
        /// A line is not that of the quote.
        FareDiffered(FareDiffered) = "booking.fare_differed.v1",
        /// The fare is final.
        Completed(Box<Completed>) = "booking.completed.v1",
        /// Everything is paid.
        Closed(Closed) = "booking.closed.v1",
        /// The advance was not paid.
        Lapsed(Lapsed) = "booking.lapsed.v1",
        /// Nobody was found.
        Unfulfilled(Box<Unfulfilled>) = "booking.unfulfilled.v1",
        /// Somebody withdrew.
        Cancelled(Box<Cancelled>) = "booking.cancelled.v1",
        /// Giving back does not succeed.
        UndoingStalled(UndoingStalled) = "booking.undoing_stalled.v1",
        /// A person must look.
        SupportCaseOpened(SupportCaseOpened) = "booking.support_case_opened.v1",
    }
}
