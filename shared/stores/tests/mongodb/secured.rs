//! An encrypted connection. The server here knows no TLS: it stands behind a port that does.

use crate::{
    shelf::{Server, hasty},
    suite,
};
use interstate_config::Secret;
use interstate_engines::{Engine, certificates, encrypted};
use interstate_stores::mongo::{Mongo, MongoError};
use std::path::Path;

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_connection_carries_everything_and_a_stranger_is_not_trusted() {
    let engine = Engine::start("mongo");
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path(), "127.0.0.1");
    let front = encrypted(folder.path(), engine.port()).await;
    let trusting = |folder: &Path| format!("tls=true&tlsCAFile={}", folder.join("ca.pem").display());
    let ours = trusting(folder.path());
    suite::run(async |_| Server::encrypted(front.port(), &ours).await).await;

    let stranger = tempfile::tempdir().unwrap();
    certificates(stranger.path(), "127.0.0.1");
    for (host, options) in [
        ("127.0.0.1", trusting(stranger.path())),
        ("127.0.0.1", "tls=true".to_owned()),
        ("localhost", ours),
    ] {
        let url = format!("mongodb://{host}:{}/rides?{options}", front.port());
        let opened = Mongo::open_with(&Secret::new(&url), "ledger", hasty()).await;
        let error = opened.map(drop).unwrap_err();
        assert!(
            matches!(&error, MongoError::Unreachable { why, .. } if why.contains("certificate")),
            "{url}: {error}"
        );
    }
}
