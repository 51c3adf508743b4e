//! A server that services keep something on, behind a proxy.

use crate::proxy::{Proxy, Weather};
use interstate_engines::Engine;
use std::{io, net::SocketAddr};

/// A server that ends with the value.
pub struct Server {
    /// `postgres`, `redis`.
    pub name: &'static str,
    engine: Option<Engine>,
    proxy: Proxy,
}

impl Server {
    /// Starts it, so that it keeps what it has over a kill.
    pub async fn start(name: &'static str) -> io::Result<Self> {
        let lasting: &[(&str, &str)] = if name == "mongo" {
            &[("MONGO_PERSIST", "1"), ("MONGO_HEAP", "-Xmx8g")]
        } else {
            &[]
        };
        let engine = apart(move || Engine::start_with(name, lasting)).await?;
        let to = SocketAddr::from(([127, 0, 0, 1], engine.port()));
        Ok(Self {
            name,
            proxy: Proxy::start(0, to).await?,
            engine: Some(engine),
        })
    }

    /// Its address, through the proxy.
    pub fn url(&self) -> String {
        let engine = self.engine.as_ref();
        let (url, port) = engine.map_or(("", 0), |engine| (engine.url(), engine.port()));
        url.replacen(&format!(":{port}"), &format!(":{}", self.proxy.port()), 1)
    }

    /// Changes how it is reached.
    pub fn weather(&self, weather: Weather) {
        self.proxy.set(weather);
    }

    /// Kills it as it stands.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.with(|engine| engine.kill()).await
    }

    /// Starts it after a kill.
    pub async fn again(&mut self) -> io::Result<()> {
        self.with(Engine::again).await
    }

    /// Stops it where it stands.
    pub async fn pause(&mut self) -> io::Result<()> {
        self.with(|engine| engine.pause()).await
    }

    /// Lets it go on.
    pub async fn resume(&mut self) -> io::Result<()> {
        self.with(|engine| engine.resume()).await
    }

    /// The scripts block; a panic of theirs is an error here.
    async fn with(&mut self, work: impl FnOnce(&mut Engine) + Send + 'static) -> io::Result<()> {
        let Some(mut engine) = self.engine.take() else {
            return Err(io::Error::other(format!("{} is gone", self.name)));
        };
        let worked = apart(move || {
            work(&mut engine);
            engine
        });
        self.engine = Some(worked.await?);
        Ok(())
    }
}

async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
}
