//! Logins: signing in, renewing, signing out.

use super::{
    accounts::Accounts,
    backoff::Backoff,
    bodies::{SignIn, Tokens},
    codes, problems,
};
use crate::domain::{CloseReason, Refresh, SessionCommand};
use axum::extract::FromRef;
use futures::{StreamExt, TryStreamExt};
use interstate_auth::{AccessTokens, Caller, RefreshToken, WallClock};
use interstate_eventing::runtime::Ask;
use interstate_http::{ConsistencyToken, Problem, Rate, token};
use interstate_live::{Live, logins::EndedLogins, rates::RateLimit};
use interstate_schemas::{Actor, CommandId, Role, SessionId, UserId, millis_of};
use std::{sync::Arc, time::Duration};

/// Attempts a minute for one e-mail address, right or wrong: each costs a slow hash.
const ATTEMPTS: Rate = Rate {
    per_second: 0.5,
    burst: 20.0,
};
/// Logins of one person that are ended side by side.
const CLOSED_AT_ONCE: usize = 16;
/// Addresses that are told apart.
const ADDRESSES: usize = 50_000;

/// What can be done with logins.
#[derive(Clone)]
pub struct Logins {
    accounts: Accounts,
    tokens: AccessTokens,
    clock: WallClock,
    attempts: Arc<dyn RateLimit>,
    ended: Arc<dyn EndedLogins>,
    backoff: Arc<Backoff>,
}

impl Logins {
    /// Logins to these accounts. `clock` is real time: tokens are for real people.
    pub fn new(accounts: Accounts, tokens: AccessTokens, clock: WallClock, live: &Live) -> Self {
        Self {
            accounts,
            tokens,
            clock,
            attempts: live.limit("login", ATTEMPTS, ADDRESSES),
            ended: live.ended_logins(),
            backoff: Arc::default(),
        }
    }

    /// The public keys that access tokens are checked with.
    pub(super) fn jwks(&self) -> serde_json::Value {
        self.tokens.keys().jwks()
    }

    /// Signs in. An unknown address takes as long as a wrong password, and answers the same.
    pub async fn sign_in(
        &self,
        request: SignIn,
        key: &str,
        seen: &ConsistencyToken,
        trace: Option<String>,
    ) -> Result<(Tokens, ConsistencyToken), Problem> {
        self.accounts.shows(seen).await?;
        let account = self.accounts.unique.key("email", request.email.as_str());
        let slow_down = |wait| {
            Problem::new(
                &codes::LOGIN_LOCKED,
                "There were too many attempts for this account.",
            )
            .retry_after(wait)
        };
        self.backoff.check(&account, (self.clock)()).map_err(slow_down)?;
        self.attempts.take(&account).await.map_err(slow_down)?;
        let login = self.accounts.people.login(&account).await?;
        let (known, credential) = match login {
            Some(login) => (
                Some((login.user, login.roles)),
                self.accounts.open(login.credential).await?,
            ),
            None => (None, None),
        };
        let hash = credential.as_ref().map(|credential| credential.hash.as_str());
        let right = self.accounts.passwords.verify(request.password, hash).await?;
        let Some((user, roles)) = known.filter(|_| right) else {
            self.backoff.failed(&account, (self.clock)());
            return Err(login_refused());
        };
        self.backoff.succeeded(&account);
        let role = match request.role {
            Some(role) => roles.contains(&role).then_some(role),
            None => roles.first().copied(),
        };
        let role = role.ok_or_else(login_refused)?;
        self.use_key(user, role, key).await?;
        self.open(user, role, key, trace).await
    }

    /// The same key with somebody else's login would make another login, and go unnoticed. Nobody is signed in yet,
    /// so the key has to be new among all who sign in; and only who has proven to be somebody uses one up, so that a
    /// mistyped password can be mended under the same key.
    async fn use_key(&self, user: UserId, role: Role, key: &str) -> Result<(), Problem> {
        const ROUTE: &str = "POST /v1/sessions";
        let (commands, login) = (&self.accounts.commands, (user, role));
        let used = commands.use_key(crate::NAME, Actor::System, ROUTE, key, &login);
        used.await.map(drop).map_err(problems::asked)
    }

    async fn open(
        &self,
        user: UserId,
        role: Role,
        key: &str,
        trace: Option<String>,
    ) -> Result<(Tokens, ConsistencyToken), Problem> {
        let session = SessionId::derive(
            millis_of(key),
            &[
                user.to_string().as_bytes(),
                role.as_str().as_bytes(),
                key.as_bytes(),
            ],
        );
        let refresh = RefreshToken::generate(&mut rand::rng());
        let command = SessionCommand::Open {
            user,
            role,
            token: refresh.hash(),
        };
        let ask = Ask::to(session, &command, Actor::User { id: user, role }).trace(trace);
        let answered = self.accounts.commands.ask(ask).await.map_err(problems::asked)?;
        Ok((self.issue(user, role, session, &refresh), token(&answered)))
    }

