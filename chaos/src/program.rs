//! The `interstate-chaos` program, from its command line to its exit code.

use crate::{
    faults::Kind,
    fleet::Trouble,
    run::{Plan, run},
};
use clap::Parser;
use std::{path::PathBuf, process::ExitCode, time::Duration};

/// Attack a whole deployment, and look whether anything was lost, doubled or wrong.
///
/// Starts three brokers, PostgreSQL, MongoDB, ClickHouse, Redis, RabbitMQ, a payment provider and two instances of
/// every service on this machine, lets people ride, and kills, stops, restarts, cuts and slows from a seed. Ends with a
/// code other than 0 where something that must hold does not.
#[derive(Parser)]
#[command(name = "interstate-chaos", version)]
struct Args {
    /// Which faults, in which order, on whom
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// For how many minutes faults are done
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How many times as fast as real time log time runs
    #[arg(long, default_value_t = 300)]
    factor: u32,
    /// People who ride
    #[arg(long, default_value_t = 4)]
    riders: usize,
    /// People who drive
    #[arg(long, default_value_t = 6)]
    drivers: usize,
    /// Clients that book one trip after the other, and measure
    #[arg(long, default_value_t = 2)]
    probes: usize,
    /// Where the services' programs are; this program's folder where it is not given
    #[arg(long)]
    programs: Option<PathBuf>,
    /// Where the programs of another build are: one instance of every service is of it, and a restart in turn makes each
    /// instance one of the other build
    #[arg(long)]
    beside: Option<PathBuf>,
    /// Only these kinds of faults
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Kind>,
    /// Keep everything in this folder, which must be empty, and leave it there
    #[arg(long)]
    dir: Option<PathBuf>,
}

/// The `main` of it, which `tokio::main` makes an ordinary function: it is compiled here, and not in the program.
#[tokio::main]
pub async fn main() -> ExitCode {
    match attack(Args::parse()).await {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(2),
        Err(error) => {
            eprintln!("interstate-chaos: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn attack(args: Args) -> Result<usize, Trouble> {
    let own = std::env::current_exe()?;
    let programs = args
        .programs
        .or_else(|| own.parent().map(PathBuf::from))
        .unwrap_or_default();
    let temporary = tempfile::tempdir()?;
    let dir = args.dir.unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&dir)?;
    if std::fs::read_dir(&dir)?.next().is_some() {
        return Err(format!("{} is not empty; give an empty folder with --dir", dir.display()).into());
    }
    let plan = Plan {
        seed: args.seed,
        lasts: Duration::try_from_secs_f64(args.minutes * 60.0)?,
        dir,
        builds: std::iter::once(programs).chain(args.beside).collect(),
        factor: args.factor,
        riders: args.riders,
        drivers: args.drivers,
        probes: args.probes,
        only: args.only,
    };
    let outcome = tokio::select! {
        outcome = run(&plan) => outcome?,
        // What runs is stopped as it is dropped.
        _ = tokio::signal::ctrl_c() => return Err("stopped before the end".into()),
    };
    println!("{}", outcome.text);
    println!("seed {}, {} minutes", args.seed, args.minutes);
    if outcome.violations > 0 {
        let kept = temporary.keep();
        println!("kept for a look: {}", kept.display());
    }
    Ok(outcome.violations)
}
