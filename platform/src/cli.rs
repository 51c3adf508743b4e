//! The command line.

use clap::{Args, Parser, Subcommand};
use interstate_config::{CommonArgs, KAFKA_BROKERS, KAFKA_PROPERTIES, ProviderArgs};

/// Ride-booking for cabs between cities and states.
///
/// `interstate up --demo` starts every service in this process on an embedded log in the data folder, with
/// riders and drivers that book and drive. Nothing else is needed.
#[derive(Parser)]
#[command(name = "interstate", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done.
#[derive(Subcommand)]
pub enum Command {
    /// Start all services in this process, with a sandbox payment provider
    ///
    /// Port 8000 serves all APIs with their documentation at /docs; each service has its own port as well, from
    /// 8001. Stop with Ctrl-C: what is held is finished. Kill it at any moment: the next start goes on.
    ///
    /// The first start makes an account for support and one for an administrator, and writes their passwords to
    /// demo-staff.json in the data folder.
    Up(Up),
    /// Start chosen services in this process, against a payment provider that runs elsewhere
    ///
    /// Example: KAFKA_BROKERS=localhost:9092 LOCATION_GRPC=localhost:9003 PAYMENT_PROVIDER_URL=http://localhost:8090
    /// PAYMENT_WEBHOOK_SECRET=… interstate serve booking payment
    Serve(Serve),
    /// Ride: riders and drivers that book and drive through the HTTP API of a running platform
    Demo(Demo),
    /// Check a platform that runs or, with --before-start, whether one would start
    ///
    /// Without --before-start it asks the platform that runs at --url, which takes the operator's key of the data folder:
    /// partitions, consumers, what is parked or stuck, the books, duties, deadlines. That one reads its log and its read
    /// models, and changes nothing; of the settings only the data folder matters.
    ///
    /// With --before-start nothing has to run. Everything is looked at that `interstate up` or, with services named,
    /// `interstate serve` would use with the same settings: the settings themselves, folders and free disk, the log or
    /// Kafka's brokers with their topics, PostgreSQL (user, version, extensions, rights, schemas), MongoDB, Redis,
    /// RabbitMQ, ClickHouse, the bucket of snapshots, certificates, ports, and this machine's clock beside the servers'.
    /// Only engines that the settings name are asked, each for some seconds at most. Nothing is made, migrated or changed.
    /// `interstate-<service> doctor` is the same for the process of one service.
    ///
    /// Each line begins with ok, WRONG or OPEN (work for a person, which stops nothing). Ends with a code other than 0
    /// where something is WRONG.
    ///
    /// Example: interstate doctor --before-start booking --location-grpc location:9003
    Doctor(Doctor),
    /// Ask the process on this machine how it is; ends with a code other than 0 where it is not well
    ///
    /// For health checks of images without a shell: interstate health --ready
    Health(Health),
    /// Rebuild a read model beside the live one, compare the two, and switch
    ///
    /// Asks the platform that runs at --url, which does it: the process that hosts the read model's service.
    ///
    /// Example: interstate replay booking-history --verify
    Replay(Replay),
    /// Give people of the operator's staff their accounts
    #[command(subcommand)]
    Staff(Staff),
    /// Make the topics on Kafka, and print the rights that services need
    #[command(subcommand)]
    Topics(Topics),
    /// Copy the log, the keys and the settings into a folder, beside everybody's work
    ///
    /// Everything that was acknowledged before it began is in it, and what it holds of one service fits together with
    /// what it holds of the others. The embedded log is asked of the platform that runs on it; on Kafka the brokers are
    /// read, by anybody who can reach them and has the folder of keys. Read models, live data and fixes are not copied:
    /// they follow from the log, or are old within minutes. Whoever has the folder can read personal data.
    ///
    /// Example: interstate backup --into /backups/2026-11-22
    Backup(Backup),
    /// Fill an empty log and an empty folder of keys with a backup
    ///
    /// The log may be another engine's than the one that was copied. Damaged backups, logs with something in them and
    /// other numbers of partitions are refused before anything is written. What was restored is a new incarnation of
    /// the log: consistency tokens of before are answered, and commands are not confused with those of before. Stop all
    /// services first, and start them with new data folders and empty stores.
    ///
    /// Example: interstate restore --from /backups/2026-11-22 --data-dir .restored
    Restore(Restore),
    /// Tell the whole story of a booking from the log
    ///
    /// Asks the platform that runs at --url, any process of it, which reads the log of all services.
    Explain(Explain),
    /// Print the OpenAPI description of all services
    Openapi,
    /// Print the AsyncAPI description of all topics
    Asyncapi,
    /// Write what is generated from the code into a checkout, or check that it is up to date
    Generate(Generate),
}

