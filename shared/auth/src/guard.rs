//! Holds the edge to the policy, deny by default.

use crate::{
    Access, AccessTokens, Caller, Gateway, Policy, TokenError, codes,
    gateway::{self, Malformed},
};
use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use interstate_http::{Problem, Rate, codes as edge};
use interstate_live::{Live, logins::EndedLogins, rates::RateLimit};
use interstate_schemas::Timestamp;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Tells real time. Not the domain's clock: that one may run a hundred times faster.
pub type WallClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Checks tokens and roles before a handler runs:
/// `router.layer(axum::middleware::from_fn_with_state(guard, Guard::enforce))`.
#[derive(Clone)]
pub struct Guard(Arc<Parts>);

struct Parts {
    tokens: AccessTokens,
    policy: Policy,
    clock: WallClock,
    limits: Limits,
    gateway: Option<Gateway>,
    /// Tokens that were checked before, by their hash. A signature costs 50 µs to check, a hash 1 µs.
    checked: Mutex<HashMap<[u8; 32], Caller>>,
}

/// What holds for a caller at all instances together.
#[derive(Debug, Clone)]
pub struct Limits {
    per_user: Option<Arc<dyn RateLimit>>,
    ended: Arc<dyn EndedLogins>,
}

impl Limits {
    /// Users that are told apart for the rate limit.
    const USERS: usize = 50_000;

    /// `per_user` limits each signed-in user of this service.
    pub fn new(live: &Live, service: &str, per_user: Option<Rate>) -> Self {
        let limit = |rate| live.limit(&format!("user:{service}"), rate, Self::USERS);
        Self {
            per_user: per_user.map(limit),
            ended: live.ended_logins(),
        }
    }

    /// Whether a caller is still welcome; both questions at once, for each may go to a server.
    async fn admit(&self, admitted: &Admitted) -> Result<(), Problem> {
        let caller = &admitted.caller;
        let ended = async {
            // A gateway's logins end at the gateway.
            !admitted.by_gateway && self.ended.has_ended(&caller.session.to_string()).await
        };
        let taken = async {
            match &self.per_user {
                Some(limit) => limit.take(&caller.user.to_string()).await,
                None => Ok(()),
            }
        };
        let (ended, taken) = tokio::join!(ended, taken);
        if ended {
            return Err(Problem::new(
                &codes::UNAUTHENTICATED,
                "The login has ended: sign in again.",
            ));
        }
        taken.map_err(|wait| {
            Problem::new(&edge::RATE_LIMITED, "You send too many requests.").retry_after(wait)
        })
    }
}

/// Somebody whose token or gateway is right, and whose role fits.
struct Admitted {
    caller: Caller,
    by_gateway: bool,
    /// Whether the route is open to everyone: then whoever is not welcome any more is nobody.
    open: bool,
}

impl Guard {
    /// Tokens that are remembered at a time; then it begins anew.
    const REMEMBERED: usize = 8_192;

    /// Lets in by `policy` whom `tokens` says they are, within `limits`.
    pub fn new(tokens: AccessTokens, policy: Policy, clock: WallClock, limits: Limits) -> Self {
        Self::behind(None, tokens, policy, clock, limits)
    }

    /// The same behind a gateway, which may say who calls.
    pub fn behind(
        gateway: Option<Gateway>,
        tokens: AccessTokens,
        policy: Policy,
        clock: WallClock,
        limits: Limits,
    ) -> Self {
        Self(Arc::new(Parts {
            tokens,
            policy,
            clock,
            limits,
            gateway,
            checked: Mutex::default(),
        }))
    }

    /// The tokens that it checks with.
    pub fn tokens(&self) -> &AccessTokens {
        &self.0.tokens
    }

    /// The middleware. Puts the [`Caller`] on the request.
    pub async fn enforce(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
        let admitted = guard.admit(&request);
        let admitted = match admitted {
            Ok(Some(admitted)) => guard.within_limits(admitted).await,
            Ok(None) => Ok(None),
            Err(problem) => Err(problem),
        };
        gateway::strip(request.headers_mut());
        match admitted {
            Ok(caller) => {
                if let Some(caller) = caller {
                    request.extensions_mut().insert(caller);
                }
                next.run(request).await
            }
            Err(problem) => {
                let unauthenticated = problem.status() == 401;
                let mut response = problem.into_response();
                if unauthenticated {
                    // RFC 9110 section 15.5.2: a 401 says how to sign in.
                    response
                        .headers_mut()
                        .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                }
                response
            }
        }
    }

