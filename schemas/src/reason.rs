//! What stable codes mean, for people: why nobody was found to drive, and why a booking ended.
//!
//! Events carry codes and parameters; sentences belong to the edge. This is the one table of them, in English.

/// Why a candidate was left out of a search for a driver, by the code of the filter.
const NO_DRIVER: &[(&str, &str)] = &[
    (
        "DRIVER_NOT_ACTIVE",
        "The driver is not admitted to drive at the moment.",
    ),
    ("DRIVER_OFFLINE", "The driver takes no trips right now."),
    (
        "CLASS_MISMATCH",
        "The vehicle is of another class than was booked.",
    ),
    (
        "SEATS_SHORT",
        "The vehicle has fewer seats than there are passengers.",
    ),
    ("LUGGAGE_SHORT", "The vehicle has no room for that many bags."),
    (
        "LICENCE_EXPIRES_IN_TRIP",
        "The driver's licence or badge runs out before the trip is over.",
    ),
    (
        "POLICE_CHECK_EXPIRES_IN_TRIP",
        "The driver's police check runs out before the trip is over.",
    ),
    (
        "MEDICAL_EXPIRES_IN_TRIP",
        "The driver's medical certificate runs out before the trip is over.",
    ),
    (
        "REGISTRATION_EXPIRES_IN_TRIP",
        "The vehicle's registration runs out before the trip is over.",
    ),
    (
        "FITNESS_EXPIRES_IN_TRIP",
        "The vehicle's fitness certificate runs out before the trip is over.",
    ),
    (
        "INSURANCE_EXPIRES_IN_TRIP",
        "The vehicle's insurance runs out before the trip is over.",
    ),
    (
        "PUC_EXPIRES_IN_TRIP",
        "The vehicle's pollution certificate runs out before the trip is over.",
    ),
    (
        "PERMIT_EXPIRES_IN_TRIP",
        "The vehicle's permit for a state on the way runs out before the trip is over.",
    ),
    (
        "PERMIT_NOT_VALID_IN",
        "The vehicle has no permit for a state on the way.",
    ),
    (
        "AITP_HOME_STATE_NOT_ENDPOINT",
        "With its tourist permit the vehicle may only drive trips from or to its home state.",
    ),
    (
        "AITP_60_DAYS_OUTSIDE",
        "The vehicle would be outside its home state for longer than its permit allows.",
    ),
    (
        "CHALLAN_OVERDUE",
        "A traffic fine of the vehicle has been unpaid for too long.",
    ),
    ("UNPAID_TOLL", "A highway toll of the vehicle is unpaid."),
    (
        "VEHICLE_TOO_OLD",
        "The vehicle is older than a state on the way allows.",
    ),
    (
        "VLTD_SILENT",
        "The vehicle's built-in tracker has not been heard.",
    ),
    ("DUTY_OVERLAP", "The driver or the vehicle is taken at that time."),
    ("REST_SHORT", "The driver would get too little rest."),
    (
        "DAY_HOURS_EXCEEDED",
        "The driver would drive for too many hours within a day.",
    ),
    (
        "WEEK_HOURS_EXCEEDED",
        "The driver would drive for too many hours within a week.",
    ),
    (
        "PICKUP_UNREACHABLE",
        "The driver cannot be at the pickup in time.",
    ),
    (
        "HILL_NOT_CLEARED",
        "The way leads over hill roads, which the driver is not cleared for.",
    ),
    (
        "NIGHT_OPT_OUT",
        "The trip is driven at night, which the driver does not do.",
    ),
    (
        "CASH_LIMIT",
        "The trip is paid in cash, of which the driver holds too much already.",
    ),
    ("RIDER_BLOCKED", "The driver does not drive for this rider."),
    ("DRIVER_BLOCKED", "The rider does not want this driver."),
    (
        "GENDER_PREFERENCE",
        "The rider asked for a driver of another gender.",
    ),
    ("SANCTION", "The driver is barred from trips for now."),
    (
        "OFFER_DECLINED_BEFORE",
        "The driver has declined this trip already.",
    ),
    ("STALE_FIX", "It is not known where the driver is right now."),
];

