//! What other services ask: routes, and where drivers are.

use crate::{Location, LocationError, StopRef, domain::gazetteer::CityId};
use interstate_eventing::runtime::Clock;
use interstate_grpc::CallRow;
use interstate_proto::{
    MESSAGE_BYTES, Malformed,
    location::{
        LastSeenRequest, NearestDriversRequest, NoRoute, Place, RouteAnswer, RouteRequest, Sighting,
        Sightings, UnknownPlace, location_server, place, route_answer,
    },
};
use interstate_schemas::{DriverId, GeoPoint, Timestamp, VehicleClass};
use std::sync::Arc;
use tonic::{Request, Response, Status};

/// Who may ask what.
pub const CALLERS: &[CallRow] = &[
    ("booking", "interstate.location.v1.Location/Route"),
    ("driver", "interstate.location.v1.Location/NearestDrivers"),
    ("driver", "interstate.location.v1.Location/LastSeen"),
];

/// Stops of one route; booking takes twelve.
const MOST_STOPS: usize = 24;
/// Drivers in one question or answer.
const MOST_DRIVERS: usize = 1_000;

/// The questions as a server.
pub fn questions(
    location: Location,
    clock: Arc<dyn Clock>,
) -> location_server::LocationServer<impl location_server::Location> {
    location_server::LocationServer::new(Answers { location, clock })
        .max_decoding_message_size(MESSAGE_BYTES)
        .max_encoding_message_size(MESSAGE_BYTES)
}

struct Answers {
    location: Location,
    clock: Arc<dyn Clock>,
}

#[tonic::async_trait]
impl location_server::Location for Answers {
    async fn route(&self, request: Request<RouteRequest>) -> Result<Response<RouteAnswer>, Status> {
        let request = request.into_inner();
        if request.stops.len() > MOST_STOPS {
            return Err(Status::invalid_argument(format!(
                "a route has at most {MOST_STOPS} stops"
            )));
        }
        let class = VehicleClass::try_from(request.class())?;
        let stops = request
            .stops
            .into_iter()
            .map(stop)
            .collect::<Result<Vec<_>, _>>()?;
        let is = match self.location.trip_route_for(&stops, class) {
            Ok(route) => route_answer::Is::Route(route.into()),
            Err(error) => refused(error)?,
        };
        Ok(Response::new(RouteAnswer { is: Some(is) }))
    }

    async fn nearest_drivers(
        &self,
        request: Request<NearestDriversRequest>,
    ) -> Result<Response<Sightings>, Status> {
        let request = request.into_inner();
        let point: GeoPoint = request.point.ok_or(Malformed::missing("point"))?.try_into()?;
        let limit = usize::try_from(request.limit)
            .unwrap_or(usize::MAX)
            .min(MOST_DRIVERS);
        let near = self
            .location
            .nearest_drivers(point, request.radius_metres, limit, self.clock.now())
            .await;
        let sightings = near
            .into_iter()
            .map(|seen| sighting(seen.driver, seen.point, seen.seen_at));
        Ok(Response::new(Sightings {
            sightings: sightings.collect::<Result<_, _>>()?,
        }))
    }

    async fn last_seen(&self, request: Request<LastSeenRequest>) -> Result<Response<Sightings>, Status> {
        let drivers = request.into_inner().drivers;
        if drivers.len() > MOST_DRIVERS {
            return Err(Status::invalid_argument(format!(
                "at most {MOST_DRIVERS} drivers at once"
            )));
        }
        let parsed = drivers.iter().map(|driver| {
            let parsed = driver.parse::<DriverId>();
            parsed.map_err(|error| Malformed::wrong("driver", error))
        });
        let parsed = parsed.collect::<Result<Vec<_>, _>>()?;
        let seen = self.location.live().last(&parsed).await;
        let sightings = seen
            .into_iter()
            .map(|(driver, seen)| sighting(driver, seen.point, seen.at));
        Ok(Response::new(Sightings {
            sightings: sightings.collect::<Result<_, _>>()?,
        }))
    }
}

/// What asking again would not change is an answer.
fn refused(error: LocationError) -> Result<route_answer::Is, Status> {
    let why = error.to_string();
    match error {
        LocationError::UnknownName { position, name }
        | LocationError::AmbiguousName { position, name, .. } => {
            Ok(route_answer::Is::UnknownPlace(UnknownPlace {
                stop: u32::try_from(position.saturating_sub(1)).unwrap_or(u32::MAX),
                name,
                why,
            }))
        }
        LocationError::Stops(_) => Ok(route_answer::Is::NoRoute(NoRoute { why })),
        LocationError::Data(_) | LocationError::Log(_) => Err(Status::unavailable(why)),
    }
}

fn stop(place: Place) -> Result<StopRef, Malformed> {
    match place.by.ok_or(Malformed::missing("stop"))? {
        place::By::City(id) => Ok(StopRef::City(CityId(id))),
        place::By::Name(name) => Ok(StopRef::Name(name)),
        place::By::Point(point) => Ok(StopRef::Point {
            at: point
                .at
                .ok_or(Malformed::missing("point of a stop"))?
                .try_into()?,
            name: Some(point.name),
        }),
    }
}

fn sighting(driver: DriverId, point: GeoPoint, at: Timestamp) -> Result<Sighting, Status> {
    Ok(Sighting {
        driver: driver.to_string(),
        point: Some(point.into()),
        at_ns: i64::try_from(at.as_nanosecond())
            .map_err(|_| Status::internal("a moment outside of three centuries"))?,
    })
}
