//! The log on a broker that encrypts, asks who is there, and gives nobody a right that was not given.
#![expect(clippy::unwrap_used, reason = "tests")]

#[allow(dead_code, reason = "the other suite's, of which this one needs a part")]
#[path = "../kafka/broker.rs"]
mod broker;
#[path = "../kafka/harness.rs"]
mod harness;
#[path = "../kafka/story.rs"]
mod story;

use broker::Brokers;
use interstate_log::{
    Log, LogError, Topic, TopicSpec,
    kafka::{KafkaLog, Options},
};
use std::time::Duration;

const USER: &str = "interstate";
const PASSWORD: &str = "a secret, with = in it";
/// What its topics, groups and producers begin with; it has rights to nothing else.
const PREFIX: &str = "rides-";

/// A broker with a listener for SASL over TLS, and one user.
struct Secured {
    brokers: Brokers,
    at: String,
    authority: tempfile::TempDir,
}

impl Secured {
    fn start() -> Self {
        let authority = tempfile::tempdir().unwrap();
        interstate_engines::certificates(authority.path(), "127.0.0.1");
        let read = |file: &str| std::fs::read_to_string(authority.path().join(file)).unwrap();
        let keystore = authority.path().join("keystore.pem");
        std::fs::write(&keystore, read("server.key") + &read("server.pem")).unwrap();
        let interstate_engines::Guarded {
            port,
            address,
            mut settings,
        } = interstate_engines::guarded("SASL_SSL");
        settings.extend([
            "sasl.enabled.mechanisms=SCRAM-SHA-512".to_owned(),
            "listener.name.guarded.scram-sha-512.sasl.jaas.config=\
             org.apache.kafka.common.security.scram.ScramLoginModule required;"
                .to_owned(),
            "ssl.keystore.type=PEM".to_owned(),
            format!("ssl.keystore.location={}", keystore.display()),
        ]);
        let mut secured = Self {
            brokers: Brokers::start_with(1, port, &settings),
            at: address,
            authority,
        };
        secured.brokers.reached_by = secured.options(USER, PASSWORD);
        secured.admit(USER);
        secured
    }

    /// Lets somebody in.
    fn admit(&self, user: &str) {
        let password = format!("SCRAM-SHA-512=[iterations=4096,password={PASSWORD}]");
        self.brokers.tool(
            "configs",
            &[
                "--alter",
                "--entity-type",
                "users",
                "--entity-name",
                user,
                "--add-config",
                &password,
            ],
        );
    }

    /// Gives the user rights to what begins with the prefix, and to nothing else.
    fn permit(&self) {
        let principal = format!("User:{USER}");
        let topics = ["Read", "Write", "Describe", "DescribeConfigs", "Create"];
        for (resource, operations) in [
            ("--topic", &topics[..]),
            ("--group", &["Read"]),
            ("--transactional-id", &["Write", "Describe"]),
        ] {
            let mut arguments = vec!["--add", "--force", "--allow-principal", &principal];
            arguments.extend([resource, PREFIX, "--resource-pattern-type", "prefixed"]);
            arguments.extend(
                operations
                    .iter()
                    .flat_map(|operation| ["--operation", *operation]),
            );
            self.brokers.tool("org.apache.kafka.tools.AclCommand", &arguments);
        }
    }

    fn options(&self, user: &str, password: &str) -> Options {
        let authority = self.authority.path().join("ca.pem").display().to_string();
        let mut options = Options::new(&self.at);
        options.prefix = PREFIX.to_owned();
        options.reach_timeout = Duration::from_secs(5);
        options.client = [
            ("security.protocol", "sasl_ssl"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.username", user),
            ("sasl.password", password),
            ("ssl.ca.location", &authority),
        ]
        .into_iter()
        .collect();
        options
    }
}

async fn refused(options: Options) -> LogError {
    let topic = Topic::events("booking");
    let spec = TopicSpec { topic, partitions: 1 };
    let log = KafkaLog::new(options).unwrap();
    log.ensure(&[spec]).await.expect_err("refused")
}

#[test]
fn an_encrypted_log_keeps_every_promise_with_the_least_rights_and_a_stranger_gets_nothing() {
    story::tell(async |doing| {
        doing.now("starting a broker that encrypts");
        let secured = Secured::start();
        doing.now("asking without any right");
        let error = refused(secured.options(USER, PASSWORD)).await.to_string();
        assert!(error.to_lowercase().contains("authorization failed"), "{error}");
        secured.permit();
        harness::every_case(&secured.brokers, &doing).await;

        doing.now("asking with a wrong password");
        let error = refused(secured.options(USER, "hunter2")).await.to_string();
        assert!(error.contains("uthentication failed"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        doing.now("asking beside the rights");
        let mut elsewhere = secured.options(USER, PASSWORD);
        elsewhere.prefix = "other-".to_owned();
        let error = refused(elsewhere).await.to_string();
        assert!(error.to_lowercase().contains("authorization failed"), "{error}");
        doing.now("asking an authority that did not sign");
        let other = tempfile::tempdir().unwrap();
        interstate_engines::certificates(other.path(), "127.0.0.1");
        let mut options = secured.options(USER, PASSWORD);
        options.client = [
            ("security.protocol".to_owned(), "ssl".to_owned()),
            (
                "ssl.ca.location".to_owned(),
                other.path().join("ca.pem").display().to_string(),
            ),
        ]
        .into_iter()
        .collect();
        let error = refused(options).await.to_string();
        assert!(error.contains("certificate"), "{error}");
        doing.now("asking without encryption");
        let mut plain = secured.options(USER, PASSWORD);
        plain.client = interstate_log::kafka::Properties::default();
        assert!(matches!(refused(plain).await, LogError::Unreachable { .. }));
    });
}
