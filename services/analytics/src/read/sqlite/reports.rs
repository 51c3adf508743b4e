//! Reports from the file. The rows of a report and its total are of one state of it.

use super::row;
use crate::{
    domain::{
        FOLLOWED, Period, Scope,
        day::{number, of_number},
        report::{
            ActivityKey, ActivityRow, Assignment, Assignments, BookingCounts, BookingsRow, FareGap, Funnel,
            Group, Listed, OfferCounts, RevenueRow, SourceAt, Takings, WithdrawalKey, WithdrawalRow,
            WithdrawalTotal, class_word,
        },
        scope::Part,
    },
    read::{ReportError, Reports},
};
use async_trait::async_trait;
use interstate_schemas::Timestamp;
use interstate_stores::Readers;
use jiff::civil::Date;
use rusqlite::{Connection, Row, ToSql, named_params};
use std::collections::BTreeMap;

/// Reports from a file of facts.
#[derive(Debug, Clone)]
pub struct SqliteReports {
    rows: Readers,
    partitions: u32,
}

impl SqliteReports {
    /// Of this file, which follows services of so many partitions each.
    pub fn new(rows: Readers, partitions: u32) -> Self {
        Self { rows, partitions }
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, ReportError> + Send + 'static,
    ) -> Result<T, ReportError> {
        let asked = self.rows.read(move |rows| {
            // Everything from one state of the file.
            let tx = rows.unchecked_transaction()?;
            question(&tx)
        });
        asked.await
    }
}

/// A scope as parameters.
struct Filter {
    from: i32,
    to: i32,
    origin: Option<u32>,
    destination: Option<u32>,
    class: Option<&'static str>,
}

impl From<&Scope> for Filter {
    fn from(scope: &Scope) -> Self {
        Self {
            from: number(scope.period.from()),
            to: number(scope.period.to()),
            origin: scope.origin.map(|city| city.0),
            destination: scope.destination.map(|city| city.0),
            class: scope.class.map(class_word),
        }
    }
}

