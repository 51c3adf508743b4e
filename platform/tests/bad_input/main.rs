//! Everything that a client may get wrong, thrown at every operation that the platform describes, by everybody:
//! each answer is a problem with a code that has a page, never a failure of ours, and it comes in time.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod description;
#[path = "../ride/mod.rs"]
mod ride;
mod tosses;

use description::{Operation, operations};
use futures::{StreamExt, stream};
use interstate_schemas::Role;
use serde_json::Value;
use std::{
    collections::BTreeSet,
    path::Path,
    sync::Mutex,
    time::{Duration, Instant},
};
use tosses::{Expected, Toss};

/// No answer to a wrong request may take longer, on a machine that does many other things.
const IN_TIME: Duration = Duration::from_secs(9);
const AT_ONCE: usize = 8;

struct Range {
    url: String,
    http: reqwest::Client,
    pages: BTreeSet<String>,
    met: Mutex<BTreeSet<String>>,
    thrown: Mutex<usize>,
}

impl Range {
    /// Throws, and says what is wrong with the answer.
    async fn throw(&self, who: &str, bearer: Option<&str>, toss: &Toss) -> Option<String> {
        *self.thrown.lock().unwrap() += 1;
        let wrong = self.answer(bearer, toss).await.err()?;
        Some(format!(
            "{who}: {} {} with {}: {wrong}",
            toss.method,
            shortened(&toss.path),
            toss.what
        ))
    }

    async fn answer(&self, bearer: Option<&str>, toss: &Toss) -> Result<(), String> {
        let mut request = self
            .http
            .request(toss.method.clone(), format!("{}{}", self.url, toss.path));
        for (name, value) in &toss.headers {
            request = request.header(*name, value.as_slice());
        }
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        if let Some(body) = &toss.body {
            request = request.body(body.clone());
        }
        let began = Instant::now();
        let answer = request
            .send()
            .await
            .map_err(|error| format!("no answer: {error:?}"))?;
        let status = answer.status().as_u16();
        let header = |name: &str| {
            let value = answer.headers().get(name).map(|value| value.to_str().unwrap());
            value.unwrap_or_default().to_owned()
        };
        let (kind, allow, retry) = (header("content-type"), header("allow"), header("retry-after"));
        if kind == "text/event-stream" {
            return Ok(());
        }
        let body = answer
            .bytes()
            .await
            .map_err(|error| format!("half an answer: {error:?}"))?;
        let took = began.elapsed();
        if took > IN_TIME {
            return Err(format!("{status} after {took:?}"));
        }
        match toss.expected {
            _ if status >= 500 => return Err(format!("{status} {}", String::from_utf8_lossy(&body))),
            Expected::Refusal if status < 400 => {
                return Err(format!(
                    "{status}, as if nothing was wrong: {}",
                    String::from_utf8_lossy(&body)
                ));
            }
            Expected::Status(wanted) if status != wanted => {
                return Err(format!("{status} instead of {wanted}"));
            }
            _ if status < 400 => return Ok(()),
            _ => {}
        }
        let problem: Value = serde_json::from_slice(&body)
            .map_err(|_| format!("{status} without a problem: {}", String::from_utf8_lossy(&body)))?;
        let code = problem["code"].as_str().unwrap_or_default().to_owned();
        let faults = [
            (kind != "application/problem+json", "not of a problem's type"),
            (problem["status"] != status, "another status inside"),
            (
                problem["type"] != format!("/docs/errors/{code}"),
                "its type is not its page",
            ),
            (
                !self.pages.contains(&code),
                "a code without a page in docs/errors",
            ),
            (problem["title"].as_str().is_none_or(str::is_empty), "no title"),
            (problem["detail"].as_str().is_none_or(str::is_empty), "no detail"),
            (
                problem["instance"].as_str().is_none_or(str::is_empty),
                "no instance",
            ),
            (
                body.len() > 16 * 1024,
                "larger than anybody reads: what came in comes back",
            ),
            (status == 405 && allow.is_empty(), "405 without Allow"),
            (matches!(status, 429) && retry.is_empty(), "no Retry-After"),
        ];
        self.met.lock().unwrap().insert(code);
        match faults.iter().find(|(is, _)| *is) {
            Some((_, fault)) => Err(format!("{fault}: {kind} {problem}")),
            None => Ok(()),
        }
    }

