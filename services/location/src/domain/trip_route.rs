//! From this service's own route to the one that quotes keep.

use super::{
    Gazetteer, GazetteerError, Route,
    road::{RouteError, RouteSource, TollClass},
};
use interstate_schemas::{self as schemas, GeoPoint, Money, RouteLeg, Stop, TollStop, TripRoute};

/// Why stops have no route.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StopError {
    /// A stop cannot be found.
    #[error("stop {position}: {reason}")]
    Unknown {
        /// Which stop, counted from 1.
        position: usize,
        /// What is wrong with it.
        reason: GazetteerError,
    },
    /// No road leads through them.
    #[error(transparent)]
    Route(#[from] RouteError),
}

/// The published form of a route, with the tolls of vehicles of a class. A plaza whose fee is not known counts
/// with nothing, because a rider pays no toll that nobody can name.
pub fn published(route: &Route, class: TollClass, gazetteer: &Gazetteer) -> Result<TripRoute, StopError> {
    let places = route
        .legs
        .first()
        .map(|leg| &leg.from)
        .into_iter()
        .chain(route.legs.iter().map(|leg| &leg.to));
    let stops = places
        .zip(1..)
        .map(|(place, position)| stop(&place.name, place.point, position, gazetteer))
        .collect::<Result<_, _>>()?;
    let tolls = route.legs.iter().flat_map(|leg| &leg.tolls);
    Ok(TripRoute {
        stops,
        legs: route
            .legs
            .iter()
            .map(|leg| RouteLeg {
                metres: leg.metres,
                seconds: leg.seconds,
                hill: leg.hill,
                hill_metres: Some(leg.hill_metres),
            })
            .collect(),
        metres: route.metres,
        seconds: route.seconds,
        states: route.states.clone(),
        tolls: tolls
            .map(|toll| TollStop {
                plaza: toll.plaza,
                name: toll.name.clone(),
                fee: toll.single(class).unwrap_or(Money::ZERO),
            })
            .collect(),
        source: match route.source {
            RouteSource::Approximate => schemas::RouteSource::Approximate,
        },
    })
}

fn stop(name: &str, point: GeoPoint, position: usize, gazetteer: &Gazetteer) -> Result<Stop, StopError> {
    let state = gazetteer
        .state_of(point)
        .map_err(|reason| StopError::Unknown { position, reason })?;
    Ok(Stop {
        name: name.to_owned(),
        point,
        state,
    })
}
