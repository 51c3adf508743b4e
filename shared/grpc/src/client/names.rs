//! How the addresses behind a name are found.

use futures::future::BoxFuture;
use std::{fmt, io, net::SocketAddr, sync::Arc};

type LookUp = dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync;

/// Looks up names, `host:port`. By default it asks the system.
#[derive(Clone)]
pub struct Names(Arc<LookUp>);

impl Names {
    /// Looks them up by this: all addresses of a name. One that has none, or an error, leaves those that were known.
    pub fn of<F, Fut>(look_up: F) -> Self
    where
        F: Fn(String) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        Self(Arc::new(move |name| Box::pin(look_up(name))))
    }

    /// In order, each once; never none.
    pub(super) async fn look_up(&self, name: String) -> io::Result<Vec<SocketAddr>> {
        let mut found = (self.0)(name).await?;
        found.sort_unstable();
        found.dedup();
        match found.is_empty() {
            true => Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address")),
            false => Ok(found),
        }
    }
}

impl Default for Names {
    fn default() -> Self {
        Self::of(|name| async move { Ok(tokio::net::lookup_host(name).await?.collect()) })
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Names")
    }
}