    /// Everything at these operations, as this person.
    async fn everything(&self, who: &str, bearer: Option<&str>, operations: &[Operation]) -> Vec<String> {
        let tosses = operations.iter().flat_map(tosses::at);
        let thrown = stream::iter(tosses).map(async |toss| self.throw(who, bearer, &toss).await);
        thrown
            .buffer_unordered(AT_ONCE)
            .filter_map(async |wrong| wrong)
            .collect()
            .await
    }

    /// Tokens that nobody was given, at whatever is not public.
    async fn tokens(&self, operations: &[Operation]) -> Vec<String> {
        let mut wrong = Vec::new();
        for operation in operations {
            let plain = tosses::plain(operation);
            let asked = self
                .http
                .request(plain.method.clone(), format!("{}{}", self.url, plain.path));
            let public = asked.send().await.unwrap().status() != 401;
            for toss in tosses::tokens(operation, public) {
                wrong.extend(self.throw("an impostor", None, &toss).await);
            }
        }
        wrong
    }
}

fn pages() -> BTreeSet<String> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors");
    let pages = std::fs::read_dir(dir).unwrap().map(|page| {
        let name = page.unwrap().file_name().into_string().unwrap();
        name.trim_end_matches(".md").to_owned()
    });
    pages.collect()
}

fn shortened(path: &str) -> String {
    match path.char_indices().nth(120) {
        Some((at, _)) => format!("{}… ({} bytes)", &path[..at], path.len()),
        None => path.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_is_answered_with_a_problem() {
    let dir = tempfile::tempdir().unwrap();
    let world = ride::world(dir.path(), None, 600).await;
    let platform = world.platform();
    let url = platform.urls[0].clone();
    ride::register_support(&world.node).await;
    ride::register(&world.node, "admin", "+919800000002", Role::Admin).await;
    let http = reqwest::Client::builder()
        .timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let description: Value = http
        .get(format!("{url}/openapi.json"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let all = operations(&description);
    assert!(all.len() > 40, "the description has {} operations", all.len());
    // What ends a login comes last.
    let (enders, others): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|operation| operation.method == "DELETE" || operation.path.ends_with("/logout"));
    let range = Range {
        url,
        http,
        pages: pages(),
        met: Mutex::default(),
        thrown: Mutex::default(),
    };
    let people = [
        (
            "a rider",
            platform.signed_up("rhea", "+919812345611", "rider").await,
        ),
        (
            "a driver",
            platform.signed_up("dara", "+919812345612", "driver").await,
        ),
        ("support", platform.staff("support").await),
        ("an admin", platform.staff("admin").await),
    ];
    let mut wrong = range.everything("a stranger", None, &others).await;
    wrong.extend(range.tokens(&others).await);
    for (who, person) in &people {
        wrong.extend(range.everything(who, Some(person.token()), &others).await);
    }
    for (who, person) in &people {
        wrong.extend(range.everything(who, Some(person.token()), &enders).await);
    }
    let thrown = *range.thrown.lock().unwrap();
    println!(
        "{thrown} wrong requests, {} kinds of problems",
        range.met.lock().unwrap().len()
    );
    let met = range.met.lock().unwrap().clone();
    for code in &met {
        let page = range
            .http
            .get(format!("{}/docs/errors/{code}", range.url))
            .send()
            .await
            .unwrap();
        if page.status() != 200 {
            wrong.push(format!("the page of {code} is not served"));
        }
    }
    wrong.sort();
    let first: Vec<&str> = wrong.iter().take(60).map(String::as_str).collect();
    assert!(
        wrong.is_empty(),
        "{} of {thrown} answers are wrong:\n{}",
        wrong.len(),
        first.join("\n")
    );
    world.stop().await;
}
