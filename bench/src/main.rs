//! Measurements of Interstate's core. Each prints one line of JSON.

mod bookings;
mod durable;
mod figures;
mod node;
mod saga;

/// The platform's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use clap::{Parser, Subcommand};

/// Measure the core of Interstate on this machine.
#[derive(Parser)]
#[command(name = "interstate-bench", version)]
struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The saga engine alone: five durable steps that do nothing, 2 % declined and compensated.
    Saga {
        /// Sagas to run.
        #[arg(long, default_value_t = 5_000)]
        count: usize,
        /// Sagas under way at once.
        #[arg(long, default_value_t = 64)]
        concurrency: usize,
    },
    /// Real bookings through the HTTP API of the platform, to the assignment of a driver.
    Bookings(bookings::Load),
    /// Durable events/s through tasks, against raw batches of the same bytes.
    Durable {
        /// Commands under way at once.
        #[arg(long, default_value_t = 64)]
        concurrency: usize,
        /// Seconds to measure.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Args::parse().what {
        What::Saga { count, concurrency } => saga::run(count, concurrency).await,
        What::Bookings(load) => bookings::run(load)
            .await
            .map_err(|error| -> Box<dyn std::error::Error> { error }),
        What::Durable { concurrency, seconds } => durable::run(concurrency, seconds).await,
    }
}
