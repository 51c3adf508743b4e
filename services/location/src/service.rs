//! Puts the service together.

use crate::{
    api::{AssignedDrivers, Edge},
    domain::{
        DataError, Gazetteer, Place, RoadModel, Route, TollClass,
        gazetteer::{Candidate, CityId, NameError},
        road::RouteError,
        toll_gates::TollGates,
        tracking::TripTracking,
        trip_route::{self, StopError},
    },
    effects::Milestones,
    ports::BookedTrips,
    read::OpenTrips,
    telemetry::{Positions, Recorder, replay},
};
use interstate_eventing::{
    Service,
    projection::{Consumers, Follow},
    runtime::{Clock, Commands, Spawn},
};
use interstate_http::Streams;
use interstate_live::{
    Live,
    positions::{Around, LivePositions, NearDriver, Sighting},
};
use interstate_log::{Log, LogError};
use interstate_schemas::{DriverId, GeoPoint, Timestamp, TripRoute, VehicleClass};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The aggregates of this service.
pub fn service() -> Service {
    Service::new("location").aggregate::<TripTracking>()
}

/// A stop of a route as somebody names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopRef {
    /// A city, by its id.
    City(CityId),
    /// The city that has this name, in Latin or Hindi letters: `Delhi`, `Manali, HP`, `Manali, Himachal Pradesh`.
    /// Where several far apart have it and none is by far the largest, the state or the id must be given.
    Name(String),
    /// Any point in India.
    Point {
        /// Where.
        at: GeoPoint,
        /// What to call it; the nearest city's name where it has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
}

