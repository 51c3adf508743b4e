//! The binary as a process: what it sends to a collector of traces, and what it says at its end.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use axum::{Router, body::Bytes, extract::State, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value as Any, trace::v1::Span,
};
use prost::Message;
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

/// A running `interstate`.
struct Platform {
    child: Child,
    url: String,
    lines: mpsc::Receiver<String>,
}

impl Drop for Platform {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Platform {
    async fn up(dir: &Path, arguments: &[&str], collector: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_interstate"));
        command.args([
            "up",
            "--plain",
            "--log-level",
            "error",
            "--port",
            "0",
            "--data-dir",
        ]);
        command.arg(dir).args(arguments).stdout(Stdio::piped());
        if let Some(collector) = collector {
            command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
        }
        let mut child = command.spawn().unwrap();
        let (told, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            out.lines()
                .map_while(Result::ok)
                .try_for_each(|line| told.send(line))
        });
        let mut platform = Self {
            child,
            url: String::new(),
            lines,
        };
        while platform.url.is_empty() {
            let line = platform.lines.recv_timeout(Duration::from_secs(60));
            let line = line.expect("the platform says where it answers");
            if let Some((_, url)) = line.split_once("Try the API") {
                platform.url = url.trim().trim_end_matches("/docs").to_owned();
            }
        }
        platform
    }

    /// Asks it to stop as Ctrl-C does, and reads what it has said.
    async fn stop(mut self) -> Vec<String> {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-INT", &pid])
                .status()
                .unwrap()
                .success()
        );
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                began.elapsed() < Duration::from_secs(40),
                "the platform does not stop"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        assert!(status.success(), "{status}");
        self.lines.iter().collect()
    }

    async fn post(
        &self,
        path: &str,
        trace: Option<&str>,
        bearer: Option<&str>,
        body: Value,
    ) -> reqwest::Response {
        let mut request = reqwest::Client::new().post(format!("{}{path}", self.url));
        request = request.header("Idempotency-Key", format!("{}-{path}", trace.unwrap_or_default()));
        if let Some(trace) = trace {
            request = request.header("traceparent", trace);
        }
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        let answer = request.json(&body).send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{path}: {}",
            answer.text().await.unwrap()
        );
        answer
    }
}

/// Runs `interstate` until it gives up, and reads why.
fn complaint(arguments: &[&str]) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_interstate"))
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > Duration::from_secs(30) {
            let _ = child.kill();
            panic!("{arguments:?} does not give up");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(!status.success());
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn wrong_services_and_a_missing_provider_are_told_before_anything_is_touched() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("data");
    let serve = |services: &[&str]| {
        let arguments = [
            &["serve", "--data-dir", dir.to_str().unwrap(), "--port=80a"],
            services,
        ]
        .concat();
        complaint(&arguments)
    };
    let text = serve(&["foo", "user", "user", "payment"]);
    for part in [
        "4 settings are wrong; nothing was started",
        "there is no service `foo`",
        "`user` is named twice",
        "user booking location driver payment",
        "the payment service needs a provider",
        "SERVICE_PORT",
    ] {
        assert!(text.contains(part), "`{part}` is missing from: {text}");
    }
    assert!(!dir.exists(), "the data folder was made");
}

#[test]
fn a_port_that_is_taken_is_named_with_its_setting() {
    let dir = tempfile::tempdir().unwrap();
    // A platform's ports around it are free, and nobody's connection takes one of them meanwhile.
    let all = |base: u16| (base..base + 10).chain(base + 1_000..base + 1_010);
    let base = interstate_engines::free_ports(all(0).chain(all(90)).chain([180]));
    let taken = (
        base + 90,
        std::net::TcpListener::bind(("127.0.0.1", base + 90)).unwrap(),
    );
    for port in [base, taken.0] {
        let port = format!("--port={port}");
        let text = complaint(&["up", "--plain", &port, "--data-dir", dir.path().to_str().unwrap()]);
        let address = format!("cannot listen on 127.0.0.1:{}", taken.0);
        assert!(text.contains(&address) && text.contains("SERVICE_PORT"), "{text}");
    }
}

#[tokio::test]
async fn the_first_page_says_who_can_sign_in_and_where_to_look() {
    for (arguments, wanted) in [
        (&[][..], &["demo-staff.json", "admin@interstate.example"][..]),
        (&["--demo"], &["login admin", "login rider", "login driver"]),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let platform = Platform::up(dir.path(), arguments, None).await;
        let mut page = String::new();
        while !wanted.iter().all(|part| page.contains(part)) {
            let line = platform.lines.recv_timeout(Duration::from_secs(10));
            let line = line.unwrap_or_else(|_| panic!("{wanted:?} is not all in {page}"));
            page.push_str(&line);
            page.push('\n');
        }
        let health = page.lines().filter(|line| line.ends_with("/health")).count();
        assert_eq!(health, 6, "one a service: {page}");
        platform.stop().await;
    }
}

/// What a collector has been sent.
#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<(String, Span)>>>);

