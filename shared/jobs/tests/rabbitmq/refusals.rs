//! Each refusal says what, where and what to do, and never the password.

use crate::broker::{Broker, options};
use interstate_config::{RabbitMq, Secret};
use interstate_jobs::{Jobs, JobsError, Link, Options, RabbitJobs};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener},
    time::Duration,
};

async fn refusal(address: &RabbitMq, options: Options) -> JobsError {
    let error = RabbitJobs::open(address, options)
        .await
        .err()
        .expect("it is refused");
    let text = error.to_string();
    assert!(
        text.contains(&address.port.to_string()) && text.contains("RABBITMQ_URL")
            || text.contains("rabbitmqctl"),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
    assert!(!error.may_pass(), "{text}");
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_is_told_so() {
    let broker = Broker::start();
    let address = broker.address();

    let wrong = RabbitMq {
        password: Secret::new("hunter2"),
        ..address.clone()
    };
    let error = refusal(&wrong, options("a")).await;
    assert!(
        matches!(&error, JobsError::Refused { user, .. } if user == "guest"),
        "{error}"
    );
    assert_eq!(RabbitJobs::look(&wrong, &options("a")).await, Err(error));

    let nowhere = RabbitMq {
        vhost: "nowhere".to_owned(),
        ..address.clone()
    };
    let error = refusal(&nowhere, options("a")).await;
    assert!(
        matches!(&error, JobsError::VirtualHost { vhost, .. } if vhost == "nowhere"),
        "{error}"
    );
    assert_eq!(RabbitJobs::look(&nowhere, &options("a")).await, Err(error));
    assert_eq!(RabbitJobs::look(&address, &options("a")).await, Ok(()));

    broker.user("stranger", None).await;
    let stranger = RabbitMq {
        user: "stranger".to_owned(),
        password: Secret::new("hunter2"),
        ..address.clone()
    };
    let error = refusal(&stranger, options("a")).await;
    assert!(
        matches!(&error, JobsError::VirtualHost { user, .. } if user == "stranger"),
        "{error}"
    );

    let only_reads = json!({"configure": "^$", "write": "^$", "read": ".*"});
    broker.user("reader", Some(only_reads)).await;
    let reader = RabbitMq {
        user: "reader".to_owned(),
        ..stranger
    };
    let error = refusal(&reader, options("a")).await;
    assert!(
        matches!(&error, JobsError::Forbidden { user, .. } if user == "reader"),
        "{error}"
    );

    let jobs = broker.queue("mine").await;
    let other = Options {
        most_waiting: 5,
        ..options("mine")
    };
    let error = refusal(&address, other).await;
    assert!(matches!(&error, JobsError::Topology { .. }), "{error}");
    drop(jobs);

    let tls = RabbitMq { tls: true, ..address };
    let refused = RabbitJobs::open(&tls, options("a")).await;
    match refused {
        Ok(jobs) => panic!("{:?}", jobs.standing()),
        Err(error) => assert!(matches!(&error, JobsError::Tls { .. }), "{error}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_broker_is_told_from_one_that_is_away() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            // What nobody has read when it is closed would tear it down before the answer has arrived.
            let mut asked = [0; 8];
            let _ = stream.read_exact(&mut asked);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.shutdown(Shutdown::Write);
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        }
    });
    let web = RabbitMq::parse(&format!("amqp://guest:hunter2@127.0.0.1:{port}")).unwrap();
    let error = refusal(&web, options("a")).await;
    assert!(matches!(&error, JobsError::NotABroker { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_at_the_start_is_waited_for_and_says_why() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let nobody = RabbitMq::parse(&format!("amqp://guest:hunter2@127.0.0.1:{port}")).unwrap();
    let jobs = RabbitJobs::open(&nobody, options("a")).await.unwrap();
    let error = jobs
        .enqueue(&interstate_jobs::conformance::job(1))
        .await
        .unwrap_err();
    assert!(
        error.may_pass() && error.to_string().contains("RABBITMQ_URL"),
        "{error}"
    );
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert!(!matches!(jobs.standing().link, Link::Up));
}

/// It takes connections and says nothing, as one that is stopped does.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_says_nothing_does_not_hang_the_start() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = RabbitMq::parse(&format!(
        "amqp://127.0.0.1:{}",
        silent.local_addr().unwrap().port()
    ))
    .unwrap();
    let hasty = Options {
        connect: Duration::from_millis(500),
        ..options("a")
    };
    let began = std::time::Instant::now();
    let jobs = RabbitJobs::open(&address, hasty).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(matches!(jobs.standing().link, Link::Away(why) if why.contains("no answer within 500ms")));
}

#[test]
fn a_file_without_certificates_is_named() {
    let file = std::env::current_exe().unwrap();
    let address = format!("amqps://u:hunter2@mq?cacertfile={}", file.display());
    let address = RabbitMq::parse(&address).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let error = runtime
        .block_on(RabbitJobs::open(&address, options("a")))
        .err()
        .unwrap();
    assert!(
        matches!(&error, JobsError::Tls { at, .. } if at.contains("rabbitmq")),
        "{error}"
    );
}
