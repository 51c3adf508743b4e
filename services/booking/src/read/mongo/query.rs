//! The questions as queries, each with the index that answers it.

use super::{
    super::{After, Filter, Whose, row::word},
    document::date,
};
use crate::domain::booking::Stage;
use interstate_schemas::{BookingId, Timestamp, UserId};
use interstate_stores::mongo::{
    Index,
    Order::{self, Down, Up},
    bson::{Bson, DateTime, Document, doc},
};

/// The last booked first.
const NEWEST: [(&str, Order); 2] = [("booking.booked_at", Down), ("_id", Down)];

/// A query of the documents.
#[derive(Debug, Clone)]
pub struct Query {
    /// What is asked.
    pub only: Document,
    /// In which order.
    pub sort: Vec<(&'static str, Order)>,
    /// Fields that are asked for one value each, by which the index begins that answers it.
    pub equal: Vec<&'static str>,
}

impl Query {
    /// The order as a server takes it.
    pub fn sorted(&self) -> Document {
        let way = |order: &Order| Bson::Int32(if *order == Up { 1 } else { -1 });
        self.sort
            .iter()
            .map(|(field, order)| ((*field).to_owned(), way(order)))
            .collect()
    }
}

pub(super) fn indices() -> Vec<Index> {
    let by = |name, first: &[&'static str]| {
        let first: Vec<_> = first.iter().map(|field| (*field, Up)).collect();
        Index::new(name, &[&first[..], &NEWEST].concat())
    };
    vec![
        by("of_rider", &["booking.rider"]),
        by("of_driver", &["booking.driver_user"]),
        by("by_stage", &["booking.stage"]),
        by("with_case", &["booking.support_case"]),
        by("by_time", &[]),
    ]
}

/// Bookings, after this one.
pub(super) fn list(whose: Whose, filter: Filter, after: Option<After>) -> Query {
    let (mut only, mut equal) = (Document::new(), Vec::new());
    let user = match whose {
        Whose::Rider(user) => Some(("booking.rider", user)),
        Whose::Driver(user) => Some(("booking.driver_user", user)),
        Whose::All => None,
    };
    if let Some((field, user)) = user {
        only.insert(field, user.to_string());
        equal.push(field);
    }
    if let Some(open) = filter.support_case {
        only.insert("booking.support_case", open);
        equal.push("booking.support_case");
    }
    if let Some(stage) = filter.stage {
        only.insert("booking.stage", word(stage));
        equal.push("booking.stage");
    }
    // The rest is looked at in the few documents that are left; open cases are fewest.
    equal.truncate(1);
    // A bound in any case: a trip that is a quote only has no such time, and is in no list.
    let latest = after.map_or(DateTime::MAX, |(booked_at, _)| date(booked_at));
    only.insert("booking.booked_at", doc! { "$lte": latest });
    if let Some((booked_at, booking)) = after {
        let before = vec![
            doc! { "booking.booked_at": { "$lt": date(booked_at) } },
            doc! { "_id": { "$lt": booking.to_string() } },
        ];
        only.insert("$or", before);
    }
    Query {
        only,
        sort: NEWEST.to_vec(),
        equal,
    }
}

/// Every query that lists: for whoever asks the server how it answers them.
pub fn queries() -> Vec<Query> {
    let user = UserId::derive(0, &[b"somebody"]);
    let after = (Timestamp::UNIX_EPOCH, BookingId::derive(0, &[b"a booking"]));
    let mut all = Vec::new();
    for whose in [Whose::Rider(user), Whose::Driver(user), Whose::All] {
        for stage in [None, Some(Stage::Confirmed)] {
            for support_case in [None, Some(true), Some(false)] {
                for after in [None, Some(after)] {
                    all.push(list(whose, Filter { stage, support_case }, after));
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_reads_an_index_from_one_place_to_another_and_sorts_nothing() {
        for query in queries() {
            let covered = indices()
                .iter()
                .any(|index| index.covers(&query.equal, &query.sort));
            assert!(covered, "{query:?}");
        }
    }
}
