//! The settings that every process has.

use crate::{
    Cache, Check, ClickHouse, Databases, EventLog, Grpc, GrpcArgs, KafkaProperties, Mistakes, RabbitMq,
    Secret, Setting, SnapshotArgs, SnapshotSettings,
    check::{folder, given},
    parse::{http_url, is_name, log_filter},
};
use std::{net::IpAddr, path::PathBuf};

const NAME: Setting = Setting::new("service-name", "SERVICE_NAME");
/// The port of a process.
pub const SERVICE_PORT: Setting = Setting::new("port", "SERVICE_PORT");
const BIND: Setting = Setting::new("bind", "BIND");
const DATA: Setting = Setting::new("data-dir", "DATA_DIR");
const KEYS: Setting = Setting::new("keys-dir", "KEYS_DIR");
/// Where read models are kept.
pub const DB_CONNECTION: Setting = Setting::new("db-connection", "DB_CONNECTION");
const CACHE: Setting = Setting::new("redis-url", "REDIS_URL");
const CLICKHOUSE: Setting = Setting::new("clickhouse-url", "CLICKHOUSE_URL");
const RABBITMQ: Setting = Setting::new("rabbitmq-url", "RABBITMQ_URL");
/// Where Kafka is.
pub const KAFKA_BROKERS: Setting = Setting::new("kafka-brokers", "KAFKA_BROKERS");
/// How Kafka is reached.
pub const KAFKA_PROPERTIES: Setting = Setting::new("kafka-properties", "KAFKA_PROPERTIES");
const JWT: Setting = Setting::new("jwt-secret", "JWT_SECRET");
const GATEWAY: Setting = Setting::new("gateway-secret", "GATEWAY_SECRET");
const LEVEL: Setting = Setting::new("log-level", "LOG_LEVEL");
const FORMAT: Setting = Setting::new("log-format", "LOG_FORMAT");
const CLOCK: Setting = Setting::new("clock-factor", "CLOCK_FACTOR");
const PER_ADDRESS: Setting = Setting::new("rate-per-address", "RATE_PER_ADDRESS");
const PER_USER: Setting = Setting::new("rate-per-user", "RATE_PER_USER");
const PROXIES: Setting = Setting::new("proxies", "PROXIES");
const OTEL: Setting = Setting::new("otel-endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT");

/// More than a person or an office sends, and less than a process can answer.
const REQUESTS_AN_ADDRESS: u32 = 1_000;
/// A vehicle's device sends some; nobody needs as many.
const REQUESTS_A_USER: u32 = 200;

/// HS256 is as strong as its key: RFC 7518 section 3.2 asks for at least the hash's 256 bits.
const JWT_SECRET_BYTES: usize = 32;

