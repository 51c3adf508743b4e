//! The booking service in this process.

use super::{Base, StartError, questions::Asked, waiting::opened};
use interstate_booking::{
    api::{CALLERS, CODES, ROWS, StartCodes, http, questions},
    domain::{quote::QuoteRules, tariff::Tariff},
    ports::RouteFinder,
    read::{BookingDocuments, BookingHistory, BookingProjection, MongoBookings, SqliteBookings},
};
use interstate_config::Documents;
use interstate_eventing::{Service, projection::Changes};
use interstate_http::Api;
use interstate_proto::booking::booking_server::SERVICE_NAME;
use interstate_stores::{
    SqliteReadModel, StoredModel,
    mongo::{Mongo, MongoError, MongoReadModel},
};
use std::sync::Arc;
use tonic::service::Routes;

pub async fn start(base: &Base, routes: Arc<dyn RouteFinder>) -> Result<(Api, BookingHistory), StartError> {
    let service = interstate_booking::service();
    let (history, model) = stored(base, &service).await?;
    let position = base.project(model, &service);
    let router = http::router(http::Edge {
        commands: base.commands.clone(),
        history: history.clone(),
        position,
        routes,
        start_codes: StartCodes::in_folder(&base.keys_dir, &mut rand::rng())?,
        keys: base.keys.clone(),
        streams: base.streams.clone(),
        clock: base.env.clock.clone(),
        rules: QuoteRules::default(),
        tariff: Tariff::india_2026_11().version,
    });
    let api = base.api(&service, router, ROWS, CODES)?;
    Ok((api, history))
}

/// The history in the store that `DB_CONNECTION` names, to read and to keep up to date.
async fn stored(
    base: &Base,
    service: &Service,
) -> Result<(BookingHistory, Arc<dyn StoredModel>), StartError> {
    let changes = Changes::default();
    match base.databases.documents() {
        Some(Documents::Sqlite(folder)) => {
            let db = base.sqlite(service.name(), folder).await?;
            let model = SqliteReadModel::open(&db, BookingProjection::new(changes.clone())).await?;
            let rows = SqliteBookings::new(db.readers().clone());
            Ok((BookingHistory::new(rows, changes), Arc::new(model)))
        }
        Some(Documents::MongoDb(url)) => {
            let open = async || {
                let db = Mongo::open(url, service.name()).await?;
                let model = MongoReadModel::open(&db, BookingDocuments::new(changes.clone())).await?;
                Ok((db, model))
            };
            let (db, model) = opened(open, MongoError::is_away).await?;
            base.gates.show(db.gate(), service.name(), "mongodb");
            let rows = MongoBookings::new(model.readers());
            Ok((BookingHistory::new(rows, changes), Arc::new(model)))
        }
        None => Err(StartError::NoStore {
            service: "booking",
            speaks: "MongoDB or SQLite",
        }),
    }
}

/// What other services ask it.
pub fn asked(history: BookingHistory) -> Asked {
    Asked {
        service: interstate_booking::SERVICE,
        routes: Routes::new(questions(history)),
        names: &[SERVICE_NAME],
        callers: CALLERS,
    }
}