#[derive(Args)]
pub struct Up {
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub provider: ProviderArgs,
    /// Start demo riders and drivers as well, with the clock 600 times as fast
    #[arg(long)]
    pub demo: bool,
    /// Start each service as a process of its own, on Kafka (KAFKA_BROKERS), as a fleet runs them
    #[arg(long, conflicts_with = "demo")]
    pub split: bool,
    /// Do not redraw a screen of live figures, even in a terminal
    #[arg(long)]
    pub plain: bool,
}

#[derive(Args)]
pub struct Serve {
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub provider: ProviderArgs,
    /// Stop in good order once standard input ends: whoever started this process has ended
    #[arg(long, hide = true)]
    pub until_input_ends: bool,
    /// Give the one service a single port of its own, from 8001, as `interstate-<service>` does
    #[arg(long)]
    pub alone: bool,
    /// Which: user booking location driver payment analytics
    #[arg(required = true, value_name = "SERVICE")]
    pub services: Vec<String>,
}

/// The arguments of a process that is one service: `interstate-booking` and the like.
#[derive(Args)]
pub struct One {
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub provider: ProviderArgs,
    /// Something else than to serve.
    #[command(subcommand)]
    pub command: Option<OneCommand>,
}

/// What a process that is one service can do beside serving.
#[derive(Subcommand)]
pub enum OneCommand {
    /// Ask the process of this service on this machine how it is; ends with a code other than 0 where it is not well
    Health(Look),
    /// Check whether this service would start with these settings: what they name is asked, and nothing made or changed
    ///
    /// As `interstate doctor --before-start`. Settings stand before the word, or in the environment.
    Doctor,
}

#[derive(Args)]
pub struct Health {
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub look: Look,
}

#[derive(Args)]
pub struct Doctor {
    /// Where the running platform answers
    #[arg(long, env = "INTERSTATE_URL", default_value = "http://127.0.0.1:8000")]
    pub url: String,
    /// Ask no platform, but whether one would start with the settings below
    #[arg(long)]
    pub before_start: bool,
    /// Before the start of a process that is one service: it has a single port of its own, as `interstate-<service>`
    #[arg(long, requires = "services")]
    pub alone: bool,
    /// Before the start of these: user booking location driver payment analytics [default: all, as `interstate up`]
    #[arg(requires = "before_start", value_name = "SERVICE")]
    pub services: Vec<String>,
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub provider: ProviderArgs,
}

impl Doctor {
    /// The platform that runs.
    pub fn target(&self) -> Target {
        let named = self.common.data_dir.as_deref().map(str::trim);
        let data_dir = named.filter(|folder| !folder.is_empty()).unwrap_or(".interstate");
        Target {
            url: self.url.clone(),
            data_dir: data_dir.into(),
        }
    }

    /// What would be started.
    pub fn start(self) -> Serve {
        Serve {
            common: self.common,
            provider: self.provider,
            until_input_ends: false,
            alone: self.alone,
            services: self.services,
        }
    }
}

/// How closely to look.
#[derive(Args, Clone, Copy)]
pub struct Look {
    /// Ask whether it can do its work, not only whether it lives
    #[arg(long)]
    pub ready: bool,
}

#[derive(Args)]
pub struct Target {
    /// Where the platform answers
    #[arg(long, env = "INTERSTATE_URL", default_value = "http://127.0.0.1:8000")]
    pub url: String,
    /// The data folder, whose operator key gives access
    #[arg(long, env = "DATA_DIR", default_value = ".interstate")]
    pub data_dir: std::path::PathBuf,
}

#[derive(Args)]
pub struct Backup {
    /// A folder that is empty or not there yet
    #[arg(long, value_name = "FOLDER")]
    pub into: std::path::PathBuf,
    /// Where the platform answers that has the embedded log open
    #[arg(long, env = "INTERSTATE_URL", default_value = "http://127.0.0.1:8000")]
    pub url: String,
    #[command(flatten)]
    pub common: CommonArgs,
    #[command(flatten)]
    pub provider: ProviderArgs,
}

