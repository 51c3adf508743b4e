//! What a report is asked with.

use super::code::{codes, scope_problem};
use crate::domain::{CityId, Period, Scope, scope::Part};
use interstate_http::{Cursor, Limit, Page, Problem};
use interstate_schemas::VehicleClass;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Which trips of which days.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OfScope {
    /// The first day, in the tariff's zone.
    from: Date,
    /// The last day, which is included.
    to: Date,
    /// Only trips that start in or near this city.
    origin: Option<CityId>,
    /// Only trips to or near this city.
    destination: Option<CityId>,
    /// Only this class of vehicle.
    class: Option<VehicleClass>,
}

/// The same for a list.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "K: DeserializeOwned")]
pub(super) struct OfList<K> {
    /// The first day, in the tariff's zone.
    from: Date,
    /// The last day, which is included.
    to: Date,
    /// Only trips that start in or near this city.
    origin: Option<CityId>,
    /// Only trips to or near this city.
    destination: Option<CityId>,
    /// Only this class of vehicle.
    class: Option<VehicleClass>,
    /// How many rows a page has.
    #[serde(default)]
    limit: Limit,
    /// Where to go on.
    cursor: Option<Cursor<K>>,
}

/// Days alone, for a list.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, bound = "K: DeserializeOwned")]
pub(super) struct OfDays<K> {
    /// The first day, in the tariff's zone.
    from: Date,
    /// The last day, which is included.
    to: Date,
    /// How many rows a page has.
    #[serde(default)]
    limit: Limit,
    /// Where to go on.
    cursor: Option<Cursor<K>>,
}

impl OfScope {
    pub(super) fn scope(&self) -> Result<Scope, Problem> {
        for city in [self.origin, self.destination].into_iter().flatten() {
            if city.name().is_none() {
                let detail = format!("No city has the id {}.", city.0);
                return Err(Problem::new(&codes::ANALYTICS_CITY_UNKNOWN, detail));
            }
        }
        Ok(Scope {
            period: period(self.from, self.to)?,
            origin: self.origin,
            destination: self.destination,
            class: self.class,
        })
    }
}

impl<K: Clone> OfList<K> {
    pub(super) fn scope(&self) -> Result<Scope, Problem> {
        let Self {
            from,
            to,
            origin,
            destination,
            class,
            ..
        } = *self;
        let same = OfScope {
            from,
            to,
            origin,
            destination,
            class,
        };
        same.scope()
    }

    pub(super) fn part(&self) -> Part<K> {
        part(self.limit, self.cursor.as_ref())
    }

    pub(super) fn limit(&self) -> Limit {
        self.limit
    }
}

impl<K: Clone> OfDays<K> {
    pub(super) fn period(&self) -> Result<Period, Problem> {
        period(self.from, self.to)
    }

    pub(super) fn part(&self) -> Part<K> {
        part(self.limit, self.cursor.as_ref())
    }

    pub(super) fn limit(&self) -> Limit {
        self.limit
    }
}

fn period(from: Date, to: Date) -> Result<Period, Problem> {
    Period::new(from, to).map_err(scope_problem)
}

fn part<K: Clone>(limit: Limit, cursor: Option<&Cursor<K>>) -> Part<K> {
    Part {
        after: cursor.map(|cursor| cursor.0.clone()),
        most: limit.rows_to_fetch(),
    }
}

/// The rows of a page, and where the next one begins.
pub(super) fn page<T, K: Serialize>(
    rows: Vec<T>,
    limit: Limit,
    key: impl Fn(&T) -> K,
) -> (Vec<T>, Option<String>) {
    let page = Page::of(rows, limit, key);
    (page.items, page.next)
}
