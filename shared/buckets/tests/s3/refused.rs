//! Addresses that lead nowhere.

use super::bucket;
use interstate_engines::Engine;
use object_store::{ObjectStoreExt, path::Path};
use std::io::Write;

#[tokio::test]
async fn a_bucket_that_is_not_there_is_said_so() {
    let engine = Engine::start("s3");
    let store = bucket(engine.url(), "s3://nowhere").unwrap();
    let error = store
        .put(&Path::from("a"), bytes::Bytes::from_static(b"x").into())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[tokio::test]
async fn the_file_of_an_authority_must_be_one() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for (text, complaint) in [("", "no certificate"), ("-----BEGIN CERTIFICATE-----\n!", "")] {
        file.write_all(text.as_bytes()).unwrap();
        let address = format!("s3://rides?ca={}", file.path().display());
        let error = bucket("http://127.0.0.1:1", &address).unwrap_err().to_string();
        let named = error.contains(&*file.path().display().to_string());
        assert!(named && error.contains(complaint), "{error}");
    }
    let error = bucket("http://127.0.0.1:1", "s3://rides?ca=/nowhere/ca.pem").unwrap_err();
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
}
