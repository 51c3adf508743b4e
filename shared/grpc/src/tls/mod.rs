//! Certificates on both sides, by rustls. Who has none of this authority does not get in, and nobody is asked who
//! cannot show that it is the service that was meant.

mod error;
mod files;

pub use error::TlsError;

use crate::Identity;
use files::{Files, Loaded};
use interstate_config::GrpcTls;
use rustls::pki_types::{ServerName, UnixTime};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// A process's certificate, and the authority that others' are held against. Clones share it, and connections made
/// after a reload use what was loaded.
#[derive(Clone)]
pub struct Tls(Arc<Shared>);

struct Shared {
    files: Files,
    loaded: Mutex<Arc<Loaded>>,
}

impl Tls {
    /// Reads the files, and holds the process's own certificate against the authority: what others would refuse is
    /// found at the start.
    ///
    /// # Errors
    /// A [`TlsError`] that names the file.
    pub fn load(settings: &GrpcTls, now: UnixTime) -> Result<Self, TlsError> {
        let files = Files::new(settings);
        let loaded = Loaded::of(&files, &files.read()?, now)?;
        Ok(Self(Arc::new(Shared {
            files,
            loaded: Mutex::new(Arc::new(loaded)),
        })))
    }

    /// Reads the files again and again, and takes up what has changed. Files that do not hold leave what was there,
    /// and are complained about once. Never returns.
    pub async fn follow(self, every: Duration, now: impl Fn() -> UnixTime + Send) {
        let mut complained = None;
        loop {
            tokio::time::sleep(every).await;
            match self.reload(now()) {
                Ok(true) => {
                    complained = None;
                    tracing::info!(certificate = %self.0.files.certificate(), "the certificate was loaded anew");
                }
                Ok(false) => {}
                Err(error) => {
                    let text = error.to_string();
                    if complained.as_ref() != Some(&text) {
                        tracing::error!(error = text, "the certificate stays as it was");
                        complained = Some(text);
                    }
                }
            }
        }
    }

    /// Whether there was something new to take up.
    pub fn reload(&self, now: UnixTime) -> Result<bool, TlsError> {
        let read = self.0.files.read()?;
        if self.loaded().read == read {
            return Ok(false);
        }
        let loaded = Arc::new(Loaded::of(&self.0.files, &read, now)?);
        *self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner) = loaded;
        Ok(true)
    }

    fn loaded(&self) -> Arc<Loaded> {
        self.0
            .loaded
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Shows our certificate to somebody who calls, and has theirs shown. The error is for people.
    pub(crate) async fn accept(
        &self,
        stream: TcpStream,
    ) -> Result<(server::TlsStream<TcpStream>, Identity), String> {
        let acceptor = TlsAcceptor::from(self.loaded().server.clone());
        let stream = acceptor
            .accept(stream)
            .await
            .map_err(|error| crate::chain(&error))?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let certificate = shown.ok_or("it shows no certificate")?;
        let identity = Identity::in_certificate(certificate).map_err(|error| error.to_string())?;
        Ok((stream, identity))
    }

    /// Calls the service `target`: whoever answers has to show a certificate of that name.
    pub(crate) async fn connect(
        &self,
        target: &'static str,
        stream: TcpStream,
    ) -> std::io::Result<client::TlsStream<TcpStream>> {
        let name = ServerName::try_from(target).map_err(std::io::Error::other)?;
        TlsConnector::from(self.loaded().client.clone())
            .connect(name, stream)
            .await
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tls({})", self.0.files.certificate())
    }
}
