//! A platform in this process, with its provider.

use super::Platform;
use interstate::node::{Node, Settings};
use interstate_auth::{Email, Phone};
use interstate_config::{CommonArgs, Provider, Secret};
use interstate_http::Shutdown;
use interstate_schemas::{Role, SignedDuration};
use interstate_user::api::NewPerson;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// A payment provider that ends with the test.
pub struct Sandbox {
    pub url: String,
    stop: Shutdown,
}

impl Sandbox {
    pub const SECRET: &str = "a secret of the two of us, long enough";

    /// Starts one that keeps its book in this folder.
    pub async fn start(dir: &Path) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stop = Shutdown::new();
        let until = stop.clone();
        let config = interstate_sandbox::Config {
            data: Some(dir.join("sandbox")),
            ..Default::default()
        };
        tokio::spawn(interstate_sandbox::serve(config, listener, async move {
            until.cancelled().await
        }));
        Self { url, stop }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// A platform with its provider.
pub struct World {
    pub node: Node,
    _sandbox: Sandbox,
}

/// Starts one in this folder, whose time runs so many times as fast.
pub async fn world(dir: &Path, kafka: Option<&str>, factor: u32) -> World {
    let sandbox = Sandbox::start(dir).await;
    let common = CommonArgs {
        data_dir: Some(dir.display().to_string()),
        kafka_brokers: kafka.map(str::to_owned),
        clock_factor: Some(factor.to_string()),
        ..CommonArgs::default()
    };
    let node = node(common, Some(&sandbox), &[]).await;
    World {
        node,
        _sandbox: sandbox,
    }
}

/// A process's worth of services on free ports.
pub async fn node(common: CommonArgs, sandbox: Option<&Sandbox>, services: &[&str]) -> Node {
    let unlimited = || Some("0".to_owned());
    let common = CommonArgs {
        port: Some("0".to_owned()),
        rate_per_address: common.rate_per_address.or_else(unlimited),
        rate_per_user: common.rate_per_user.or_else(unlimited),
        ..common
    };
    let settings = Settings {
        common: common.validate().unwrap(),
        provider: sandbox.map(|sandbox| Provider {
            url: sandbox.url.clone(),
            webhook_secret: Secret::new(Sandbox::SECRET),
        }),
        services: services.iter().map(|&name| name.to_owned()).collect(),
        alone: false,
        demonstration: true,
    };
    Node::start(settings).await.unwrap()
}

impl Platform {
    /// One process, as its riders and drivers see it.
    pub fn of(node: &Node) -> Self {
        Self {
            urls: vec![format!("http://{}", node.address())],
            clock: node.base.env.clock.clone(),
            ahead: SignedDuration::from_hours(5),
            patient: false,
            assigned: Arc::default(),
        }
    }
}

impl World {
    /// As its riders and drivers see it.
    pub fn platform(&self) -> Platform {
        Platform::of(&self.node)
    }

    pub async fn stop(self) {
        self.node.stop().await;
    }
}

/// Gives a platform somebody at support, who can then log in.
pub async fn register_support(node: &Node) {
    register(node, "support", "+919800000001", Role::Support).await;
}

/// Gives a platform somebody of the staff. On a log that has just been made the first answers take long, so it is
/// tried again.
pub async fn register(node: &Node, name: &str, phone: &str, role: Role) {
    let began = Instant::now();
    let accounts = node.accounts.as_ref().unwrap();
    let person = || NewPerson {
        name: name.to_owned(),
        email: format!("{name}@example.org").parse::<Email>().unwrap(),
        phone: phone.parse::<Phone>().unwrap(),
        password: super::STAFF_PASSWORD.to_owned(),
        role,
    };
    while let Err(problem) = accounts.register_staff(person()).await {
        assert!(
            began.elapsed() < Duration::from_secs(60),
            "{name} is not registered: {problem:?}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
