//! Access tokens: who signed in, as what, until when.

use crate::{Caller, Keys};
use interstate_schemas::{Role, SessionId, SignedDuration, Timestamp, UserId};
use jsonwebtoken::{Header, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};

const ISSUER: &str = "interstate";
const AUDIENCE: &str = "interstate-api";

/// Makes and checks access tokens.
#[derive(Debug, Clone)]
pub struct AccessTokens {
    keys: Keys,
    validation: Validation,
    life: SignedDuration,
}

/// The claims (RFC 7519), in seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    role: Role,
    sid: SessionId,
    iat: i64,
    exp: i64,
}

/// Why a token is not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of ours: other text, another signature, another algorithm, other claims.
    #[error("the access token is not one of ours")]
    Invalid,
    /// It was good until then.
    #[error("the access token expired at {0}")]
    Expired(Timestamp),
    /// It says that it was made later than now: a clock is wrong.
    #[error("the access token was made in the future; a clock is wrong")]
    Early,
}

impl AccessTokens {
    /// How long a token lives.
    pub const LIFE: SignedDuration = SignedDuration::from_mins(15);

    /// How far the clocks of two machines may be apart.
    pub const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

    /// Tokens of these keys that live for [`AccessTokens::LIFE`].
    pub fn new(keys: Keys) -> Self {
        // The algorithm is the key's, never what a token's header asks for.
        let mut validation = Validation::new(keys.algorithm);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would ask the system's clock; `check` compares with the caller's `now`.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            keys,
            validation,
            life: Self::LIFE,
        }
    }

    /// The keys, for their JWKS document.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// How long a new token lives.
    pub fn life(&self) -> SignedDuration {
        self.life
    }

    /// A token for `user`, signed in as `role` in `session`, from `now` on.
    pub fn issue(&self, user: UserId, role: Role, session: SessionId, now: Timestamp) -> String {
        let iat = now.as_second();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            role,
            sid: session,
            iat,
            exp: iat + self.life.as_secs(),
        };
        let header = Header {
            kid: Some(self.keys.id.clone()),
            ..Header::new(self.keys.algorithm)
        };
        jsonwebtoken::encode(&header, &claims, &self.keys.sign)
            .expect("the key fits its algorithm, and the claims are strings and numbers")
    }

    /// Who the token speaks for, where it is good at `now`.
    pub fn check(&self, token: &str, now: Timestamp) -> Result<Caller, TokenError> {
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.keys.check, &self.validation);
        let decoded = decoded.map_err(|error| {
            tracing::debug!(reason = reason(error.kind()), "a token was refused");
            TokenError::Invalid
        })?;
        if decoded.header.kid.as_deref() != Some(&self.keys.id) {
            return Err(TokenError::Invalid);
        }
        let Claims {
            sub,
            role,
            sid,
            iat,
            exp,
            ..
        } = decoded.claims;
        let expires = Timestamp::from_second(exp).map_err(|_| TokenError::Invalid)?;
        let caller = Caller {
            user: sub,
            role,
            session: sid,
            expires,
        };
        Self::is_current(&caller, now)?;
        if iat > now.as_second().saturating_add(Self::LEEWAY.as_secs()) {
            return Err(TokenError::Early);
        }
        Ok(caller)
    }

    /// Whether a token that was good before still is.
    pub(crate) fn is_current(caller: &Caller, now: Timestamp) -> Result<(), TokenError> {
        let end = caller.expires.as_second().saturating_add(Self::LEEWAY.as_secs());
        if now.as_second() > end {
            Err(TokenError::Expired(caller.expires))
        } else {
            Ok(())
        }
    }
}

/// A word for the log; the library's message may quote the token.
fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidSignature => "signature",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "algorithm",
        ErrorKind::InvalidIssuer | ErrorKind::InvalidAudience => "issuer or audience",
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::InvalidClaimFormat(_) => "claims",
        _ => "shape",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use serde_json::json;

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    fn asha() -> UserId {
        UserId::derive(1, &[b"asha"])
    }

    fn session() -> SessionId {
        SessionId::derive(1, &[b"login"])
    }

    fn tokens(seed: u8) -> AccessTokens {
        AccessTokens::new(Keys::from_seed([seed; 32]))
    }

    fn after(seconds: i64) -> Timestamp {
        NOW + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_token_is_good_for_fifteen_minutes() {
        for tokens in [
            tokens(1),
            AccessTokens::new(Keys::shared_secret("0123456789abcdef0123456789abcdef")),
        ] {
            let token = tokens.issue(asha(), Role::Rider, session(), NOW);
            let caller = tokens.check(&token, NOW).unwrap();
            assert_eq!(
                (caller.user, caller.role, caller.session),
                (asha(), Role::Rider, session())
            );
            assert!(
                tokens.check(&token, after(15 * 60 + 30)).is_ok(),
                "clocks may be half a minute apart"
            );
            assert_eq!(
                tokens.check(&token, after(15 * 60 + 31)),
                Err(TokenError::Expired(after(15 * 60)))
            );
            assert_eq!(tokens.check(&token, after(-31)), Err(TokenError::Early));
        }
    }

    #[test]
    fn another_key_or_a_changed_claim_is_refused() {
        let token = tokens(1).issue(asha(), Role::Rider, session(), NOW);
        assert_eq!(tokens(2).check(&token, NOW), Err(TokenError::Invalid));
        let parts: Vec<&str> = token.split('.').collect();
        let claims = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        let claims = BASE64_URL_SAFE_NO_PAD.encode(claims.replace("rider", "admin"));
        let forged = [parts[0], &claims, parts[2]].join(".");
        assert_eq!(tokens(1).check(&forged, NOW), Err(TokenError::Invalid));
        for text in ["", "a.b.c", "…", &token[..token.len() - 1]] {
            assert_eq!(tokens(1).check(text, NOW), Err(TokenError::Invalid), "{text}");
        }
    }

    #[test]
    fn the_algorithm_is_ours_not_the_tokens() {
        let ours = tokens(1);
        let token = ours.issue(asha(), Role::Rider, session(), NOW);
        let payload = token.split('.').nth(1).unwrap();
        let none = BASE64_URL_SAFE_NO_PAD.encode(json!({"alg": "none", "kid": ours.keys.id}).to_string());
        assert_eq!(
            ours.check(&format!("{none}.{payload}."), NOW),
            Err(TokenError::Invalid)
        );

        // The classic: the public key, which everyone has, used as an HMAC secret.
        let jwks = ours.keys().jwks();
        let public = BASE64_URL_SAFE_NO_PAD
            .decode(jwks["keys"][0]["x"].as_str().unwrap())
            .unwrap();
        let header = Header {
            kid: Some(ours.keys.id.clone()),
            ..Header::new(jsonwebtoken::Algorithm::HS256)
        };
        let claims: Claims =
            serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
        let key = jsonwebtoken::EncodingKey::from_secret(&public);
        let confused = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        assert_eq!(ours.check(&confused, NOW), Err(TokenError::Invalid));
    }

    #[test]
    fn a_token_for_another_audience_is_refused() {
        let ours = tokens(1);
        let header = Header {
            kid: Some(ours.keys.id.clone()),
            ..Header::new(ours.keys.algorithm)
        };
        let claims = json!({"iss": ISSUER, "aud": "elsewhere", "sub": asha(), "role": "rider", "sid": session(),
            "iat": NOW.as_second(), "exp": NOW.as_second() + 60});
        let token = jsonwebtoken::encode(&header, &claims, &ours.keys.sign).unwrap();
        assert_eq!(ours.check(&token, NOW), Err(TokenError::Invalid));
    }
}
