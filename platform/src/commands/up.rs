//! `interstate up` and `serve`: start, show, stop in order.

use super::{
    settings::{checked, chosen},
    split::host,
};
use crate::{
    cli::{Serve, Up},
    demo,
    node::{Node, Settings, StartError, edges},
    screen::Screen,
};
use interstate_config::{Common, Provider, Secret};
use interstate_http::Shutdown;
use interstate_sandbox::{Config, webhooks::Endpoint};
use interstate_telemetry::{Format, Logs, LogsGuard, Output};
use std::{error::Error, fmt::Display, io::IsTerminal, net::SocketAddr, path::Path, time::Duration};

/// What the demonstration's people want follows from it, and who they are.
const SEED: u64 = 1;
/// The demonstration's clock: a five-hour trip in half a minute.
const DEMO_FACTOR: &str = "600";
/// Between two drawings of the screen.
const REDRAW: Duration = Duration::from_secs(1);

/// How long the demonstration may take to say what has come of it.
const LAST_WORDS: Duration = Duration::from_secs(5);

pub(super) type Outcome = Result<(), Box<dyn Error>>;

/// All services, a sandbox provider, and a demonstration if wanted.
pub async fn up(mut args: Up) -> Outcome {
    if args.split {
        return super::split::up(args).await;
    }
    if args.demo && args.common.clock_factor.is_none() {
        args.common.clock_factor = Some(DEMO_FACTOR.to_owned());
    }
    // What hundreds of demonstrators ask for would drown everything else.
    if args.demo && args.common.log_level.is_none() {
        args.common.log_level = Some("info,access=warn".to_owned());
    }
    let names = crate::catalogue::names();
    let (common, provider) = checked(&args.common, &names, |check| args.provider.check(check))?;
    std::fs::create_dir_all(&common.data_dir)?;
    let drawn = !args.plain && std::io::stdout().is_terminal();
    let _logs = logs(
        &common,
        drawn.then(|| common.data_dir.join("interstate.log")).as_deref(),
    )?;
    let (provider, sandbox) = match provider {
        Some(provider) => (provider, None),
        None => {
            let (provider, sandbox) = sandbox(&common, common.port.unwrap_or(8000)).await?;
            (provider, Some(sandbox))
        }
    };
    let provider_url = provider.url.clone();
    let settings = Settings {
        common: common.clone(),
        provider: Some(provider),
        services: Vec::new(),
        alone: false,
        demonstration: args.demo,
    };
    let node = Node::start(settings).await.map_err(port_taken)?;
    let url = format!("http://{}", node.address());
    let staff = demo::staff(&node).await?;
    let mut header = header(&node, &url, &provider_url, node.started.elapsed());
    header.push_str(&if args.demo {
        staff.demo_logins(SEED)
    } else {
        staff.logins()
    });
    println!("{header}");
    let end_of_demo = node.base.shutdown.child_token();
    let riding = args.demo.then(|| {
        let rides = demo::Rides {
            url: url.clone(),
            riders: 12,
            drivers: 30,
            trips: 0,
            seed: SEED,
            staff: staff.clone(),
        };
        tokio::spawn(demo::run(rides, end_of_demo.clone()))
    });
    show(&node, header, args.plain, args.demo).await;
    eprintln!("\nstopping: what is held is finished…");
    if let Some(riding) = riding {
        end_of_demo.cancel();
        match tokio::time::timeout(LAST_WORDS, riding).await {
            Ok(Ok(Ok(told))) => println!("the demonstration: {told}"),
            Ok(Ok(Err(error))) => eprintln!("the demonstration failed: {error}"),
            Ok(Err(error)) => eprintln!("the demonstration ended: {error}"),
            Err(_) => eprintln!("the demonstration does not end; it is cut"),
        }
    }
    node.stop().await;
    if let Some(sandbox) = sandbox {
        sandbox.cancel();
    }
    Ok(())
}

/// Chosen services.
pub async fn serve(args: Serve) -> Outcome {
    let names: Vec<&str> = args.services.iter().map(String::as_str).collect();
    let (common, provider) = checked(&args.common, &names, |check| chosen(&args, check))?;
    std::fs::create_dir_all(&common.data_dir)?;
    let _logs = logs(&common, None)?;
    let node = Node::start(Settings {
        common,
        provider,
        services: args.services,
        alone: args.alone,
        demonstration: false,
    })
    .await
    .map_err(port_taken)?;
    println!("interstate serves on http://{}", node.address());
    for (service, address) in node.asked_at() {
        println!("{service} is asked on {address}");
    }
    tokio::select! {
        () = interstate_http::stop_signal() => {}
        () = input_ends(), if args.until_input_ends => {}
    }
    node.stop().await;
    Ok(())
}

