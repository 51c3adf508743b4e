//! Measurements of Interstate's core. Each prints one line of JSON.

mod bookings;
mod command_latency;
mod durable;
mod figures;
mod fixes;
mod idle;
mod machine;
mod node;
mod note;
mod pace;
mod platform;
mod producer_tool;
mod question;
mod rebuild;
mod records;
mod saga;
mod table;
mod takeover;
mod transactions;

/// The platform's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

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
    /// From a driver's fix at one instance to the rider's stream at another, on Kafka and Redis.
    Positions(bookings::Following),
    /// Durable events/s through tasks, against raw batches of the same bytes.
    Durable {
        /// Commands under way at once.
        #[arg(long, default_value_t = 64)]
        concurrency: usize,
        /// Seconds to measure.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// One command at a steady rate on Kafka, from the call to its reply.
    CommandLatency {
        /// A broker's address.
        #[arg(long)]
        brokers: String,
        /// Commands a second.
        #[arg(long, default_value_t = 100)]
        rate: u32,
        /// Seconds to measure.
        #[arg(long, default_value_t = 15)]
        seconds: u64,
    },
    /// Transactions of a bare producer on Kafka, one after the other.
    Transactions {
        /// A broker's address.
        #[arg(long)]
        brokers: String,
        /// Transactions to measure.
        #[arg(long, default_value_t = 2_000)]
        count: usize,
    },
    /// A question between two services over gRPC at a steady rate.
    Question {
        /// Questions a second.
        #[arg(long, default_value_t = 500)]
        rate: u32,
        /// Seconds to measure.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// How long a partition with a long log takes to change its owner on Kafka.
    Takeover(takeover::Load),
    /// Records/s of one task on Kafka, against Kafka's own producer performance tool.
    Records {
        /// A broker's address.
        #[arg(long)]
        brokers: String,
        /// Commands that the task finds.
        #[arg(long, default_value_t = 400_000)]
        commands: usize,
        /// Records that the tool sends, before and after.
        #[arg(long, default_value_t = 2_000_000)]
        tool_records: usize,
        /// The script that runs Kafka's tools.
        #[arg(long, default_value = "dev/engines/kafka.sh")]
        kafka_sh: PathBuf,
    },
    /// Rebuilding booking's history in SQLite, against reading the same events and dropping them.
    Rebuild {
        /// Bookings whose events stand in the log.
        #[arg(long, default_value_t = 10_000)]
        bookings: usize,
        /// Rebuilds, each after a reading.
        #[arg(long, default_value_t = 3)]
        turns: usize,
    },
    /// Fixes/s over HTTP in batches of 50, against raw appends of the same records.
    Fixes {
        /// Drivers that send at once.
        #[arg(long, default_value_t = 64)]
        drivers: usize,
        /// Seconds to measure.
        #[arg(long, default_value_t = 10)]
        seconds: u64,
    },
    /// The platform left alone: time to ready, memory, processor time.
    Idle,
    /// Describe this machine.
    Machine,
    /// Make one table of the lines that the measurements printed, read from standard input.
    Table {
        /// The rows, by the names of the measurements.
        #[arg(required = true)]
        rows: Vec<String>,
    },
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Args::parse().what {
        What::Saga { count, concurrency } => saga::run(count, concurrency).await,
        What::Bookings(load) => bookings::run(load)
            .await
            .map_err(|error| -> Box<dyn std::error::Error> { error }),
        What::Positions(wanted) => bookings::follow(wanted)
            .await
            .map_err(|error| -> Box<dyn std::error::Error> { error }),
        What::Durable { concurrency, seconds } => durable::run(concurrency, seconds).await,
        What::CommandLatency {
            brokers,
            rate,
            seconds,
        } => command_latency::run(&brokers, rate, seconds).await,
        What::Takeover(load) => takeover::run(load).await,
        What::Transactions { brokers, count } => transactions::run(&brokers, count).await,
        What::Question { rate, seconds } => question::run(rate, seconds).await,
        What::Records {
            brokers,
            commands,
            tool_records,
            kafka_sh,
        } => {
            records::run(records::Wanted {
                brokers,
                commands,
                kafka_sh,
                tool_records,
            })
            .await
        }
        What::Rebuild { bookings, turns } => rebuild::run(bookings, turns).await,
        What::Fixes { drivers, seconds } => fixes::run(drivers, seconds).await,
        What::Idle => idle::run().await,
        What::Machine => {
            println!("{}", machine::describe());
            Ok(())
        }
        What::Table { rows } => table::run(&rows),
    }
}
