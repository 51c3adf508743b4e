//! An event on its way out: its payload, and the signature by which the merchant knows it as ours.

use crate::{
    clock::UnixMillis,
    ids::OperationId,
    intent::{EventKind, Terms},
    operation::{Event, OperationKind},
    views::IntentView,
};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::fmt::Write as _;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "sandbox-signature";

/// Where events are sent, and the secret that they are signed with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// An `http://` address.
    pub url: String,
    /// Shared with the merchant alone.
    pub secret: String,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    /// Checks an address and a secret.
    pub fn new(url: &str, secret: &str) -> Result<Self, String> {
        let parsed =
            reqwest::Url::parse(url).map_err(|error| format!("`{url}` is not an address: {error}"))?;
        if parsed.scheme() != "http" {
            return Err(format!(
                "`{url}`: the sandbox sends webhooks over plain http only"
            ));
        }
        if secret.is_empty() {
            return Err("a webhook needs a secret to be signed with".to_owned());
        }
        Ok(Self {
            url: url.to_owned(),
            secret: secret.to_owned(),
        })
    }
}

#[derive(Serialize)]
struct Payload<'a> {
    object: &'static str,
    id: String,
    r#type: EventKind,
    created_ms: UnixMillis,
    sequence: u32,
    reference: &'a str,
    data: Subject<'a>,
}

#[derive(Serialize)]
struct Subject<'a> {
    payment_intent: IntentView<'a>,
    operation: Cause<'a>,
}

#[derive(Serialize)]
struct Cause<'a> {
    id: OperationId,
    kind: OperationKind,
    reference: &'a str,
    amount: u64,
}

/// The JSON of `event`, about the payment with `terms`: the same bytes at each attempt.
pub fn payload(event: &Event, terms: &Terms) -> Vec<u8> {
    let payload = Payload {
        object: "event",
        id: event.id().to_string(),
        r#type: event.kind,
        created_ms: event.at,
        sequence: event.after.sequence,
        reference: &event.reference,
        data: Subject {
            payment_intent: IntentView::new(terms, event.after),
            operation: Cause {
                id: OperationId {
                    intent: event.intent,
                    kind: event.operation,
                    number: event.number,
                },
                kind: event.operation,
                reference: &event.reference,
                amount: event.amount,
            },
        },
    };
    serde_json::to_vec(&payload).expect("a payload has text keys only")
}

/// The signature header of `body`, sent at `seconds` since 1970: `t=<seconds>,v1=<hex of HMAC-SHA256>`, where the
/// MAC covers the seconds, a full stop and the body.
pub fn sign(secret: &str, seconds: u64, body: &[u8]) -> String {
    let mut header = format!("t={seconds},v1=");
    for byte in mac(secret, seconds, body).finalize().into_bytes() {
        write!(header, "{byte:02x}").expect("a string takes any text");
    }
    header
}

/// Whether `header` is `body`'s signature and at most `tolerance` seconds away from `now`. For merchants that are
/// written in Rust, and for tests.
pub fn verify(secret: &str, header: &str, body: &[u8], now: u64, tolerance: u64) -> bool {
    let part = |name| header.split(',').find_map(|part: &str| part.strip_prefix(name));
    let (Some(seconds), Some(hex)) = (part("t=").and_then(|text| text.parse::<u64>().ok()), part("v1="))
    else {
        return false;
    };
    let digits = hex.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    let Some(claimed) = digits.collect::<Option<Vec<u8>>>() else {
        return false;
    };
    seconds.abs_diff(now) <= tolerance && mac(secret, seconds, body).verify_slice(&claimed).is_ok()
}

fn mac(secret: &str, seconds: u64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(seconds.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_the_secret_the_time_and_every_byte() {
        let header = sign("whsec", 1_700_000_000, b"{}");
        assert!(verify("whsec", &header, b"{}", 1_700_000_100, 300));
        assert!(!verify("other", &header, b"{}", 1_700_000_100, 300));
        assert!(!verify("whsec", &header, b"{ }", 1_700_000_100, 300));
        assert!(
            !verify("whsec", &header, b"{}", 1_700_000_301, 300),
            "a replay from long ago"
        );
        assert!(!verify(
            "whsec",
            &header.replace("t=1700000000", "t=1700000100"),
            b"{}",
            1_700_000_100,
            300
        ));
        assert!(!verify("whsec", "t=1700000000,v1=zz", b"{}", 1_700_000_000, 300));
    }

    /// Computed with `printf '1.hello' | openssl dgst -sha256 -hmac key`.
    #[test]
    fn the_signature_is_hmac_sha256() {
        assert_eq!(
            sign("key", 1, b"hello"),
            "t=1,v1=9233658ef5e21fe59dba8abb099c978547d7626f87090a6a585c26a2a98a91f8"
        );
    }

    #[test]
    fn only_plain_http_with_a_secret_is_an_endpoint() {
        assert!(Endpoint::new("http://127.0.0.1:9/hook", "s").is_ok());
        assert!(Endpoint::new("https://127.0.0.1:9/hook", "s").is_err());
        assert!(Endpoint::new("hook", "s").is_err());
        assert!(Endpoint::new("http://127.0.0.1:9/hook", "").is_err());
    }
}
