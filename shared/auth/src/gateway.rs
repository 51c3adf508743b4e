//! Who calls, as a gateway in front says it.

use crate::Caller;
use hmac::{Hmac, Mac};
use http::{HeaderMap, HeaderValue};
use interstate_schemas::{Role, SessionId, SignedDuration, Timestamp, UserId};
use sha2::Sha256;

/// What the gateway shows that it is one.
pub const SECRET: &str = "x-gateway-secret";
/// Whom it has signed in, `usr_…`.
pub const USER: &str = "x-user-id";
/// As what: `rider`, `driver`, `support` or `admin`.
pub const ROLE: &str = "x-user-role";

/// What is compared are tags of this under either secret: neither their bytes nor their lengths can be timed.
const COMPARED: &[u8] = b"interstate gateway";
/// A live stream that the gateway has opened is checked again after this long, as one with a token is.
const LASTS: SignedDuration = SignedDuration::from_mins(15);

/// Knows the secret of the gateway in front.
#[derive(Clone)]
pub struct Gateway {
    tag: [u8; 32],
}

/// The gateway says something that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Gateway {
    /// One that shows this secret.
    pub fn new(secret: &str) -> Self {
        Self {
            tag: keyed(secret.as_bytes()).finalize().into_bytes().into(),
        }
    }

    /// Whom the gateway has signed in. Nobody where the secret is missing or wrong, whatever the other headers say,
    /// and where the gateway names nobody.
    pub(crate) fn caller(&self, headers: &HeaderMap, now: Timestamp) -> Result<Option<Caller>, Malformed> {
        let Some(shown) = only(headers, SECRET)? else {
            return Ok(None);
        };
        if keyed(shown.as_bytes()).verify_slice(&self.tag).is_err() {
            tracing::warn!(
                "somebody shows a wrong secret of the gateway; what it says of the user is left out"
            );
            return Ok(None);
        }
        let (user, role) = match (only(headers, USER)?, only(headers, ROLE)?) {
            (None, None) => return Ok(None),
            (Some(user), Some(role)) => (user, role),
            _ => return Err(Malformed),
        };
        let user: UserId = user
            .to_str()
            .ok()
            .and_then(|user| user.parse().ok())
            .ok_or(Malformed)?;
        let role: Role = role
            .to_str()
            .ok()
            .and_then(|role| role.parse().ok())
            .ok_or(Malformed)?;
        Ok(Some(Caller {
            user,
            role,
            // The login is the gateway's: here it is only told apart from the user's others.
            session: SessionId::derive(0, &[b"gateway", user.to_string().as_bytes()]),
            expires: now + LASTS,
        }))
    }
}

/// A header that may stand there once. Where a gateway adds its own to what a client sent, nobody knows which is whose.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h HeaderValue>, Malformed> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (first, None) => Ok(first),
        _ => Err(Malformed),
    }
}

/// Takes the headers away, so that nobody behind the guard can believe them.
pub(crate) fn strip(headers: &mut HeaderMap) {
    for name in [SECRET, USER, ROLE] {
        headers.remove(name);
    }
}

fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    let mac = Hmac::new_from_slice(secret).expect("an HMAC key may have any length");
    mac.chain_update(COMPARED)
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gateway(…)")
    }
}
