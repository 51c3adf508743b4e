//! The three files, and what is made of them.

use super::TlsError;
use interstate_config::GrpcTls;
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    client::WebPkiServerVerifier,
    pki_types::{CertificateDer, PrivateKeyDer, TrustAnchor, UnixTime, pem::PemObject},
    server::WebPkiClientVerifier,
};
use std::{
    path::{Display, Path, PathBuf},
    sync::Arc,
};
use webpki::{EndEntityCert, KeyUsage};

const CERT: &str = "GRPC_TLS_CERT";
const KEY: &str = "GRPC_TLS_KEY";
const CA: &str = "GRPC_TLS_CA";
/// HTTP/2, as gRPC speaks it.
const PROTOCOL: &[u8] = b"h2";

/// Where the files lie.
pub(super) struct Files {
    cert: PathBuf,
    key: PathBuf,
    ca: PathBuf,
}

/// The files' bytes: they are compared rather than their times, which a volume of secrets does not keep.
#[derive(PartialEq, Eq)]
pub(super) struct Read {
    cert: Vec<u8>,
    key: Vec<u8>,
    ca: Vec<u8>,
}

impl Files {
    pub(super) fn new(settings: &GrpcTls) -> Self {
        Self {
            cert: settings.cert.clone(),
            key: settings.key.clone(),
            ca: settings.ca.clone(),
        }
    }

    pub(super) fn certificate(&self) -> Display<'_> {
        self.cert.display()
    }

    pub(super) fn read(&self) -> Result<Read, TlsError> {
        let read = |setting, path: &PathBuf| {
            std::fs::read(path).map_err(|source| TlsError::Unreadable {
                setting,
                path: path.clone(),
                source,
            })
        };
        Ok(Read {
            cert: read(CERT, &self.cert)?,
            key: read(KEY, &self.key)?,
            ca: read(CA, &self.ca)?,
        })
    }
}

/// What connections are made with.
pub(super) struct Loaded {
    pub(super) read: Read,
    pub(super) server: Arc<ServerConfig>,
    pub(super) client: Arc<ClientConfig>,
}

impl Loaded {
    pub(super) fn of(files: &Files, read: &Read, now: UnixTime) -> Result<Self, TlsError> {
        let chain = certificates(CERT, &files.cert, &read.cert)?;
        let authorities = certificates(CA, &files.ca, &read.ca)?;
        let key = PrivateKeyDer::from_pem_slice(&read.key).map_err(|error| TlsError::Empty {
            setting: KEY,
            path: files.key.clone(),
            wanted: "private key",
            why: error.to_string(),
        })?;
        holds(&chain, &authorities, now).map_err(|why| TlsError::Refused {
            path: files.cert.clone(),
            why,
        })?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            roots.add(authority).map_err(|error| TlsError::Empty {
                setting: CA,
                path: files.ca.clone(),
                wanted: "authority's certificate",
                why: error.to_string(),
            })?;
        }
        let roots = Arc::new(roots);
        let no_key = |error: rustls::Error| TlsError::Key {
            path: files.key.clone(),
            why: error.to_string(),
        };
        let callers = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .expect("there is an authority");
        let mut server = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.2 and 1.3")
            .with_client_cert_verifier(callers)
            .with_single_cert(chain.clone(), key.clone_key())
            .map_err(no_key)?;
        server.alpn_protocols = vec![PROTOCOL.to_vec()];
        let answerers = WebPkiServerVerifier::builder_with_provider(roots, provider.clone())
            .build()
            .expect("there is an authority");
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.2 and 1.3")
            .with_webpki_verifier(answerers)
            .with_client_auth_cert(chain, key)
            .map_err(no_key)?;
        client.alpn_protocols = vec![PROTOCOL.to_vec()];
        Ok(Self {
            read: Read {
                cert: read.cert.clone(),
                key: read.key.clone(),
                ca: read.ca.clone(),
            },
            server: Arc::new(server),
            client: Arc::new(client),
        })
    }
}

fn certificates(
    setting: &'static str,
    path: &Path,
    pem: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let empty = |why: String| TlsError::Empty {
        setting,
        path: path.to_owned(),
        wanted: "certificate",
        why,
    };
    let found = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let found = found.map_err(|error| empty(error.to_string()))?;
    match found.is_empty() {
        true => Err(empty("it is empty".to_owned())),
        false => Ok(found),
    }
}

/// Whether others who trust these authorities would take the certificate now, of a caller and of somebody who
/// answers.
fn holds(
    chain: &[CertificateDer<'static>],
    authorities: &[CertificateDer<'static>],
    now: UnixTime,
) -> Result<(), String> {
    let (own, between) = chain.split_first().ok_or("it is empty")?;
    let own = EndEntityCert::try_from(own).map_err(|error| error.to_string())?;
    let anchors: Vec<TrustAnchor<'_>> = authorities
        .iter()
        .map(webpki::anchor_from_trusted_cert)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("the authority's certificate: {error}"))?;
    let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
    for usage in [KeyUsage::client_auth(), KeyUsage::server_auth()] {
        own.verify_for_usage(algorithms.all, &anchors, between, now, usage, None, None)
            .map_err(|error| match error {
                webpki::Error::CertExpired { .. } => "it has expired".to_owned(),
                webpki::Error::CertNotValidYet { .. } => {
                    "it is not valid yet; is the clock right?".to_owned()
                }
                webpki::Error::UnknownIssuer | webpki::Error::InvalidSignatureForPublicKey => {
                    "the authority in GRPC_TLS_CA did not issue it".to_owned()
                }
                error => error.to_string(),
            })?;
    }
    Ok(())
}