    /// Exchanges a refresh token for new tokens.
    pub async fn refresh(
        &self,
        text: &str,
        key: &str,
        trace: Option<String>,
    ) -> Result<(Tokens, ConsistencyToken), Problem> {
        let (session, sent) = parse(text).ok_or_else(session_ended)?;
        let next = RefreshToken::generate(&mut rand::rng());
        let command = SessionCommand::Refresh {
            sent: sent.hash(),
            next: next.hash(),
            request: CommandId::derive(0, &[b"refresh", session.to_string().as_bytes(), key.as_bytes()]),
        };
        let ask = Ask::to(session, &command, edge()).trace(trace.clone());
        let answered = self.accounts.commands.ask(ask).await.map_err(problems::asked)?;
        let renewed: Refresh = answered.decode().map_err(Problem::internal)?;
        let Refresh::Renewed { user, role } = renewed else {
            tracing::warn!(%session, "a refresh token was used twice; the session has ended");
            self.refuse(session).await;
            return Err(session_ended());
        };
        if !self.accounts.has(user, role, edge()).await? {
            self.close(session, CloseReason::RoleTaken, edge(), trace).await?;
            return Err(session_ended());
        }
        Ok((self.issue(user, role, session, &next), token(&answered)))
    }

    /// Gives a person these roles and no others. Where one was taken, all their logins end.
    pub async fn change_roles(
        &self,
        user: UserId,
        roles: Vec<Role>,
        caller: &Caller,
        key: &str,
        trace: Option<String>,
    ) -> Result<ConsistencyToken, Problem> {
        if !self.accounts.administers(caller.user).await? {
            return Err(Problem::new(
                &interstate_auth::codes::FORBIDDEN,
                "Roles are granted and taken by administrators, and this login is not one's any more.",
            ));
        }
        let changed = self
            .accounts
            .change_roles(user, roles, caller.actor(), key, trace.clone());
        let (sessions, token) = changed.await?;
        let ended = futures::stream::iter(sessions)
            .map(|session| self.close(session, CloseReason::RoleTaken, edge(), trace.clone()))
            .buffer_unordered(CLOSED_AT_ONCE)
            .try_collect::<Vec<_>>();
        ended.await?;
        Ok(token)
    }

    /// Ends the caller's login.
    pub async fn sign_out(
        &self,
        caller: &Caller,
        trace: Option<String>,
    ) -> Result<ConsistencyToken, Problem> {
        self.close(caller.session, CloseReason::SignedOut, caller.actor(), trace)
            .await
    }

    async fn close(
        &self,
        session: SessionId,
        reason: CloseReason,
        actor: Actor,
        trace: Option<String>,
    ) -> Result<ConsistencyToken, Problem> {
        let ask = Ask::to(session, &SessionCommand::Close { reason }, actor).trace(trace);
        let answered = self.accounts.commands.ask(ask).await.map_err(problems::asked)?;
        self.refuse(session).await;
        Ok(token(&answered))
    }

    /// Erases the caller: the account ends, and with it every login.
    pub async fn erase(
        &self,
        user: UserId,
        actor: Actor,
        trace: Option<String>,
    ) -> Result<ConsistencyToken, Problem> {
        let (sessions, token) = self.accounts.erase(user, actor, trace).await?;
        for session in sessions {
            self.refuse(session).await;
        }
        Ok(token)
    }

    /// From here on the session's access tokens, which live for minutes, are refused everywhere. Whoever asked is
    /// answered only then; where the process ends before, they ask again.
    async fn refuse(&self, session: SessionId) {
        let life = self.tokens.life() + AccessTokens::LEEWAY;
        let life = Duration::try_from(life).unwrap_or_default();
        self.ended.end(&session.to_string(), life).await;
    }

    fn issue(&self, user: UserId, role: Role, session: SessionId, refresh: &RefreshToken) -> Tokens {
        Tokens {
            access_token: self.tokens.issue(user, role, session, (self.clock)()),
            token_type: "Bearer".to_owned(),
            expires_in: self.tokens.life().as_secs(),
            refresh_token: format!("{session}.{}", refresh.expose()),
            session,
            user,
            role,
        }
    }
}

/// Handlers of accounts' routes take the accounts alone.
impl FromRef<Logins> for Accounts {
    fn from_ref(logins: &Logins) -> Self {
        logins.accounts.clone()
    }
}

/// A refresh token names its session, so that a renewal needs no lookup.
fn parse(text: &str) -> Option<(SessionId, RefreshToken)> {
    let (session, token) = text.split_once('.')?;
    Some((session.parse().ok()?, RefreshToken::parse(token)?))
}

/// Whoever renews a login is known only afterwards.
fn edge() -> Actor {
    Actor::Service("user".to_owned())
}

fn login_refused() -> Problem {
    Problem::new(&codes::LOGIN_REFUSED, "E-mail address or password is wrong.")
}

fn session_ended() -> Problem {
    Problem::new(&codes::SESSION_ENDED, "The refresh token is not good any more.")
}
