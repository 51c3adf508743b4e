//! `interstate up --split`: each service as a process of its own, as a fleet runs them, with one command.

use super::{
    settings::checked,
    up::{Outcome, logs, sandbox},
};
use crate::{
    catalogue,
    cli::Up,
    node::{edges, questions},
};
use interstate_config::{Check, Common, CommonArgs, EventLog, KAFKA_BROKERS, Provider};
use std::{error::Error, fmt::Write, io::IsTerminal, net::IpAddr, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    sync::mpsc,
};

/// How long the services may take until they are ready. The first start makes the topics.
const START: Duration = Duration::from_secs(90);
/// How long one may take to finish what it holds.
const STOP: Duration = Duration::from_secs(30);
/// Those who ask end before those who are asked.
const LAST: [&str; 2] = ["booking", "location"];

/// Starts all services, tells where they are, and stops them in order.
pub async fn up(args: Up) -> Outcome {
    let names = catalogue::names();
    let (common, provider) = checked(&args.common, &names, |check| args.provider.check(check))?;
    on_kafka(&common)?;
    std::fs::create_dir_all(&common.data_dir)?;
    std::fs::create_dir_all(&common.keys_dir)?;
    let _logs = logs(&common, None)?;
    let (provider, sandbox) = match provider {
        Some(provider) => (provider, None),
        None => {
            let webhooks = edges::port(&common, "payment", false);
            let (provider, sandbox) = sandbox(&common, webhooks).await?;
            (provider, Some(sandbox))
        }
    };
    let (tell, mut ended) = mpsc::unbounded_channel();
    let mut running = Vec::new();
    for name in &names {
        match Running::start(name, &args.common, &common, &provider, tell.clone()) {
            Ok(one) => running.push(one),
            Err(error) => {
                stop(running).await;
                return Err(format!("the process of {name} does not start: {error}").into());
            }
        }
    }
    println!("{}", where_to_look(&names, &common, &provider));
    let (stopped, ready) = (interstate_http::stop_signal(), readiness(&names, &common));
    tokio::pin!(stopped, ready);
    let (mut left, mut starting) = (names.len(), true);
    while left > 0 {
        tokio::select! {
            () = &mut stopped => break,
            () = &mut ready, if starting => starting = false,
            Some((name, how)) = ended.recv() => {
                left -= 1;
                eprintln!("{name} ended by itself: {how}. The others go on without it; nothing starts it again.");
            }
        }
    }
    eprintln!("\nstopping: what is held is finished…");
    stop(running).await;
    if let Some(sandbox) = sandbox {
        sandbox.cancel();
    }
    match left {
        0 => Err("every service ended by itself".into()),
        _ => Ok(()),
    }
}

/// Processes share nothing but a log that all of them reach.
fn on_kafka(common: &Common) -> Result<(), interstate_config::Mistakes> {
    let mut check = Check::new();
    if common.event_log == EventLog::Embedded {
        check.mistake(
            KAFKA_BROKERS,
            "missing; processes meet on Kafka, for the embedded log is one process's own",
            "give e.g. KAFKA_BROKERS=localhost:9092 (dev/engines/kafka.sh start), or leave --split out",
        );
    }
    if common.port == Some(0) {
        check.mistake(
            interstate_config::SERVICE_PORT,
            "0, with --split: the services have to know each other's ports",
            "give the port that theirs are counted from, e.g. SERVICE_PORT=8000",
        );
    }
    check.finish(|| ())
}

/// One service's process.
struct Running {
    name: &'static str,
    /// Held open for as long as the process shall live.
    input: Option<tokio::process::ChildStdin>,
    ended: tokio::sync::oneshot::Receiver<()>,
    kill: tokio::sync::oneshot::Sender<()>,
}

