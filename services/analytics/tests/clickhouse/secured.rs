//! An encrypted connection. The engine here knows no TLS: it stands behind a port that does.

use crate::server::{Server, database};
use interstate_engines::{certificates, encrypted};

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_connection_carries_everything_and_a_stranger_is_not_trusted() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path(), "127.0.0.1");
    let front = encrypted(folder.path(), server.engine.port()).await;
    let at = |scheme: &str, host: &str, rest: &str| format!("{scheme}://{host}:{}/facts{rest}", front.port());
    let ours = format!("?ca={}", folder.path().join("ca.pem").display());

    let trusted = database(&at("https", "127.0.0.1", &ours));
    trusted.prepare().await.unwrap();
    trusted.look().await.unwrap();
    assert_eq!(server.number("SELECT max(version) FROM migrations").await, 3);

    let stranger = tempfile::tempdir().unwrap();
    certificates(stranger.path(), "127.0.0.1");
    let theirs = format!("?ca={}", stranger.path().join("ca.pem").display());
    let plain = format!("https://127.0.0.1:{}/facts", server.engine.port());
    for (url, what) in [
        (at("https", "127.0.0.1", &theirs), "`ca=` names the authority"),
        (at("https", "127.0.0.1", ""), "`ca=` names the authority"),
        (at("https", "localhost", &ours), "the host is the certificate's"),
        (plain, "the port speaks TLS"),
    ] {
        let error = database(&url).prepare().await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("is not trusted") && text.contains(what),
            "{url}: {text}"
        );
        assert!(!error.may_pass(), "waiting mends no certificate: {text}");
    }
    // It hangs up on whoever does not encrypt.
    let error = database(&at("http", "127.0.0.1", ""))
        .prepare()
        .await
        .unwrap_err();
    assert!(error.may_pass(), "{error}");
}
