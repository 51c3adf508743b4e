//! Bookings and payments that wait for a person.

use super::{Check, MOST_TOLD};
use async_trait::async_trait;
use interstate_booking::read::{BookingHistory, BookingRow, Filter, Whose};
use interstate_payment::{
    domain::event::CaseAbout,
    read::{PaymentReads, PaymentView},
};

/// A read model that knows of support cases.
#[async_trait]
pub trait Cases: Sync {
    /// The invariant where no case is open.
    const NONE: &'static str;
    /// The finding where some are.
    const SOME: &'static str;
    /// The route that lists all of them.
    const ALL: &'static str;

    /// What waits, a sentence each, at most so many.
    ///
    /// # Errors
    /// The read model does not answer.
    async fn open(&self, most: u32) -> Result<Vec<String>, String>;
}

/// Lists what has an open support case. A case is work and no damage: what is taken is accounted for.
pub async fn cases<C: Cases + ?Sized>(of: &C) -> Check {
    let mut open = match of.open(MOST_TOLD as u32 + 1).await {
        Ok(open) => open,
        Err(error) => return Check::failed(C::NONE, error),
    };
    if open.is_empty() {
        return Check::new(C::NONE, Vec::new());
    }
    if open.len() > MOST_TOLD {
        open.truncate(MOST_TOLD);
        open.push(format!("and more: {} lists them all", C::ALL));
    }
    Check {
        open,
        ..Check::new(C::SOME, Vec::new())
    }
}

#[async_trait]
impl Cases for BookingHistory {
    const NONE: &'static str = "no booking waits for a person";
    const SOME: &'static str = "bookings wait for a person at support";
    const ALL: &'static str = "GET /v1/bookings?support_case=true";

    async fn open(&self, most: u32) -> Result<Vec<String>, String> {
        let filter = Filter {
            support_case: Some(true),
            ..Filter::default()
        };
        let rows = self.list(Whose::All, filter, None, most).await;
        let rows = rows.map_err(|error| error.to_string())?;
        Ok(rows.iter().map(of_booking).collect())
    }
}

fn of_booking(row: &BookingRow) -> String {
    if row.saga.phase == "completed" {
        return format!(
            "{}: nothing more is heard of the trip; `interstate explain {}` tells what was",
            row.booking, row.booking
        );
    }
    format!(
        "{}: `{}` does not succeed ({}); `interstate explain {}` tells why",
        row.booking, row.saga.step, row.saga.phase, row.booking
    )
}

#[async_trait]
impl Cases for dyn PaymentReads {
    const NONE: &'static str = "no payment waits for a person";
    const SOME: &'static str = "payments wait for a person at support";
    const ALL: &'static str = "GET /v1/payments?support_case=true";

    async fn open(&self, most: u32) -> Result<Vec<String>, String> {
        let payments = self.list(Some(true), None, most).await;
        let payments = payments.map_err(|error| error.to_string())?;
        Ok(payments.iter().map(of_payment).collect())
    }
}

fn of_payment(payment: &PaymentView) -> String {
    let booking = payment.booking;
    let cases = payment.cases.iter().map(|open| {
        let since = open.opened_at;
        match &open.about {
            CaseAbout::CashDisputed { amount } => format!(
                "since {since} driver and rider disagree whether {amount} was paid in cash; \
                 POST /v1/bookings/{booking}/cash decides"
            ),
            CaseAbout::RefundRefused { reference, code } => format!(
                "since {since} the refund `{reference}` does not go back ({code}); \
                 POST /v1/payments/{booking}/refund-again has it tried again"
            ),
        }
    });
    format!("{booking}: {}", cases.collect::<Vec<_>>().join(", and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Open(usize);

    #[async_trait]
    impl Cases for Open {
        const NONE: &'static str = "nothing waits";
        const SOME: &'static str = "something waits";
        const ALL: &'static str = "GET /v1/things";

        async fn open(&self, most: u32) -> Result<Vec<String>, String> {
            match self.0 {
                usize::MAX => Err("away".to_owned()),
                open => Ok((0..open.min(most as usize)).map(|n| n.to_string()).collect()),
            }
        }
    }

    #[tokio::test]
    async fn what_waits_is_no_violation_and_who_cannot_be_asked_has_not_passed() {
        let (none, few, away) = (
            cases(&Open(0)).await,
            cases(&Open(3)).await,
            cases(&Open(usize::MAX)).await,
        );
        assert_eq!((none.name.as_str(), none.open.len()), ("nothing waits", 0));
        assert_eq!((few.name.as_str(), few.open.len()), ("something waits", 3));
        assert_eq!((few.violations.len(), away.violations.len()), (0, 1));
    }

    #[tokio::test]
    async fn a_few_are_told_and_where_the_others_are() {
        let open = cases(&Open(100)).await.open;
        assert_eq!(open.len(), MOST_TOLD + 1);
        assert_eq!(open[MOST_TOLD], "and more: GET /v1/things lists them all");
        assert_eq!(cases(&Open(MOST_TOLD)).await.open.len(), MOST_TOLD);
    }
}
