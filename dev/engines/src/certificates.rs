//! Certificates for servers that tests start.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::path::Path;

/// Writes an authority's certificate, `ca.pem`, and one that it issues for a server at this name, `server.pem` with
/// `server.key`.
///
/// # Panics
/// The folder cannot be written.
pub fn certificates(into: &Path, name: &str) {
    let mut authority = CertificateParams::default();
    // Under the same name as the server's it would be taken for that one.
    authority.distinguished_name.push(DnType::CommonName, "authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().expect("there is entropy");
    let pem = authority
        .self_signed(&key)
        .expect("an authority signs itself")
        .pem();
    let issuer = Issuer::new(authority, key);
    let server = CertificateParams::new(vec![name.to_owned()]).expect("a name or an address");
    let key = KeyPair::generate().expect("there is entropy");
    let certificate = server.signed_by(&key, &issuer).expect("an authority signs");
    for (file, text) in [
        ("server.pem", certificate.pem()),
        ("server.key", key.serialize_pem()),
        ("ca.pem", pem),
    ] {
        std::fs::write(into.join(file), text).expect("the folder can be written");
    }
}
