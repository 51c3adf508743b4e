//! TLS in front of servers that know none here: MongoDB's, ClickHouse's and the object store's stand-ins.

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{path::Path, sync::Arc};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// A port that speaks TLS, closed when the value is dropped.
pub struct Encrypted {
    port: u16,
    listening: JoinHandle<()>,
}

impl Encrypted {
    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Listens with the certificate in this folder, as [`crate::certificates`] wrote it, and hands all that comes on to this
/// port of 127.0.0.1.
///
/// # Panics
/// There is no certificate there, or no port is free.
pub async fn encrypted(folder: &Path, to: u16) -> Encrypted {
    let read = |name: &str| std::fs::read(folder.join(name)).expect("the certificates were written");
    let certificate = CertificateDer::from_pem_slice(&read("server.pem")).expect("a certificate in PEM");
    let key = PrivateKeyDer::from_pem_slice(&read("server.key")).expect("a key in PEM");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("the key is the certificate's");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("it listens").port();
    let listening = tokio::spawn(async move {
        while let Ok((caller, _)) = listener.accept().await {
            tokio::spawn(hand_on(acceptor.clone(), caller, to));
        }
    });
    Encrypted { port, listening }
}

/// Whoever does not trust the certificate hangs up, and so does this.
async fn hand_on(acceptor: TlsAcceptor, caller: TcpStream, to: u16) {
    if let Ok(mut caller) = acceptor.accept(caller).await
        && let Ok(mut server) = TcpStream::connect(("127.0.0.1", to)).await
    {
        let _ = copy_bidirectional(&mut caller, &mut server).await;
    }
}
