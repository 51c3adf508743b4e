//! A bucket on a real server: what the object store's port promises, and what only a server can do to it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod away;
mod refused;
mod secured;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use interstate_buckets::{BucketError, open_with};
use interstate_config::Bucket;
use interstate_engines::Engine;
use object_store::{GetOptions, ObjectStore, ObjectStoreExt, PutMultipartOptions, path::Path};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use std::sync::Arc;

/// Object stores want parts of 5 MiB at the least.
const PART: usize = 5 * 1024 * 1024;

/// A bucket of this server.
fn bucket(server: &str, address: &str) -> Result<Arc<dyn ObjectStore>, BucketError> {
    let variables = [
        ("AWS_ENDPOINT_URL", server),
        ("AWS_ACCESS_KEY_ID", "asha"),
        ("AWS_SECRET_ACCESS_KEY", "opensesame"),
        // What is no setting of a bucket is passed over.
        ("AWS_EXECUTION_ENV", "tests"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    open_with(&Bucket::parse(address).unwrap(), variables)
}

async fn names(store: &dyn ObjectStore) -> Vec<String> {
    let listed = store.list(None).map_ok(|object| object.location.to_string());
    let mut names: Vec<_> = listed.try_collect().await.unwrap();
    names.sort();
    names
}

#[tokio::test]
async fn what_is_put_in_parts_is_got_back_whole() {
    let engine = Engine::start("s3");
    let store = bucket(engine.url(), "s3://rides").unwrap();
    let mut bytes = vec![0; 2 * PART + 77];
    StdRng::seed_from_u64(7).fill_bytes(&mut bytes);
    let path = Path::from("booking/3/a snapshot");
    let options = PutMultipartOptions::default();
    let mut upload = store.put_multipart_opts(&path, options).await.unwrap();
    for part in bytes.chunks(PART) {
        assert_eq!(names(&*store).await, [""; 0], "it is there whole or not at all");
        upload.put_part(part.to_vec().into()).await.unwrap();
    }
    upload.complete().await.unwrap();
    let got = store.get_opts(&path, GetOptions::default()).await.unwrap();
    let got: Vec<Bytes> = got.into_stream().try_collect().await.unwrap();
    assert!(got.len() > 1, "it comes in pieces");
    assert!(got.concat() == bytes);
}

#[tokio::test]
async fn prefixes_do_not_see_each_other() {
    let engine = Engine::start("s3");
    let open = |address| bucket(engine.url(), address).unwrap();
    let (ours, theirs, all) = (
        open("s3://rides/ours"),
        open("s3://rides/theirs"),
        open("s3://rides"),
    );
    for number in 0..1_100 {
        let path = Path::from(format!("user/{number:04}"));
        ours.put(&path, Bytes::from_static(b"x").into()).await.unwrap();
    }
    theirs
        .put(&Path::from("user/0000"), Bytes::from_static(b"y").into())
        .await
        .unwrap();
    let seen = names(&*ours).await;
    assert_eq!(
        (seen.len(), &*seen[1_099]),
        (1_100, "user/1099"),
        "more than a page of a list"
    );
    let paths = futures::stream::iter(seen.into_iter().map(|name| Ok(Path::from(name)))).boxed();
    let removed: Vec<_> = ours.delete_stream(paths).try_collect().await.unwrap();
    assert_eq!(removed.len(), 1_100);
    assert_eq!(names(&*all).await, ["theirs/user/0000"]);
}
