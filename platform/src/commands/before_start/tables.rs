//! PostgreSQL, for the services that keep tables: the server, the user's rights, extensions, and the schemas.

use super::{clock, look::Look, plan::Plan};
use interstate_config::{Relational, Secret};
use interstate_stores::postgres::{OpenError, Postgres};

/// The services that keep tables.
pub(in crate::commands) const KEEP_TABLES: [&str; 3] = ["user", "driver", "payment"];

pub(super) async fn look(plan: &Plan) -> Vec<Look> {
    let services: Vec<&'static str> = KEEP_TABLES.into_iter().filter(|name| plan.hosts(name)).collect();
    let Some(first) = services.first() else {
        return Vec::new();
    };
    match plan.common.databases.relational() {
        Some(Relational::Postgres(url)) => server(url, &services, first).await,
        // Looked at as a folder. That there is one of both was checked with the settings.
        Some(Relational::Sqlite(_)) | None => Vec::new(),
    }
}

async fn server(url: &Secret, services: &[&'static str], first: &'static str) -> Vec<Look> {
    let what = format!("tables of {}", services.join(", "));
    let server = match Postgres::open(url.expose(), first).await {
        Ok(server) => server,
        Err(error) => return vec![Look::wrong(what, error)],
    };
    let mut wrong = Vec::new();
    for service in services {
        if let Err(error) = schema(url, service).await {
            wrong.push(error.to_string());
        }
    }
    // A right that is missing is missing for all of them.
    wrong.dedup();
    let at = format!("PostgreSQL at {}", server.at());
    let found = match wrong.is_empty() {
        true => Look::well(what, format!("{at} can be used")),
        false => Look::all_wrong(what, wrong),
    };
    let asked = clock::now();
    let clock = clock::beside(&at, asked, server.clock().await.ok());
    std::iter::once(found).chain(clock).collect()
}

async fn schema(url: &Secret, service: &'static str) -> Result<(), OpenError> {
    let server = Postgres::open(url.expose(), service).await?;
    match service {
        "user" => interstate_user::read::postgres::look(&server).await,
        "driver" => interstate_driver::read::postgres::look(&server).await,
        _ => interstate_payment::read::postgres::look(&server).await,
    }
}
