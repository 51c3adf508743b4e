//! An encrypted connection, and a user with the rights that the documentation asks for.

use crate::suite::{
    logins,
    positions::{driver, last, seen, time},
    until,
};
use interstate_config::Cache;
use interstate_engines::{Engine, certificates};
use interstate_live::{Live, LiveError, Standing, rates::Rate};
use interstate_telemetry::Metrics;

async fn open(url: &str) -> Result<Live, LiveError> {
    Live::open(&Cache::parse(url).unwrap(), &Metrics::new()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_connection_carries_everything_and_a_stranger_is_not_trusted() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path(), "127.0.0.1");
    let folder: &'static str = Box::leak(dir.path().to_str().unwrap().to_owned().into_boxed_str());
    let engine = Engine::start_with("redis", &[("REDIS_TLS", folder)]);
    assert!(engine.url().starts_with("rediss://"), "{}", engine.url());
    let (one, two) = (
        open(engine.url()).await.unwrap(),
        open(engine.url()).await.unwrap(),
    );
    let (here, there) = (one.positions(), two.positions());
    let mut following = there.watch(driver(1), time(0));
    here.saw(driver(1), seen(0.0, 0), time(0));
    let told = tokio::time::timeout(
        std::time::Duration::from_secs(10),
        following.wait_for(Option::is_some),
    );
    assert!(told.await.is_ok(), "messages come through as well");
    logins::run(logins::Pair {
        here: one.ended_logins(),
        there: two.ended_logins(),
    })
    .await;

    let at = format!("127.0.0.1:{}", engine.port());
    let other = tempfile::tempdir().unwrap();
    certificates(other.path(), "127.0.0.1");
    let other = format!("rediss://{at}?ca={}", other.path().join("ca.pem").display());
    for (url, remedy) in [
        (other, "name its authority"),
        (format!("rediss://{at}"), "name its authority"),
        (
            format!("rediss://localhost:{}?ca={folder}/ca.pem", engine.port()),
            "the host as in its certificate",
        ),
    ] {
        let error = open(&url).await.expect_err(&url);
        assert!(
            error.for_good && error.to_string().contains(remedy),
            "{url}: {error}"
        );
    }
    // It hangs up on whoever does not encrypt, as a server does that goes away.
    let plain = open(&format!("redis://{at}")).await.unwrap().standing().await;
    assert!(
        matches!(&plain, Standing::Away(why) if why.to_string().contains("rediss://")),
        "{plain:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_that_the_documentation_names_are_enough() {
    let text = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/data/redis.md");
    let text = std::fs::read_to_string(text).unwrap();
    let (_, rest) = text
        .split_once("**The user** needs `")
        .expect("the documentation names the rights");
    let mut quoted = rest.split('`').step_by(2);
    let rights = [(); 3].map(|()| quoted.next().unwrap());
    let engine = Engine::start("redis");
    let client = redis::Client::open(engine.url()).unwrap();
    let mut server = client.get_multiplexed_async_connection().await.unwrap();
    let mut user = redis::cmd("ACL");
    user.arg("SETUSER")
        .arg("app")
        .arg("on")
        .arg(">right")
        .arg("-@all");
    for right in rights.iter().flat_map(|some| some.split_whitespace()) {
        user.arg(right);
    }
    user.query_async::<String>(&mut server).await.unwrap();

    let url = format!("redis://app:right@127.0.0.1:{}", engine.port());
    let (one, two) = (open(&url).await.unwrap(), open(&url).await.unwrap());
    let (here, there) = (one.positions(), two.positions());
    let mut following = there.watch(driver(1), time(0));
    here.saw(driver(1), seen(0.0, 0), time(0));
    let told = tokio::time::timeout(
        std::time::Duration::from_secs(10),
        following.wait_for(Option::is_some),
    );
    assert!(told.await.is_ok());
    assert!(
        until(async || last(&*there, driver(1)).await, Option::is_some)
            .await
            .is_some()
    );
    let rate = Rate {
        per_second: 0.1,
        burst: 1.0,
    };
    assert!(one.limit("test", rate, 9).take("asha").await.is_ok());
    assert!(two.limit("test", rate, 9).take("asha").await.is_err());
    logins::run(logins::Pair {
        here: one.ended_logins(),
        there: two.ended_logins(),
    })
    .await;
}
