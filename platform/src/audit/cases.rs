//! Bookings that wait for a person.

use super::{Check, MOST_TOLD};
use interstate_booking::read::{BookingHistory, Filter, Whose};

/// Lists bookings with an open support case. A case is work and no damage: what is taken is accounted for.
pub async fn cases(history: &BookingHistory) -> Check {
    const NAME: &str = "no booking waits for a person";
    let filter = Filter {
        support_case: Some(true),
        ..Filter::default()
    };
    let rows = match history.list(Whose::All, filter, None, MOST_TOLD as u32 + 1).await {
        Ok(rows) => rows,
        Err(error) => return Check::failed(NAME, error),
    };
    if rows.is_empty() {
        return Check::new(NAME, Vec::new());
    }
    let mut open: Vec<String> = rows
        .iter()
        .take(MOST_TOLD)
        .map(|row| {
            format!(
                "{}: `{}` does not succeed ({}); `interstate explain {}` tells why",
                row.booking, row.saga.step, row.saga.phase, row.booking
            )
        })
        .collect();
    if rows.len() > MOST_TOLD {
        open.push("and more: GET /v1/bookings?support_case=true lists them all".to_owned());
    }
    Check {
        open,
        ..Check::new("bookings wait for a person at support", Vec::new())
    }
}
