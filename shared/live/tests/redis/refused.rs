//! What is said of a server that cannot be used.

use interstate_config::Cache;
use interstate_engines::Engine;
use interstate_live::{Live, LiveError, Standing, rates::Rate};
use interstate_telemetry::Metrics;
use std::{io::Write, net::TcpListener, process::Command};

async fn said(url: &str) -> LiveError {
    let cache = Cache::parse(url).unwrap();
    let error = Live::open(&cache, &Metrics::new()).await.unwrap_err();
    let Cache::Redis(address) = &cache else {
        panic!("{url} names a server");
    };
    assert_eq!(Live::look(address).await.as_ref(), Err(&error));
    error
}

fn redis_cli(engine: &Engine, arguments: &[&str]) {
    let port = engine.port().to_string();
    let done = Command::new("redis-cli")
        .args(["-p", &port])
        .args(arguments)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_says_what_where_and_what_to_do() {
    let engine = Engine::start("redis");
    redis_cli(
        &engine,
        &[
            "ACL", "SETUSER", "guest", "on", ">right", "~*", "&*", "-@all", "+ping",
        ],
    );
    let at = format!("127.0.0.1:{}", engine.port());

    let stranger = said(&format!("redis://nobody:hunter2@{at}")).await;
    let guest = said(&format!("redis://guest:right@{at}")).await;
    let nothing = said(&format!("redis://{at}/900")).await;
    let missing = said(&format!("rediss://u:hunter2@{at}?ca=/nowhere/ca.pem")).await;
    redis_cli(&engine, &["CONFIG", "SET", "requirepass", "right"]);
    let anonymous = said(&format!("redis://{at}")).await;
    let mistyped = said(&format!("redis://:hunter2@{at}")).await;
    // Something that speaks another protocol.
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in other.incoming() {
            let _ = connection.and_then(|mut connection| connection.write_all(b"SSH-2.0-OpenSSH_9.2\r\n"));
        }
    });
    let foreign = said(&format!("redis://:hunter2@127.0.0.1:{port}")).await;

    let expected = [
        (&stranger, "check user and password", &at),
        (&guest, "docs/data/redis.md", &at),
        (&nothing, "database", &at),
        (&missing, "/nowhere/ca.pem", &at),
        (&anonymous, "check user and password", &at),
        (&mistyped, "check user and password", &at),
        (&foreign, "correct host and port", &format!("127.0.0.1:{port}")),
    ];
    for (error, remedy, at) in expected {
        let text = error.to_string();
        assert!(error.for_good, "{text}");
        assert!(text.contains(remedy) && text.contains(at.as_str()), "{text}");
        assert!(!text.contains("hunter2") && !text.contains(":right"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_a_reason_not_to_be_ready_until_it_is_given() {
    let engine = Engine::start("redis");
    let some = ["+@connection", "+info", "~*", "&*"];
    redis_cli(
        &engine,
        &[&["ACL", "SETUSER", "guest", "on", ">right", "-@all"], &some[..]].concat(),
    );
    let cache = Cache::parse(&format!("redis://guest:right@127.0.0.1:{}", engine.port())).unwrap();
    let live = Live::open(&cache, &Metrics::new()).await.unwrap();
    assert_eq!(live.misconfigured(), None, "nothing was asked yet");
    let rate = Rate {
        per_second: 1.0,
        burst: 10.0,
    };
    let limit = live.limit("test", rate, 10);
    assert!(limit.take("asha").await.is_ok(), "the process limits by itself");
    let why = live.misconfigured().expect("a person has to mend it").to_string();
    assert!(
        why.contains("docs/data/redis.md") && !why.contains("right@"),
        "{why}"
    );
    redis_cli(&engine, &["ACL", "SETUSER", "guest", "+@all"]);
    assert!(limit.take("asha").await.is_ok());
    assert_eq!(live.misconfigured(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_looks_like_one_that_is_away_and_the_reason_says_so() {
    let engine = Engine::start("redis");
    let cache = Cache::parse(&format!("rediss://u:hunter2@127.0.0.1:{}", engine.port())).unwrap();
    let live = Live::open(&cache, &Metrics::new()).await.unwrap();
    let Standing::Away(why) = live.standing().await else {
        panic!("nobody can have answered");
    };
    let why = why.to_string();
    assert!(
        why.contains("TLS (rediss://)") && !why.contains("hunter2"),
        "{why}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_changes_later_becomes_a_reason_not_to_be_ready() {
    let mut engine = Engine::start("redis");
    let live = crate::instance(&engine, "later").await;
    assert_eq!(live.misconfigured(), None);
    engine.stop();
    engine.again();
    redis_cli(&engine, &["CONFIG", "SET", "requirepass", "another"]);
    let why = crate::suite::until(
        async || {
            live.standing().await;
            live.misconfigured()
        },
        Option::is_some,
    );
    let why = why.await.expect("somebody has to mend it").to_string();
    assert!(why.contains("check user and password"), "{why}");
    redis_cli(&engine, &["-a", "another", "CONFIG", "SET", "requirepass", ""]);
    let mended = crate::suite::until(async || live.misconfigured(), Option::is_none);
    assert_eq!(mended.await, None);
}
