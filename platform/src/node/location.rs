//! The location service in this process, and its answers to the other services here.

use super::{Base, StartError, questions::Asked};
use async_trait::async_trait;
use interstate_booking::{
    api::assigned_trip,
    ports::{PlaceRef, RouteError, RouteFinder},
    read::BookingHistory,
};
use interstate_http::Api;
use interstate_live::Live;
use interstate_location::{
    LocationError, StopRef, Wiring,
    api::{CALLERS, CODES, ROWS, questions, router},
    domain::gazetteer::CityId,
    ports::{BookedTrip, BookedTrips, BookingsUnavailable},
};
use interstate_proto::location::location_server::SERVICE_NAME;
use interstate_schemas::{BookingId, TripRoute, VehicleClass};
use std::sync::Arc;
use tonic::service::Routes;

/// The maps and the live positions.
#[derive(Clone)]
pub struct Location {
    pub inner: interstate_location::Location,
}

impl Location {
    /// Reads the maps.
    pub fn open(live: &Live) -> Result<Self, StartError> {
        Ok(Self {
            inner: interstate_location::Location::open(live).map_err(failed)?,
        })
    }

    /// Starts the service's edge.
    pub async fn start(&self, base: &Base, bookings: Arc<dyn BookedTrips>) -> Result<Api, StartError> {
        let service = interstate_location::service();
        let partitions = service.partition_count();
        let running = self
            .inner
            .start(Wiring {
                log: base.env.log.clone(),
                clock: base.env.clock.clone(),
                commands: base.commands.clone(),
                spawn: base.env.spawn.clone(),
                consumers: base.consumers.clone(),
                bookings,
                streams: base.streams.clone(),
                partitions,
            })
            .await
            .map_err(failed)?;
        base.api(&service, router(running.edge), ROWS, CODES)
    }

    /// What other services ask it.
    pub fn asked(&self, base: &Base) -> Asked {
        Asked {
            service: "location",
            routes: Routes::new(questions(self.inner.clone(), base.env.clock.clone())),
            names: &[SERVICE_NAME],
            callers: CALLERS,
        }
    }
}

fn failed(error: LocationError) -> StartError {
    StartError::Service {
        service: "location",
        why: error.to_string(),
    }
}

#[async_trait]
impl RouteFinder for Location {
    async fn route(&self, stops: &[PlaceRef], class: VehicleClass) -> Result<TripRoute, RouteError> {
        let named: Vec<StopRef> = stops.iter().cloned().map(stop).collect();
        self.inner
            .trip_route_for(&named, class)
            .map_err(|error| match &error {
                LocationError::UnknownName { position, name }
                | LocationError::AmbiguousName { position, name, .. } => RouteError::UnknownPlace {
                    stop: position - 1,
                    name: name.clone(),
                    why: error.to_string(),
                },
                LocationError::Stops(_) => RouteError::NoRoute(error.to_string()),
                LocationError::Data(_) | LocationError::Log(_) => RouteError::Unavailable(error.to_string()),
            })
    }
}

fn stop(place: PlaceRef) -> StopRef {
    match place {
        PlaceRef::City(id) => StopRef::City(CityId(id)),
        PlaceRef::Name(name) => StopRef::Name(name),
        PlaceRef::Point { name, at } => StopRef::Point { at, name: Some(name) },
    }
}

/// Who drives whom, from the read model of booking in this process.
pub struct Booked(pub BookingHistory);

#[async_trait]
impl BookedTrips for Booked {
    async fn trip(&self, booking: BookingId) -> Result<Option<BookedTrip>, BookingsUnavailable> {
        let found = assigned_trip(&self.0, booking).await;
        let found = found.map_err(|error| BookingsUnavailable(error.to_string()))?;
        Ok(found.map(|trip| BookedTrip {
            rider: trip.rider,
            driver: trip.driver,
            pickup: trip.pickup,
            drop: trip.drop,
            ends_at: trip.ends_at,
        }))
    }
}
