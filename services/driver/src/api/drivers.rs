//! Registering, papers, vehicles, admission, availability.

use super::{
    code::{CODES, codes},
    http::Edge,
    view::{Availability, DriverView, OfDriver, OfVehicle, Refusal, RegisterDriver, RegisterVehicle},
};
use crate::domain::{
    documents::Document,
    driver::{DriverCommand, MOST_VEHICLES, Profile},
    vehicle::{PlateKey, VehicleCommand},
};
use axum::extract::State;
use interstate_auth::Caller;
use interstate_http::{
    Accepted, Answer, ConsistencyToken, Created, IdempotencyKey, Json, Path, Problem, RequestContext,
    ask_problem, token,
};
use interstate_schemas::{DriverId, Sealed, VehicleId};
use schemars::JsonSchema;
use serde::Deserialize;

/// Which driver.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(super) struct DriverPath {
    driver: DriverId,
}

/// Which vehicle.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub(super) struct VehiclePath {
    vehicle: VehicleId,
}

/// `POST /v1/drivers`: the caller wants to drive.
pub(super) async fn register(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Json(body): Json<RegisterDriver>,
) -> Result<Created<OfDriver>, Problem> {
    let driver = DriverId::from(caller.user);
    let RegisterDriver {
        home_state,
        drives_at_night,
        hill_roads,
        name,
    } = body;
    let profile = Profile {
        home_state,
        drives_at_night,
        hill_roads,
    };
    let name = match name {
        Some(name) => Some(edge.sealed(&caller, name.into()).await?),
        None => None,
    };
    let command = DriverCommand::Register { profile, name };
    let answered = edge
        .ask(driver, &command, &caller, &context, ("POST /v1/drivers", &key))
        .await?;
    Ok(Created::new(OfDriver { driver })
        .token(token(&answered))
        .location("/v1/drivers/me"))
}

/// `POST /v1/drivers/me/documents`
pub(super) async fn add_document(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Json(document): Json<Document>,
) -> Result<Answer<OfDriver>, Problem> {
    let driver = DriverId::from(caller.user);
    let command = DriverCommand::AddDocument { document };
    edge.tell(
        driver,
        &command,
        &caller,
        &context,
        ("POST /v1/drivers/me/documents", &key),
    )
    .await
}

/// `POST /v1/drivers/me/vehicles`: 202, because the plate is looked up next; `GET /v1/drivers/me` shows the outcome.
pub(super) async fn register_vehicle(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Json(body): Json<RegisterVehicle>,
) -> Result<Accepted<OfVehicle>, Problem> {
    let driver = DriverId::from(caller.user);
    let hash = edge.unique.key("plate", body.plate.as_str());
    // The same driver with the same plate is the same vehicle, whatever the key: a second try finds the first.
    let vehicle = VehicleId::derive(0, &[&driver.ulid().0.to_be_bytes(), hash.as_bytes()]);
    const ROUTE: &str = "POST /v1/drivers/me/vehicles";
    edge.may_register(driver, vehicle)?;
    let request = (&hash, &body.description, &body.documents);
    let used = edge
        .commands
        .use_key(crate::SERVICE, caller.actor(), ROUTE, key.as_str(), &request);
    used.await.map_err(|error| ask_problem(error, CODES))?;
    let command = VehicleCommand::Register {
        driver,
        plate: PlateKey {
            hash,
            ending: body.plate.ending().to_owned(),
        },
        description: body.description,
        papers: body.documents,
    };
    let repeat = (ROUTE, &key);
    let answered = edge.ask(vehicle, &command, &caller, &context, repeat).await?;
    Ok(Accepted::new(OfVehicle { vehicle })
        .token(token(&answered))
        .location("/v1/drivers/me"))
}

