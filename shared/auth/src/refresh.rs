//! What a session is renewed with.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::RngCore;
use sha2::{Digest, Sha256};
use std::fmt::{self, Write};

/// 256 random bits, shown to the client once; the log keeps [`RefreshToken::hash`]. Random, so that a plain hash
/// is as good as a slow one.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(String);

impl RefreshToken {
    const PREFIX: &'static str = "rt_";

    /// A new one.
    pub fn generate(random: &mut impl RngCore) -> Self {
        let mut bytes = [0; 32];
        random.fill_bytes(&mut bytes);
        Self(format!(
            "{}{}",
            Self::PREFIX,
            BASE64_URL_SAFE_NO_PAD.encode(bytes)
        ))
    }

    /// What a client sent, where it has the shape of one.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(text.strip_prefix(Self::PREFIX)?)
            .ok()?;
        (bytes.len() == 32).then(|| Self(text.to_owned()))
    }

    /// The text for the client.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored: SHA-256 as 64 hexadecimal digits.
    pub fn hash(&self) -> String {
        hex(&Sha256::digest(&self.0))
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_its_hash_hides_it() {
        let token = RefreshToken::generate(&mut rand::rng());
        assert_eq!(RefreshToken::parse(token.expose()), Some(token.clone()));
        assert_eq!(token.hash().len(), 64);
        assert_ne!(token.hash(), RefreshToken::generate(&mut rand::rng()).hash());
        assert_eq!(format!("{token:?}"), "RefreshToken(…)");
        for wrong in [
            "",
            "rt_",
            "rt_abc",
            &token.expose()[3..],
            &format!("{}A", token.expose()),
        ] {
            assert_eq!(RefreshToken::parse(wrong), None, "{wrong}");
        }
    }
}
