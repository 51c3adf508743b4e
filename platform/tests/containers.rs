//! The container files say what the code says: each program has an image, each setting exists and is accepted, each
//! port is the one that is listened on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use clap::{Args, Command, FromArgMatches};
use interstate::{catalogue, cli::One, node::usual_port};
use interstate_eventing::Service;
use serde_yaml_ng::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// A service's gRPC port, counted from that of HTTP.
const GRPC: u16 = 1_000;
/// What the operator gives to the file for production.
const GIVEN: [(&str, &str); 9] = [
    ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
    ("KAFKA_CLUSTER_ID", "aW50ZXJzdGF0ZS1kZXYtMA"),
    ("POSTGRES_PASSWORD", "p"),
    ("REDIS_PASSWORD", "p"),
    ("MONGO_PASSWORD", "m"),
    ("RABBITMQ_PASSWORD", "r"),
    ("CLICKHOUSE_PASSWORD", "c"),
    ("PAYMENT_PROVIDER_URL", "https://provider.example"),
    ("PAYMENT_WEBHOOK_SECRET", "0123456789abcdef"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn text(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// A file of services, with its anchors and merges resolved.
fn compose(file: &str) -> Value {
    let mut all: Value =
        serde_yaml_ng::from_str(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    all.apply_merge().unwrap();
    all
}

fn entries(value: &Value) -> BTreeMap<String, Value> {
    let Some(mapping) = value.as_mapping() else {
        return BTreeMap::new();
    };
    mapping
        .iter()
        .map(|(name, value)| (name.as_str().unwrap().to_owned(), value.clone()))
        .collect()
}

/// `${NAME:-value}` and `${NAME:?why}` as Compose fills them in.
fn filled_in(text: &str, given: &BTreeMap<&str, &str>) -> String {
    let Some((before, rest)) = text.split_once("${") else {
        return text.to_owned();
    };
    let (variable, after) = rest.split_once('}').unwrap();
    let value = match (variable.split_once(":-"), variable.split_once(":?")) {
        (Some((name, default)), _) => given.get(name).unwrap_or(&default).to_owned(),
        (_, Some((name, _))) => *given
            .get(name)
            .unwrap_or_else(|| panic!("{name} has to be given, and the test does not")),
        _ => panic!("${{{variable}}} says neither a value nor that it has to be given"),
    };
    format!("{before}{value}{}", filled_in(after, given))
}

fn environment(of: &Value, given: &BTreeMap<&str, &str>) -> BTreeMap<String, String> {
    entries(&of["environment"])
        .into_iter()
        .map(|(name, value)| {
            let value = value.as_str().unwrap_or_else(|| panic!("{name} is not a text"));
            (name, filled_in(value, given))
        })
        .collect()
}

/// What the images set, by which the services' settings are completed.
fn of_image() -> BTreeMap<String, String> {
    let words = [
        ("BIND", "0.0.0.0"),
        ("DATA_DIR", "/data"),
        ("KEYS_DIR", "/keys"),
        ("LOG_FORMAT", "json"),
    ];
    let dockerfile = text("Dockerfile");
    for (name, value) in words {
        assert!(
            dockerfile.contains(&format!("{name}={value}")),
            "the image does not set {name}={value}"
        );
    }
    // Folders are checked where they are, which is not here.
    words[..1]
        .iter()
        .chain(&words[3..])
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Reads variables as the service's program does, and has them checked as it does.
fn accepted(service: &str, variables: &BTreeMap<String, String>) {
    let command = One::augment_args(Command::new("interstate"));
    let flags: BTreeMap<String, String> = command
        .get_arguments()
        .filter_map(|argument| {
            let variable = argument.get_env()?.to_str()?.to_owned();
            Some((variable, argument.get_long()?.to_owned()))
        })
        .collect();
    let mut words = vec!["interstate".to_owned()];
    for (name, value) in variables {
        let flag = flags
            .get(name)
            .unwrap_or_else(|| panic!("{service} is given {name}, and there is no such setting"));
        words.push(format!("--{flag}={value}"));
    }
    let matches = command.try_get_matches_from(words).unwrap();
    let one = One::from_arg_matches(&matches).unwrap();
    let mut check = interstate_config::Check::new();
    let common = one.common.check(&mut check);
    if service == "payment" {
        one.provider.check(&mut check);
    }
    check
        .finish(|| ())
        .unwrap_or_else(|mistakes| panic!("{service}: {mistakes}"));
    let common = common.unwrap();
    for (asked, addresses) in [
        ("location", common.grpc.location),
        ("booking", common.grpc.booking),
    ] {
        for address in addresses {
            let expected = (asked.to_owned(), usual_port(asked) + GRPC);
            assert_eq!((address.host, address.port), expected, "{service}");
        }
    }
    assert!(common.port.is_none(), "{service} listens on its usual port");
}

fn names() -> Vec<String> {
    let services = catalogue::services();
    services
        .iter()
        .map(|service| Service::name(service).to_owned())
        .collect()
}

#[test]
fn each_service_has_its_program_its_container_and_settings_that_it_accepts() {
    let all = compose("docker-compose.yml");
    let given = BTreeMap::new();
    for name in names() {
        let program = root().join(format!("platform/src/bin/interstate-{name}.rs"));
        assert!(program.exists(), "{} is not there", program.display());
        let service = &all["services"][&*name];
        assert_eq!(service["build"]["target"].as_str(), Some("service"), "{name}");
        assert_eq!(service["build"]["args"]["SERVICE"].as_str(), Some(&*name));
        let port = usual_port(&name);
        let published: Vec<&str> = service["ports"]
            .as_sequence()
            .unwrap()
            .iter()
            .map(|port| port.as_str().unwrap())
            .collect();
        assert_eq!(published, [format!("127.0.0.1:{port}:{port}")], "{name}");
        let mut variables = environment(service, &given);
        variables.extend(of_image());
        accepted(&name, &variables);
    }
}

#[test]
fn production_gives_each_service_real_settings_and_publishes_nothing() {
    let (all, prod) = (compose("docker-compose.yml"), compose("docker-compose.prod.yml"));
    let given = BTreeMap::from(GIVEN);
    for name in names() {
        let service = &prod["services"][&*name];
        let mut variables = environment(&all["services"][&*name], &BTreeMap::new());
        variables.extend(environment(service, &given));
        for (variable, value) in &variables {
            assert!(
                !value.contains("development") && !value.contains("interstate:interstate@"),
                "{name} keeps {variable} of development"
            );
        }
        assert_eq!(variables["KAFKA_BROKERS"], "kafka:9092,kafka-2:9092,kafka-3:9092");
        variables.extend(of_image());
        accepted(&name, &variables);
        let limits = &service["deploy"]["resources"]["limits"];
        assert!(
            limits["memory"].is_string() && limits["cpus"].is_string(),
            "{name} has no limits"
        );
    }
    // Whatever development publishes is taken back.
    for (name, service) in entries(&all["services"]) {
        let published = !service["ports"].is_null();
        let taken_back =
            matches!(&prod["services"][&*name]["ports"], Value::Tagged(reset) if reset.tag == "reset");
        assert!(!published || taken_back, "{name} is published in production");
    }
}

/// No secret of production has a value that is in this repository.
#[test]
fn production_has_no_passwords_of_its_own() {
    for line in text("docker-compose.prod.yml")
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
    {
        let secret = ["PASSWORD", "SECRET", "_PASS:"]
            .iter()
            .any(|word| line.contains(word));
        assert!(!secret || line.contains(":?") && !line.contains(":-"), "{line}");
    }
}

/// A proof that this test can fail: what is not said so anywhere is refused.
#[test]
#[should_panic(expected = "there is no such setting")]
fn a_setting_that_does_not_exist_is_found() {
    accepted(
        "user",
        &BTreeMap::from([("DB_CONECTION".to_owned(), "sqlite:".to_owned())]),
    );
}

#[test]
fn whatever_is_waited_for_and_mounted_is_there() {
    let all = compose("docker-compose.yml");
    let services: BTreeSet<String> = entries(&all["services"]).into_keys().collect();
    let volumes: BTreeSet<String> = entries(&all["volumes"]).into_keys().collect();
    for (name, service) in entries(&all["services"]) {
        for other in entries(&service["depends_on"]).into_keys() {
            assert!(services.contains(&other), "{name} waits for {other}");
            assert!(
                !all["services"][&*other]["healthcheck"].is_null(),
                "{other} has no health to wait for"
            );
        }
        for volume in service["volumes"].as_sequence().into_iter().flatten() {
            let volume = volume.as_str().unwrap();
            if let Some((source, _)) = volume.split_once(':') {
                assert!(volumes.contains(source), "{name} mounts {source}");
            }
        }
    }
}

/// Each folder that the build needs is sent to it.
#[test]
fn the_build_gets_every_member_of_the_workspace() {
    let ignore = text(".dockerignore");
    let kept: Vec<&str> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let manifest = text("Cargo.toml");
    let (_, members) = manifest.split_once("members = [").unwrap();
    let (members, _) = members.split_once(']').unwrap();
    for member in members.split(',').map(|member| member.trim().trim_matches('"')) {
        let sent = kept
            .iter()
            .any(|kept| member.starts_with(kept) || kept.starts_with(member));
        assert!(sent || member.is_empty(), "{member} is not sent to the build");
    }
    for file in [
        "Cargo.toml",
        "Cargo.lock",
        "rust-toolchain.toml",
        "data",
        "schemas",
        "LICENSE",
        "NOTICE",
    ] {
        assert!(kept.contains(&file), "{file} is not sent to the build");
    }
    let toolchain = text("rust-toolchain.toml");
    let dockerfile = text("Dockerfile");
    let version = dockerfile
        .lines()
        .find_map(|line| line.strip_prefix("ARG RUST="))
        .unwrap();
    assert!(
        toolchain.contains(&format!("\"{version}\"")),
        "another Rust than {toolchain}"
    );
}
