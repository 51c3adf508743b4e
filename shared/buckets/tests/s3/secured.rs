//! An encrypted connection. The server here knows no TLS: it stands behind a port that does.

use super::bucket;
use bytes::Bytes;
use interstate_engines::{Engine, certificates, encrypted};
use object_store::{ObjectStoreExt, path::Path};

#[tokio::test]
async fn an_encrypted_connection_carries_everything_and_a_stranger_is_not_trusted() {
    let engine = Engine::start("s3");
    let folder = tempfile::tempdir().unwrap();
    certificates(folder.path(), "127.0.0.1");
    let front = encrypted(folder.path(), engine.port()).await;
    let server = format!("https://127.0.0.1:{}", front.port());
    let trusting = |folder: &std::path::Path| format!("s3://rides?ca={}", folder.join("ca.pem").display());

    let (path, text) = (Path::from("user/1"), Bytes::from_static(b"a snapshot"));
    let store = bucket(&server, &trusting(folder.path())).unwrap();
    store.put(&path, text.clone().into()).await.unwrap();
    let got = store.get(&path).await.unwrap().bytes().await.unwrap();
    assert_eq!(got, text);

    let stranger = tempfile::tempdir().unwrap();
    certificates(stranger.path(), "127.0.0.1");
    let elsewhere = format!("https://localhost:{}", front.port());
    for (server, address) in [
        (&server, trusting(stranger.path())),
        (&server, "s3://rides".to_owned()),
        (&elsewhere, trusting(folder.path())),
    ] {
        let store = bucket(server, &address).unwrap();
        let error = store.get(&path).await.map(drop).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(
            text.to_lowercase().contains("certificate"),
            "{server} {address}: {text}"
        );
    }
}
