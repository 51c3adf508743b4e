//! A server that only speaks to who encrypts.

use crate::{
    shelf::{Balances, Server},
    suite,
};
use interstate_engines::{Engine, certificates};
use interstate_stores::postgres::{PgReadModel, Postgres};
use std::{path::Path, sync::Arc};

async fn complaint(url: &str) -> String {
    let server = match Postgres::open(url, "ledger").await {
        Ok(server) => server,
        Err(error) => return error.to_string(),
    };
    let balances = Balances {
        mended: Arc::default(),
    };
    let opened = PgReadModel::open(&server, balances).await;
    opened.map(drop).unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_connection_carries_everything_and_a_stranger_is_not_trusted() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path(), "127.0.0.1");
    let folder: &'static str = Box::leak(dir.path().to_str().unwrap().to_owned().into_boxed_str());
    let engine = Engine::start_with("postgres", &[("POSTGRES_TLS", folder)]);
    assert!(engine.url().contains("sslmode=verify-full"), "{}", engine.url());
    suite::run(async |number| Server::database(engine.url(), &format!("case_{number}")).await).await;

    let stranger = tempfile::tempdir().unwrap();
    certificates(stranger.path(), "127.0.0.1");
    let at = |host: &str, mode: &str, folder: &Path| {
        let authority = folder.join("ca.pem");
        format!(
            "postgres://app@{host}:{}/app?sslmode={mode}&sslrootcert={}",
            engine.port(),
            authority.display()
        )
    };
    for (url, remedy) in [
        (at("127.0.0.1", "verify-full", stranger.path()), "sslrootcert"),
        (at("localhost", "verify-full", dir.path()), "sslrootcert"),
        (at("127.0.0.1", "disable", dir.path()), "no encryption"),
    ] {
        let text = complaint(&url).await;
        assert!(text.contains(remedy), "{url}: {text}");
    }
}
