//! A command that ends the whole process of whoever decides it.

use crate::{broker::Brokers, story};
use interstate_eventing::{
    Address, Aggregate, Context, Decision, Rejection, Service, Topology, events,
    runtime::{Ask, AskError, Commands, Env, Host, MachineClock, NoStores, TokioSpawn},
};
use interstate_log::{
    Log, Topic, TopicKind,
    kafka::{KafkaLog, Options},
};
use interstate_schemas::{Actor, AddressedCommand, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    os::unix::process::ExitStatusExt,
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

/// Set in the processes that die: where the brokers are, and a folder.
const BROKERS: &str = "DEADLY_BROKERS";
const FOLDER: &str = "DEADLY_FOLDER";
const TEST: &str =
    "deadly::a_command_that_kills_its_process_three_times_is_put_aside_and_the_next_one_decided";

const SIGABRT: i32 = 6;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Added {}

events! {
    enum CounterEvent {
        Added(Added) = "counter.added.v1",
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Counter {
    total: u32,
}

#[derive(Debug, Serialize, Deserialize)]
enum CounterCommand {
    Add,
    Die,
}

impl AddressedCommand for CounterCommand {
    const SERVICE: &'static str = "deadly";
    const AGGREGATE: &'static str = "counter";
}

impl Aggregate for Counter {
    const NAME: &'static str = "counter";
    type Command = CounterCommand;
    type Event = CounterEvent;

    fn decide(&self, command: CounterCommand, _: &Context<'_>) -> Result<Decision<CounterEvent>, Rejection> {
        match command {
            CounterCommand::Add => Ok(Decision::event(Added {}).reply(&(self.total + 1))),
            // As what fills the stack or the memory does.
            CounterCommand::Die => std::process::abort(),
        }
    }

    fn evolve(&mut self, _: &CounterEvent, _: Timestamp) {
        self.total += 1;
    }
}

#[test]
fn a_command_that_kills_its_process_three_times_is_put_aside_and_the_next_one_decided() {
    if let (Some(brokers), Some(folder)) = (std::env::var_os(BROKERS), std::env::var_os(FOLDER)) {
        let brokers = brokers.into_string().unwrap();
        return story::tell(move |_| async move { live(&brokers, Path::new(&folder)).await });
    }
    story::tell(async |doing| {
        let (brokers, folder) = (Brokers::start(1), tempfile::tempdir().unwrap());
        let mut deaths = 0;
        loop {
            doing.now(format!("in life {}", deaths + 1));
            let life = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", TEST, "--nocapture"])
                .env(BROKERS, &brokers.bootstrap)
                .env(FOLDER, folder.path())
                .output()
                .unwrap();
            if life.status.success() {
                break;
            }
            let said = String::from_utf8_lossy(&life.stderr);
            assert_eq!(life.status.signal(), Some(SIGABRT), "{said}");
            deaths += 1;
            assert!(deaths <= 3, "it kills whoever comes");
        }
        assert_eq!(deaths, 3);
    });
}

/// One process: the first one gives the command, those after it take it over.
async fn live(brokers: &str, folder: &Path) {
    let log = Arc::new(
        KafkaLog::new(Options {
            session_timeout: Duration::from_millis(1_500),
            ..Options::new(brokers)
        })
        .unwrap(),
    );
    let service = Service::new("deadly").partitions(1).aggregate::<Counter>();
    let env = Env::new(
        log.clone(),
        Arc::new(MachineClock::real()),
        Arc::new(TokioSpawn),
        Arc::new(NoStores),
        "node",
        Topology::of([&service]),
    );
    let host = Host::start(&env, vec![service]).await.unwrap();
    let commands = Commands::new(env);
    let ask =
        |command: CounterCommand| Ask::new(Address::of::<CounterCommand>("one"), &command, Actor::System);
    if std::fs::File::create_new(folder.join("begun")).is_ok() {
        let ended = commands.ask(ask(CounterCommand::Die)).await;
        panic!("the process should have ended: {ended:?}");
    }
    let until = Instant::now() + Duration::from_secs(60);
    let total = loop {
        match commands.ask(ask(CounterCommand::Add)).await {
            Ok(answered) => break answered.decode::<u32>().unwrap(),
            Err(AskError::Rejected(rejection)) => panic!("{rejection:?}"),
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
    };
    assert!(total >= 1);
    let letters = Topic::new("deadly", TopicKind::DeadLetters);
    while log.end(&letters, 0).await.unwrap() == 0 {
        assert!(Instant::now() < until, "nothing was put aside");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    host.stop().await;
}