impl Collected {
    /// A collector that takes OTLP over HTTP.
    async fn collector(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn of_trace(&self, trace: &str) -> Vec<(String, Span)> {
        let all = self.0.lock().unwrap();
        let own = all.iter().filter(|(_, span)| hex(&span.trace_id) == trace);
        own.cloned().collect()
    }
}

async fn take(State(collected): State<Collected>, body: Bytes) {
    let sent = ExportTraceServiceRequest::decode(body).expect("it is OTLP");
    for resource in sent.resource_spans {
        let attributes = resource
            .resource
            .map(|resource| resource.attributes)
            .unwrap_or_default();
        let name = attributes
            .into_iter()
            .find(|attribute| attribute.key == "service.name");
        let service = match name.and_then(|name| name.value?.value) {
            Some(Any::StringValue(service)) => service,
            other => panic!("a resource without a service: {other:?}"),
        };
        let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        let mut all = collected.0.lock().unwrap();
        all.extend(spans.map(|span| (service.clone(), span)));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signs a rider up and in, asks for a quote within a trace, and answers the trace that the platform names.
async fn quote(platform: &Platform, trace: &str) -> String {
    let person = json!({ "name": "Asha", "email": "asha@example.org", "phone": "+919812300001",
        "password": "correct horse battery", "role": "rider" });
    platform.post("/v1/users", None, None, person).await;
    let login = json!({ "email": "asha@example.org", "password": "correct horse battery" });
    let tokens: Value = platform
        .post("/v1/sessions", None, None, login)
        .await
        .json()
        .await
        .unwrap();
    let bearer = tokens["access_token"].as_str().unwrap();
    let cities: Vec<Value> = ["Ahmedabad", "Udaipur"]
        .map(|name| json!({ "name": name }))
        .into();
    #[expect(
        clippy::disallowed_methods,
        reason = "the platform runs in this machine's time"
    )]
    let pickup = interstate_schemas::Timestamp::now() + interstate_schemas::SignedDuration::from_hours(60);
    let wanted = json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 2, "pickup_at": pickup.to_string(), "stops": cities });
    let answer = platform
        .post("/v1/quotes", Some(trace), Some(bearer), wanted)
        .await;
    let named = answer.headers()["traceparent"].to_str().unwrap().to_owned();
    let seen = answer.headers()["consistency-token"].clone();
    let quote = answer.json::<Value>().await.unwrap()["quote"]
        .as_str()
        .unwrap()
        .to_owned();
    // Its event is in the read model when this is answered.
    let shown = reqwest::Client::new()
        .get(format!("{}/v1/quotes/{quote}", platform.url))
        .header("consistency-token", seen)
        .bearer_auth(bearer)
        .send()
        .await
        .unwrap();
    assert_eq!(shown.status(), 200);
    named
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_goes_from_the_caller_through_the_command_to_the_read_model() {
    let (dir, collected) = (tempfile::tempdir().unwrap(), Collected::default());
    let collector = collected.collector().await;
    let platform = Platform::up(dir.path(), &[], Some(&collector)).await;
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let named = quote(&platform, &format!("00-{trace}-00f067aa0ba902b7-01")).await;
    assert!(named.starts_with(&format!("00-{trace}-")), "{named}");
    // What the exporter still holds is sent at the end.
    platform.stop().await;

    let spans = collected.of_trace(trace);
    assert!(spans.iter().all(|(service, _)| service == "interstate"));
    let find = |name: &str| {
        let found = spans.iter().find(|(_, span)| span.name == name);
        let names: Vec<&str> = spans.iter().map(|(_, span)| span.name.as_str()).collect();
        &found
            .unwrap_or_else(|| panic!("no span `{name}` among {names:?}"))
            .1
    };
    let (request, command, projected) = (find("POST /v1/quotes"), find("command"), find("project"));
    assert_eq!(
        hex(&request.parent_span_id),
        "00f067aa0ba902b7",
        "the caller's span"
    );
    assert!(
        named.contains(&hex(&request.span_id)),
        "the answer names the request's span: {named}"
    );
    assert_eq!(command.parent_span_id, request.span_id);
    assert_eq!(projected.parent_span_id, request.span_id);
    assert!(command.end_time_unix_nano > command.start_time_unix_nano);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_that_the_caller_does_not_keep_is_not_sent() {
    let (dir, collected) = (tempfile::tempdir().unwrap(), Collected::default());
    let collector = collected.collector().await;
    let platform = Platform::up(dir.path(), &[], Some(&format!("{collector}/"))).await;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let named = quote(&platform, &format!("00-{trace}-b7ad6b7169203331-00")).await;
    assert!(
        named.starts_with(&format!("00-{trace}-")) && named.ends_with("-00"),
        "{named}"
    );
    platform.stop().await;
    assert_eq!(collected.of_trace(trace).len(), 0);
    assert!(
        !collected.0.lock().unwrap().is_empty(),
        "other requests begin traces of their own"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_says_what_has_come_of_it_when_it_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let platform = Platform::up(dir.path(), &["--demo"], None).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let told = platform.stop().await;
    let last = told.last().map_or("", String::as_str);
    assert!(
        last.starts_with("the demonstration: ") && last.contains(" quoted, "),
        "{told:#?}"
    );
}