/// `POST /v1/drivers/me/vehicles/{vehicle}/documents`: another paper of a vehicle, or the renewal of one, by the
/// driver who registered it.
pub(super) async fn add_vehicle_document(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(VehiclePath { vehicle }): Path<VehiclePath>,
    Json(paper): Json<Document>,
) -> Result<Answer<OfVehicle>, Problem> {
    let command = VehicleCommand::AddPaper { paper };
    let repeat = ("POST /v1/drivers/me/vehicles/{vehicle}/documents", &key);
    edge.tell_vehicle(vehicle, &command, &caller, &context, repeat)
        .await
}

/// `POST /v1/vehicles/{vehicle}/release-plate`: somebody else claims the plate, and support believes them.
pub(super) async fn release_plate(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(VehiclePath { vehicle }): Path<VehiclePath>,
) -> Result<Answer<OfVehicle>, Problem> {
    let command = VehicleCommand::ReleasePlate;
    let repeat = ("POST /v1/vehicles/{vehicle}/release-plate", &key);
    edge.tell_vehicle(vehicle, &command, &caller, &context, repeat)
        .await
}

/// `POST /v1/drivers/me/submit`
pub(super) async fn submit(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
) -> Result<Answer<OfDriver>, Problem> {
    let driver = DriverId::from(caller.user);
    edge.tell(
        driver,
        &DriverCommand::Submit,
        &caller,
        &context,
        ("POST /v1/drivers/me/submit", &key),
    )
    .await
}

/// `POST /v1/drivers/me/availability`
pub(super) async fn availability(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    seen: ConsistencyToken,
    Json(Availability { online, vehicle }): Json<Availability>,
) -> Result<Answer<OfDriver>, Problem> {
    let driver = DriverId::from(caller.user);
    let command = if online {
        edge.roster_shows(&seen).await?;
        edge.vehicle_may_run(driver, vehicle)?;
        DriverCommand::GoOnline { vehicle }
    } else {
        DriverCommand::GoOffline
    };
    edge.tell(
        driver,
        &command,
        &caller,
        &context,
        ("POST /v1/drivers/me/availability", &key),
    )
    .await
}

/// `POST /v1/drivers/{driver}/approve`
pub(super) async fn approve(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(DriverPath { driver }): Path<DriverPath>,
) -> Result<Answer<OfDriver>, Problem> {
    let repeat = ("POST /v1/drivers/{driver}/approve", &key);
    edge.tell(driver, &DriverCommand::Approve, &caller, &context, repeat)
        .await
}

/// `POST /v1/drivers/{driver}/reject`
pub(super) async fn reject(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(DriverPath { driver }): Path<DriverPath>,
    Json(Refusal { reason, .. }): Json<Refusal>,
) -> Result<Answer<OfDriver>, Problem> {
    let repeat = ("POST /v1/drivers/{driver}/reject", &key);
    edge.tell(
        driver,
        &DriverCommand::Reject {
            reason: reason.into(),
        },
        &caller,
        &context,
        repeat,
    )
    .await
}

/// `POST /v1/drivers/{driver}/suspend`
pub(super) async fn suspend(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(DriverPath { driver }): Path<DriverPath>,
    Json(Refusal { reason, until }): Json<Refusal>,
) -> Result<Answer<OfDriver>, Problem> {
    let repeat = ("POST /v1/drivers/{driver}/suspend", &key);
    edge.tell(
        driver,
        &DriverCommand::Suspend {
            reason: reason.into(),
            until,
        },
        &caller,
        &context,
        repeat,
    )
    .await
}

/// `POST /v1/drivers/{driver}/reinstate`
pub(super) async fn reinstate(
    State(edge): State<Edge>,
    caller: Caller,
    context: RequestContext,
    key: IdempotencyKey,
    Path(DriverPath { driver }): Path<DriverPath>,
) -> Result<Answer<OfDriver>, Problem> {
    let repeat = ("POST /v1/drivers/{driver}/reinstate", &key);
    edge.tell(driver, &DriverCommand::Reinstate, &caller, &context, repeat)
        .await
}

