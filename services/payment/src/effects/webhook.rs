//! Webhooks: whether they are the provider's, and which operation they are about.

use hmac::{Hmac, Mac};
use interstate_schemas::{OperationId, Timestamp};
use serde::Deserialize;
use sha2::Sha256;
use std::fmt;

/// The header that carries the signature, `t=<seconds>,v1=<hex>`.
pub const SIGNATURE: &str = "sandbox-signature";

/// How old a signature may be, in seconds: what was recorded is not worth replaying for long.
const TOLERANCE: u64 = 300;

/// What the provider signs its webhooks with.
#[derive(Clone)]
pub struct WebhookSecret(String);

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

impl WebhookSecret {
    /// A secret that is shared with the provider alone.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// Whether `header` is the provider's signature of exactly this body, made within the last minutes of real
    /// time. The comparison takes as long for a wrong signature as for a right one.
    pub fn verify(&self, header: &str, body: &[u8], now: Timestamp) -> bool {
        let Some((seconds, claimed)) = parts(header) else {
            return false;
        };
        if now.as_second().abs_diff(seconds) > TOLERANCE {
            return false;
        }
        let mut mac =
            <Hmac<Sha256> as Mac>::new_from_slice(self.0.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(format!("{seconds}.").as_bytes());
        mac.update(body);
        mac.verify_slice(&claimed).is_ok()
    }
}

fn parts(header: &str) -> Option<(i64, Vec<u8>)> {
    let part = |name| {
        header
            .split(',')
            .find_map(|part: &str| part.trim().strip_prefix(name))
    };
    let seconds = part("t=")?.parse().ok()?;
    let hex = part("v1=")?.as_bytes();
    let digits = hex.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    Some((seconds, digits.collect::<Option<Vec<u8>>>()?))
}

/// The operation that a webhook is about; nothing where it is about none of ours. Nothing else in it is
/// believed: what happened is asked of the provider.
pub fn operation(body: &[u8]) -> Option<OperationId> {
    #[derive(Deserialize)]
    struct Told {
        reference: String,
    }
    serde_json::from_slice::<Told>(body).ok()?.reference.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with `printf '1.hello' | openssl dgst -sha256 -hmac key`.
    const HELLO: &str = "t=1,v1=9233658ef5e21fe59dba8abb099c978547d7626f87090a6a585c26a2a98a91f8";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn only_the_provider_can_sign_and_not_for_long() {
        let secret = WebhookSecret::new("key");
        assert!(secret.verify(HELLO, b"hello", at(1)));
        assert!(secret.verify(HELLO, b"hello", at(301)));
        assert!(!secret.verify(HELLO, b"hello", at(302)), "a replay");
        assert!(!secret.verify(HELLO, b"hullo", at(1)), "another body");
        assert!(
            !WebhookSecret::new("kay").verify(HELLO, b"hello", at(1)),
            "another secret"
        );
        let far = format!("t={},v1=92", i64::MIN);
        for broken in ["", "t=1", "t=1,v1=", "t=1,v1=9", "t=x,v1=92", "v1=9233", &far] {
            assert!(!secret.verify(broken, b"hello", at(1)), "{broken}");
        }
    }

    #[test]
    fn a_webhook_names_our_operation_or_nothing() {
        let id = OperationId::derive(1, &[b"a"]);
        let body = format!(r#"{{"reference":"{id}","type":"payment_intent.succeeded"}}"#);
        assert_eq!(operation(body.as_bytes()), Some(id));
        assert_eq!(operation(br#"{"reference":"bkg_1"}"#), None);
        assert_eq!(operation(b"{"), None);
    }
}
