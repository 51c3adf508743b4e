//! The errors of quotes and bookings.

use crate::read::HistoryError;
use interstate_http::Problem;

/// A store that is away is waited for; any other failure of it is ours.
impl From<HistoryError> for Problem {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Store(said) if said.is_away() => {
                Problem::away(said, "Quotes and bookings cannot be shown now; they can be made.")
            }
            error => Problem::internal(error),
        }
    }
}

interstate_http::error_codes! {
    QUOTE_UNKNOWN = ("quote-unknown", 404, "There is no such quote",
        "The quote does not exist, or it is somebody else's.");
    QUOTE_EXISTS = ("quote-exists", 409, "The quote has been made before",
        "Ask for a new quote with a new `Idempotency-Key`.");
    QUOTE_EXPIRED = ("quote-expired", 409, "The quote has expired",
        "A price is good for half an hour. Ask for a new quote; its price may differ. Nothing was booked or charged.");
    QUOTE_BOOKED = ("quote-booked", 409, "The quote has been booked",
        "The quote became a booking with another way to pay; `detail` names it. Where that payment failed, ask for a new quote: nothing was taken for the first.");
    QUOTE_PICKUP_TOO_SOON = ("quote-pickup-too-soon", 422, "The pickup is too soon",
        "A driver needs time to come. `detail` gives the operator's notice; choose a later pickup.");
    QUOTE_PICKUP_TOO_LATE = ("quote-pickup-too-late", 422, "The pickup is too far away",
        "Prices are not known so far ahead. `detail` gives the operator's limit; choose an earlier pickup.");
    QUOTE_CLASS_TOO_SMALL = ("quote-class-too-small", 422, "The vehicle is too small",
        "The passengers or their large bags do not fit into the class. Choose a larger class or split the group.");
    QUOTE_ROUTE_INCOMPLETE = ("quote-route-incomplete", 422, "The route is incomplete",
        "A trip needs at least two stops.");
    QUOTE_KIND_DOES_NOT_FIT = ("quote-kind-does-not-fit", 422, "The kind of trip does not fit its stops",
        "`ONE_WAY` has two stops, `MULTI_CITY` more of them and another end than start, `ROUND_TRIP` comes back to where it began.");
    QUOTE_TARIFF_NOT_ON_SALE = ("quote-tariff-not-on-sale", 422, "No tariff is on sale",
        "The operator's tariff does not cover this moment. Tell support.");
    QUOTE_NOT_PRICED = ("quote-not-priced", 422, "The trip has no price",
        "The tariff does not price such a trip; `detail` says why: too far, too many days, a class that is not sold.");
    PLACE_UNKNOWN = ("place-unknown", 422, "A place is not known",
        "`errors` names the stop. Search cities with `GET /v1/cities`, and pass a city's number or a point.");
    NO_ROUTE = ("no-route", 422, "No road leads there",
        "There is no road route between the stops, for instance to an island.");
    BOOKING_UNKNOWN = ("booking-unknown", 404, "There is no such booking",
        "The booking does not exist, or you have nothing to do with it.");
    BOOKING_NOT_YOURS = ("booking-not-yours", 403, "Not yours to do",
        "You take part in this booking, but this is for somebody else: riders cancel as riders, the assigned driver arrives, starts and ends.");
    BOOKING_CANCELLED = ("booking-cancelled", 409, "The booking has been cancelled",
        "The booking was cancelled before this. What is left of the payment goes back to where it came from.");
    BOOKING_UNFULFILLED = ("booking-unfulfilled", 409, "No driver was found",
        "Nobody could be found in time. The whole payment goes back.");
    BOOKING_LAPSED = ("booking-lapsed", 409, "The advance was not paid",
        "The advance was not paid in time, so the booking was given up. Ask for a new quote.");
    BOOKING_ENDING = ("booking-ending", 409, "The booking is being given up",
        "It is just being unwound for another reason; all of the payment goes back.");
    BOOKING_UNDER_WAY = ("booking-under-way", 409, "The trip has begun",
        "A trip that has begun cannot be cancelled. It can be ended early; then what was driven is charged.");
    BOOKING_COMPLETED = ("booking-completed", 409, "The trip is over",
        "The trip has ended and is invoiced. Corrections go through support.");
    BOOKING_NOT_ASSIGNED = ("booking-not-assigned", 409, "No driver has this booking",
        "The booking has no driver now, so that nobody can arrive.");
    BOOKING_CONFIRM_LATER = ("booking-confirm-later", 409, "It is too early to confirm",
        "Confirmations are asked for a day, six hours and two hours before the pickup; `detail` says when the next one is.");
    BOOKING_SET_OFF_LATER = ("booking-set-off-later", 409, "It is too early to set off",
        "The way to the pickup begins when the trip's reserved time does, or an hour before, and nobody arrives before it; `detail` says when.");
    BOOKING_DRIVER_NOT_THERE = ("booking-driver-not-there", 409, "The driver is not there yet",
        "The driver reports the arrival first; the trip starts after that.");
    BOOKING_NOT_STARTED = ("booking-not-started", 409, "The trip has not begun",
        "Only a trip that has begun can end.");
    BOOKING_DRIVER_CANNOT_RELEASE = ("booking-driver-cannot-release", 409, "The trip cannot be given back now",
        "A driver gives a trip back after it was assigned and before reporting at the pickup. After that, call support.");
    BOOKING_WAIT_LONGER = ("booking-wait-longer", 409, "Wait longer for the rider",
        "A rider counts as not come after 30 minutes of waiting at the pickup, counted from the agreed time.");
    BOOKING_CODE_LOCKED = ("booking-code-locked", 409, "Too many wrong codes",
        "The start is locked after five wrong codes. Support can start the trip after a call with the rider.");
    BOOKING_CODE_WRONG = ("booking-code-wrong", 422, "The code is wrong",
        "The rider sees a code of four digits with the booking. Ask for it again; `attempts_left` says how often.");
    BOOKING_END_DOES_NOT_FIT = ("booking-end-does-not-fit", 422, "The end does not fit",
        "A trip ends after its start and not in the future, and nobody drives faster than 180 km/h on average; `detail` says what does not fit.");
    BOOKING_CASH_DOES_NOT_FIT = ("booking-cash-does-not-fit", 422, "The cash does not fit",
        "A driver can take between nothing and the balance in cash.");
    BOOKING_NOT_PRICED = ("booking-not-priced", 422, "The trip cannot be invoiced like this",
        "The measured figures are impossible for the tariff; `detail` says which.");
}