/// `GET /v1/drivers/me`
pub(super) async fn me(
    State(edge): State<Edge>,
    caller: Caller,
    seen: ConsistencyToken,
) -> Result<Answer<DriverView>, Problem> {
    edge.roster_shows(&seen).await?;
    edge.view(DriverId::from(caller.user))
}

/// `GET /v1/drivers/{driver}`, for support.
pub(super) async fn one(
    State(edge): State<Edge>,
    _: Caller,
    seen: ConsistencyToken,
    Path(DriverPath { driver }): Path<DriverPath>,
) -> Result<Answer<DriverView>, Problem> {
    edge.roster_shows(&seen).await?;
    edge.view(driver)
}

impl Edge {
    async fn tell(
        &self,
        driver: DriverId,
        command: &DriverCommand,
        caller: &Caller,
        context: &RequestContext,
        repeat: (&str, &IdempotencyKey),
    ) -> Result<Answer<OfDriver>, Problem> {
        let answered = self.ask(driver, command, caller, context, repeat).await?;
        Ok(Answer::new(OfDriver { driver }).token(token(&answered)))
    }

    async fn tell_vehicle(
        &self,
        vehicle: VehicleId,
        command: &VehicleCommand,
        caller: &Caller,
        context: &RequestContext,
        repeat: (&str, &IdempotencyKey),
    ) -> Result<Answer<OfVehicle>, Problem> {
        let answered = self.ask(vehicle, command, caller, context, repeat).await?;
        Ok(Answer::new(OfVehicle { vehicle }).token(token(&answered)))
    }

    /// The vehicle that a driver would go online with has its papers today. Whether it is theirs, the driver's own
    /// record says; a search asks for the papers again, through the end of its trip.
    fn vehicle_may_run(&self, driver: DriverId, vehicle: Option<VehicleId>) -> Result<(), Problem> {
        let Some(known) = self.roster.driver(driver) else {
            return Ok(());
        };
        let named = vehicle.or(match known.vehicles.as_slice() {
            &[only] => Some(only),
            _ => None,
        });
        let named = named.filter(|vehicle| known.vehicles.contains(vehicle));
        let Some(vehicle) = named.and_then(|vehicle| self.roster.vehicle(vehicle)) else {
            return Ok(());
        };
        let missing = vehicle.missing_papers(self.clock.now());
        if missing.is_empty() {
            return Ok(());
        }
        Err(Problem::new(
            &codes::VEHICLE_PAPERS_MISSING,
            format!("These papers of the vehicle are missing or do not hold today: {missing:?}."),
        ))
    }

    /// A driver has at most so many vehicles.
    fn may_register(&self, driver: DriverId, vehicle: VehicleId) -> Result<(), Problem> {
        if self.roster.may_register(driver, vehicle) {
            return Ok(());
        }
        Err(Problem::new(
            &codes::DRIVER_TOO_MANY_VEHICLES,
            format!(
                "You have {MOST_VEHICLES} vehicles, as many as a driver may have. Ask support to take back the plate of \
                 one that you drive no more."
            ),
        ))
    }

    fn view(&self, id: DriverId) -> Result<Answer<DriverView>, Problem> {
        let driver = self.roster.driver(id).ok_or_else(|| {
            Problem::new(&codes::DRIVER_UNKNOWN, "There is no such driver: register first.")
        })?;
        Ok(Answer::new(DriverView::of(
            id,
            driver,
            self.roster.vehicles_of(id),
        )))
    }
}

impl Edge {
    /// A text under the caller's own key.
    async fn sealed(&self, caller: &Caller, text: String) -> Result<Sealed<String>, Problem> {
        let (keys, person) = (self.keys.clone(), caller.user);
        // A key may have to be read from a disk.
        let sealed = tokio::task::spawn_blocking(move || keys.seal(person, &text)).await;
        sealed.map_err(Problem::internal)?.map_err(Problem::internal)
    }
}