/// The flags and variables, unchecked. Flatten into a command's arguments, then [`CommonArgs::check`].
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Settings (flag or environment)")]
pub struct CommonArgs {
    /// Name of this process in logs and metrics
    #[arg(long, env = NAME.env, value_name = "NAME")]
    pub service_name: Option<String>,
    /// Port to listen on; 0 takes a free one
    #[arg(long, env = SERVICE_PORT.env, value_name = "PORT")]
    pub port: Option<String>,
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, env = BIND.env, value_name = "IP")]
    pub bind: Option<String>,
    /// Folder of the embedded log and the read models [default: .interstate]
    #[arg(long, env = DATA.env, value_name = "FOLDER")]
    pub data_dir: Option<String>,
    /// Folder of the keys; instances that share services on Kafka share it too [default: the data folder]
    #[arg(long, env = KEYS.env, value_name = "FOLDER")]
    pub keys_dir: Option<String>,
    /// Read models: sqlite:[folder], postgres://… and mongodb://…, with spaces in between; a service takes the first
    /// that it speaks [default: sqlite:]
    #[arg(long, env = DB_CONNECTION.env, hide_env_values = true, value_name = "URLS")]
    pub db_connection: Option<String>,
    /// Live data that instances share: redis(s)://user:password@host:port/database?prefix=… [default: memory:]
    #[arg(long, env = CACHE.env, hide_env_values = true, value_name = "URL")]
    pub redis_url: Option<String>,
    /// Facts of analytics: http(s)://user:password@host:port/database of ClickHouse; without it they are in SQLite
    #[arg(long, env = CLICKHOUSE.env, hide_env_values = true, value_name = "URL")]
    pub clickhouse_url: Option<Secret>,
    /// Payment's jobs: amqp(s)://user:password@host:port/vhost of RabbitMQ; without it they are handed on in the process
    #[arg(long, env = RABBITMQ.env, hide_env_values = true, value_name = "URL")]
    pub rabbitmq_url: Option<Secret>,
    /// Kafka brokers as host:port,…; without them the log is embedded
    #[arg(long, env = KAFKA_BROKERS.env, value_name = "BROKERS")]
    pub kafka_brokers: Option<String>,
    /// File of name=value lines that say how brokers are reached: security.protocol, ssl.*, sasl.* of librdkafka
    #[arg(long, env = KAFKA_PROPERTIES.env, value_name = "FILE")]
    pub kafka_properties: Option<String>,
    /// Shared secret of access tokens (HS256); without it a key pair is made in the folder of keys
    #[arg(long, env = JWT.env, hide_env_values = true, value_name = "SECRET")]
    pub jwt_secret: Option<Secret>,
    /// Secret of a gateway in front, which then says who calls (x-gateway-secret, x-user-id, x-user-role)
    #[arg(long, env = GATEWAY.env, hide_env_values = true, value_name = "SECRET")]
    pub gateway_secret: Option<Secret>,
    /// What to log: a level, or target=level,… [default: info]
    #[arg(long, env = LEVEL.env, value_name = "FILTER")]
    pub log_level: Option<String>,
    /// How to log: auto, json or pretty; auto is pretty in a terminal [default: auto]
    #[arg(long, env = FORMAT.env, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// How many times faster than real time the domain's clock runs [default: 1]
    #[arg(long, env = CLOCK.env, value_name = "FACTOR")]
    pub clock_factor: Option<String>,
    /// Requests a second that one address, or one IPv6 network of 64 bits, may send to a port, and twice as many at
    /// once; 0 for any number [default: 1000]
    #[arg(long, env = PER_ADDRESS.env, value_name = "REQUESTS")]
    pub rate_per_address: Option<String>,
    /// Requests a second that one user may send to a service, and twice as many at once; 0 for any number
    /// [default: 200]
    #[arg(long, env = PER_USER.env, value_name = "REQUESTS")]
    pub rate_per_user: Option<String>,
    /// Proxies of yours in front: that many entries of X-Forwarded-For are believed [default: 0]
    #[arg(long, env = PROXIES.env, value_name = "COUNT")]
    pub proxies: Option<String>,
    /// OpenTelemetry collector that spans are sent to, OTLP over HTTP
    #[arg(long, env = OTEL.env, value_name = "URL")]
    pub otel_endpoint: Option<String>,
    /// Where other services are asked.
    #[command(flatten)]
    pub grpc: GrpcArgs,
    /// Where snapshots are kept.
    #[command(flatten)]
    pub snapshots: SnapshotArgs,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Pretty in a terminal, JSON otherwise.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// The settings that every process has, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// The process's name in logs and metrics, where one is given.
    pub service_name: Option<String>,
    /// The port to listen on, where one is given; 0 takes a free one.
    pub port: Option<u16>,
    /// The address to listen on.
    pub bind: IpAddr,
    /// The folder of the embedded log and the read models. May not exist yet.
    pub data_dir: PathBuf,
    /// The folder of what all instances of a deployment must have in common: keys, and the start of an
    /// accelerated clock. May not exist yet.
    pub keys_dir: PathBuf,
    /// Where the read models live.
    pub databases: Databases,
    /// Where live data lives.
    pub cache: Cache,
    /// Where the facts of analytics live, where it is not SQLite.
    pub clickhouse: Option<ClickHouse>,
    /// Where the jobs of payment are handed on, where it is not in the process.
    pub rabbitmq: Option<RabbitMq>,
    /// Where the log lives.
    pub event_log: EventLog,
    /// How the log's brokers are reached.
    pub kafka_properties: KafkaProperties,
    /// The shared secret of access tokens, at least 32 bytes.
    pub jwt_secret: Option<Secret>,
    /// The secret of a gateway in front, at least 32 bytes; without it no gateway is believed.
    pub gateway_secret: Option<Secret>,
    /// A list of levels and `target=level`.
    pub log_level: String,
    /// How a log line looks.
    pub log_format: LogFormat,
    /// Domain time in real time, from 1 to 3,600.
    pub clock_factor: u32,
    /// Requests a second of one address; nothing for any number.
    pub rate_per_address: Option<u32>,
    /// Requests a second of one signed-in user; nothing for any number.
    pub rate_per_user: Option<u32>,
    /// How many proxies stand in front.
    pub proxies: u8,
    /// The base address of an OTLP/HTTP collector, without a trailing slash.
    pub otel_endpoint: Option<String>,
    /// Where other services are asked.
    pub grpc: Grpc,
    /// Where snapshots are kept.
    pub snapshots: SnapshotSettings,
}

