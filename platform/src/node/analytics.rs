//! The analytics service in this process.

use super::{Base, StartError};
use interstate_analytics::{
    api::{CODES, Edge, ROWS, router},
    read::{
        Reports,
        clickhouse::{ClickHouse, ClickHouseFacts, ClickHouseReports},
        sqlite::{BookingFacts, DriverFacts, LocationFacts, PaymentFacts, SqliteReports, UserFacts},
    },
};
use interstate_config::Relational;
use interstate_eventing::{Service, projection::ReadPosition};
use interstate_http::Api;
use interstate_stores::{Projection, Sqlite, SqliteReadModel};
use std::sync::Arc;

/// Reports, and how far the facts of each service are.
type Facts = (Arc<dyn Reports>, Vec<ReadPosition>);

pub async fn start(
    base: &Base,
    clickhouse: Option<&interstate_config::ClickHouse>,
) -> Result<Api, StartError> {
    let service = interstate_analytics::service();
    let (reports, positions) = match clickhouse {
        Some(address) => on_server(base, &service, address).await?,
        None => embedded(base, &service).await?,
    };
    let edge = Edge {
        reports,
        positions: positions.into(),
        consumers: base.consumers.clone(),
        clock: base.env.clock.clone(),
    };
    base.api(&service, router(edge), ROWS, CODES)
}

/// The services whose events become facts.
fn followed() -> [Service; 5] {
    [
        interstate_user::service(),
        interstate_booking::service(),
        interstate_location::service(),
        interstate_driver::service(),
        interstate_payment::service(),
    ]
}

/// The facts in a file of their own.
async fn embedded(base: &Base, service: &Service) -> Result<Facts, StartError> {
    let folder = match base.databases.relational() {
        Some(Relational::Sqlite(folder)) => folder,
        _ => None,
    };
    let db = base.sqlite(service.name(), folder).await?;
    let [user, booking, location, driver, payment] = followed();
    let positions = vec![
        follow(base, service, &db, UserFacts, &user).await?,
        follow(base, service, &db, BookingFacts, &booking).await?,
        follow(base, service, &db, LocationFacts, &location).await?,
        follow(base, service, &db, DriverFacts, &driver).await?,
        follow(base, service, &db, PaymentFacts, &payment).await?,
    ];
    let reports = SqliteReports::new(db.readers().clone(), Service::PARTITIONS);
    Ok((Arc::new(reports), positions))
}

async fn follow<P: Projection>(
    base: &Base,
    service: &Service,
    db: &Sqlite,
    facts: P,
    of: &Service,
) -> Result<ReadPosition, StartError> {
    let model = SqliteReadModel::open(db, facts).await?;
    Ok(base.project_for(service, Arc::new(model), of))
}

/// The facts on a server. What a person must mend ends the start; a server that is away is waited for, and analytics
/// is not ready until then.
async fn on_server(
    base: &Base,
    service: &Service,
    address: &interstate_config::ClickHouse,
) -> Result<Facts, StartError> {
    let failed = |why: String| StartError::Service {
        service: "analytics",
        why,
    };
    let db = ClickHouse::new(address).map_err(|error| failed(error.to_string()))?;
    base.gates.show(db.gate(), service.name(), "clickhouse");
    if let Err(error) = db.prepare().await {
        if !error.may_pass() {
            return Err(failed(error.to_string()));
        }
        tracing::warn!(%error, "analytics waits for its store");
    }
    let models = followed().map(|of| {
        let model = ClickHouseFacts::new(&db, of.name(), base.env.log.clone());
        base.project_for(service, Arc::new(model), &of)
    });
    Ok((Arc::new(ClickHouseReports::new(&db)), models.into()))
}
