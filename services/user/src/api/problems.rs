//! Noes as problems with a page each.

use crate::read::ReadError;
use interstate_eventing::runtime::AskError;
use interstate_http::{ErrorCode, Problem, ask_problem, codes as edge};

interstate_http::error_codes! {
    EMAIL_TAKEN = ("user-email-taken", 409, "The e-mail address is taken",
        "Somebody has signed up with this e-mail address. Sign in with it, or sign up with another one.");
    PHONE_TAKEN = ("user-phone-taken", 409, "The telephone number is taken",
        "Somebody has signed up with this telephone number. Sign in to that account, or sign up with another number.");
    STAFF_ONLY_BY_ADMIN = ("user-staff-only-by-admin", 403, "Not a role to sign up with",
        "One signs up as a `rider` or a `driver`. An administrator grants `support` and `admin`.");
    REGISTRATION_FAILED = ("user-registration-failed", 409, "Signing up did not succeed",
        "The registration could not be finished, and everything is as it was before. Sign up again with a new `Idempotency-Key`.");
    LOGIN_REFUSED = ("user-login-refused", 401, "E-mail address or password is wrong",
        "There is no account with this e-mail address and this password, or the account does not have the role that was asked for. Which of these it is, is not said to anyone.");
    LOGIN_LOCKED = ("user-login-locked", 429, "Too many wrong passwords",
        "After several wrong passwords for an account each further attempt has to wait, longer every time and 15 minutes at most. Wait for `Retry-After` seconds.");
    SESSION_ENDED = ("user-session-ended", 401, "The login has ended",
        "The refresh token is not good any more: the person signed out, it was not used for 30 days, or it was used twice, which ends the login for everyone who has it. Sign in again.");
    NOT_ACTIVE = ("user-not-active", 404, "There is no such user",
        "No user has this id, or they are not signed up any more.");
    OWN_ADMIN_ROLE = ("user-own-admin-role", 409, "Not one's own role",
        "Administrators cannot take the role `admin` from themselves: the last one would lock everybody out. Another administrator has to.");
    NO_ROLE = ("user-no-role", 422, "A user has at least one role",
        "Name at least one role. To close an account, its owner erases it.");
}

/// Whatever code a rejection may carry.
fn known() -> Vec<&'static ErrorCode> {
    let others = [&edge::IDEMPOTENCY_KEY_REUSED, &interstate_auth::codes::FORBIDDEN];
    CODES.iter().copied().chain(others).collect()
}

/// A registration that was refused.
pub(super) fn refused(code: &str) -> Problem {
    let code = known().into_iter().find(|known| known.code == code);
    let code = code.unwrap_or(&codes::REGISTRATION_FAILED);
    Problem::new(code, format!("{}.", code.title))
}

/// A command that was not carried out.
pub(super) fn asked(error: AskError) -> Problem {
    ask_problem(error, &known())
}

/// A store that is away is waited for; any other failure of it is ours.
impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Store(said) if said.is_away() => {
                Problem::away(said, "The accounts cannot be read now.")
            }
            error => Problem::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_codes_fit_beside_the_edges_own() {
        let all = super::CODES
            .iter()
            .chain(interstate_http::CODES)
            .chain(interstate_auth::CODES)
            .copied();
        assert_eq!(interstate_http::check_codes(all), Vec::<String>::new());
    }
}
