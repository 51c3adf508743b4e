//! Whom clients of HTTP servers trust: an authority of one's own, or those that everybody knows.

use hyper_rustls::ConfigBuilderExt;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The file of an authority that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}; give the PEM file of the authority that signed the server's certificate as `ca=`", .file.display())]
pub struct AuthorityError {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// How a client encrypts that trusts the authorities of this file (PEM) alone, or all that everybody knows where there
/// is none. The file is read now.
///
/// # Errors
/// The file cannot be read, or has no certificate.
pub fn trusting(ca: Option<&Path>) -> Result<ClientConfig, AuthorityError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3");
    let builder = match ca {
        Some(file) => builder.with_root_certificates(authorities(file)?),
        None => builder.with_webpki_roots(),
    };
    Ok(builder.with_no_client_auth())
}

fn authorities(file: &Path) -> Result<RootCertStore, AuthorityError> {
    let wrong = |why: String| AuthorityError {
        file: file.to_owned(),
        why,
    };
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(file).map_err(|error| wrong(error.to_string()))?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("it has no certificate".to_owned()));
    }
    Ok(roots)
}