impl Filter {
    /// Asks with its parameters and more.
    fn each<T>(
        &self,
        rows: &Connection,
        sql: &str,
        more: &[(&str, &dyn ToSql)],
        take: impl FnMut(&Row<'_>) -> Result<T, ReportError>,
    ) -> Result<Vec<T>, ReportError> {
        let mut all: Vec<(&str, &dyn ToSql)> = vec![
            (":from", &self.from),
            (":to", &self.to),
            (":origin", &self.origin),
            (":destination", &self.destination),
            (":class", &self.class),
        ];
        all.extend_from_slice(more);
        let mut select = rows.prepare_cached(sql)?;
        select.query_and_then(&*all, take)?.collect()
    }

    fn one<T: Default>(
        &self,
        rows: &Connection,
        sql: &str,
        take: impl FnMut(&Row<'_>) -> Result<T, ReportError>,
    ) -> Result<T, ReportError> {
        let found = self.each(rows, sql, &[], take)?;
        Ok(found.into_iter().next().unwrap_or_default())
    }
}

/// Which trips; `b` is the table that knows them.
const TRIPS: &str = "(:origin IS NULL OR b.origin = :origin)
    AND (:destination IS NULL OR b.destination = :destination) AND (:class IS NULL OR b.class = :class)";

/// What keeps a list's statement to a part of it.
const BEHIND_GROUP: &str = "(day, origin, destination, class)
    > (:after_day, :after_origin, :after_destination, :after_class)";

fn bookings_sql() -> String {
    format!(
        "SELECT b.day, b.origin, b.destination, b.class, count(*) AS booked,
                sum(coalesce(confirmed, 0)) AS confirmed, sum(coalesce(assigned, 0)) AS assigned,
                sum(coalesce(completed, 0)) AS completed, sum(coalesce(cancelled, 0)) AS cancelled,
                sum(coalesce(unfulfilled, 0)) AS unfulfilled, sum(coalesce(lapsed, 0)) AS lapsed
         FROM bookings b LEFT JOIN (
             SELECT booking, max(stage = 'confirmed') AS confirmed, max(stage = 'assigned') AS assigned,
                    max(stage = 'completed') AS completed, max(stage = 'cancelled') AS cancelled,
                    max(stage = 'unfulfilled') AS unfulfilled, max(stage = 'lapsed') AS lapsed
             FROM stages
             WHERE booking IN (SELECT booking FROM bookings WHERE day BETWEEN :from AND :to)
             GROUP BY booking) USING (booking)
         WHERE b.day BETWEEN :from AND :to AND {TRIPS}
         GROUP BY b.day, b.origin, b.destination, b.class"
    )
}

fn revenue_sql() -> String {
    format!(
        "SELECT m.day, b.origin, b.destination, b.class, sum(trips) AS trips, sum(gross) AS gross,
                sum(commission) AS commission, sum(fees) AS fees, sum(credits) AS credits, sum(refunds) AS refunds
         FROM (
             SELECT booking, day, 1 AS trips, payable - tax AS gross, 0 AS commission, 0 AS fees, 0 AS credits,
                    0 AS refunds
             FROM trips WHERE day BETWEEN :from AND :to
             UNION ALL
             SELECT booking, day, 0, 0, iif(account = 'commission_income', -amount, 0),
                    iif(account = 'cancellation_fees', -amount, 0), iif(account = 'credits_given', amount, 0),
                    iif(account = 'refunds', amount, 0)
             FROM postings WHERE day BETWEEN :from AND :to
                 AND account IN ('commission_income', 'cancellation_fees', 'credits_given', 'refunds')) m
         JOIN bookings b USING (booking) WHERE {TRIPS}
         GROUP BY m.day, b.origin, b.destination, b.class"
    )
}

fn withdrawals_sql() -> String {
    format!(
        "SELECT w.day, b.origin, b.destination, b.class, w.actor, w.cause, w.band, count(*) AS count,
                sum(w.fee) AS fees, sum(w.refund) AS refunds, sum(w.credit) AS credits
         FROM withdrawals w JOIN bookings b USING (booking)
         WHERE w.day BETWEEN :from AND :to AND {TRIPS}
         GROUP BY w.day, b.origin, b.destination, b.class, w.actor, w.cause, w.band"
    )
}

/// How long each booking waited, numbered by that within a day, or within the whole period.
fn assignments_sql(by: &str) -> String {
    format!(
        "WITH confirmed AS (
             SELECT booking, min(at) AS at, min(day) AS day FROM stages
             WHERE stage = 'confirmed' AND day BETWEEN :from AND :to GROUP BY booking),
         driven_by AS (
             SELECT booking, at, driver <> lag(driver) OVER (PARTITION BY booking ORDER BY at, rowid) AS changed
             FROM stages WHERE stage = 'assigned' AND booking IN (SELECT booking FROM confirmed)),
         assigned AS (
             SELECT d.booking, min(d.at) AS at, max(coalesce(d.changed, 0) AND d.at > b.pickup_at - 21600000) AS late
             FROM driven_by d JOIN bookings b USING (booking) GROUP BY d.booking),
         waited AS (
             SELECT {by} AS day, a.at - c.at AS took, coalesce(a.late, 0) AS late
             FROM confirmed c JOIN bookings b USING (booking) LEFT JOIN assigned a USING (booking) WHERE {TRIPS}),
         placed AS (
             SELECT *, row_number() OVER (PARTITION BY day ORDER BY took IS NULL, took) - 1 AS place,
                    count(took) OVER (PARTITION BY day) AS n FROM waited)
         SELECT day, count(*) AS confirmed, max(n) AS assigned, sum(late) AS changed_late,
                max(iif(place = n * 50 / 100, took, NULL)) AS p50, max(iif(place = n * 90 / 100, took, NULL)) AS p90
         FROM placed GROUP BY day ORDER BY day"
    )
}

fn fare_gaps_sql() -> String {
    format!(
        "SELECT line, sum(quoted) AS quoted, sum(invoiced) AS invoiced, sum(abs(invoiced - quoted)) AS gap,
                sum(abs(invoiced - quoted - explained)) AS unexplained
         FROM (
             SELECT booking, line, sum(iif(source = 'quote', amount, 0)) AS quoted,
                    sum(iif(source = 'invoice', amount, 0)) AS invoiced,
                    sum(iif(source = 'explanation', amount, 0)) AS explained
             FROM fare_lines
             WHERE booking IN (
                 SELECT t.booking FROM trips t JOIN bookings b USING (booking)
                 WHERE t.day BETWEEN :from AND :to AND {TRIPS})
             GROUP BY booking, line)
         GROUP BY line ORDER BY line"
    )
}

/// A statement's rows behind a key, and what all of its rows sum to.
fn part_of(sql: &str, behind: &str, order: &str) -> String {
    format!("SELECT * FROM ({sql}) WHERE (:first OR {behind}) ORDER BY {order} LIMIT :most")
}

/// The end of a part as parameters; what stands there for the beginning is not looked at.
struct After(i32, u32, u32, &'static str);

impl After {
    fn group(group: Option<&Group>) -> Self {
        group.map_or(Self(0, 0, 0, ""), |group| {
            let (origin, destination) = (group.origin.0, group.destination.0);
            Self(number(group.day), origin, destination, class_word(group.class))
        })
    }
}

#[async_trait]
impl Reports for SqliteReports {
    async fn sources(&self) -> Result<Vec<SourceAt>, ReportError> {
        let partitions = self.partitions;
        self.ask(move |rows| {
            let mut all = Vec::new();
            for service in FOLLOWED {
                let mut select = rows.prepare_cached(&format!(
                    "SELECT sequence, at FROM {service}_events WHERE partition = ? ORDER BY sequence DESC LIMIT 1"
                ))?;
                for partition in 0..partitions {
                    let mut found = select.query([partition])?;
                    let last: Option<(i64, i64)> = match found.next()? {
                        Some(row) => Some((row.get(0)?, row.get(1)?)),
                        None => None,
                    };
                    all.push(SourceAt {
                        service: service.to_owned(),
                        partition,
                        sequence: last.map_or(0, |(sequence, _)| sequence.cast_unsigned()),
                        event_time: last.and_then(|(_, at)| Timestamp::from_millisecond(at).ok()),
                    });
                }
            }
            Ok(all)
        })
        .await
    }

    async fn bookings(
        &self,
        scope: &Scope,
        part: &Part<Group>,
    ) -> Result<Listed<BookingsRow, BookingCounts>, ReportError> {
        let (filter, part) = (Filter::from(scope), part.clone());
        self.ask(move |rows| {
            let sql = bookings_sql();
            let listed = groups(rows, &filter, &sql, &part, |row| {
                Ok(BookingsRow {
                    group: row::group(row)?,
                    counts: row::bookings(row)?,
                })
            })?;
            let total = format!(
                "SELECT sum(booked) AS booked, sum(confirmed) AS confirmed, sum(assigned) AS assigned,
                        sum(completed) AS completed, sum(cancelled) AS cancelled, sum(unfulfilled) AS unfulfilled,
                        sum(lapsed) AS lapsed FROM ({sql})"
            );
            Ok(Listed {
                rows: listed,
                total: filter.one(rows, &total, row::bookings)?,
            })
        })
        .await
    }

    async fn revenue(
        &self,
        scope: &Scope,
        part: &Part<Group>,
    ) -> Result<Listed<RevenueRow, Takings>, ReportError> {
        let (filter, part) = (Filter::from(scope), part.clone());
        self.ask(move |rows| {
            let sql = revenue_sql();
            let listed = groups(rows, &filter, &sql, &part, |row| {
                Ok(RevenueRow {
                    group: row::group(row)?,
                    takings: row::takings(row)?,
                })
            })?;
            let total = format!(
                "SELECT sum(trips) AS trips, sum(gross) AS gross, sum(commission) AS commission, sum(fees) AS fees,
                        sum(credits) AS credits, sum(refunds) AS refunds FROM ({sql})"
            );
            Ok(Listed {
                rows: listed,
                total: filter.one(rows, &total, row::takings)?,
            })
        })
        .await
    }

    async fn withdrawals(
        &self,
        scope: &Scope,
        part: &Part<WithdrawalKey>,
    ) -> Result<Listed<WithdrawalRow, WithdrawalTotal>, ReportError> {
        let (filter, part) = (Filter::from(scope), part.clone());
        self.ask(move |rows| withdrawals(rows, &filter, &part)).await
    }

    async fn funnel(&self, scope: &Scope) -> Result<Vec<(Date, Funnel)>, ReportError> {
        let filter = Filter::from(scope);
        self.ask(move |rows| funnel(rows, &filter)).await
    }

    async fn assignments(&self, scope: &Scope) -> Result<Assignments, ReportError> {
        let filter = Filter::from(scope);
        self.ask(move |rows| {
            let take = |row: &Row<'_>| {
                let waited = |column: &str| row.get::<_, Option<i64>>(column);
                Ok((
                    of_number(row.get("day")?),
                    Assignment {
                        confirmed: row::count(row, "confirmed")?,
                        assigned: row::count(row, "assigned")?,
                        p50_ms: waited("p50")?.map(i64::cast_unsigned),
                        p90_ms: waited("p90")?.map(i64::cast_unsigned),
                        changed_late: row::count(row, "changed_late")?,
                    },
                ))
            };
            let days = filter.each(rows, &assignments_sql("c.day"), &[], take)?;
            let total = filter.each(rows, &assignments_sql("0"), &[], take)?;
            Ok(Assignments {
                days,
                total: total.first().map(|(_, total)| *total).unwrap_or_default(),
            })
        })
        .await
    }

    async fn offers(&self, scope: &Scope) -> Result<OfferCounts, ReportError> {
        let filter = Filter::from(scope);
        let sql = format!(
            "SELECT sum(iif(what = 'made', offers, 0)) AS made, sum(iif(what = 'accepted', offers, 0)) AS accepted,
                    sum(iif(what = 'declined', offers, 0)) AS declined, sum(iif(what = 'expired', offers, 0)) AS expired
             FROM offers o JOIN bookings b USING (booking) WHERE o.day BETWEEN :from AND :to AND {TRIPS}"
        );
        self.ask(move |rows| {
            filter.one(rows, &sql, |row| {
                Ok(OfferCounts {
                    made: row::count(row, "made")?,
                    accepted: row::count(row, "accepted")?,
                    declined: row::count(row, "declined")?,
                    expired: row::count(row, "expired")?,
                })
            })
        })
        .await
    }

    async fn fare_gaps(&self, scope: &Scope) -> Result<Vec<FareGap>, ReportError> {
        let filter = Filter::from(scope);
        self.ask(move |rows| {
            filter.each(rows, &fare_gaps_sql(), &[], |row| {
                Ok(FareGap {
                    line: row.get("line")?,
                    quoted: row::money(row, "quoted")?,
                    invoiced: row::money(row, "invoiced")?,
                    gap: row::money(row, "gap")?,
                    unexplained: row::money(row, "unexplained")?,
                })
            })
        })
        .await
    }

    async fn activity(
        &self,
        period: &Period,
        part: &Part<ActivityKey>,
    ) -> Result<Vec<ActivityRow>, ReportError> {
        let (from, to) = (number(period.from()), number(period.to()));
        let part = part.clone();
        let each = FOLLOWED.map(|service| {
            format!(
                "SELECT day, '{service}' AS service, event_type, count(*) AS events FROM {service}_events
                 WHERE day BETWEEN :from AND :to GROUP BY day, event_type"
            )
        });
        let sql = format!(
            "SELECT * FROM ({}) WHERE (:first OR (day, service, event_type) > (:day, :service, :event_type))
             ORDER BY day, service, event_type LIMIT :most",
            each.join(" UNION ALL ")
        );
        self.ask(move |rows| {
            let after = part.after.as_ref();
            let mut select = rows.prepare_cached(&sql)?;
            let found = select.query_and_then(
                named_params! {
                    ":from": from, ":to": to, ":first": after.is_none(), ":most": part.most,
                    ":day": after.map_or(0, |key| number(key.day)),
                    ":service": after.map_or("", |key| &key.service),
                    ":event_type": after.map_or("", |key| &key.event_type),
                },
                |row| {
                    Ok(ActivityRow {
                        key: ActivityKey {
                            day: row::day(row)?,
                            service: row.get("service")?,
                            event_type: row.get("event_type")?,
                        },
                        events: row::count(row, "events")?,
                    })
                },
            )?;
            found.collect()
        })
        .await
    }
}

/// A list's rows by group.
fn groups<T>(
    rows: &Connection,
    filter: &Filter,
    sql: &str,
    part: &Part<Group>,
    take: impl FnMut(&Row<'_>) -> Result<T, ReportError>,
) -> Result<Vec<T>, ReportError> {
    let sql = part_of(sql, BEHIND_GROUP, "day, origin, destination, class");
    let After(day, origin, destination, class) = After::group(part.after.as_ref());
    let first = part.after.is_none();
    let more: [(&str, &dyn ToSql); 6] = [
        (":first", &first),
        (":most", &part.most),
        (":after_day", &day),
        (":after_origin", &origin),
        (":after_destination", &destination),
        (":after_class", &class),
    ];
    filter.each(rows, &sql, &more, take)
}

fn withdrawals(
    rows: &Connection,
    filter: &Filter,
    part: &Part<WithdrawalKey>,
) -> Result<Listed<WithdrawalRow, WithdrawalTotal>, ReportError> {
    let sql = withdrawals_sql();
    let order = "day, origin, destination, class, actor, cause, band";
    let behind = "(day, origin, destination, class, actor, cause, band)
        > (:after_day, :after_origin, :after_destination, :after_class, :actor, :cause, :band)";
    let after = part.after.as_ref();
    let After(day, origin, destination, class) = After::group(after.map(|key| &key.group));
    let (actor, cause, band) = after.map_or(("", "", ""), |key| {
        (key.actor.as_str(), key.cause.as_str(), key.band.as_str())
    });
    let first = after.is_none();
    let more: [(&str, &dyn ToSql); 9] = [
        (":first", &first),
        (":most", &part.most),
        (":after_day", &day),
        (":after_origin", &origin),
        (":after_destination", &destination),
        (":after_class", &class),
        (":actor", &actor),
        (":cause", &cause),
        (":band", &band),
    ];
    let listed = filter.each(rows, &part_of(&sql, behind, order), &more, |row| {
        Ok(WithdrawalRow {
            key: row::withdrawal_key(row)?,
            sums: row::withdrawals(row)?,
        })
    })?;
    let total = format!(
        "SELECT sum(count) AS count, sum(fees) AS fees, sum(refunds) AS refunds, sum(credits) AS credits FROM ({sql})"
    );
    let booked =
        format!("SELECT count(*) AS booked FROM bookings b WHERE b.day BETWEEN :from AND :to AND {TRIPS}");
    Ok(Listed {
        rows: listed,
        total: WithdrawalTotal {
            booked: filter.one(rows, &booked, |row| row::count(row, "booked"))?,
            sums: filter.one(rows, &total, row::withdrawals)?,
        },
    })
}

fn funnel(rows: &Connection, filter: &Filter) -> Result<Vec<(Date, Funnel)>, ReportError> {
    let quotes = format!(
        "SELECT b.day, count(DISTINCT b.quote) AS quotes,
                count(DISTINCT iif(t.at - b.at <= 86400000, b.quote, NULL)) AS booked
         FROM quotes b LEFT JOIN bookings t USING (quote)
         WHERE b.day BETWEEN :from AND :to AND {TRIPS} GROUP BY b.day"
    );
    let pickups = format!(
        "SELECT b.pickup_day AS day, count(*) AS pickups, count(t.booking) AS completed
         FROM bookings b LEFT JOIN trips t USING (booking)
         WHERE b.pickup_day BETWEEN :from AND :to AND {TRIPS} GROUP BY b.pickup_day"
    );
    let mut days: BTreeMap<Date, Funnel> = BTreeMap::new();
    filter.each(rows, &quotes, &[], |row| {
        let day = days.entry(row::day(row)?).or_default();
        day.quotes = row::count(row, "quotes")?;
        day.quotes_booked = row::count(row, "booked")?;
        Ok(())
    })?;
    filter.each(rows, &pickups, &[], |row| {
        let day = days.entry(row::day(row)?).or_default();
        day.pickups = row::count(row, "pickups")?;
        day.completed = row::count(row, "completed")?;
        Ok(())
    })?;
    Ok(days.into_iter().collect())
}
