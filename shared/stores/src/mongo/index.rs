//! Indices, declared by a projection and made when it is opened.

use super::{Mongo, MongoError};
use mongodb::{
    IndexModel,
    bson::{Bson, Document, RawDocumentBuf, doc},
    options::IndexOptions,
};
use std::time::Duration;

/// The way of a field in an index or in a sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The smallest first.
    Up,
    /// The largest first.
    Down,
}

/// One index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Its fields, in order.
    pub fields: Vec<(&'static str, Order)>,
}

impl Index {
    /// An index of these fields.
    pub fn new(name: &'static str, fields: &[(&'static str, Order)]) -> Self {
        Self {
            name,
            fields: fields.to_vec(),
        }
    }

    /// Whether a query with these equalities and this sort reads the index alone, in order, from one place to
    /// another: its first fields are the equalities, and the sort goes on from there, all the same way or all the
    /// other way round.
    pub fn covers(&self, equal: &[&str], sort: &[(&str, Order)]) -> bool {
        let (first, rest) = self.fields.split_at(equal.len().min(self.fields.len()));
        let leads = first.len() == equal.len() && first.iter().all(|(field, _)| equal.contains(field));
        let same = |(have, want): (&(&str, Order), &(&str, Order))| have == want;
        let turned = |(have, want): (&(&str, Order), &(&str, Order))| have.0 == want.0 && have.1 != want.1;
        leads
            && sort.len() <= rest.len()
            && (rest.iter().zip(sort).all(same) || rest.iter().zip(sort).all(turned))
    }

    fn model(&self) -> IndexModel {
        let mut keys = Document::new();
        for (field, order) in &self.fields {
            keys.insert(*field, Bson::Int32(if *order == Order::Up { 1 } else { -1 }));
        }
        let options = IndexOptions::builder().name(self.name.to_owned()).build();
        IndexModel::builder().keys(keys).options(options).build()
    }
}

/// Makes those that are missing, and the one by which the server removes what has expired.
pub(super) async fn ensure(
    db: &Mongo,
    collection: &str,
    indices: &[Index],
    expiring: bool,
) -> Result<(), MongoError> {
    let mut models: Vec<IndexModel> = indices.iter().map(Index::model).collect();
    if expiring {
        let options = IndexOptions::builder()
            .name("gone_at".to_owned())
            .expire_after(Duration::ZERO)
            .build();
        models.push(
            IndexModel::builder()
                .keys(doc! { "gone_at": 1 })
                .options(options)
                .build(),
        );
    }
    if !models.is_empty() {
        let collection = db.collection::<RawDocumentBuf>(collection);
        db.at_length(collection.create_indexes(models)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        Order::{Down, Up},
        *,
    };

    #[test]
    fn an_index_covers_what_it_begins_with_in_either_direction() {
        let index = Index::new("of_rider", &[("rider", Up), ("at", Down), ("_id", Down)]);
        assert!(index.covers(&["rider"], &[("at", Down), ("_id", Down)]));
        assert!(index.covers(&["rider"], &[("at", Up)]));
        assert!(index.covers(&["rider"], &[]));
        assert!(
            !index.covers(&["rider"], &[("at", Up), ("_id", Down)]),
            "it would have to sort"
        );
        assert!(!index.covers(&[], &[("at", Down)]), "it begins with the rider");
        assert!(!index.covers(&["driver"], &[("at", Down)]));
        assert!(!index.covers(&["rider"], &[("_id", Down)]));
    }
}
