//! A route through stops, as quotes keep it. Nothing of it is lost on the way: a repeated question has to give the
//! same quote.

use crate::{Malformed, location};
use interstate_schemas::{Currency, Money, RouteLeg, RouteSource, Stop, TollStop, TripRoute};

impl From<TripRoute> for location::TripRoute {
    fn from(route: TripRoute) -> Self {
        let source = match route.source {
            RouteSource::Approximate => location::RouteSource::Approximate,
            RouteSource::RoadNetwork => location::RouteSource::RoadNetwork,
        };
        Self {
            stops: route.stops.into_iter().map(stop).collect(),
            legs: route.legs.into_iter().map(leg).collect(),
            metres: route.metres,
            seconds: route.seconds,
            states: route.states.iter().map(ToString::to_string).collect(),
            tolls: route.tolls.into_iter().map(toll).collect(),
            source: source.into(),
        }
    }
}

fn stop(stop: Stop) -> location::Stop {
    location::Stop {
        name: stop.name,
        point: Some(stop.point.into()),
        state: stop.state.to_string(),
    }
}

fn leg(leg: RouteLeg) -> location::Leg {
    location::Leg {
        metres: leg.metres,
        seconds: leg.seconds,
        hill: leg.hill,
        hill_metres: leg.hill_metres,
    }
}

fn toll(toll: TollStop) -> location::Toll {
    let currency = match toll.fee.currency {
        Currency::INR => "INR",
    };
    location::Toll {
        plaza: toll.plaza,
        name: toll.name,
        amount: toll.fee.amount,
        currency: currency.to_owned(),
    }
}

impl TryFrom<location::TripRoute> for TripRoute {
    type Error = Malformed;

    fn try_from(route: location::TripRoute) -> Result<Self, Malformed> {
        let source = match route.source() {
            location::RouteSource::Unspecified => return Err(Malformed::missing("source of the route")),
            location::RouteSource::Approximate => RouteSource::Approximate,
            location::RouteSource::RoadNetwork => RouteSource::RoadNetwork,
        };
        let stops = route
            .stops
            .into_iter()
            .map(stop_of)
            .collect::<Result<Vec<_>, _>>()?;
        if stops.len() < 2 || route.legs.len() + 1 != stops.len() {
            return Err(Malformed::wrong("route", "its legs do not join its stops"));
        }
        let states = route.states.iter().map(|code| code.parse());
        Ok(Self {
            stops,
            legs: route.legs.into_iter().map(leg_of).collect(),
            metres: route.metres,
            seconds: route.seconds,
            states: states
                .collect::<Result<_, _>>()
                .map_err(|error| Malformed::wrong("state", error))?,
            tolls: route.tolls.into_iter().map(toll_of).collect::<Result<_, _>>()?,
            source,
        })
    }
}

fn stop_of(stop: location::Stop) -> Result<Stop, Malformed> {
    Ok(Stop {
        name: stop.name,
        point: stop
            .point
            .ok_or(Malformed::missing("point of a stop"))?
            .try_into()?,
        state: stop
            .state
            .parse()
            .map_err(|error| Malformed::wrong("state", error))?,
    })
}

fn leg_of(leg: location::Leg) -> RouteLeg {
    RouteLeg {
        metres: leg.metres,
        seconds: leg.seconds,
        hill: leg.hill,
        hill_metres: leg.hill_metres,
    }
}

fn toll_of(toll: location::Toll) -> Result<TollStop, Malformed> {
    let currency = match toll.currency.as_str() {
        "INR" => Currency::INR,
        other => return Err(Malformed::wrong("currency of a toll", other)),
    };
    Ok(TollStop {
        plaza: toll.plaza,
        name: toll.name,
        fee: Money {
            amount: toll.amount,
            currency,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use interstate_schemas::{GeoPoint, StateCode};

    fn route() -> TripRoute {
        let stop = |name: &str, lat, lon, state| Stop {
            name: name.to_owned(),
            point: GeoPoint::new(lat, lon).unwrap(),
            state,
        };
        TripRoute {
            stops: vec![
                stop("Ahmedabad", 23.022_505, 72.571_362_1, StateCode::GJ),
                stop("Udaipur", 24.585_445, 73.712_479, StateCode::RJ),
            ],
            legs: vec![RouteLeg {
                metres: 262_000,
                seconds: 16_200,
                hill: true,
                hill_metres: Some(40_000),
            }],
            metres: 262_000,
            seconds: 16_200,
            states: vec![StateCode::GJ, StateCode::RJ],
            tolls: vec![TollStop {
                plaza: 17,
                name: "Khandi Obari".to_owned(),
                fee: Money::rupees(115),
            }],
            source: RouteSource::Approximate,
        }
    }

    #[test]
    fn a_route_arrives_as_it_was_sent() {
        let sent = location::TripRoute::from(route());
        let bytes = prost::Message::encode_to_vec(&sent);
        let arrived: location::TripRoute = prost::Message::decode(&*bytes).unwrap();
        assert_eq!(TripRoute::try_from(arrived), Ok(route()));
    }

    #[test]
    fn what_cannot_be_a_route_is_refused() {
        let spoilt = |spoil: &dyn Fn(&mut location::TripRoute)| {
            let mut message = location::TripRoute::from(route());
            spoil(&mut message);
            TripRoute::try_from(message).unwrap_err().to_string()
        };
        assert!(spoilt(&|route| route.legs.clear()).contains("legs"));
        assert!(spoilt(&|route| route.source = 0).contains("source"));
        assert!(spoilt(&|route| route.states.push("XX".to_owned())).contains("XX"));
        assert!(spoilt(&|route| route.stops[0].point = None).contains("point"));
        assert!(spoilt(&|route| route.tolls[0].currency = "USD".to_owned()).contains("USD"));
    }
}
