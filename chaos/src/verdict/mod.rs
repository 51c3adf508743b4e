//! What is found afterwards, from the log, from what clients were told, and from what each process says of itself.

mod log;

pub use log::Told;

use crate::{
    fleet::{Fleet, Instance, Provider, SERVICES},
    journal::Journal,
};
use futures::{StreamExt, stream};
use interstate::{cli::Target, commands::doctor, operator::Client};
use std::time::{Duration, Instant};

/// How long a deployment may take to work off what it holds, once nothing happens to it any more.
const SETTLED: Duration = Duration::from_secs(180);
/// The processes of so many services are looked over at once: each mostly waits for the brokers.
const AT_ONCE: usize = 4;
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// One thing that was looked at.
#[derive(Debug)]
pub struct Check {
    /// What must hold.
    pub name: String,
    /// Where it does not.
    pub violations: Vec<String>,
}

impl Check {
    /// Of what was looked at, and what was found wrong with it.
    pub fn new(name: impl Into<String>, violations: Vec<String>) -> Self {
        Self {
            name: name.into(),
            violations,
        }
    }
}

/// Waits until the deployment has worked off what it holds, and looks at everything.
pub async fn pass(fleet: &Fleet, journal: &Journal, wrong: Vec<String>) -> Vec<Check> {
    let mut checks = vec![Check::new("every answer was one that may be", wrong)];
    let processes: Vec<Vec<Check>> = stream::iter(SERVICES)
        .map(|service| all_of(service, &fleet.instances))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let acknowledged = journal.all();
    match settled_log(fleet).await {
        Ok(told) => {
            let commands = told.commands();
            checks.push(Check::new(
                format!("no acknowledged command is lost: {} of them", acknowledged.len()),
                told.lost(&acknowledged),
            ));
            checks.push(Check::new(
                format!("none was applied twice: {commands} in the log"),
                told.twice(),
            ));
            checks.push(provider(&fleet.provider, &told).await);
        }
        Err(error) => checks.push(Check::new("the log can be read", vec![error])),
    }
    checks.extend(processes.into_iter().flatten());
    checks
}

/// What is asked of the provider has been answered, before the books are compared.
async fn settled_log(fleet: &Fleet) -> Result<Told, String> {
    let began = Instant::now();
    loop {
        let told = Told::read(&fleet.brokers.addresses()).await?;
        if told.open_operations() == 0 || began.elapsed() > SETTLED {
            return Ok(told);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn provider(provider: &Provider, told: &Told) -> Check {
    let book = match provider.book().await {
        Ok(book) => book,
        Err(error) => return Check::new("the provider's book can be read", vec![error]),
    };
    let mut violations = Vec::new();
    if told.open_operations() > 0 {
        violations.push(format!("{} operations have no result", told.open_operations()));
    }
    for (what, ours, theirs) in [
        ("taken", told.captured(), book.captured),
        ("given back", told.refunded(), book.refunded),
    ] {
        if ours != theirs {
            violations.push(format!(
                "{what}: {ours} paise in the log, {theirs} at the provider"
            ));
        }
    }
    violations.extend(
        book.twice
            .iter()
            .map(|one| format!("{one} reached the provider twice")),
    );
    let name = format!(
        "the provider's book agrees with ours: {} paise taken, {} given back",
        book.captured, book.refunded
    );
    Check::new(name, violations)
}

/// One after the other: each makes the same read models again, in the same store.
async fn all_of(service: &str, instances: &[Instance]) -> Vec<Check> {
    let mut checks = Vec::new();
    for instance in instances.iter().filter(|instance| instance.service == service) {
        checks.push(process(instance).await);
    }
    checks
}

/// What `interstate doctor` finds: partitions, consumers, what is parked, journals, duties, deadlines, and every read
/// model against its replay. A finding counts once it stays.
async fn process(instance: &Instance) -> Check {
    let target = Target {
        url: instance.url(),
        data_dir: instance.dir().to_owned(),
    };
    let began = Instant::now();
    loop {
        let examined = match Client::new(&target) {
            Ok(client) => doctor::examine(&client).await,
            Err(error) => Err(error),
        };
        let wrong = match &examined {
            Ok(findings) if findings.healthy => Vec::new(),
            Ok(findings) => findings
                .lines
                .iter()
                .filter(|line| line.starts_with("WRONG"))
                .cloned()
                .collect(),
            Err(error) => vec![error.to_string()],
        };
        if wrong.is_empty() || began.elapsed() > SETTLED {
            let looked_at = examined.map_or(0, |findings| findings.lines.len());
            eprintln!("{} was looked over in {:.0?}", instance.name(), began.elapsed());
            return Check::new(
                format!("{} is sound: {looked_at} findings", instance.name()),
                wrong,
            );
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
