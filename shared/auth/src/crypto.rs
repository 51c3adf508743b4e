//! The two signatures that tokens use, for `jsonwebtoken`. Its own bundles of algorithms bring RSA and three
//! elliptic curves along; these are two, in Rust, and an algorithm that is not here cannot be asked for.

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use hmac::{Hmac, Mac};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error, ErrorKind},
};
use sha2::Sha256;
use signature::{Signer, Verifier};
use std::sync::Once;

/// Ed25519 keys pass through `jsonwebtoken` as their 32 raw bytes.
const KEY_BYTES: usize = 32;

/// Makes these the process's algorithms. Safe to call again.
pub(crate) fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: signer,
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Fails where another provider is installed already, which then serves just as well.
        let _ = PROVIDER.install_default();
    });
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    match algorithm {
        Algorithm::EdDSA => {
            let seed = <[u8; KEY_BYTES]>::try_from(key.as_bytes()).map_err(|_| ErrorKind::InvalidEddsaKey)?;
            Ok(Box::new(EdSigner(SigningKey::from_bytes(&seed))))
        }
        Algorithm::HS256 => Ok(Box::new(HmacKey::new(key.as_bytes()))),
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let bytes = key.try_get_as_bytes()?;
    match algorithm {
        Algorithm::EdDSA => {
            let public = <[u8; KEY_BYTES]>::try_from(bytes).map_err(|_| ErrorKind::InvalidEddsaKey)?;
            let public = VerifyingKey::from_bytes(&public).map_err(|_| ErrorKind::InvalidEddsaKey)?;
            Ok(Box::new(EdVerifier(public)))
        }
        Algorithm::HS256 => Ok(Box::new(HmacKey::new(bytes))),
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    }
}

struct EdSigner(SigningKey);

impl Signer<Vec<u8>> for EdSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self.0.sign(message).to_bytes().to_vec())
    }
}

impl JwtSigner for EdSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct EdVerifier(VerifyingKey);

impl Verifier<Vec<u8>> for EdVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        // Strict: weak keys and malleable signatures, which some verifiers accept, are not.
        self.0.verify_strict(message, &Signature::from_slice(signature)?)
    }
}

impl JwtVerifier for EdVerifier {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("an HMAC key may have any length"))
    }
}

impl Signer<Vec<u8>> for HmacKey {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(self
            .0
            .clone()
            .chain_update(message)
            .finalize()
            .into_bytes()
            .to_vec())
    }
}

impl Verifier<Vec<u8>> for HmacKey {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let mac = self.0.clone().chain_update(message);
        // In constant time.
        mac.verify_slice(signature).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for HmacKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for HmacKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
