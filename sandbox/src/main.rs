//! `interstate-sandbox`: the payment provider as a process of its own.

use clap::Parser;
use interstate_sandbox::{Config, serve, webhooks::Endpoint};
use std::{error::Error, net::IpAddr, path::PathBuf, process::ExitCode, time::Duration};
use tokio::net::TcpListener;

/// A payment provider to test against.
///
/// Holds that expire, UPI that answers later, signed webhooks that repeat and overtake each other, idempotency keys,
/// and faults on demand. No money moves.
#[derive(Debug, Parser)]
#[command(name = "interstate-sandbox", version, max_term_width = 100)]
struct Cli {
    /// The address to listen on
    #[arg(long, default_value = "127.0.0.1", env = "INTERSTATE_SANDBOX_HOST")]
    host: IpAddr,

    /// The port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8090, env = "INTERSTATE_SANDBOX_PORT")]
    port: u16,

    /// Keep the book in this folder, so that it survives kill -9; without it everything is in memory
    #[arg(long, value_name = "DIR", env = "INTERSTATE_SANDBOX_DATA")]
    data: Option<PathBuf>,

    /// Send events to this http:// address; it can be changed at POST /v1/sandbox/webhook_endpoint
    #[arg(
        long,
        value_name = "URL",
        requires = "webhook_secret",
        env = "INTERSTATE_SANDBOX_WEBHOOK_URL"
    )]
    webhook_url: Option<String>,

    /// Sign events with this secret
    #[arg(
        long,
        value_name = "SECRET",
        env = "INTERSTATE_SANDBOX_WEBHOOK_SECRET",
        hide_env_values = true
    )]
    webhook_secret: Option<String>,

    /// How often an event is sent before it is given up
    #[arg(long, value_name = "N", default_value_t = Config::default().webhook_attempts)]
    webhook_attempts: u32,

    /// How long a hold can be captured, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = Config::default().hold.as_secs())]
    hold_seconds: u64,

    /// How long a UPI customer takes to answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = millis(Config::default().upi_delay))]
    upi_delay_ms: u64,

    /// How long pm_card_slow takes, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = millis(Config::default().slow))]
    slow_ms: u64,

    /// How long an idempotency key is remembered, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = Config::default().key_retention.as_secs())]
    key_seconds: u64,

    /// The seed of faults that are asked for without one
    #[arg(long, default_value_t = Config::default().seed, env = "INTERSTATE_SANDBOX_SEED")]
    seed: u64,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Cli {
    fn config(&self) -> Result<Config, String> {
        let webhook = match (&self.webhook_url, &self.webhook_secret) {
            (Some(url), Some(secret)) => Some(Endpoint::new(url, secret)?),
            _ => None,
        };
        Ok(Config {
            data: self.data.clone(),
            webhook,
            hold: Duration::from_secs(self.hold_seconds),
            upi_delay: Duration::from_millis(self.upi_delay_ms),
            slow: Duration::from_millis(self.slow_ms),
            key_retention: Duration::from_secs(self.key_seconds),
            seed: self.seed,
            webhook_attempts: self.webhook_attempts,
            ..Config::default()
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("interstate-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let cli = Cli::parse();
    let config = cli.config()?;
    let listener = TcpListener::bind((cli.host, cli.port))
        .await
        .map_err(|error| format!("cannot listen on {}:{}: {error}", cli.host, cli.port))?;
    println!("interstate-sandbox listens on http://{}", listener.local_addr()?);
    serve(config, listener, asked_to_stop()).await?;
    Ok(())
}

/// Ready at Ctrl-C, or at the signal that a supervisor sends.
async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = interrupt.await;
}
