//! What signs tokens and what checks them.

use crate::{KeyFileError, crypto, load_or_create};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use rand::RngCore;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{fmt, path::Path};

/// The key of access tokens, with its one algorithm.
#[derive(Clone)]
pub struct Keys {
    pub(crate) algorithm: Algorithm,
    pub(crate) id: String,
    pub(crate) sign: EncodingKey,
    pub(crate) check: DecodingKey,
    public: Option<[u8; 32]>,
}

impl Keys {
    /// An Ed25519 pair in the folder of keys, made there once. Whoever has the JWKS document can check tokens, and
    /// only this key's owner can make them.
    pub fn in_folder(folder: &Path, random: &mut impl RngCore) -> Result<Self, KeyFileError> {
        Ok(Self::from_seed(load_or_create(
            &folder.join("access-token.ed25519"),
            random,
        )?))
    }

    /// An Ed25519 pair from its 32 secret bytes.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        crypto::install();
        let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        Self {
            algorithm: Algorithm::EdDSA,
            id: thumbprint(&public),
            sign: EncodingKey::from_ed_der(&seed),
            check: DecodingKey::from_ed_der(&public),
            public: Some(public),
        }
    }

    /// HS256 with a secret that every service shares, at least 32 bytes (the configuration checks it).
    pub fn shared_secret(secret: &str) -> Self {
        crypto::install();
        Self {
            algorithm: Algorithm::HS256,
            // A hash of the secret would let a short one be guessed from a token's header.
            id: "shared".to_owned(),
            sign: EncodingKey::from_secret(secret.as_bytes()),
            check: DecodingKey::from_secret(secret.as_bytes()),
            public: None,
        }
    }

    /// The JWKS document (RFC 7517; Ed25519 as in RFC 8037). Without keys where the secret is shared.
    pub fn jwks(&self) -> Value {
        let keys: Vec<_> = self
            .public
            .iter()
            .map(|public| {
                json!({
                    "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
                    "kid": self.id, "x": BASE64_URL_SAFE_NO_PAD.encode(public),
                })
            })
            .collect();
        json!({ "keys": keys })
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("algorithm", &self.algorithm)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// RFC 7638: the hash of the key's required members in alphabetical order, without blanks.
fn thumbprint(public: &[u8; 32]) -> String {
    let x = BASE64_URL_SAFE_NO_PAD.encode(public);
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_rfc_8037_has_the_thumbprint_that_the_rfc_gives() {
        let seed = BASE64_URL_SAFE_NO_PAD
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .unwrap();
        let keys = Keys::from_seed(seed.try_into().unwrap());
        assert_eq!(keys.id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(
            keys.jwks()["keys"][0]["x"],
            "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
        );
    }

    #[test]
    fn a_shared_secret_is_never_published() {
        let keys = Keys::shared_secret("0123456789abcdef0123456789abcdef");
        assert_eq!(keys.jwks(), json!({ "keys": [] }));
        assert!(!format!("{keys:?}").contains("0123"), "{keys:?}");
    }
}