/// Why the service does not answer.
#[derive(Debug, thiserror::Error)]
pub enum LocationError {
    /// The data that is part of the program is broken.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Stops without a route.
    #[error(transparent)]
    Stops(#[from] StopError),
    /// No city has that name.
    #[error("stop {position}: no city is called `{name}`")]
    UnknownName {
        /// Which stop, counted from 1.
        position: usize,
        /// The name.
        name: String,
    },
    /// Several cities have that name.
    #[error("stop {position}: `{name}` may be any of {}: add the state after a comma, or pass the city's id", listed(.candidates))]
    AmbiguousName {
        /// Which stop, counted from 1.
        position: usize,
        /// The name.
        name: String,
        /// Which cities, the largest first.
        candidates: Vec<Candidate>,
    },
    /// The log failed at the start.
    #[error(transparent)]
    Log(#[from] LogError),
}

fn listed(candidates: &[Candidate]) -> String {
    let all: Vec<String> = candidates.iter().map(ToString::to_string).collect();
    all.join(", ")
}

impl From<RouteError> for LocationError {
    fn from(error: RouteError) -> Self {
        Self::Stops(error.into())
    }
}

/// What the service knows and sees. Clones share it; other services may ask it in process.
#[derive(Clone)]
pub struct Location {
    gazetteer: Arc<Gazetteer>,
    roads: Arc<RoadModel>,
    positions: Arc<Positions>,
}

impl Location {
    /// Reads the maps that are part of the program; nobody has been seen here yet. Where drivers are is shared by
    /// `live`.
    pub fn open(live: &Live) -> Result<Self, LocationError> {
        Ok(Self {
            gazetteer: Arc::new(Gazetteer::embedded()?),
            roads: Arc::new(RoadModel::embedded()?),
            positions: Arc::new(Positions::new(live.positions())),
        })
    }

    /// The cities and states.
    pub fn gazetteer(&self) -> &Gazetteer {
        &self.gazetteer
    }

    /// What this instance has taken up of drivers' fixes.
    pub fn positions(&self) -> &Positions {
        &self.positions
    }

    /// Where drivers are, whichever instance took their fixes up.
    pub fn live(&self) -> &dyn LivePositions {
        self.positions.live()
    }

    /// The route through stops in their order, with its lines on the map.
    pub fn route(&self, stops: &[StopRef]) -> Result<Route, LocationError> {
        let places = stops
            .iter()
            .zip(1..)
            .map(|(stop, position)| self.place(stop, position));
        let places = places.collect::<Result<Vec<_>, _>>()?;
        Ok(self.roads.route(&places)?)
    }

    /// The route through stops as quotes keep it, with the tolls of a car.
    pub fn trip_route(&self, stops: &[StopRef]) -> Result<TripRoute, LocationError> {
        self.trip_route_for(stops, VehicleClass::Sedan)
    }

    /// The same, with the tolls of this class: a tempo traveller pays as a light commercial vehicle.
    pub fn trip_route_for(&self, stops: &[StopRef], class: VehicleClass) -> Result<TripRoute, LocationError> {
        self.published(&self.route(stops)?, class)
    }

    pub(crate) fn published(&self, route: &Route, class: VehicleClass) -> Result<TripRoute, LocationError> {
        let class = match class {
            VehicleClass::TempoTraveller => TollClass::Lcv,
            VehicleClass::Hatchback | VehicleClass::Sedan | VehicleClass::Suv | VehicleClass::PremiumSuv => {
                TollClass::Car
            }
        };
        Ok(trip_route::published(route, class, &self.gazetteer)?)
    }

    /// At most `limit` drivers within `radius_m` metres who were seen in the last ten minutes, the nearest
    /// first.
    pub async fn nearest_drivers(
        &self,
        point: GeoPoint,
        radius_m: u32,
        limit: usize,
        now: Timestamp,
    ) -> Vec<NearDriver> {
        let around = Around {
            point,
            radius_m,
            limit,
        };
        self.live().nearest(around, now).await
    }

    /// Where a driver was seen last, however long ago.
    pub async fn last_sighting(&self, driver: DriverId) -> Option<Sighting> {
        let seen = self.live().last(&[driver]).await;
        seen.first().map(|(_, seen)| *seen)
    }

    fn place(&self, stop: &StopRef, position: usize) -> Result<Place, LocationError> {
        let unknown = |reason| StopError::Unknown { position, reason };
        match stop {
            StopRef::City(id) => Ok(self.gazetteer.place(*id).map_err(unknown)?),
            StopRef::Name(name) => self
                .gazetteer
                .by_name(name)
                .map(|city| Place::new(&city.name, city.point))
                .map_err(|error| match error {
                    NameError::Unknown => LocationError::UnknownName {
                        position,
                        name: name.clone(),
                    },
                    NameError::Ambiguous { candidates } => LocationError::AmbiguousName {
                        position,
                        name: name.clone(),
                        candidates,
                    },
                }),
            StopRef::Point { at, name: Some(name) } => Ok(Place::new(name, *at)),
            StopRef::Point { at, name: None } => {
                let near = self.gazetteer.nearest(*at).map_err(unknown)?;
                Ok(Place::new(near.city.name, *at))
            }
        }
    }

    /// Starts what runs beside the requests: the recent fixes are read again, the open trips are followed.
    pub async fn start(&self, wiring: Wiring) -> Result<Running, LocationError> {
        let Wiring {
            log,
            clock,
            commands,
            spawn,
            consumers,
            bookings,
            streams,
            partitions,
        } = wiring;
        let recorder = Recorder::open(log.clone(), partitions).await?;
        let batches = replay(&*log, partitions, &self.positions, clock.now()).await?;
        tracing::info!(batches, "the recent fixes are read again");
        let trips = OpenTrips::default();
        let follow = Follow {
            log,
            clock: clock.clone(),
            consumers,
        };
        let (position, runners) = follow.projection(trips.projection(), "location", partitions);
        for runner in runners {
            spawn.spawn(Box::pin(runner.run()));
        }
        let (milestones, worker) = Milestones::new(
            trips.clone(),
            self.gazetteer.clone(),
            TollGates::embedded()?,
            commands.clone(),
        );
        spawn.spawn(Box::pin(worker.run()));
        Ok(Running {
            edge: Edge {
                location: self.clone(),
                recorder: Arc::new(recorder),
                milestones,
                trips,
                position,
                commands,
                assigned: Arc::new(AssignedDrivers::new(bookings, clock.clone())),
                clock,
                streams,
            },
        })
    }
}

/// What the service runs on.
pub struct Wiring {
    /// The log; the topics of the services exist.
    pub log: Arc<dyn Log>,
    /// Log time.
    pub clock: Arc<dyn Clock>,
    /// The way to the aggregates.
    pub commands: Commands,
    /// Runs what goes on beside the requests.
    pub spawn: Arc<dyn Spawn>,
    /// Where followers say how far they are.
    pub consumers: Consumers,
    /// Who drives whom.
    pub bookings: Arc<dyn BookedTrips>,
    /// Live streams.
    pub streams: Streams,
    /// Partitions of the service's topics, `location.fixes` among them.
    pub partitions: u32,
}

/// The service at work.
pub struct Running {
    /// What its routes work with: `api::router(running.edge)`.
    pub edge: Edge,
}
