//! The routes, and who may call them.

use super::{
    accounts::{Accounts, NewPerson},
    bodies::{ChangeRoles, Me, Refresh, SignIn, SignUp, Tokens, UserRef},
    logins::Logins,
};
use aide::axum::{
    ApiRouter,
    routing::{get_with, post_with},
};
use axum::extract::State;
use interstate_auth::{Access, Caller, Row};
use interstate_http::{
    Answer, ConsistencyToken, Created, IdempotencyKey, Json, Path, Problem, RequestContext,
};
use interstate_schemas::{Role, UserId};
use schemars::JsonSchema;
use serde::Deserialize;

/// Who may call what.
pub const POLICY: &[Row] = &[
    Row::new("POST", "/v1/users", Access::Public),
    Row::new("GET", "/v1/users/me", Access::SignedIn),
    Row::new("DELETE", "/v1/users/me", Access::SignedIn),
    Row::new("POST", "/v1/users/{id}/roles", Access::Roles(&[Role::Admin])),
    Row::new("POST", "/v1/sessions", Access::Public),
    Row::new("POST", "/v1/sessions/refresh", Access::Public),
    Row::new("POST", "/v1/sessions/me/logout", Access::SignedIn),
    Row::new("GET", "/.well-known/jwks.json", Access::Public),
];

/// The routes.
pub fn router(logins: Logins) -> ApiRouter {
    let of_accounts = ApiRouter::new()
        .api_route(
            "/v1/users",
            post_with(sign_up, |op| op.summary("Sign up as a rider or a driver")),
        )
        .api_route(
            "/v1/users/me",
            get_with(me, |op| op.summary("Who one is")).delete_with(erase, |op| {
                op.summary("Erase one's account and everything personal")
            }),
        )
        .api_route(
            "/v1/users/{id}/roles",
            post_with(change_roles, |op| {
                op.summary("Give a user these roles and no others")
            }),
        )
        .with_state(logins.clone());
    let of_logins = ApiRouter::new()
        .api_route("/v1/sessions", post_with(sign_in, |op| {
            op.summary("Sign in").description(
                "A repeat with the same `Idempotency-Key` is the same login with a new refresh token. The key of a \
                 login is bound to the account and the role: for another one it is refused. A refused password uses \
                 no key up.",
            )
        }))
        .api_route(
            "/v1/sessions/refresh",
            post_with(refresh, |op| {
                op.summary("Exchange a refresh token for new tokens")
                    .description("A token that comes a second time ends the login for everyone who has it.")
            }),
        )
        .api_route(
            "/v1/sessions/me/logout",
            post_with(sign_out, |op| op.summary("Sign out")),
        )
        .api_route(
            "/.well-known/jwks.json",
            get_with(jwks, |op| {
                op.summary("The public keys of access tokens (RFC 7517)")
            }),
        )
        .with_state(logins);
    of_accounts.merge(of_logins)
}

#[derive(Debug, Deserialize, JsonSchema)]
struct UserPath {
    /// The account.
    id: UserId,
}

fn trace(context: &RequestContext) -> Option<String> {
    Some(context.trace.to_string())
}

async fn sign_up(
    State(accounts): State<Accounts>,
    key: IdempotencyKey,
    context: RequestContext,
    Json(body): Json<SignUp>,
) -> Result<Created<Me>, Problem> {
    let person = NewPerson {
        name: body.name,
        email: body.email,
        phone: body.phone,
        password: body.password,
        role: body.role,
    };
    let signed_up = accounts.sign_up(person, key.as_str(), trace(&context)).await?;
    Ok(Created::new(signed_up.me)
        .token(signed_up.token)
        .location("/v1/users/me"))
}

async fn me(
    State(accounts): State<Accounts>,
    caller: Caller,
    seen: ConsistencyToken,
) -> Result<Answer<Me>, Problem> {
    Ok(Answer::new(accounts.me(caller.user, &seen).await?))
}

async fn erase(
    State(logins): State<Logins>,
    caller: Caller,
    context: RequestContext,
) -> Result<Answer<UserRef>, Problem> {
    let token = logins.erase(caller.user, caller.actor(), trace(&context)).await?;
    Ok(Answer::new(UserRef { id: caller.user }).token(token))
}

async fn change_roles(
    State(logins): State<Logins>,
    caller: Caller,
    key: IdempotencyKey,
    context: RequestContext,
    Path(UserPath { id }): Path<UserPath>,
    Json(body): Json<ChangeRoles>,
) -> Result<Answer<UserRef>, Problem> {
    let token = logins
        .change_roles(id, body.roles, &caller, key.as_str(), trace(&context))
        .await?;
    Ok(Answer::new(UserRef { id }).token(token))
}

async fn sign_in(
    State(logins): State<Logins>,
    key: IdempotencyKey,
    seen: ConsistencyToken,
    context: RequestContext,
    Json(body): Json<SignIn>,
) -> Result<Created<Tokens>, Problem> {
    let (tokens, token) = logins.sign_in(body, key.as_str(), &seen, trace(&context)).await?;
    Ok(Created::new(tokens).token(token))
}

async fn refresh(
    State(logins): State<Logins>,
    key: IdempotencyKey,
    context: RequestContext,
    Json(body): Json<Refresh>,
) -> Result<Answer<Tokens>, Problem> {
    let (tokens, token) = logins
        .refresh(&body.refresh_token, key.as_str(), trace(&context))
        .await?;
    Ok(Answer::new(tokens).token(token))
}

async fn sign_out(
    State(logins): State<Logins>,
    caller: Caller,
    _key: IdempotencyKey,
    context: RequestContext,
) -> Result<Answer<UserRef>, Problem> {
    let token = logins.sign_out(&caller, trace(&context)).await?;
    Ok(Answer::new(UserRef { id: caller.user }).token(token))
}

async fn jwks(State(logins): State<Logins>) -> Json<serde_json::Value> {
    Json(logins.jwks())
}
