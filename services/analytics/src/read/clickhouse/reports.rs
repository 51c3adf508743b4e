//! Reports from the facts.

use super::{ClickHouse, ledger::standings, model::model_of};
use crate::{
    domain::{
        CityId, FOLLOWED, Period, Scope,
        day::of_number,
        report::{
            ActivityKey, ActivityRow, Assignment, Assignments, BookingCounts, BookingsRow, FareGap, Funnel,
            Group, Listed, OfferCounts, RevenueRow, SourceAt, Takings, WithdrawalKey, WithdrawalRow,
            WithdrawalSums, WithdrawalTotal, class_of, class_word,
        },
        scope::Part,
        withdrawal::{Actor, Band, Cause},
    },
    read::{ReportError, Reports},
};
use async_trait::async_trait;
use clickhouse::{Row, RowOwned, RowRead, query::Query};
use interstate_schemas::Money;
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Reports from a database.
#[derive(Clone)]
pub struct ClickHouseReports {
    db: ClickHouse,
}

/// Which trips; `b` is the table that knows them.
const TRIPS: &str = "({origin:UInt32} = 0 OR b.origin = {origin:UInt32})
    AND ({destination:UInt32} = 0 OR b.destination = {destination:UInt32})
    AND ({class:String} = '' OR b.class = {class:String})";

/// Bookings by id with what the scope selects by: the right side of joins, no more of it than the scope needs.
const OF_TRIPS: &str = "SELECT booking, origin, destination, class, pickup_at FROM bookings b WHERE";

/// What keeps a list's statement to a part of it.
const BEHIND_GROUP: &str = "(day, origin, destination, class)
    > ({after_day:Date}, {after_origin:UInt32}, {after_destination:UInt32}, {after_class:String})";

/// Declares what a statement answers.
macro_rules! answers {
    ($($name:ident { $($field:ident: $type:ty),+ $(,)? })+) => {$(
        #[derive(Debug, Row, Deserialize)]
        struct $name { $($field: $type),+ }
    )+};
}

answers! {
    Booked {
        day: u16, origin: u32, destination: u32, class: String, booked: u64, confirmed: u64, assigned: u64,
        completed: u64, cancelled: u64, unfulfilled: u64, lapsed: u64,
    }
    BookedTotal {
        booked: u64, confirmed: u64, assigned: u64, completed: u64, cancelled: u64, unfulfilled: u64, lapsed: u64,
    }
    Taken {
        day: u16, origin: u32, destination: u32, class: String, trips: u64, gross: i64, commission: i64, fees: i64,
        credits: i64, refunds: i64,
    }
    TakenTotal { trips: u64, gross: i64, commission: i64, fees: i64, credits: i64, refunds: i64 }
    Withdrew {
        day: u16, origin: u32, destination: u32, class: String, actor: String, cause: String, band: String,
        count: u64, fees: i64, refunds: i64, credits: i64,
    }
    WithdrewTotal { count: u64, fees: i64, refunds: i64, credits: i64 }
    Quoted { day: u16, quotes: u64, booked: u64 }
    PickedUp { day: u16, pickups: u64, completed: u64 }
    Waited { day: u16, confirmed: u64, assigned: u64, p50: i64, p90: i64, changed_late: u64 }
    Gap { line: String, quoted: i64, invoiced: i64, gap: i64, unexplained: i64 }
    Moved { made: u64, accepted: u64, declined: u64, expired: u64 }
    Happened { day: u16, service: String, event_type: String, events: u64 }
}

fn bookings_sql() -> String {
    format!(
        "SELECT b.day AS day, b.origin AS origin, b.destination AS destination, b.class AS class,
                count() AS booked, countIf(has(reached, 'confirmed')) AS confirmed,
                countIf(has(reached, 'assigned')) AS assigned, countIf(has(reached, 'completed')) AS completed,
                countIf(has(reached, 'cancelled')) AS cancelled,
                countIf(has(reached, 'unfulfilled')) AS unfulfilled, countIf(has(reached, 'lapsed')) AS lapsed
         FROM bookings b LEFT JOIN (
             SELECT booking, groupUniqArray(toString(stage)) AS reached FROM stages
             WHERE booking IN (SELECT booking FROM bookings WHERE day BETWEEN {{from:Date}} AND {{to:Date}})
             GROUP BY booking) s ON s.booking = b.booking
         WHERE b.day BETWEEN {{from:Date}} AND {{to:Date}} AND {TRIPS}
         GROUP BY day, origin, destination, class"
    )
}

