//! An advance that is held and cannot be taken: the bank goes back on its word, or the hold ran out and the card is
//! blocked by now. It is asked for again and again and a person is called; but nobody drives for what is not paid, so
//! then, and not before the driver would have to set off, the booking lapses, and the driver and the vehicle are free
//! for others.

use super::{Booking, Plan, Stage, conclude};
use interstate_eventing::{Deadline, saga::Phase};

/// The name of the deadline.
pub(super) const UNPAID: &str = "the advance could not be taken";
/// Why the saga is given up.
pub(super) const BECAUSE: &str = "booking.advance_not_taken";

/// When the booking is given up. A rider who has withdrawn meanwhile owes a fee that cannot be taken either.
pub(super) fn deadline(booking: &Booking) -> Option<Deadline> {
    let cannot_be_taken = booking.plan == Plan::Near
        && matches!(booking.stage, Stage::PendingPayment | Stage::Cancelled)
        && booking.saga.phase == Phase::Running
        && booking.saga.person_called
        && conclude::is_past_pivot(booking);
    let sets_off = booking.assignment.as_ref().filter(|_| cannot_be_taken)?.busy_from;
    Some(Deadline::new(UNPAID, sets_off))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        booking::{BookingCommand, CancelBy, story::*},
        cancellation::RiderReason,
        quote::tests::{MORNING, V1_PICKUP, as_rider},
    };
    use interstate_eventing::{
        DomainEvent,
        fixture::{Story, Told},
    };

    const CAPTURE: &str = "saga: capture the advance";

    /// A driver and a vehicle keep the time free, and the capture is asked for.
    fn reserved() -> Story<Booking> {
        let found = booked(MORNING, V1_PICKUP).story().held().story().found();
        found.story().both_reserved().story()
    }

    fn due(story: Story<Booking>, name: &str) -> Told<Booking> {
        let waits = story.deadlines().into_iter().find(|due| due.name == name);
        story.at(&waits.expect(name).due.to_string()).when_due(name)
    }

    /// The capture is refused until a person is called, and on.
    fn refused_for_long(mut story: Story<Booking>) -> Story<Booking> {
        for _ in 0..12 {
            let told = due(story, CAPTURE).story();
            story = told
                .refused("capture the advance", "payment.do_not_honour")
                .story();
        }
        story
    }

    fn gives_all_back(story: Story<Booking>) -> Told<Booking> {
        let told = due(story, UNPAID);
        assert_eq!(asked(&told), ["calendar Release"]);
        let told = told.story().undone("reserve the vehicle's calendar");
        assert_eq!(asked(&told), ["calendar Release"]);
        let told = told.story().undone("reserve the driver's calendar");
        assert_eq!(asked(&told), ["dispatch Withdraw"]);
        let told = told.story().undone("find a driver");
        assert_eq!(asked(&told), ["payment Void"]);
        told.story().undone("hold the advance")
    }

    #[test]
    fn a_booking_whose_advance_cannot_be_taken_lapses_when_the_driver_would_set_off() {
        let story = refused_for_long(reserved());
        let busy_from = story.state().assignment().unwrap().busy_from;
        let waits = story.deadlines().into_iter().find(|due| due.name == UNPAID);
        assert_eq!(waits.map(|due| due.due), Some(busy_from));
        let told = gives_all_back(story);
        let last = told.decided().events.last().unwrap();
        assert_eq!(
            last.event_type(),
            "booking.lapsed.v1",
            "nobody failed to be found"
        );
        let story = told.story();
        assert_eq!(story.state().stage(), Stage::Lapsed);
        assert!(story.deadlines().is_empty(), "nothing is waited for any more");
        story.captured().then_nothing();
    }

    #[test]
    fn nobody_gives_it_up_before_a_person_has_been_called() {
        let refused = reserved().refused("capture the advance", "payment.do_not_honour");
        let early = refused.story();
        let waits = early.deadlines().into_iter().any(|due| due.name == UNPAID);
        assert!(!waits);
        early.when_due(UNPAID).then_nothing();
    }

    #[test]
    fn what_can_be_taken_in_the_end_is_a_ride() {
        let story = refused_for_long(reserved()).captured().story();
        assert_eq!(story.state().stage(), Stage::Assigned);
        assert!(story.deadlines().iter().all(|due| due.name != UNPAID));
    }

    #[test]
    fn a_withdrawal_does_not_wait_for_ever_for_its_fee() {
        let by = CancelBy::Rider {
            reason: RiderReason::ChangedPlans,
        };
        let withdrawn = reserved().when(as_rider(), BookingCommand::Cancel { by });
        let told = gives_all_back(refused_for_long(withdrawn.story()));
        // What follows a withdrawal finds that all of it is done.
        assert_eq!(asked(&told), ["calendar Release"]);
        assert_eq!(told.story().state().stage(), Stage::Cancelled);
    }
}