impl CommonArgs {
    /// The checked settings, for a process that has no others.
    pub fn validate(&self) -> Result<Common, Mistakes> {
        let mut check = Check::new();
        let common = self.check(&mut check);
        check.finish(|| common.expect("no mistake was found, so every value was kept"))
    }

    /// Checks into `check`, beside a service's own settings. `None` where something was wrong.
    pub fn check(&self, check: &mut Check) -> Option<Common> {
        let service_name = match given(self.service_name.as_deref()) {
            Some(name) if !is_name(name) => {
                check.mistake(
                    NAME,
                    format!("`{name}` is not a name of lower-case letters, digits and dashes"),
                    "give e.g. SERVICE_NAME=booking",
                );
                None
            }
            name => name.map(str::to_owned),
        };
        let port = match given(self.port.as_deref()) {
            Some(text) => check
                .number(SERVICE_PORT, Some(text), 8000_u16, 0..=u16::MAX)
                .map(Some),
            None => Some(None),
        };
        let bind = given(self.bind.as_deref()).unwrap_or("127.0.0.1");
        let bind = check.keep(
            BIND,
            bind.parse::<IpAddr>()
                .map_err(|_| format!("`{bind}` is not an IP address")),
            "give 127.0.0.1 for this machine only, or 0.0.0.0 for all of its addresses",
        );
        let database = given(self.db_connection.as_deref()).unwrap_or("sqlite:");
        let cache = given(self.redis_url.as_deref()).unwrap_or("memory:");
        let event_log = given(self.kafka_brokers.as_deref()).map_or(Ok(EventLog::Embedded), EventLog::parse);
        let level = log_filter(given(self.log_level.as_deref()).unwrap_or("info"));
        let otel = given(self.otel_endpoint.as_deref()).map(http_url).transpose();

        let data_dir = folder(
            check,
            DATA,
            given(self.data_dir.as_deref()).unwrap_or(".interstate"),
        );
        let keys_dir = match given(self.keys_dir.as_deref()) {
            Some(name) => folder(check, KEYS, name),
            None => data_dir.clone(),
        };
        let databases = check.keep(
            DB_CONNECTION,
            Databases::parse(database),
            "leave it out for SQLite, or give e.g. DB_CONNECTION=postgres://user:password@host/database",
        );
        let cache = check.keep(
            CACHE,
            Cache::parse(cache),
            "give e.g. REDIS_URL=redis://user:password@localhost:6379/0, or leave it out for the memory of each process",
        );
        let clickhouse = self
            .clickhouse_url
            .as_ref()
            .filter(|url| !url.expose().trim().is_empty())
            .map(|url| ClickHouse::parse(url.expose().trim()))
            .transpose();
        let clickhouse = check.keep(
            CLICKHOUSE,
            clickhouse,
            "give e.g. CLICKHOUSE_URL=http://user:password@localhost:8123/interstate, or leave it out for SQLite",
        );
        let rabbitmq = self
            .rabbitmq_url
            .as_ref()
            .filter(|url| !url.expose().trim().is_empty())
            .map(|url| RabbitMq::parse(url.expose().trim()))
            .transpose();
        let rabbitmq = check.keep(
            RABBITMQ,
            rabbitmq,
            "give e.g. RABBITMQ_URL=amqp://user:password@localhost:5672/vhost, or leave it out to hand jobs on in the process",
        );
        let event_log = check.keep(
            KAFKA_BROKERS,
            event_log,
            "give e.g. KAFKA_BROKERS=localhost:9092, or leave it out to embed the log",
        );
        let kafka_properties = self.kafka_properties(check, event_log.as_ref());
        let jwt_secret = self.jwt_secret(check);
        let gateway_secret = self.gateway_secret(check);
        let log_level = check.keep(
            LEVEL,
            level,
            "give trace, debug, info, warn, error or off, e.g. info,access=warn",
        );
        let log_format = self.log_format(check);
        let clock_factor = check.number(CLOCK, self.clock_factor.as_deref(), 1, 1..=3_600);
        let mut rate = |setting, text: &Option<String>, default| {
            let requests = check.number(setting, text.as_deref(), default, 0..=1_000_000)?;
            Some((requests > 0).then_some(requests))
        };
        let rate_per_address = rate(PER_ADDRESS, &self.rate_per_address, REQUESTS_AN_ADDRESS);
        let rate_per_user = rate(PER_USER, &self.rate_per_user, REQUESTS_A_USER);
        let proxies = check.number(PROXIES, self.proxies.as_deref(), 0, 0..=16);
        let otel_endpoint = check.keep(
            OTEL,
            otel,
            "give e.g. OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318",
        );

        let grpc = self.grpc.check(check);
        let snapshots = self.snapshots.check(check);

        Some(Common {
            service_name,
            port: port?,
            bind: bind?,
            data_dir: data_dir?,
            keys_dir: keys_dir?,
            databases: databases?,
            cache: cache?,
            clickhouse: clickhouse?,
            rabbitmq: rabbitmq?,
            event_log: event_log?,
            kafka_properties: kafka_properties?,
            jwt_secret,
            gateway_secret,
            log_level: log_level?,
            log_format: log_format?,
            clock_factor: clock_factor?,
            rate_per_address: rate_per_address?,
            rate_per_user: rate_per_user?,
            proxies: proxies?,
            otel_endpoint: otel_endpoint?,
            grpc: grpc?,
            snapshots: snapshots?,
        })
    }

