//! What can be wrong with certificates.

use std::path::PathBuf;

/// A file of certificates or keys that does not hold. Says which, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// It cannot be read.
    #[error("{setting}: {} cannot be read: {source}. Name a file in PEM that this process may read", path.display())]
    Unreadable {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It holds something else.
    #[error("{setting}: {} holds no {wanted} in PEM: {why}", path.display())]
    Empty {
        /// The setting that names the file.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What it should hold.
        wanted: &'static str,
        /// What was found.
        why: String,
    },
    /// Others would refuse our certificate.
    #[error("GRPC_TLS_CERT: the certificate in {} does not hold: {why}. Have the authority in GRPC_TLS_CA issue a new one", path.display())]
    Refused {
        /// The certificate.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The key is another one's, or of a kind that is not known.
    #[error("GRPC_TLS_KEY: {} does not fit the certificate: {why}", path.display())]
    Key {
        /// The key.
        path: PathBuf,
        /// Why.
        why: String,
    },
}