fn revenue_sql() -> String {
    format!(
        "SELECT m.day AS day, b.origin AS origin, b.destination AS destination, b.class AS class,
                countIf(m.account = '') AS trips, sumIf(m.amount, m.account = '') AS gross,
                -sumIf(m.amount, m.account = 'commission_income') AS commission,
                -sumIf(m.amount, m.account = 'cancellation_fees') AS fees,
                sumIf(m.amount, m.account = 'credits_given') AS credits,
                sumIf(m.amount, m.account = 'refunds') AS refunds
         FROM (
             SELECT booking, day, '' AS account, payable - tax AS amount FROM trips
             WHERE day BETWEEN {{from:Date}} AND {{to:Date}}
             UNION ALL
             SELECT booking, day, toString(account) AS account, amount FROM postings
             WHERE day BETWEEN {{from:Date}} AND {{to:Date}}
                 AND account IN ('commission_income', 'cancellation_fees', 'credits_given', 'refunds')) m
         INNER JOIN ({OF_TRIPS} {TRIPS}) b ON b.booking = m.booking
         GROUP BY day, origin, destination, class"
    )
}

fn withdrawals_sql() -> String {
    format!(
        "SELECT w.day AS day, b.origin AS origin, b.destination AS destination, b.class AS class, w.actor AS actor,
                w.cause AS cause, w.band AS band, count() AS count, sum(w.fee) AS fees, sum(w.refund) AS refunds,
                sum(w.credit) AS credits
         FROM withdrawals w INNER JOIN ({OF_TRIPS} {TRIPS}) b ON b.booking = w.booking
         WHERE w.day BETWEEN {{from:Date}} AND {{to:Date}}
         GROUP BY day, origin, destination, class, actor, cause, band"
    )
}

/// Of each booking that was confirmed: the times and drivers that it was given, in order.
fn assignments_sql(by: &str) -> String {
    format!(
        "SELECT {by} AS day, count() AS confirmed, countIf(given) AS assigned,
                quantileExactIf(0.5)(took, given) AS p50, quantileExactIf(0.9)(took, given) AS p90,
                countIf(given AND late) AS changed_late
         FROM (
             SELECT c.confirmed_on AS on_day, notEmpty(a.turns) AS given,
                    if(given, a.turns[1].1 - c.confirmed_at, 0) AS took,
                    arrayExists(
                        i -> a.turns[i].2 != a.turns[i - 1].2
                            AND a.turns[i].1 > toUnixTimestamp64Milli(b.pickup_at) - 21600000,
                        range(2, length(a.turns) + 1)) AS late
             FROM (
                 SELECT booking, min(toUnixTimestamp64Milli(at)) AS confirmed_at, min(day) AS confirmed_on
                 FROM stages WHERE stage = 'confirmed' AND day BETWEEN {{from:Date}} AND {{to:Date}}
                 GROUP BY booking) c
             INNER JOIN ({OF_TRIPS} {TRIPS}) b ON b.booking = c.booking
             LEFT JOIN (
                 SELECT booking, arraySort(groupArray((toUnixTimestamp64Milli(at), driver))) AS turns
                 FROM stages
                 WHERE stage = 'assigned' AND booking IN (
                     SELECT booking FROM stages
                     WHERE stage = 'confirmed' AND day BETWEEN {{from:Date}} AND {{to:Date}})
                 GROUP BY booking) a ON a.booking = c.booking)
         GROUP BY day ORDER BY day"
    )
}

fn fare_gaps_sql() -> String {
    format!(
        "SELECT line, sum(q) AS quoted, sum(i) AS invoiced, toInt64(sum(abs(i - q))) AS gap,
                toInt64(sum(abs(i - q - e))) AS unexplained
         FROM (
             SELECT booking, line, sumIf(amount, source = 'quote') AS q, sumIf(amount, source = 'invoice') AS i,
                    sumIf(amount, source = 'explanation') AS e
             FROM fare_lines
             WHERE booking IN (
                 SELECT t.booking FROM trips t INNER JOIN ({OF_TRIPS} {TRIPS}) b ON b.booking = t.booking
                 WHERE t.day BETWEEN {{from:Date}} AND {{to:Date}})
             GROUP BY booking, line)
         GROUP BY line ORDER BY line"
    )
}

/// A statement's rows behind a key.
fn part_of(sql: &str, behind: &str, order: &str) -> String {
    format!("SELECT * FROM ({sql}) WHERE {{first:Bool}} OR {behind} ORDER BY {order} LIMIT {{most:UInt32}}")
}

