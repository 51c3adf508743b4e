//! A broker that only speaks to who encrypts.

use crate::broker::{Broker, options};
use interstate_config::RabbitMq;
use interstate_engines::{Engine, certificates};
use interstate_jobs::{JobsError, RabbitJobs, conformance};

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_connection_carries_everything_and_a_stranger_is_not_trusted() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path(), "127.0.0.1");
    let folder: &'static str = Box::leak(dir.path().to_str().unwrap().to_owned().into_boxed_str());
    let broker = Broker(Engine::start_with("rabbitmq", &[("RABBITMQ_TLS", folder)]));
    let address = broker.address();
    assert!(address.tls, "{}", broker.0.url());
    conformance::each_comes_once_and_in_order(&broker.queue("ordered").await).await;
    let many = broker.queue("many").await;
    conformance::many_are_all_done(&many, &broker.queue("many").await).await;

    let stranger = tempfile::tempdir().unwrap();
    certificates(stranger.path(), "127.0.0.1");
    let unknown = RabbitMq {
        ca_file: Some(stranger.path().join("ca.pem")),
        ..address.clone()
    };
    let unnamed = RabbitMq {
        ca_file: None,
        ..address.clone()
    };
    let elsewhere = RabbitMq {
        host: "localhost".to_owned(),
        ..address
    };
    for address in [unknown, unnamed, elsewhere] {
        let error = RabbitJobs::open(&address, options("a"))
            .await
            .map(drop)
            .unwrap_err();
        assert!(matches!(&error, JobsError::Tls { .. }), "{error}");
        assert!(error.to_string().contains("cacertfile"), "{error}");
    }
}
