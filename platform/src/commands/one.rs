//! A process that is one service.

use super::{
    before_start, health,
    program::run_to_end,
    settings::checked,
    up::{self, Outcome},
};
use crate::cli::{One, OneCommand, Serve};
use clap::{Args, Command, FromArgMatches};
use std::process::ExitCode;

/// The `main` of `interstate-<service>`: its settings are those of the platform, its port is its own.
pub async fn main(program: &'static str, service: &'static str) -> ExitCode {
    let command = Command::new(program)
        .version(env!("CARGO_PKG_VERSION"))
        .about(format!(
            "The {service} service of Interstate, as a process of its own"
        ));
    let matches = One::augment_args(command).get_matches();
    let One {
        common,
        provider,
        command,
    } = One::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Some(OneCommand::Health(look)) = &command {
        let asked = match checked(&common, &[], |_| None) {
            Ok((common, _)) => health::service(&common, service, *look).await,
            Err(error) => Err(error.into()),
        };
        return told(program, asked);
    }
    let serve = Serve {
        common,
        provider,
        until_input_ends: false,
        alone: true,
        services: vec![service.to_owned()],
    };
    if let Some(OneCommand::Doctor) = command {
        return before_start::run(&serve).await;
    }
    told(program, up::serve(serve).await)
}

fn told(program: &str, outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A program that is one service: `interstate::service_process!("booking");`
#[macro_export]
macro_rules! service_process {
    ($service:literal) => {
        #[global_allocator]
        static ALLOCATOR: $crate::commands::one::Allocator = $crate::commands::one::Allocator;

        fn main() -> std::process::ExitCode {
            $crate::commands::one::run(concat!("interstate-", $service), $service)
        }
    };
}

/// The platform's allocator.
pub use mimalloc::MiMalloc as Allocator;

/// Runs [`main`] to its end.
pub fn run(program: &'static str, service: &'static str) -> ExitCode {
    run_to_end(program, main(program, service))
}
