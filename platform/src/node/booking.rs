//! The booking service in this process.

use super::{Base, StartError, location::Location};
use interstate_booking::{
    api::{CODES, ROWS, StartCodes, http},
    domain::{quote::QuoteRules, tariff::Tariff},
    read::{BookingHistory, BookingProjection},
};
use interstate_eventing::projection::Changes;
use interstate_http::Api;
use std::sync::Arc;

pub async fn start(base: &Base, location: &Location) -> Result<(Api, BookingHistory), StartError> {
    let service = interstate_booking::service();
    let db = base.sqlite(service.name()).await?;
    let changes = Changes::default();
    let position = base
        .project(&db, BookingProjection::new(changes.clone()), &service)
        .await?;
    let history = BookingHistory::new(db.readers().clone(), changes);
    let router = http::router(http::Edge {
        commands: base.commands.clone(),
        history: history.clone(),
        position,
        routes: Arc::new(location.clone()),
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
