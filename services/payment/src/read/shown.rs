//! Rows as they are shown.

use super::{
    CashView, DriverStatement, DriverTrip, OperationView, PaymentStatus, PaymentView, ReadError,
    rows::{OperationRow, PaymentRow},
    views::cash_state,
};
use crate::domain::OperationKind;
use interstate_schemas::{DriverId, Money, Timestamp};
use std::str::FromStr;

/// A payment with its operations, in the order of their numbers.
pub(super) fn payment(row: PaymentRow, operations: Vec<OperationRow>) -> Result<PaymentView, ReadError> {
    Ok(PaymentView {
        booking: parsed(row.booking)?,
        rider: optional(row.rider)?,
        driver: optional(row.driver)?,
        // A payment of which only a void is known holds nothing.
        status: row.status.unwrap_or(PaymentStatus::Released),
        code: row.code,
        held: Money::inr(row.held),
        captured: Money::inr(row.captured),
        refunded: Money::inr(row.refunded),
        fee: Money::inr(row.fee),
        payable: row.payable.map(Money::inr),
        // What went over it and has not gone back yet is no debt.
        balance: Money::inr(row.balance.max(0)),
        cash: match row.cash_state {
            None => None,
            Some(word) => Some(CashView {
                amount: Money::inr(row.cash),
                state: cash_state(word).ok_or_else(|| ReadError::Damaged(word.to_owned()))?,
                confirm_by: row.cash_confirm_by.map(time).transpose()?,
            }),
        },
        credit: Money::inr(row.credit),
        support_case: row.cases.last().map(|open| open.case),
        cases: row.cases,
        updated_at: time(row.updated_at)?,
        operations: operations.into_iter().map(operation).collect::<Result<_, _>>()?,
    })
}

fn operation(row: OperationRow) -> Result<OperationView, ReadError> {
    Ok(OperationView {
        kind: OperationKind::parse(&row.kind).ok_or(ReadError::Damaged(row.kind))?,
        operation: parsed(row.operation)?,
        amount: Money::inr(row.amount),
        status: row.status,
        code: row.code,
        requested_at: time(row.requested_at)?,
        closed_at: row.closed_at.map(time).transpose()?,
    })
}

/// A driver's accounts, each with its balance, and what his postings sum to by trip.
pub(super) fn statement(
    driver: DriverId,
    accounts: Vec<(String, i64)>,
    trips: Vec<TripSums>,
) -> Result<DriverStatement, ReadError> {
    let balance = |name: &str| {
        let of_account = accounts.iter().filter(|(account, _)| account == name);
        Money::inr(of_account.map(|(_, amount)| amount).sum())
    };
    let (earned, cash) = (-balance("driver_payable"), balance("cash_with_driver"));
    let trips = trips.into_iter().map(|sums| {
        Ok(DriverTrip {
            booking: parsed(sums.booking)?,
            earned: Money::inr(sums.earned),
            cash: Money::inr(sums.cash),
            tds: Money::inr(sums.tds),
            at: time(sums.at)?,
        })
    });
    Ok(DriverStatement {
        driver,
        earned,
        cash,
        owed: earned - cash,
        trips: trips.collect::<Result<_, ReadError>>()?,
    })
}

/// What a driver's postings of one booking sum to.
pub(super) struct TripSums {
    pub booking: String,
    pub at: i64,
    pub earned: i64,
    pub cash: i64,
    pub tds: i64,
}

pub(super) fn parsed<T: FromStr>(text: String) -> Result<T, ReadError> {
    text.parse().map_err(|_| ReadError::Damaged(text))
}

fn optional<T: FromStr>(text: Option<String>) -> Result<Option<T>, ReadError> {
    text.map(parsed).transpose()
}

fn time(milliseconds: i64) -> Result<Timestamp, ReadError> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| ReadError::Damaged(milliseconds.to_string()))
}
