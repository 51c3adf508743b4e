//! The `interstate` program, from its command line to its exit code.

use super::{backup, before_start, doctor, generate, health, openapi, staff, topics, up};
use crate::{
    asyncapi,
    cli::{Cli, Command, Staff, Topics},
    demo,
    operator::Client,
    yaml,
};
use clap::Parser;
use interstate_http::Shutdown;
use std::{error::Error, process::ExitCode, time::Duration};

/// The `main` of `interstate`. Not async, so that the program itself has none of the platform's code to compile.
pub fn main() -> ExitCode {
    run_to_end("interstate", async {
        match run(Cli::parse().command).await {
            Ok(code) => code,
            Err(error) => {
                eprintln!("interstate: {error}");
                ExitCode::FAILURE
            }
        }
    })
}

/// How long the end of a program waits for work that nobody waits for any more.
const LEFT_BEHIND: Duration = Duration::from_secs(2);

/// Runs a program on threads of its own.
pub(super) fn run_to_end(program: &str, work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(work);
            // What hangs on a disk or a resolver hangs alone.
            runtime.shutdown_timeout(LEFT_BEHIND);
            code
        }
        Err(error) => {
            eprintln!("{program}: no threads to run on: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Up(args) => up::up(args).await?,
        Command::Serve(args) => up::serve(args).await?,
        Command::Health(args) => health::platform(args).await?,
        Command::Demo(args) => {
            let rides = demo::Rides::at(&args)?;
            let told = demo::run(rides, Shutdown::new())
                .await
                .map_err(|error| error.to_string())?;
            println!("{told}");
        }
        Command::Doctor(args) if args.before_start => return Ok(before_start::run(&args.start()).await),
        Command::Doctor(args) => {
            let findings = doctor::examine(&Client::new(&args.target())?).await?;
            findings.lines.iter().for_each(|line| println!("{line}"));
            if !findings.healthy {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Replay(args) => {
            let client = Client::new(&args.target)?;
            if args.read_model == "list" {
                let status = client.status().await?;
                status.read_models.iter().for_each(|name| println!("{name}"));
                return Ok(ExitCode::SUCCESS);
            }
            let path = match args.parked {
                true => format!("/operator/parked/{}", args.read_model),
                false => format!("/operator/replay/{}?verify={}", args.read_model, args.verify),
            };
            print!("{}", client.post(&path).await?);
        }
        Command::Staff(Staff::Add(args)) => print!("{}", staff::add(args).await?),
        Command::Topics(Topics::Create(args)) => {
            let made = topics::create(args).await?;
            print!("{}", made.told);
            if !made.well {
                return Ok(ExitCode::FAILURE);
            }
        }
        Command::Backup(args) => print!("{}", backup::take(args).await?),
        Command::Restore(args) => print!("{}", backup::restore(args).await?),
        Command::Topics(Topics::Grow(args)) => topics::grow(&args.service)?,
        Command::Explain(args) => {
            print!(
                "{}",
                Client::new(&args.target)?
                    .get(&format!("/operator/explain/{}", args.booking))
                    .await?
            );
        }
        Command::Openapi => println!("{}", openapi::document().await?),
        Command::Asyncapi => print!("{}", yaml::to_string(&asyncapi::document())),
        Command::Generate(args) => {
            let count = if args.check {
                generate::check(&args.into)?
            } else {
                generate::write(&args.into)?
            };
            println!("{count} files are up to date");
        }
    }
    Ok(ExitCode::SUCCESS)
}