/// The sums of a statement's columns.
fn total_of(sql: &str, columns: &[&str]) -> String {
    let sums: Vec<String> = columns
        .iter()
        .map(|column| format!("sum(t.{column}) AS {column}"))
        .collect();
    format!("SELECT {} FROM ({sql}) t", sums.join(", "))
}

impl ClickHouseReports {
    /// Of this database.
    pub fn new(db: &ClickHouse) -> Self {
        Self { db: db.clone() }
    }

    fn question(&self, sql: &str, scope: &Scope) -> Query {
        self.days(sql, &scope.period)
            .param("origin", scope.origin.map_or(0, |city| city.0))
            .param("destination", scope.destination.map_or(0, |city| city.0))
            .param("class", scope.class.map_or("", class_word))
    }

    fn days(&self, sql: &str, period: &Period) -> Query {
        self.db
            .client
            .query_raw(sql)
            .param("from", period.from().to_string())
            .param("to", period.to().to_string())
    }

    fn part(&self, sql: &str, scope: &Scope, after: Option<&Group>, most: u32) -> Query {
        self.question(sql, scope)
            .param("first", after.is_none())
            .param("most", most)
            .param(
                "after_day",
                after.map_or_else(first_day, |group| group.day).to_string(),
            )
            .param("after_origin", after.map_or(0, |group| group.origin.0))
            .param("after_destination", after.map_or(0, |group| group.destination.0))
            .param("after_class", after.map_or("", |group| class_word(group.class)))
    }

    async fn all<T: RowOwned + RowRead>(&self, question: Query) -> Result<Vec<T>, ReportError> {
        let asked = async {
            self.db.ready().await?;
            self.db.all("make a report", question).await
        };
        Ok(self.db.ask(asked).await?)
    }

    async fn one<T: RowOwned + RowRead>(&self, question: Query) -> Result<Option<T>, ReportError> {
        Ok(self.all(question).await?.pop())
    }
}

fn first_day() -> Date {
    of_number(0)
}

fn day_of(day: u16) -> Date {
    of_number(i32::from(day))
}

fn group(day: u16, origin: u32, destination: u32, class: String) -> Result<Group, ReportError> {
    Ok(Group {
        day: day_of(day),
        origin: CityId(origin),
        destination: CityId(destination),
        class: class_of(&class).ok_or(ReportError::Damaged(class))?,
    })
}

fn word<T>(text: String, parse: fn(&str) -> Option<T>) -> Result<T, ReportError> {
    parse(&text).ok_or(ReportError::Damaged(text))
}