    /// The settings that were given, as the variables that give them to another process.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let Self {
            service_name,
            port,
            bind,
            data_dir,
            keys_dir,
            db_connection,
            redis_url,
            clickhouse_url,
            rabbitmq_url,
            kafka_brokers,
            kafka_properties,
            jwt_secret,
            gateway_secret,
            log_level,
            log_format,
            clock_factor,
            rate_per_address,
            rate_per_user,
            proxies,
            otel_endpoint,
            grpc,
            snapshots,
        } = self;
        let secret = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        let settings = [
            (NAME, service_name.clone()),
            (SERVICE_PORT, port.clone()),
            (BIND, bind.clone()),
            (DATA, data_dir.clone()),
            (KEYS, keys_dir.clone()),
            (DB_CONNECTION, db_connection.clone()),
            (CACHE, redis_url.clone()),
            (CLICKHOUSE, secret(clickhouse_url)),
            (RABBITMQ, secret(rabbitmq_url)),
            (KAFKA_BROKERS, kafka_brokers.clone()),
            (KAFKA_PROPERTIES, kafka_properties.clone()),
            (JWT, secret(jwt_secret)),
            (GATEWAY, secret(gateway_secret)),
            (LEVEL, log_level.clone()),
            (FORMAT, log_format.clone()),
            (CLOCK, clock_factor.clone()),
            (PER_ADDRESS, rate_per_address.clone()),
            (PER_USER, rate_per_user.clone()),
            (PROXIES, proxies.clone()),
            (OTEL, otel_endpoint.clone()),
        ];
        let own = settings
            .into_iter()
            .filter_map(|(setting, value)| Some((setting.env, value?)));
        own.chain(grpc.environment())
            .chain(snapshots.environment())
            .collect()
    }

    fn kafka_properties(&self, check: &mut Check, log: Option<&EventLog>) -> Option<KafkaProperties> {
        let Some(file) = given(self.kafka_properties.as_deref()) else {
            return Some(KafkaProperties::default());
        };
        if log == Some(&EventLog::Embedded) {
            check.mistake(
                KAFKA_PROPERTIES,
                "says how brokers are reached, and no broker is named",
                "give KAFKA_BROKERS as well, or leave it out to embed the log",
            );
            return None;
        }
        check.keep(
            KAFKA_PROPERTIES,
            KafkaProperties::read(std::path::Path::new(file)),
            "name a file with e.g. security.protocol=sasl_ssl, sasl.mechanism=SCRAM-SHA-512, sasl.username=interstate, \
             sasl.password=…, ssl.ca.location=/etc/ca.pem, a line each",
        )
    }

    fn gateway_secret(&self, check: &mut Check) -> Option<Secret> {
        let secret = self
            .gateway_secret
            .as_ref()
            .filter(|secret| !secret.expose().is_empty())?;
        let bytes = secret.expose().len();
        if bytes < JWT_SECRET_BYTES {
            check.mistake(
                GATEWAY,
                format!("the secret has {bytes} bytes; whoever guesses it is everybody, so it needs {JWT_SECRET_BYTES}"),
                "make one with `openssl rand -base64 48`, and give it to the gateway as well",
            );
            return None;
        }
        Some(secret.clone())
    }

    fn jwt_secret(&self, check: &mut Check) -> Option<Secret> {
        let secret = self
            .jwt_secret
            .as_ref()
            .filter(|secret| !secret.expose().is_empty())?;
        let bytes = secret.expose().len();
        if bytes < JWT_SECRET_BYTES {
            check.mistake(
                JWT,
                format!("the secret has {bytes} bytes; HS256 needs at least {JWT_SECRET_BYTES}"),
                "make one with `openssl rand -base64 48`, or leave it out for a key pair in the folder of keys",
            );
            return None;
        }
        Some(secret.clone())
    }

    fn log_format(&self, check: &mut Check) -> Option<LogFormat> {
        match given(self.log_format.as_deref()) {
            None | Some("auto") => Some(LogFormat::Auto),
            Some("json") => Some(LogFormat::Json),
            Some("pretty") => Some(LogFormat::Pretty),
            Some(other) => {
                check.mistake(
                    FORMAT,
                    format!("`{other}` is not a format"),
                    "give auto, json or pretty",
                );
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Relational, snapshots::SNAPSHOT_EVERY};
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        common: CommonArgs,
    }

    fn args(flags: &[&str]) -> CommonArgs {
        Command::parse_from(std::iter::once(&"interstate").chain(flags)).common
    }

    #[test]
    fn nothing_given_is_a_whole_platform_on_a_laptop() {
        let common = CommonArgs::default().validate().unwrap();
        assert_eq!(common.event_log, EventLog::Embedded);
        assert_eq!(common.databases.relational(), Some(Relational::Sqlite(None)));
        assert_eq!(common.keys_dir, common.data_dir);
        assert_eq!((common.clock_factor, common.log_level.as_str()), (1, "info"));
        assert_eq!(common.bind.to_string(), "127.0.0.1");
    }

    #[test]
    fn another_process_is_given_the_same_settings() {
        let given = args(&[
            "--kafka-brokers=a:1",
            "--clock-factor=7",
            "--location-grpc=l:9003",
        ]);
        let told: std::collections::BTreeMap<_, _> = given.environment().into_iter().collect();
        for (variable, value) in [
            ("KAFKA_BROKERS", "a:1"),
            ("CLOCK_FACTOR", "7"),
            ("LOCATION_GRPC", "l:9003"),
        ] {
            assert_eq!(told.get(variable).map(String::as_str), Some(value));
        }
        assert!(!told.contains_key("SERVICE_PORT"));
    }

    #[test]
    fn every_wrong_setting_is_reported_in_one_go() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mistakes = args(&[
            "--service-name=My Service",
            "--port=80a",
            "--bind=localhost",
            &format!("--data-dir={}", file.path().display()),
            "--db-connection=mysql://me:hunter2@db/rides",
            "--redis-url=redis://:hunter2@cache:port",
            "--clickhouse-url=ch:hunter2",
            "--rabbitmq-url=mq:hunter2",
            "--kafka-brokers=kafka",
            "--jwt-secret=hunter2",
            "--gateway-secret=hunter2",
            "--log-level=loud",
            "--log-format=xml",
            "--clock-factor=0",
            "--rate-per-address=many",
            "--rate-per-user=-1",
            "--proxies=300",
            "--otel-endpoint=collector:4318",
            "--snapshot-every=7",
        ])
        .validate()
        .unwrap_err();
        let named: Vec<_> = mistakes.0.iter().map(|mistake| mistake.setting).collect();
        assert_eq!(
            named,
            [
                NAME,
                SERVICE_PORT,
                BIND,
                DATA,
                DB_CONNECTION,
                CACHE,
                CLICKHOUSE,
                RABBITMQ,
                KAFKA_BROKERS,
                JWT,
                GATEWAY,
                LEVEL,
                FORMAT,
                CLOCK,
                PER_ADDRESS,
                PER_USER,
                PROXIES,
                OTEL,
                SNAPSHOT_EVERY
            ]
        );
        let text = mistakes.to_string();
        assert!(text.contains("`mysql:` holds no read models here"), "{text}");
        assert!(
            text.contains("the secret has 7 bytes; HS256 needs at least 32"),
            "{text}"
        );
        assert!(!text.contains("hunter2"), "a secret leaked: {text}");
    }

    #[test]
    fn nobody_is_limited_where_the_limit_is_nought() {
        let rates = |flags: &[&str]| {
            let common = args(flags).validate().unwrap();
            (common.rate_per_address, common.rate_per_user)
        };
        assert_eq!(rates(&[]), (Some(1_000), Some(200)));
        assert_eq!(
            rates(&["--rate-per-address=0", "--rate-per-user=5"]),
            (None, Some(5))
        );
    }

    #[test]
    fn secrets_never_print() {
        let common = args(&["--jwt-secret=0123456789abcdef0123456789abcdef"])
            .validate()
            .unwrap();
        assert_eq!(common.jwt_secret.as_ref().unwrap().expose().len(), 32);
        assert!(!format!("{common:?}").contains("0123456789"), "{common:?}");
    }
}