    async fn within_limits(&self, admitted: Admitted) -> Result<Option<Caller>, Problem> {
        match self.0.limits.admit(&admitted).await {
            Ok(()) => Ok(Some(admitted.caller)),
            Err(problem) if admitted.open && problem.status() == 401 => Ok(None),
            Err(problem) => Err(problem),
        }
    }

    /// Who calls, where they may; the reason where they may not.
    fn admit(&self, request: &Request) -> Result<Option<Admitted>, Problem> {
        let parts = &*self.0;
        let Some(path) = request.extensions().get::<MatchedPath>() else {
            // No route: the router answers 404 to everyone.
            return Ok(None);
        };
        let method = request.method().as_str();
        let access = parts.policy.access(method, path.as_str()).ok_or_else(|| {
            let others = parts.policy.methods(path.as_str());
            if !others.is_empty() {
                let detail = format!("This path takes {}.", others.join(", "));
                return Problem::new(&edge::METHOD_NOT_ALLOWED, detail).allow(others.join(", "));
            }
            tracing::warn!(method = %request.method(), path = path.as_str(), "a route has no row in the policy");
            Problem::new(&codes::NO_POLICY, "The route has no row in the table of who may call what.")
        })?;
        let signed_in = self.signed_in_by_gateway(request)?;
        let by_gateway = signed_in.is_some();
        let caller = match (bearer(request), access) {
            _ if signed_in.is_some() => signed_in,
            (None, Access::Public) => return Ok(None),
            (None, _) => {
                return Err(Problem::new(
                    &codes::UNAUTHENTICATED,
                    "The request has no access token.",
                ));
            }
            // A page that is open to everyone does not fail for someone whose token has just run out.
            (Some(token), Access::Public) => match self.check(token) {
                Ok(caller) => Some(caller),
                Err(_) => return Ok(None),
            },
            (Some(token), _) => Some(self.check(token).map_err(refused)?),
        };
        let Some(caller) = caller else { return Ok(None) };
        if !access.admits(Some(caller.role)) {
            let roles = if let Access::Roles(roles) = access {
                roles
            } else {
                &[]
            };
            let detail = format!("The route is not for the role {}.", caller.role);
            return Err(Problem::new(&codes::FORBIDDEN, detail).with("roles", roles));
        }
        Ok(Some(Admitted {
            caller,
            by_gateway,
            open: matches!(access, Access::Public),
        }))
    }

    fn signed_in_by_gateway(&self, request: &Request) -> Result<Option<Caller>, Problem> {
        let Some(gateway) = &self.0.gateway else {
            return Ok(None);
        };
        let said = gateway.caller(request.headers(), (self.0.clock)());
        said.map_err(|Malformed| {
            let why = "The gateway names no user with a role: it sends both x-user-id and x-user-role, each once, or \
                       neither.";
            Problem::new(&codes::UNAUTHENTICATED, why)
        })
    }

    fn check(&self, token: &str) -> Result<Caller, TokenError> {
        let now = (self.0.clock)();
        let hash: [u8; 32] = Sha256::digest(token).into();
        let remembered = self.checked().get(&hash).copied();
        if let Some(caller) = remembered {
            AccessTokens::is_current(&caller, now)?;
            return Ok(caller);
        }
        let caller = self.0.tokens.check(token, now)?;
        let mut checked = self.checked();
        if checked.len() >= Self::REMEMBERED {
            checked.clear();
        }
        checked.insert(hash, caller);
        Ok(caller)
    }

    fn checked(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Caller>> {
        self.0.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("policy", &self.0.policy)
            .finish_non_exhaustive()
    }
}

fn bearer(request: &Request) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn refused(error: TokenError) -> Problem {
    let code = match error {
        TokenError::Expired(_) => &codes::TOKEN_EXPIRED,
        TokenError::Invalid | TokenError::Early => &codes::UNAUTHENTICATED,
    };
    let text = error.to_string();
    Problem::new(code, format!("{}{}.", text[..1].to_uppercase(), &text[1..]))
}