#[async_trait]
impl Reports for ClickHouseReports {
    async fn sources(&self) -> Result<Vec<SourceAt>, ReportError> {
        let asked = async {
            self.db.ready().await?;
            standings(&self.db).await
        };
        let standings = self.db.ask(asked).await?;
        let of = |service: &'static str| {
            let own = standings.iter().filter(move |at| at.model == model_of(service));
            own.map(move |at| SourceAt {
                service: service.to_owned(),
                partition: at.partition,
                sequence: at.sequence,
                event_time: at.event_time,
            })
        };
        Ok(FOLLOWED.into_iter().flat_map(of).collect())
    }

    async fn bookings(
        &self,
        scope: &Scope,
        part: &Part<Group>,
    ) -> Result<Listed<BookingsRow, BookingCounts>, ReportError> {
        let sql = bookings_sql();
        let listed = part_of(&sql, BEHIND_GROUP, "day, origin, destination, class");
        let rows: Vec<Booked> = self
            .all(self.part(&listed, scope, part.after.as_ref(), part.most))
            .await?;
        let total = total_of(
            &sql,
            &[
                "booked",
                "confirmed",
                "assigned",
                "completed",
                "cancelled",
                "unfulfilled",
                "lapsed",
            ],
        );
        let total: Option<BookedTotal> = self.one(self.question(&total, scope)).await?;
        let rows = rows.into_iter().map(|row| {
            Ok(BookingsRow {
                group: group(row.day, row.origin, row.destination, row.class)?,
                counts: BookingCounts {
                    booked: row.booked,
                    confirmed: row.confirmed,
                    assigned: row.assigned,
                    completed: row.completed,
                    cancelled: row.cancelled,
                    unfulfilled: row.unfulfilled,
                    lapsed: row.lapsed,
                },
            })
        });
        Ok(Listed {
            rows: rows.collect::<Result<_, ReportError>>()?,
            total: total.map_or_else(BookingCounts::default, |total| BookingCounts {
                booked: total.booked,
                confirmed: total.confirmed,
                assigned: total.assigned,
                completed: total.completed,
                cancelled: total.cancelled,
                unfulfilled: total.unfulfilled,
                lapsed: total.lapsed,
            }),
        })
    }

    async fn revenue(
        &self,
        scope: &Scope,
        part: &Part<Group>,
    ) -> Result<Listed<RevenueRow, Takings>, ReportError> {
        let sql = revenue_sql();
        let listed = part_of(&sql, BEHIND_GROUP, "day, origin, destination, class");
        let rows: Vec<Taken> = self
            .all(self.part(&listed, scope, part.after.as_ref(), part.most))
            .await?;
        let total = total_of(
            &sql,
            &["trips", "gross", "commission", "fees", "credits", "refunds"],
        );
        let total: Option<TakenTotal> = self.one(self.question(&total, scope)).await?;
        let rows = rows.into_iter().map(|row| {
            Ok(RevenueRow {
                group: group(row.day, row.origin, row.destination, row.class)?,
                takings: Takings {
                    trips: row.trips,
                    gross: Money::inr(row.gross),
                    commission: Money::inr(row.commission),
                    fees: Money::inr(row.fees),
                    credits: Money::inr(row.credits),
                    refunds: Money::inr(row.refunds),
                },
            })
        });
        Ok(Listed {
            rows: rows.collect::<Result<_, ReportError>>()?,
            total: total.map_or_else(Takings::default, |total| Takings {
                trips: total.trips,
                gross: Money::inr(total.gross),
                commission: Money::inr(total.commission),
                fees: Money::inr(total.fees),
                credits: Money::inr(total.credits),
                refunds: Money::inr(total.refunds),
            }),
        })
    }

    async fn withdrawals(
        &self,
        scope: &Scope,
        part: &Part<WithdrawalKey>,
    ) -> Result<Listed<WithdrawalRow, WithdrawalTotal>, ReportError> {
        let sql = withdrawals_sql();
        let behind = "(day, origin, destination, class, actor, cause, band)
            > ({after_day:Date}, {after_origin:UInt32}, {after_destination:UInt32}, {after_class:String},
               {actor:String}, {cause:String}, {band:String})";
        let listed = part_of(
            &sql,
            behind,
            "day, origin, destination, class, actor, cause, band",
        );
        let after = part.after.as_ref();
        let question = self
            .part(&listed, scope, after.map(|key| &key.group), part.most)
            .param("actor", after.map_or("", |key| key.actor.as_str()))
            .param("cause", after.map_or("", |key| key.cause.as_str()))
            .param("band", after.map_or("", |key| key.band.as_str()));
        let rows: Vec<Withdrew> = self.all(question).await?;
        let total = total_of(&sql, &["count", "fees", "refunds", "credits"]);
        let total: Option<WithdrewTotal> = self.one(self.question(&total, scope)).await?;
        let booked = format!(
            "SELECT count() FROM bookings b WHERE b.day BETWEEN {{from:Date}} AND {{to:Date}} AND {TRIPS}"
        );
        let booked: Option<u64> = self.one(self.question(&booked, scope)).await?;
        let rows = rows.into_iter().map(|row| {
            Ok(WithdrawalRow {
                key: WithdrawalKey {
                    group: group(row.day, row.origin, row.destination, row.class)?,
                    actor: word(row.actor, Actor::parse)?,
                    cause: word(row.cause, Cause::parse)?,
                    band: word(row.band, Band::parse)?,
                },
                sums: WithdrawalSums {
                    count: row.count,
                    fees: Money::inr(row.fees),
                    refunds: Money::inr(row.refunds),
                    credits: Money::inr(row.credits),
                },
            })
        });
        Ok(Listed {
            rows: rows.collect::<Result<_, ReportError>>()?,
            total: WithdrawalTotal {
                booked: booked.unwrap_or(0),
                sums: total.map_or_else(WithdrawalSums::default, |total| WithdrawalSums {
                    count: total.count,
                    fees: Money::inr(total.fees),
                    refunds: Money::inr(total.refunds),
                    credits: Money::inr(total.credits),
                }),
            },
        })
    }

    async fn funnel(&self, scope: &Scope) -> Result<Vec<(Date, Funnel)>, ReportError> {
        let quotes = format!(
            "SELECT b.day AS day, uniqExact(b.quote) AS quotes,
                    uniqExactIf(b.quote, t.quote != 0
                        AND toUnixTimestamp64Milli(t.at) - toUnixTimestamp64Milli(b.at) <= 86400000) AS booked
             FROM quotes b LEFT JOIN (
                 SELECT quote, at FROM bookings
                 WHERE day BETWEEN {{from:Date}} AND addDays({{to:Date}}, 2)) t ON t.quote = b.quote
             WHERE b.day BETWEEN {{from:Date}} AND {{to:Date}} AND {TRIPS} GROUP BY day"
        );
        let pickups = format!(
            "SELECT b.pickup_day AS day, count() AS pickups,
                    countIf(b.booking IN (SELECT booking FROM trips)) AS completed
             FROM bookings b WHERE b.pickup_day BETWEEN {{from:Date}} AND {{to:Date}} AND {TRIPS} GROUP BY day"
        );
        let mut days: BTreeMap<Date, Funnel> = BTreeMap::new();
        for row in self.all::<Quoted>(self.question(&quotes, scope)).await? {
            let day = days.entry(day_of(row.day)).or_default();
            (day.quotes, day.quotes_booked) = (row.quotes, row.booked);
        }
        for row in self.all::<PickedUp>(self.question(&pickups, scope)).await? {
            let day = days.entry(day_of(row.day)).or_default();
            (day.pickups, day.completed) = (row.pickups, row.completed);
        }
        Ok(days.into_iter().collect())
    }

    async fn assignments(&self, scope: &Scope) -> Result<Assignments, ReportError> {
        let of = |row: Waited| {
            let time = |ms: i64| (row.assigned > 0).then_some(ms.cast_unsigned());
            let waited = Assignment {
                confirmed: row.confirmed,
                assigned: row.assigned,
                p50_ms: time(row.p50),
                p90_ms: time(row.p90),
                changed_late: row.changed_late,
            };
            (day_of(row.day), waited)
        };
        let days: Vec<Waited> = self.all(self.question(&assignments_sql("on_day"), scope)).await?;
        let total: Option<Waited> = self
            .one(self.question(&assignments_sql("toDate(0)"), scope))
            .await?;
        Ok(Assignments {
            days: days.into_iter().map(of).collect(),
            total: total.map(of).map(|(_, total)| total).unwrap_or_default(),
        })
    }

    async fn offers(&self, scope: &Scope) -> Result<OfferCounts, ReportError> {
        let sql = format!(
            "SELECT sumIf(o.offers, o.what = 'made') AS made, sumIf(o.offers, o.what = 'accepted') AS accepted,
                    sumIf(o.offers, o.what = 'declined') AS declined, sumIf(o.offers, o.what = 'expired') AS expired
             FROM offers o INNER JOIN ({OF_TRIPS} {TRIPS}) b ON b.booking = o.booking
             WHERE o.day BETWEEN {{from:Date}} AND {{to:Date}}"
        );
        let moved: Option<Moved> = self.one(self.question(&sql, scope)).await?;
        Ok(moved.map_or_else(OfferCounts::default, |moved| OfferCounts {
            made: moved.made,
            accepted: moved.accepted,
            declined: moved.declined,
            expired: moved.expired,
        }))
    }

    async fn fare_gaps(&self, scope: &Scope) -> Result<Vec<FareGap>, ReportError> {
        let rows: Vec<Gap> = self.all(self.question(&fare_gaps_sql(), scope)).await?;
        let gaps = rows.into_iter().map(|row| FareGap {
            line: row.line,
            quoted: Money::inr(row.quoted),
            invoiced: Money::inr(row.invoiced),
            gap: Money::inr(row.gap),
            unexplained: Money::inr(row.unexplained),
        });
        Ok(gaps.collect())
    }

    /// From the dashboards' sums: they are what the facts are, or a block reached them twice.
    async fn activity(
        &self,
        period: &Period,
        part: &Part<ActivityKey>,
    ) -> Result<Vec<ActivityRow>, ReportError> {
        let sql = part_of(
            "SELECT day, service, event_type, sum(events) AS events FROM events_daily
             WHERE day BETWEEN {from:Date} AND {to:Date} GROUP BY day, service, event_type",
            "(day, service, event_type) > ({after_day:Date}, {service:String}, {event_type:String})",
            "day, service, event_type",
        );
        let after = part.after.as_ref();
        let question = self
            .days(&sql, period)
            .param("first", after.is_none())
            .param("most", part.most)
            .param(
                "after_day",
                after.map_or_else(first_day, |key| key.day).to_string(),
            )
            .param("service", after.map_or("", |key| &key.service))
            .param("event_type", after.map_or("", |key| &key.event_type));
        let rows: Vec<Happened> = self.all(question).await?;
        let activity = rows.into_iter().map(|row| ActivityRow {
            key: ActivityKey {
                day: day_of(row.day),
                service: row.service,
                event_type: row.event_type,
            },
            events: row.events,
        });
        Ok(activity.collect())
    }
}
