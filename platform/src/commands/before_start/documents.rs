//! MongoDB, for the service that keeps documents.

use super::{clock, look::Look, plan::Plan};
use interstate_booking::read::BookingDocuments;
use interstate_config::{Documents, Secret};
use interstate_stores::mongo::{Mongo, MongoReadModel};

pub(super) async fn look(plan: &Plan) -> Vec<Look> {
    if !plan.hosts("booking") {
        return Vec::new();
    }
    match plan.common.databases.documents() {
        Some(Documents::MongoDb(url)) => server(url).await,
        // Looked at as a folder. That there is one of both was checked with the settings.
        Some(Documents::Sqlite(_)) | None => Vec::new(),
    }
}

async fn server(url: &Secret) -> Vec<Look> {
    let what = "documents of booking";
    let server = match Mongo::open(url, interstate_booking::SERVICE).await {
        Ok(server) => server,
        Err(error) => return vec![Look::wrong(what, error)],
    };
    let at = format!("MongoDB at {}", server.address());
    let looked = MongoReadModel::<BookingDocuments>::look(&server).await;
    let found = Look::of(what, looked.map(|()| format!("{at} can be used")));
    let asked = clock::now();
    let clock = clock::beside(&at, asked, server.clock().await.ok().flatten());
    std::iter::once(found).chain(clock).collect()
}