/// Returns when standard input ends, which whoever started this process holds open for as long as it lives.
async fn input_ends() {
    let ended = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    let _ = ended.await;
}

pub(super) fn logs(common: &Common, file: Option<&Path>) -> Result<LogsGuard, Box<dyn Error>> {
    Ok(Logs {
        service: common
            .service_name
            .clone()
            .unwrap_or_else(|| "interstate".to_owned()),
        filter: common.log_level.clone(),
        format: match common.log_format {
            interstate_config::LogFormat::Auto => Format::Auto,
            interstate_config::LogFormat::Json => Format::Json,
            interstate_config::LogFormat::Pretty => Format::Pretty,
        },
        output: file.map_or(Output::Stderr, |path| Output::File(path.to_owned())),
        otel_endpoint: common.otel_endpoint.clone(),
    }
    .init()?)
}

/// A port is taken, most often by another platform on this machine.
pub(super) fn taken(what: impl Display) -> String {
    format!(
        "{what}. Another platform may be running; choose other ports with --port / SERVICE_PORT (the sandbox takes \
         the 90th after it, the services some of the first eight, their questions those a thousand higher)"
    )
}

fn port_taken(error: StartError) -> Box<dyn Error> {
    match error {
        StartError::Serve(error) => taken(error).into(),
        error => error.into(),
    }
}

/// Where the sandbox provider answers.
pub(super) fn sandbox_address(common: &Common) -> SocketAddr {
    let port = match common.port.unwrap_or(edges::MAIN) {
        0 => 0,
        main => main.saturating_add(90),
    };
    SocketAddr::new(common.bind, port)
}

/// A sandbox provider beside the services, 90 ports above theirs. It tells what happens on this port.
pub(super) async fn sandbox(common: &Common, webhooks: u16) -> Result<(Provider, Shutdown), Box<dyn Error>> {
    let address = sandbox_address(common);
    let listener = tokio::net::TcpListener::bind(address).await.map_err(|error| {
        taken(format!(
            "cannot listen on {address} for the sandbox payment provider: {error}"
        ))
    })?;
    let url = format!("http://{}", listener.local_addr()?);
    let key =
        interstate_auth::load_or_create(&common.data_dir.join("sandbox-webhook.key"), &mut rand::rng())?;
    let secret: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    // With a port of our own choosing the webhooks cannot be addressed yet; the worker asks by itself then.
    let webhook = (address.port() != 0)
        .then(|| {
            Endpoint::new(
                &format!("http://{}:{webhooks}/v1/webhooks/payments", host(common.bind)),
                &secret,
            )
        })
        .transpose()?;
    let config = Config {
        data: Some(common.data_dir.join("sandbox")),
        webhook,
        upi_delay: Duration::from_millis(300),
        ..Config::default()
    };
    let shutdown = Shutdown::new();
    let stopping = shutdown.clone();
    tokio::spawn(async move {
        let until = stopping.clone();
        if let Err(error) =
            interstate_sandbox::serve(config, listener, async move { until.cancelled().await }).await
        {
            tracing::error!(%error, "the sandbox provider ended");
        }
    });
    Ok((
        Provider {
            url,
            webhook_secret: Secret::new(secret),
        },
        shutdown,
    ))
}

fn header(node: &Node, url: &str, provider: &str, took: Duration) -> String {
    let mut text = format!(
        "\n  Interstate runs ({} ms from start to ready)\n\n  Try the API      {url}/docs\n  Health           {url}/health   {url}/ready   {url}/metrics\n",
        took.as_millis()
    );
    for (name, address) in node.services() {
        text.push_str(&format!(
            "  {name:<16} http://{address}/docs   http://{address}/health\n"
        ));
    }
    text.push_str(&format!(
        "  {:<16} {provider}\n  {:<16} {}\n",
        "sandbox payments",
        "data folder",
        node.base.data_dir.display()
    ));
    text
}

/// Draws until somebody stops the process.
async fn show(node: &Node, header: String, plain: bool, demo: bool) {
    let mut screen = Screen::new(header, plain);
    let pause = if plain || !std::io::stdout().is_terminal() {
        REDRAW * 10
    } else {
        REDRAW
    };
    let stopped = interstate_http::stop_signal();
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => return,
            () = tokio::time::sleep(pause) => {}
        }
        if demo || !plain {
            screen.show(&node.status().await);
        }
    }
}