impl Running {
    fn start(
        name: &&'static str,
        given: &CommonArgs,
        common: &Common,
        provider: &Provider,
        tell: mpsc::UnboundedSender<(&'static str, String)>,
    ) -> Result<Self, Box<dyn Error>> {
        let name = *name;
        let at = |service| {
            format!(
                "{}:{}",
                host(common.bind),
                questions::address(common, service, false).port()
            )
        };
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["serve", name, "--alone", "--until-input-ends"])
            .envs(given.environment())
            .env("SERVICE_NAME", name)
            .env("SERVICE_PORT", edges::port(common, name, false).to_string())
            .env("DATA_DIR", common.data_dir.join(name))
            .env("KEYS_DIR", &common.keys_dir)
            .env("LOCATION_GRPC", at("location"))
            .env("BOOKING_GRPC", at("booking"))
            .env("PAYMENT_PROVIDER_URL", &provider.url)
            .env("PAYMENT_WEBHOOK_SECRET", provider.webhook_secret.expose())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if given.log_format.is_none() && std::io::stderr().is_terminal() {
            command.env("LOG_FORMAT", "pretty");
        }
        // Ctrl-C in a terminal is for this process, which then ends the others in order.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        if let Some(out) = child.stdout.take() {
            tokio::spawn(prefixed(name, out));
        }
        if let Some(out) = child.stderr.take() {
            tokio::spawn(prefixed(name, out));
        }
        let (kill, killed) = tokio::sync::oneshot::channel();
        let (end, ended) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let how = watch(child, killed).await;
            let _ = end.send(());
            let _ = tell.send((name, how));
        });
        Ok(Self {
            name,
            input,
            ended,
            kill,
        })
    }

    /// Lets it finish what it holds; kills it when that takes too long.
    async fn stop(mut self) {
        drop(self.input.take());
        if tokio::time::timeout(STOP, &mut self.ended).await.is_err() {
            eprintln!(
                "{} does not end within {} s; it is killed",
                self.name,
                STOP.as_secs()
            );
            let _ = self.kill.send(());
            let _ = self.ended.await;
        }
    }
}

async fn watch(mut child: Child, killed: tokio::sync::oneshot::Receiver<()>) -> String {
    let status = tokio::select! {
        status = child.wait() => status,
        Ok(()) = killed => {
            let _ = child.start_kill();
            child.wait().await
        }
    };
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

/// Those who ask first, then those who are asked, each group at once.
async fn stop(running: Vec<Running>) {
    let (last, first): (Vec<_>, Vec<_>) = running.into_iter().partition(|one| LAST.contains(&one.name));
    futures::future::join_all(first.into_iter().map(Running::stop)).await;
    futures::future::join_all(last.into_iter().map(Running::stop)).await;
}

/// Every line with the name of who says it.
async fn prefixed(name: &'static str, out: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(out).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        eprintln!("{name:<9}| {line}");
    }
}

/// Tells when the services are ready, or which is not in time.
async fn readiness(names: &[&'static str], common: &Common) {
    let began = tokio::time::Instant::now();
    let ready = async |name: &'static str| {
        let url = format!("{}/ready", url(common, name));
        loop {
            let answer = reqwest::get(&url).await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let each = names
        .iter()
        .map(|&name| async move { (name, tokio::time::timeout(START, ready(name)).await.is_ok()) });
    let late: Vec<&str> = futures::future::join_all(each)
        .await
        .into_iter()
        .filter_map(|(name, ready)| (!ready).then_some(name))
        .collect();
    match late.as_slice() {
        [] => println!("all services are ready after {} ms", began.elapsed().as_millis()),
        late => eprintln!(
            "not ready after {} s: {}; ask their /ready why",
            START.as_secs(),
            late.join(", ")
        ),
    }
}

/// By which name clients on this machine reach what listens there, as a part of an URL.
pub(super) fn host(bind: IpAddr) -> String {
    match bind {
        all if all.is_unspecified() => "127.0.0.1".to_owned(),
        IpAddr::V4(one) => one.to_string(),
        IpAddr::V6(one) => format!("[{one}]"),
    }
}

fn url(common: &Common, service: &str) -> String {
    format!(
        "http://{}:{}",
        host(common.bind),
        edges::port(common, service, false)
    )
}

fn where_to_look(names: &[&str], common: &Common, provider: &Provider) -> String {
    let mut text = String::from("\n  Interstate starts, each service as a process of its own\n\n");
    for name in names {
        let url = url(common, name);
        let folder = common.data_dir.join(name);
        let _ = writeln!(
            text,
            "  {name:<16} {url}/docs   {url}/health   {}",
            folder.display()
        );
    }
    for name in ["booking", "location"] {
        let address = questions::address(common, name, false);
        let _ = writeln!(text, "  {name:<16} gRPC on {address}");
    }
    let _ = writeln!(text, "  {:<16} {}", "payments", provider.url);
    let _ = writeln!(
        text,
        "\n  The first administrator:\n  interstate staff add --url {} --data-dir {} --role admin --email … --phone …",
        url(common, "user"),
        common.data_dir.join("user").display()
    );
    text
}