#[derive(Args)]
pub struct Restore {
    /// The folder of a finished backup
    #[arg(long, value_name = "FOLDER")]
    pub from: std::path::PathBuf,
    #[command(flatten)]
    pub common: CommonArgs,
}

#[derive(Args)]
pub struct Demo {
    #[command(flatten)]
    pub target: Target,
    /// Riders that book, one trip after the other
    #[arg(long, default_value_t = 12)]
    pub riders: usize,
    /// Drivers that take offers
    #[arg(long, default_value_t = 30)]
    pub drivers: usize,
    /// Stop after so many trips; 0 never stops
    #[arg(long, default_value_t = 0)]
    pub trips: usize,
    /// Seed of what the riders want
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Args)]
pub struct Replay {
    #[command(flatten)]
    pub target: Target,
    /// The read model, e.g. booking-history; `list` prints their names
    pub read_model: String,
    /// Compare the rebuilt one with the live one and change nothing
    #[arg(long)]
    pub verify: bool,
    /// Try parked events of it again instead
    #[arg(long, conflicts_with = "verify")]
    pub parked: bool,
}

#[derive(Subcommand)]
pub enum Staff {
    /// Make an account for somebody at support, or an administrator, and print its password
    ///
    /// Asks the running process that hosts the user service, with the operator's key of its data folder. The
    /// password is made here, printed once and kept nowhere: pass it on. The person signs in as everybody does, with
    /// POST /v1/sessions, and an administrator may then change anybody's roles with POST /v1/users/{id}/roles.
    /// An account that exists is left as it is.
    ///
    /// Example: interstate staff add --role admin --email asha@example.org --phone +919812345678 --name "Asha Rao"
    Add(StaffAdd),
}

#[derive(Args)]
pub struct StaffAdd {
    #[command(flatten)]
    pub target: Target,
    /// What the person may do: support looks after riders and drivers and admits drivers, admin grants roles as well
    #[arg(long, value_parser = ["support", "admin"])]
    pub role: String,
    /// The address that the person signs in with
    #[arg(long)]
    pub email: String,
    /// Their Indian mobile number, which no other account has
    #[arg(long)]
    pub phone: String,
    /// What colleagues call them; the e-mail address where nothing is said
    #[arg(long)]
    pub name: Option<String>,
}

#[derive(Subcommand)]
pub enum Topics {
    /// Make the topics that are missing, say where those that are there differ, and print the least rights
    ///
    /// Each topic gets the number of partitions that the services count on, its copies, and how long its records are
    /// kept: events and dead letters for ever, commands 14 days, fixes 7 days, replies an hour. Nothing that is there is
    /// changed. Services make what is missing by themselves, with the brokers' own number of copies, where they have the
    /// right to. Ends with a code other than 0 where a topic differs.
    ///
    /// Example: interstate topics create --kafka-brokers kafka-1:9092,kafka-2:9092
    Create(TopicsCreate),
    /// Say why the number of partitions stays as it is, and what to do instead
    ///
    /// A key's order, its state and the memory of its commands live in one partition. Changes nothing.
    Grow(TopicsGrow),
}

#[derive(Args)]
pub struct TopicsGrow {
    /// The service whose partitions are too few
    pub service: String,
}

#[derive(Args)]
pub struct TopicsCreate {
    /// Kafka brokers as host:port,…
    #[arg(long, env = KAFKA_BROKERS.env, value_name = "BROKERS")]
    pub kafka_brokers: String,
    /// File of name=value lines that say how brokers are reached: security.protocol, ssl.*, sasl.* of librdkafka
    #[arg(long, env = KAFKA_PROPERTIES.env, value_name = "FILE")]
    pub kafka_properties: Option<String>,
    /// Copies of each partition, on as many brokers
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=9))]
    pub copies: u16,
    /// So many copies must have a record before it counts as written
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=9))]
    pub min_insync: u16,
    /// Who a service is to the brokers; {service} stands for its name
    #[arg(long, default_value = "User:interstate-{service}", value_name = "PRINCIPAL")]
    pub principal: String,
}

#[derive(Args)]
pub struct Explain {
    #[command(flatten)]
    pub target: Target,
    /// The booking, bkg_…
    pub booking: String,
}

#[derive(Args)]
pub struct Generate {
    /// The checkout
    #[arg(long, default_value = ".")]
    pub into: std::path::PathBuf,
    /// Write nothing; fail when a file differs from the code
    #[arg(long)]
    pub check: bool,
}
