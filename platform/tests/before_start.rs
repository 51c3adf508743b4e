//! `interstate doctor --before-start`: what it says where all is well and where nothing is, and that it leaves no trace.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use interstate::clock_file;
use interstate_log::embedded::{EmbeddedLog, Options};
use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// What was said, a finding a line, and whether all was well.
struct Said {
    text: String,
    well: bool,
}

impl Said {
    /// The one line that begins like this.
    fn line(&self, begins: &str) -> &str {
        let found: Vec<&str> = self
            .text
            .lines()
            .filter(|line| line.starts_with(begins))
            .collect();
        assert_eq!(found.len(), 1, "`{begins}` in:\n{}", self.text);
        found[0]
    }
}

/// Runs a program with these variables and no others.
fn run(program: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let began = Instant::now();
    let ended = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(began.elapsed() < Duration::from_secs(40), "it hangs");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    assert!(!text.contains("hunter2"), "a password is told:\n{text}");
    assert!(!text.contains("panicked"), "{text}");
    Said {
        text,
        well: ended.status.success(),
    }
}

fn doctor(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let mut all = vec!["doctor", "--before-start", "--data-dir", folder.to_str().unwrap()];
    all.extend(arguments);
    run(env!("CARGO_BIN_EXE_interstate"), &all, variables)
}

#[test]
fn a_laptop_is_well_and_stays_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data");
    let said = doctor(&folder, &["--port", "0"], &[]);
    assert!(said.well, "{}", said.text);
    for begins in [
        "ok    settings: all hold, for user, booking, location, driver, payment, analytics",
        "ok    data folder: ",
        "ok    the folder's time: ",
        "ok    the log: embedded in ",
        "ok    ports: ",
    ] {
        said.line(begins);
    }
    assert_eq!(
        said.text.lines().count(),
        5,
        "nobody else is asked:\n{}",
        said.text
    );
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn each_server_that_is_not_there_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("data");
    let servers = [
        ("KAFKA_BROKERS", "127.0.0.1:1"),
        (
            "DB_CONNECTION",
            "postgres://app:hunter2@127.0.0.1:1/app mongodb://app:hunter2@127.0.0.1:1/rides",
        ),
        ("REDIS_URL", "redis://app:hunter2@127.0.0.1:1/0"),
        ("RABBITMQ_URL", "amqp://app:hunter2@127.0.0.1:1/rides"),
        ("CLICKHOUSE_URL", "http://app:hunter2@127.0.0.1:1/facts"),
        ("SNAPSHOTS_DIR", "s3://rides/prod"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "app"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ("GRPC_TLS_CERT", "/nowhere/own.pem"),
        ("GRPC_TLS_KEY", "/nowhere/own.key"),
        ("GRPC_TLS_CA", "/nowhere/ca.pem"),
    ];
    let said = doctor(&folder, &["--port", "0"], &servers);
    assert!(!said.well, "{}", said.text);
    let wrong = [
        ("Kafka at 127.0.0.1:1: ", "check the address"),
        (
            "tables of user, driver, payment: PostgreSQL at 127.0.0.1:1/app",
            "start the server",
        ),
        ("documents of booking: ", "127.0.0.1:1/rides"),
        ("live data: Redis at 127.0.0.1:1/0", "correct REDIS_URL"),
        ("jobs of payment: RabbitMQ at 127.0.0.1:1", "Check RABBITMQ_URL"),
        (
            "facts of analytics: ClickHouse at http://127.0.0.1:1 ",
            "Check CLICKHOUSE_URL",
        ),
        ("snapshots: s3://rides/prod: ", "AWS_ENDPOINT_URL"),
        (
            "certificates: GRPC_TLS_CERT: /nowhere/own.pem",
            "Name a file in PEM",
        ),
    ];
    for (begins, remedy) in wrong {
        let line = said.line(&format!("WRONG {begins}"));
        assert!(line.contains(remedy), "{line}");
    }
    for begins in [
        "ok    settings: ",
        "ok    data folder: ",
        "ok    disk of the data folder: ",
        "ok    ports: ",
    ] {
        said.line(begins);
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn only_what_the_services_use_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let servers = [
        ("KAFKA_BROKERS", "127.0.0.1:2"),
        ("RABBITMQ_URL", "amqp://app:hunter2@127.0.0.1:1"),
        ("CLICKHOUSE_URL", "http://app:hunter2@127.0.0.1:1"),
        ("DB_CONNECTION", "postgres://app:hunter2@127.0.0.1:1/app sqlite:"),
    ];
    let said = doctor(dir.path(), &["--port", "0", "location", "booking"], &servers);
    assert!(
        said.line("WRONG ").contains("Kafka at 127.0.0.1:2"),
        "{}",
        said.text
    );
    for others in ["127.0.0.1:1", "RabbitMQ", "ClickHouse", "PostgreSQL at"] {
        assert!(!said.text.contains(others), "{}", said.text);
    }
}

#[test]
fn a_service_without_a_store_of_its_kind_is_found_with_the_settings() {
    let dir = tempfile::tempdir().unwrap();
    let tables = [("DB_CONNECTION", "postgres://app:hunter2@127.0.0.1:1/app")];
    let said = doctor(dir.path(), &["--port", "0", "location", "booking"], &tables);
    assert!(!said.well, "{}", said.text);
    let documents = said.line("WRONG --db-connection");
    assert!(documents.contains("names no MongoDB, and booking"), "{documents}");
}

#[test]
fn all_settings_that_are_wrong_are_told_before_anybody_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let arguments = [
        "--port",
        "80a",
        "--redis-url",
        "redis:hunter2",
        "--kafka-brokers",
        "127.0.0.1:1",
    ];
    let said = doctor(dir.path(), &arguments, &[]);
    assert!(!said.well, "{}", said.text);
    assert!(said.line("WRONG --port / SERVICE_PORT: ").contains("80a"));
    said.line("WRONG --redis-url / REDIS_URL: ");
    said.line("OPEN  everything else: ");
    assert_eq!(said.text.lines().count(), 3, "{}", said.text);
    let alone = doctor(dir.path(), &["booking"], &[]);
    assert!(
        alone
            .line("WRONG --location-grpc / LOCATION_GRPC: ")
            .contains("booking asks location")
    );
}

