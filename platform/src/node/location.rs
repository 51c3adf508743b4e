//! The location service in this process, and its answers to the other services here.

use super::{Base, StartError};
use async_trait::async_trait;
use interstate_booking::{
    ports::{PlaceRef, RouteError, RouteFinder},
    read::BookingHistory,
};
use interstate_http::Api;
use interstate_location::{
    LocationError, StopRef, Wiring,
    api::{CODES, ROWS, router},
    domain::gazetteer::CityId,
    ports::{BookedTrip, BookedTrips, BookingsUnavailable},
};
use interstate_log::{Topic, TopicKind, TopicSpec};
use interstate_schemas::{BookingId, TripRoute, VehicleClass};
use std::sync::Arc;

/// The maps and the live positions.
#[derive(Clone)]
pub struct Location {
    pub inner: interstate_location::Location,
}

impl Location {
    /// Reads the maps.
    pub fn open() -> Result<Self, StartError> {
        Ok(Self {
            inner: interstate_location::Location::open().map_err(failed)?,
        })
    }

    /// Starts the service's edge.
    pub async fn start(&self, base: &Base, history: Option<BookingHistory>) -> Result<Api, StartError> {
        let service = interstate_location::service();
        let partitions = service.partition_count();
        let fixes = TopicSpec {
            topic: Topic::new(service.name(), TopicKind::Fixes),
            partitions,
        };
        base.env.log.ensure(&[fixes]).await?;
        let running = self
            .inner
            .start(Wiring {
                log: base.env.log.clone(),
                clock: base.env.clock.clone(),
                commands: base.commands.clone(),
                spawn: base.env.spawn.clone(),
                consumers: base.consumers.clone(),
                bookings: Arc::new(Booked(history)),
                streams: base.streams.clone(),
                partitions,
            })
            .await
            .map_err(failed)?;
        base.api(&service, router(running.edge), ROWS, CODES)
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

/// Who drives whom, from booking's read model.
struct Booked(Option<BookingHistory>);

#[async_trait]
impl BookedTrips for Booked {
    async fn trip(&self, booking: BookingId) -> Result<Option<BookedTrip>, BookingsUnavailable> {
        let unavailable = |why: String| BookingsUnavailable(why);
        let history = self
            .0
            .as_ref()
            .ok_or_else(|| unavailable("booking does not run in this process".to_owned()))?;
        let Some(row) = history
            .booking(booking)
            .await
            .map_err(|error| unavailable(error.to_string()))?
        else {
            return Ok(None);
        };
        let Some(quote) = history
            .quote(row.quote)
            .await
            .map_err(|error| unavailable(error.to_string()))?
        else {
            return Ok(None);
        };
        let stops = &quote.view.route.stops;
        Ok(match (row.driver_user, stops.first(), stops.last()) {
            (Some(driver), Some(first), Some(last)) => Some(BookedTrip {
                rider: row.rider,
                driver,
                pickup: first.point,
                drop: last.point,
                ends_at: row.ends_at,
            }),
            _ => None,
        })
    }
}
