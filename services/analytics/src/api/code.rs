//! The errors of reports.

use crate::{domain::ScopeError, read::ReportError};
use interstate_http::Problem;

interstate_http::error_codes! {
    ANALYTICS_PERIOD_REVERSED = ("analytics-period-reversed", 422, "The period ends before it begins",
        "`from` and `to` are days, both included: `to` is the same day or a later one.");
    ANALYTICS_PERIOD_TOO_LONG = ("analytics-period-too-long", 422, "The period is too long",
        "A report covers at most 366 days. Ask for each year by itself.");
    ANALYTICS_CITY_UNKNOWN = ("analytics-city-unknown", 422, "There is no such city",
        "`origin` and `destination` are the ids of cities, as `GET /v1/cities` gives them.");
}

/// A scope that is none.
pub(super) fn scope_problem(error: ScopeError) -> Problem {
    let code = match error {
        ScopeError::Reversed { .. } => &codes::ANALYTICS_PERIOD_REVERSED,
        ScopeError::TooLong { .. } => &codes::ANALYTICS_PERIOD_TOO_LONG,
    };
    Problem::new(code, error.to_string())
}

/// A report that there is not.
impl From<ReportError> for Problem {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Away(why) => {
                let detail =
                    "The store that reports are made from does not answer. Events are kept until it does.";
                Problem::away(why, detail)
            }
            failed => Problem::internal(failed),
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_code_is_well_formed() {
        assert_eq!(
            interstate_http::check_codes(super::CODES.iter().copied()),
            [""; 0]
        );
    }
}
