//! What this service asks, where location runs in other processes.

use crate::ports::{PlaceRef, RouteError, RouteFinder};
use async_trait::async_trait;
use interstate_grpc::{Asking, Client};
use interstate_proto::{
    Malformed,
    location::{self, NamedPoint, Place, RouteRequest, location_client::LocationClient, place, route_answer},
};
use interstate_schemas::{TripRoute, VehicleClass};

/// A rider waits, and a route is a pure computation: the slowest are asked for twice.
const ROUTE: Asking = Asking::of("Route").hedged(0.99);

/// Location over gRPC.
#[derive(Debug, Clone)]
pub struct RemoteRoutes(Client);

impl RemoteRoutes {
    /// Asks its instances by this client.
    pub fn new(client: Client) -> Self {
        Self(client)
    }
}

#[async_trait]
impl RouteFinder for RemoteRoutes {
    async fn route(&self, stops: &[PlaceRef], class: VehicleClass) -> Result<TripRoute, RouteError> {
        let question = RouteRequest {
            stops: stops.iter().cloned().map(place).collect(),
            class: location::VehicleClass::from(class).into(),
        };
        let call = |via| {
            let question = question.clone();
            async move { LocationClient::new(via).route(question).await }
        };
        let answer = self.0.ask(ROUTE, call).await;
        let answer = answer.map_err(|status| RouteError::Unavailable(status.message().to_owned()))?;
        match answer.is {
            Some(route_answer::Is::Route(route)) => route
                .try_into()
                .map_err(|error: Malformed| RouteError::Unavailable(error.to_string())),
            Some(route_answer::Is::UnknownPlace(unknown)) => Err(RouteError::UnknownPlace {
                stop: usize::try_from(unknown.stop).unwrap_or(usize::MAX),
                name: unknown.name,
                why: unknown.why,
            }),
            Some(route_answer::Is::NoRoute(no_route)) => Err(RouteError::NoRoute(no_route.why)),
            None => Err(RouteError::Unavailable("location's answer is empty".to_owned())),
        }
    }
}

fn place(place: PlaceRef) -> Place {
    let by = match place {
        PlaceRef::City(id) => place::By::City(id),
        PlaceRef::Name(name) => place::By::Name(name),
        PlaceRef::Point { name, at } => place::By::Point(NamedPoint {
            name,
            at: Some(at.into()),
        }),
    };
    Place { by: Some(by) }
}