#[test]
fn what_another_process_has_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(Options::new(dir.path().join("log"))).unwrap();
    clock_file::open(dir.path(), 600).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = doctor(dir.path(), &["--port", &port], &[]);
    assert!(!said.well, "{}", said.text);
    let in_use = said.line("WRONG the log: ");
    assert!(
        in_use.contains("in use by another process") && in_use.contains("DATA_DIR"),
        "{in_use}"
    );
    let ports = said.line("WRONG ports: ");
    assert!(
        ports.contains(&format!("127.0.0.1:{port}")) && ports.contains("SERVICE_PORT"),
        "{ports}"
    );
    let time = said.line("WRONG the folder's time: ");
    assert!(time.contains("CLOCK_FACTOR=600"), "{time}");
    drop((log, taken));
    let said = doctor(dir.path(), &["--port", "0", "--clock-factor", "600"], &[]);
    assert!(said.well, "{}", said.text);
}

#[test]
fn the_process_of_one_service_is_asked_in_its_own_program() {
    let dir = tempfile::tempdir().unwrap();
    let settings = [
        ("DATA_DIR", dir.path().to_str().unwrap()),
        ("SERVICE_PORT", "0"),
        ("KAFKA_BROKERS", "127.0.0.1:1"),
        ("LOCATION_GRPC", "127.0.0.1:9003"),
    ];
    let said = run(env!("CARGO_BIN_EXE_interstate-booking"), &["doctor"], &settings);
    assert!(
        said.line("WRONG ").contains("Kafka at 127.0.0.1:1"),
        "{}",
        said.text
    );
    said.line("ok    settings: all hold, for booking");
    let said = run(
        env!("CARGO_BIN_EXE_interstate-booking"),
        &["doctor"],
        &settings[..3],
    );
    assert!(!said.well, "{}", said.text);
    said.line("WRONG --location-grpc / LOCATION_GRPC: ");
}
