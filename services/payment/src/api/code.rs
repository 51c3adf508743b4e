//! The errors of payments.

use crate::read::ReadError;
use interstate_eventing::runtime::AskError;
use interstate_http::Problem;

/// A store that is away is waited for; any other failure of it is ours.
impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(said) if said.is_away() => {
                Problem::away(said, "What is known of payments cannot be read now.")
            }
            error => Problem::internal(error),
        }
    }
}

interstate_http::error_codes! {
    PAYMENT_UNKNOWN = ("payment-unknown", 404, "There is no such payment",
        "Nothing was paid for this booking so far, or the booking is somebody else's.");
    PAYMENT_NOT_SETTLED = ("payment-not-settled", 409, "The trip is not settled yet",
        "What is left to pay is known when the trip is over. Try again then.");
    PAYMENT_BALANCE_PAID = ("payment-balance-paid", 409, "The balance is paid",
        "There is nothing left to pay for this trip. If it was paid twice, tell support: what is too much goes back.");
    PAYMENT_BALANCE_IN_PROGRESS = ("payment-balance-in-progress", 409, "The balance is being paid",
        "The rider is paying by card or UPI right now. Take no cash until that has failed.");
    PAYMENT_CASH_CLAIMED = ("payment-cash-claimed", 409, "The driver says that you have paid in cash",
        "Say first whether you have: confirm the cash, or dispute it. Once it is disputed you can pay in another way.");
    PAYMENT_NO_CASH = ("payment-no-cash", 409, "Nobody says that cash was paid",
        "The driver has not claimed any cash for this trip, so there is nothing to confirm or dispute.");
    PAYMENT_CASH_DECIDED = ("payment-cash-decided", 409, "It is settled whether the cash was paid",
        "The rider, the driver or support has said so, or nobody disputed it for a day. Tell support if that is wrong.");
    PAYMENT_NOT_YOURS = ("payment-not-yours", 403, "Not yours to pay or confirm",
        "Cash is claimed by the driver who took it, and confirmed by the rider; other ways of paying are the rider's.");
    PAYMENT_WEBHOOK_SIGNATURE = ("payment-webhook-signature", 401, "The signature does not fit",
        "A webhook is signed with the secret that the provider shares with us, over its exact body, within the last five minutes. Check the secret and the clocks of both sides.");
}

/// A failed command as a problem. The domain's `payment.not_settled` has the page `payment-not-settled`.
pub(super) fn problem(error: AskError) -> Problem {
    let error = match error {
        AskError::Rejected(mut rejection) => {
            rejection.code = rejection.code.replace(['.', '_'], "-").into();
            AskError::Rejected(rejection)
        }
        other => other,
    };
    interstate_http::ask_problem(error, CODES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::codes as domain;
    use interstate_eventing::Rejection;

    #[test]
    fn every_code_is_well_formed() {
        assert_eq!(interstate_http::check_codes(CODES.iter().copied()), [""; 0]);
    }

    #[test]
    fn what_a_person_can_be_refused_has_a_page() {
        for code in [
            domain::NOT_SETTLED,
            domain::BALANCE_PAID,
            domain::BALANCE_IN_PROGRESS,
            domain::CASH_CLAIMED,
            domain::NO_CASH,
            domain::CASH_DECIDED,
            domain::NOT_YOURS,
        ] {
            let page = problem(AskError::Rejected(Rejection::conflict(code, "no")))
                .code()
                .code;
            assert_eq!(page, code.replace(['.', '_'], "-"));
        }
    }
}
