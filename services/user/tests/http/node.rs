//! A running user service with its whole stack, and a client that takes answers apart.

use interstate_auth::{AccessTokens, Guard, HashingCost, Keys, Limits, Passwords, Policy, UniqueValues};
use interstate_eventing::{
    Topology,
    projection::{Consumers, Follow},
    runtime::{Clock, Commands, Env, Host, MachineClock, TokioSpawn},
    sealed::{FileKeyRing, KeyRing},
    store::FjallCaches,
};
use interstate_http::{Api, EdgeOptions, Readiness, Server, ServerOptions, Shutdown, assemble};
use interstate_live::Live;
use interstate_log::{
    Log,
    embedded::{EmbeddedLog, Options},
};
use interstate_stores::Sqlite;
use interstate_telemetry::Metrics;
use interstate_user::{
    Edge, NAME, Parts,
    api::{self, Accounts},
    read,
};
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::runtime::Runtime;

/// One process of the service.
pub struct Node {
    pub accounts: Accounts,
    pub routes: Vec<(String, String)>,
    address: SocketAddr,
    client: reqwest::Client,
    host: Host,
    shutdown: Shutdown,
    /// Its own, so that it can end with everything in it, as a process does.
    runtime: Runtime,
}

/// An answer, taken apart.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub token: String,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.text("code")
    }

    pub fn text(&self, field: &str) -> &str {
        self.body[field]
            .as_str()
            .unwrap_or_else(|| panic!("no text `{field}` in {self:?}"))
    }
}

fn guard(tokens: AccessTokens, live: &Live) -> Guard {
    let policy = Policy::new(api::POLICY).unwrap();
    let limits = Limits::new(live, NAME, None);
    Guard::new(tokens, policy, Arc::new(MachineClock::machine_now), limits)
}

impl Node {
    pub async fn start(dir: &Path) -> Self {
        let runtime = Runtime::new().unwrap();
        let (dir, handle) = (dir.to_owned(), runtime.handle().clone());
        let started = handle.spawn(async move { Running::start(&dir).await }).await;
        let Running {
            accounts,
            routes,
            address,
            host,
            shutdown,
        } = started.unwrap();
        Self {
            accounts,
            routes,
            address,
            client: reqwest::Client::new(),
            host,
            shutdown,
            runtime,
        }
    }
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.host.stop().await;
        self.runtime.shutdown_background();
    }

    /// Ends everything where it stands.
    pub fn kill(self) {
        self.runtime.shutdown_background();
    }

    pub async fn get(&self, path: &str, access: &str) -> Answer {
        self.get_after(path, access, "").await
    }

    pub async fn get_after(&self, path: &str, access: &str, token: &str) -> Answer {
        let mut request = self.client.get(self.url(path));
        if !token.is_empty() {
            request = request.header("consistency-token", token);
        }
        send(request, access).await
    }

    pub async fn delete(&self, path: &str, access: &str) -> Answer {
        send(self.client.delete(self.url(path)), access).await
    }

    pub async fn post(&self, path: &str, key: &str, body: Value) -> Answer {
        self.post_as(path, key, body, "").await
    }

    pub async fn post_as(&self, path: &str, key: &str, body: Value, access: &str) -> Answer {
        let request = self.client.post(self.url(path)).header("idempotency-key", key);
        send(request.json(&body), access).await
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// What runs in a node's runtime.
struct Running {
    accounts: Accounts,
    routes: Vec<(String, String)>,
    address: SocketAddr,
    host: Host,
    shutdown: Shutdown,
}

impl Running {
    async fn start(dir: &Path) -> Self {
        let service = interstate_user::service();
        let partitions = service.partition_count();
        let log: Arc<dyn Log> = Arc::new(open(dir).await);
        let caches = Arc::new(FjallCaches::open(&dir.join("cache")).unwrap());
        let clock: Arc<dyn Clock> = Arc::new(MachineClock::real());
        let env = Env::new(
            log.clone(),
            clock.clone(),
            Arc::new(TokioSpawn),
            caches,
            "node",
            Topology::of([&service]),
        );
        let host = Host::start(&env, vec![service]).await.unwrap();
        let folder = dir.join("keys");
        let master = interstate_auth::load_or_create(&folder.join("master"), &mut rand::rng()).unwrap();
        let keys: Arc<dyn KeyRing> = Arc::new(FileKeyRing::open(&folder.join("persons"), master).unwrap());

        std::fs::create_dir_all(dir.join("read")).unwrap();
        let file = Sqlite::open(dir.join("read/user.sqlite")).await.unwrap();
        let opened = read::sqlite::open(&file).await.unwrap();
        let follow = Follow {
            log,
            clock: clock.clone(),
            consumers: Consumers::default(),
        };
        let (position, runners) = follow.projection(opened.model, NAME, partitions);
        for runner in runners {
            tokio::spawn(runner.run());
        }

        let cost = HashingCost {
            memory_kib: 64,
            passes: 1,
        };
        let tokens = AccessTokens::new(Keys::in_folder(&folder, &mut rand::rng()).unwrap());
        let live = Live::in_memory();
        let edge = Edge::new(Parts {
            commands: Commands::new(env),
            people: opened.people,
            position,
            keys,
            clock,
            wall_clock: Arc::new(MachineClock::machine_now),
            unique: UniqueValues::in_folder(&folder, &mut rand::rng()).unwrap(),
            passwords: Passwords::new(cost, 2, 64).unwrap(),
            tokens: tokens.clone(),
            live: live.clone(),
        });
        let metrics = Metrics::new();
        let api = Api::new(edge.router(), Readiness::new(), api::CODES, metrics.service(NAME));
        let routes = api.routes();
        tokio::spawn(edge.forgetting.run());
        let router = assemble("user", &[api], &EdgeOptions::default(), &metrics);
        let router = router.layer(axum::middleware::from_fn_with_state(
            guard(tokens, &live),
            Guard::enforce,
        ));
        let server = Server::bind(([127, 0, 0, 1], 0).into(), ServerOptions::default())
            .await
            .unwrap();
        let (address, shutdown) = (server.address(), Shutdown::new());
        let stop = shutdown.clone();
        tokio::spawn(server.serve(router, stop));
        Self {
            accounts: edge.accounts,
            routes,
            address,
            host,
            shutdown,
        }
    }
}

/// The process before may still be letting go of the files.
async fn open(dir: &Path) -> EmbeddedLog {
    for _ in 0..100 {
        match EmbeddedLog::open(Options::new(dir.join("log"))) {
            Ok(log) => return log,
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
    EmbeddedLog::open(Options::new(dir.join("log"))).unwrap()
}

async fn send(mut request: reqwest::RequestBuilder, access: &str) -> Answer {
    if !access.is_empty() {
        request = request.bearer_auth(access);
    }
    let answer = request.send().await.unwrap();
    let token = answer.headers().get("consistency-token");
    Answer {
        status: answer.status().as_u16(),
        token: token.map_or(String::new(), |token| token.to_str().unwrap().to_owned()),
        body: answer.json().await.unwrap(),
    }
}

/// Every file in a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() { files(&path) } else { vec![path] }
        })
        .collect()
}
