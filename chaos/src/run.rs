//! A run from its beginning to its table.

use crate::{
    faults::{self, Deck, Fault, Kind},
    fleet::{Fleet, SERVICES, Trouble, Wanted},
    journal::Journal,
    probes::Probes,
    table::{Report, Suffered},
    verdict,
};
use interstate::{
    clock_file,
    demo::{self, Rides},
};
use interstate_eventing::runtime::Clock;
use interstate_http::Shutdown;
use rand::{SeedableRng, rngs::StdRng};
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// After the last fault, rides go on for so long.
const CALM: Duration = Duration::from_secs(20);

/// Commands are remembered for 24 hours of log time; those that are about to be forgotten are not repeated.
const REMEMBERED: Duration = Duration::from_secs(23 * 3_600);

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Faults follow from it, and who rides.
    pub seed: u64,
    /// How long faults are done.
    pub lasts: Duration,
    /// An empty folder.
    pub dir: PathBuf,
    /// Where the services' programs are, of each build that takes part: the instances of a service differ in it, and
    /// whoever is restarted in turn comes back as the next build. At least one.
    pub builds: Vec<PathBuf>,
    /// How many times as fast as real time log time runs.
    pub factor: u32,
    /// People who ride as in the demonstration.
    pub riders: usize,
    /// People who drive.
    pub drivers: usize,
    /// Clients that book one trip after the other.
    pub probes: usize,
    /// Only these kinds of faults; all where it is empty.
    pub only: Vec<Kind>,
}

/// What came of it.
pub struct Outcome {
    /// The table.
    pub text: String,
    /// What must hold and does not.
    pub violations: usize,
}

/// Starts everything, attacks it, and looks.
pub async fn run(plan: &Plan) -> Result<Outcome, Trouble> {
    let journal = Arc::new(Journal::create(&plan.dir.join("journal.tsv"))?);
    let wanted = Wanted {
        dir: plan.dir.clone(),
        builds: plan.builds.clone(),
        factor: plan.factor,
    };
    eprintln!(
        "starting brokers, servers and services in {} …",
        plan.dir.display()
    );
    let (mut fleet, staff) = Fleet::start(&wanted, journal.clone()).await?;
    let clock: Arc<dyn Clock> = Arc::new(clock_file::open(&plan.dir.join("keys"), plan.factor)?);
    let now = move || clock.now();
    let mut probes = Probes::start(&fleet.gateway.url, now, plan.probes).await?;
    let end_of_rides = Shutdown::new();
    let rides = Rides {
        url: fleet.gateway.url.clone(),
        riders: plan.riders,
        drivers: plan.drivers,
        trips: 0,
        seed: plan.seed,
        staff,
    };
    let riding = tokio::spawn(demo::run(rides, end_of_rides.clone()));
    tokio::time::sleep(Duration::from_secs(5)).await;

    let (suffered, ended_by) = attack(&mut fleet, plan, &journal).await;
    if let Some(why) = &ended_by {
        eprintln!("the attack ends here: {why}");
    }
    eprintln!("calm for {CALM:?}, then everybody goes home …");
    tokio::time::sleep(CALM).await;
    end_of_rides.cancel();
    match riding.await? {
        Ok(tally) => eprintln!("rides: {tally}"),
        Err(error) => return Err(format!("the rides ended: {error}").into()),
    }
    probes.stop().await;
    eprintln!("looking …");
    let repeated = probes.repeat(REMEMBERED / plan.factor).await?;
    eprintln!("{repeated} bookings were repeated");
    let mut checks = verdict::pass(&fleet, &journal, probes.seen.wrong()).await;
    checks.push(verdict::Check::new(
        "all was well again after each fault",
        ended_by.into_iter().collect(),
    ));
    let report = Report {
        suffered: &suffered,
        asked: &probes.seen.asked(),
        acknowledged: journal.count(),
        checks: &checks,
    };
    eprint!("{}", report.longest());
    Ok(Outcome {
        text: report.text(),
        violations: report.violations(),
    })
}

/// What was done, and why it ended before its time, if it did: what was acknowledged until then must hold all the same.
async fn attack(fleet: &mut Fleet, plan: &Plan, journal: &Journal) -> (Vec<Suffered>, Option<String>) {
    let mut deck = Deck::new(StdRng::seed_from_u64(plan.seed));
    let mut suffered = Vec::new();
    let began = Instant::now();
    while began.elapsed() < plan.lasts {
        let fault = deck.deal();
        if !plan.only.is_empty() && !plan.only.contains(&fault.kind) {
            continue;
        }
        let from = Instant::now();
        eprintln!(
            "{:>5} s  {} {} for {:.1} s ({} commands acknowledged)",
            began.elapsed().as_secs(),
            fault.kind,
            fault.about(),
            fault.lasts.as_secs_f64(),
            journal.count()
        );
        let ended = well_again(fleet, &fault).await;
        suffered.push(Suffered {
            kind: fault.kind,
            service: service_of(&fault),
            from,
            until: Instant::now(),
        });
        if let Err(error) = ended {
            return (
                suffered,
                Some(format!("{} {}: {error}", fault.kind, fault.about())),
            );
        }
        tokio::time::sleep(deck.calm()).await;
    }
    (suffered, None)
}

async fn well_again(fleet: &mut Fleet, fault: &Fault) -> faults::Outcome {
    faults::suffer(fleet, fault).await?;
    fleet.ready(faults::READY).await?;
    Ok(())
}

/// The service that a fault hits, where it hits one.
fn service_of(fault: &Fault) -> Option<&'static str> {
    match fault.kind {
        Kind::KillService | Kind::PauseService | Kind::RestartService | Kind::MovePartitions => {
            Some(SERVICES[fault.target])
        }
        _ => None,
    }
}