/// Why a booking ended otherwise than by the trip. One that ends with a dot stands for all codes that begin so.
const ENDINGS: &[(&str, &str)] = &[
    (
        "dispatch.no_driver",
        "No driver could take the trip in time; what was held or paid goes back in full.",
    ),
    ("dispatch.withdrawn", "The search for a driver was called off."),
    ("dispatch.", "The search for a driver could not be carried out."),
    (
        "duty.overlap",
        "The driver who was found had been given to another trip a moment before.",
    ),
    (
        "duty.driver_suspended",
        "The driver who was found may not drive any more.",
    ),
    (
        "duty.",
        "The time of the driver who was found could not be reserved.",
    ),
    (
        "payment.card_declined",
        "The card was declined; try another one, or another way to pay.",
    ),
    (
        "payment.insufficient_funds",
        "There was not enough money for the advance.",
    ),
    (
        "payment.hold_lapsed",
        "The hold on the advance ran out before the booking could be confirmed.",
    ),
    (
        "payment.voided",
        "The advance was given back before it was taken.",
    ),
    ("payment.", "The advance could not be paid."),
    (
        "saga.no_answer",
        "Something that the booking depends on gave no answer in time.",
    ),
    (
        "command.",
        "The booking could not be carried on because of a fault of ours.",
    ),
    (
        "booking.advance_not_taken",
        "The advance was promised and could not be taken, again and again, until the driver would have had to set off.",
    ),
    (
        "booking.cancelled",
        "The booking was cancelled while it was being made.",
    ),
    (
        "RIDER_IN_GRACE",
        "The rider cancelled soon after booking; nothing is charged.",
    ),
    (
        "RIDER_BY_TIME",
        "The rider cancelled; the fee depends on the time that was left to the pickup.",
    ),
    (
        "RIDER_LATE",
        "The rider cancelled shortly before the pickup, or with the driver on the way.",
    ),
    ("RIDER_NO_SHOW", "The rider did not come to the pickup."),
    (
        "DRIVER_LATE",
        "The rider cancelled because the driver was late; nothing is charged.",
    ),
    (
        "NOT_AS_NAMED",
        "The rider cancelled because another vehicle or driver came than was named.",
    ),
    ("MEDICAL", "The rider cancelled because somebody was ill."),
    (
        "UNSAFE",
        "The rider cancelled because the vehicle or the driver did not seem safe.",
    ),
    (
        "DRIVER_RELEASED",
        "The driver gave the trip back, and nobody else took it.",
    ),
    (
        "DRIVER_EXCUSED",
        "The driver gave the trip back for a good reason, and nobody else took it.",
    ),
    ("DRIVER_NO_SHOW", "The driver did not come to the pickup."),
    ("OPERATOR", "We had to cancel the booking."),
    (
        "UNFULFILLED",
        "No driver could take the trip in time; what was held or paid goes back in full.",
    ),
    (
        "FORCE_MAJEURE",
        "The trip became impossible through something that nobody could prevent.",
    ),
];

/// Why a candidate for a trip was left out, as a sentence; nothing for a code that no filter has.
pub fn why_not_this_driver(code: &str) -> Option<&'static str> {
    NO_DRIVER
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, sentence)| *sentence)
}

/// Why a booking ended, as a sentence; nothing for a code that no booking ends with.
pub fn why_it_ended(code: &str) -> Option<&'static str> {
    let fits = |known: &str| match known.ends_with('.') {
        true => code.starts_with(known),
        false => code == known,
    };
    // Exact codes stand before what they begin with.
    ENDINGS
        .iter()
        .find(|(known, _)| fits(known))
        .map(|(_, sentence)| *sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_exact_code_is_told() {
        let declined = why_it_ended("payment.card_declined").unwrap();
        let other = why_it_ended("payment.do_not_honour").unwrap();
        assert!(declined.contains("card") && !other.contains("card"));
        assert_eq!(why_it_ended("nobody.knows"), None);
        for (at, (code, sentence)) in ENDINGS.iter().enumerate() {
            assert_eq!(
                why_it_ended(code),
                Some(*sentence),
                "{code} is hidden by one before it"
            );
            assert!(
                ENDINGS[..at].iter().all(|(other, _)| other != code),
                "{code} stands there twice"
            );
        }
    }

    #[test]
    fn every_sentence_is_one() {
        for (code, sentence) in NO_DRIVER.iter().chain(ENDINGS) {
            assert!(
                sentence.ends_with('.') && sentence.starts_with(char::is_uppercase),
                "{code}"
            );
        }
    }
}
