//! Who a certificate says that somebody is.

use rustls::pki_types::CertificateDer;
use std::{collections::BTreeSet, fmt};

/// The names of the URIs in our certificates, as SPIFFE writes them: `spiffe://interstate/booking`.
const URI: &str = "spiffe://interstate/";

/// The names that a certificate was issued for: the services of its URIs `spiffe://interstate/<service>`, and its DNS
/// names as they stand. The subject's common name says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity(BTreeSet<String>);

impl Identity {
    /// Of these names.
    pub fn of<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    /// Of a certificate that has been verified.
    pub(crate) fn in_certificate(certificate: &CertificateDer<'_>) -> Result<Self, webpki::Error> {
        let certificate = webpki::EndEntityCert::try_from(certificate)?;
        let uris = certificate
            .valid_uri_names()
            .filter_map(|uri| uri.strip_prefix(URI));
        Ok(Self::of(uris.chain(certificate.valid_dns_names())))
    }

    /// Whether it was issued for this name.
    pub fn is(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("a certificate without a name");
        }
        let names: Vec<&str> = self.0.iter().map(String::as_str).collect();
        f.write_str(&names.join(", "))
    }
}
