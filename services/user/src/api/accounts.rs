//! Accounts: signing up, looking at oneself, being forgotten.

use super::{bodies::Me, problems};
use crate::{
    domain::{Credential, Profile, Registration, UserCommand},
    read::{People, Standing},
};
use interstate_auth::{Email, Passwords, Phone, UniqueValues};
use interstate_eventing::{
    projection::ReadPosition,
    runtime::{Ask, Clock, Commands},
    sealed::{KeyError, KeyRing, Opened, Sealed},
};
use interstate_http::{ConsistencyToken, Position, Problem, catch_up, codes as edge, token};
use interstate_schemas::{Actor, Role, SessionId, UserId, millis_of};
use serde::de::DeserializeOwned;
use std::{sync::Arc, time::Duration};

/// How long an answer waits for both contacts to be claimed. Milliseconds are normal.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

/// Somebody who wants an account.
#[derive(Clone)]
pub struct NewPerson {
    /// 1 to 100 characters.
    pub name: String,
    /// Signs in.
    pub email: Email,
    /// Where the driver or the rider calls.
    pub phone: Phone,
    /// 8 to 128 characters.
    pub password: String,
    /// As what.
    pub role: Role,
}

/// Somebody who has one.
#[derive(Debug, Clone)]
pub struct SignedUp {
    /// The account.
    pub me: Me,
    /// A read model that has come this far shows it.
    pub token: ConsistencyToken,
}

/// What can be done with accounts.
#[derive(Clone)]
pub struct Accounts {
    pub(super) commands: Commands,
    pub(super) people: Arc<dyn People>,
    position: ReadPosition,
    pub(super) keys: Arc<dyn KeyRing>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) unique: UniqueValues,
    pub(super) passwords: Passwords,
}

impl Accounts {
    /// Everything that it needs.
    pub fn new(
        commands: Commands,
        people: Arc<dyn People>,
        position: ReadPosition,
        keys: Arc<dyn KeyRing>,
        clock: Arc<dyn Clock>,
        unique: UniqueValues,
        passwords: Passwords,
    ) -> Self {
        Self {
            commands,
            people,
            position,
            keys,
            clock,
            unique,
            passwords,
        }
    }

    /// Signs a rider or a driver up. A repeat with the same key answers the same.
    pub async fn sign_up(
        &self,
        person: NewPerson,
        key: &str,
        trace: Option<String>,
    ) -> Result<SignedUp, Problem> {
        let user = self.user_of(&person.email, key);
        let actor = Actor::User {
            id: user,
            role: person.role,
        };
        // First what may be wrong with the request: whoever mends it uses the same key.
        let hash = self.hash(&person).await?;
        self.use_key(&person, key).await?;
        let password = person.password.clone();
        let signed_up = self.register(user, person, hash.clone(), actor, trace).await?;
        self.is_its_password(user, password, &hash).await?;
        Ok(signed_up)
    }

    /// Another person's request under the same key would be another user's, and go unnoticed. Nobody is signed in
    /// yet, so the key has to be new among all who sign up.
    async fn use_key(&self, person: &NewPerson, key: &str) -> Result<(), Problem> {
        let NewPerson {
            name,
            email,
            phone,
            role,
            password: _,
        } = person;
        let request = self
            .unique
            .key("sign-up", &format!("{role}\n{}\n{phone}\n{name}", email.as_str()));
        let used = self
            .commands
            .use_key(crate::NAME, Actor::System, "POST /v1/users", key, &request);
        used.await.map(drop).map_err(problems::asked)
    }

    /// No hash of the request holds the password: it could be guessed from that much faster than from the one that
    /// is kept. So a repeat is compared with the latter.
    async fn is_its_password(&self, user: UserId, password: String, ours: &str) -> Result<(), Problem> {
        let Some(Credential { hash }) = self.kept(user).await? else {
            return Ok(());
        };
        if hash == ours || self.passwords.verify(password, Some(&hash)).await? {
            return Ok(());
        }
        Err(Problem::new(
            &edge::IDEMPOTENCY_KEY_REUSED,
            "This Idempotency-Key was used before, with another password.",
        ))
    }

    /// The credential that a user has.
    async fn kept(&self, user: UserId) -> Result<Option<Credential>, Problem> {
        match self.people.credential(user).await? {
            Some(sealed) => self.open(sealed).await,
            None => Ok(None),
        }
    }

    /// Gives a person of the operator's staff an account: how a new platform gets its first administrator. Not
    /// reachable from outside. Doing it again changes nothing.
    pub async fn register_staff(&self, person: NewPerson) -> Result<SignedUp, Problem> {
        let user = self.user_of(&person.email, "staff");
        let hash = self.hash(&person).await?;
        self.register(user, person, hash, Actor::System, None).await
    }

    /// The same for a person who has no account at all: one who has keeps password and roles as they are.
    pub async fn add_staff(&self, person: NewPerson) -> Result<SignedUp, Problem> {
        let user = self.user_of(&person.email, "staff");
        let hash = self.hash(&person).await?;
        let made = self
            .register(user, person, hash.clone(), Actor::System, None)
            .await?;
        match self.kept(user).await? {
            Some(kept) if kept.hash == hash => Ok(made),
            _ => Err(problems::refused("user-email-taken")),
        }
    }

    /// A repeat finds the same user: the id is made of the address and the request's key. No secret, but nothing
    /// can be told from it either.
    fn user_of(&self, email: &Email, key: &str) -> UserId {
        let email = self.unique.key("email", email.as_str());
        UserId::derive(
            millis_of(key),
            &[b"registration", email.as_bytes(), key.as_bytes()],
        )
    }

    /// The password's hash, where the rest would do as well: it costs the most.
    async fn hash(&self, person: &NewPerson) -> Result<String, Problem> {
        name(&person.name)?;
        Ok(self.passwords.hash(person.password.clone()).await?)
    }

    async fn register(
        &self,
        user: UserId,
        person: NewPerson,
        hash: String,
        actor: Actor,
        trace: Option<String>,
    ) -> Result<SignedUp, Problem> {
        let name = name(&person.name)?;
        let request = format!("{}\n{}\n{name}", person.role, person.phone);
        let profile = Profile {
            name,
            email: person.email,
            phone: person.phone,
        };
        let (email_key, phone_key) = (
            self.unique.key("email", profile.email.as_str()),
            self.unique.key("phone", profile.phone.as_str()),
        );
        let sealed = self
            .blocking(move |keys| Ok((keys.seal(user, &profile)?, keys.seal(user, &Credential { hash })?)));
        let token = match sealed.await {
            Ok((profile, credential)) => {
                let command = UserCommand::Register(Registration {
                    request: self.unique.key("registration", &request),
                    email_key,
                    phone_key,
                    role: person.role,
                    profile,
                    credential,
                });
                let ask = Ask::to(user, &command, actor).trace(trace);
                token(&self.commands.ask(ask).await.map_err(problems::asked)?)
            }
            // A repeat of what was refused before: its outcome is still known.
            Err(KeyError::Erased(_)) => ConsistencyToken::default(),
            Err(error) => return Err(Problem::internal(error)),
        };
        self.registered(user, token).await
    }

    /// Waits until it is decided.
    async fn registered(&self, user: UserId, mut token: ConsistencyToken) -> Result<SignedUp, Problem> {
        let (mut left, mut pause) = (PATIENCE, Duration::from_millis(2));
        while !left.is_zero() {
            let person = self.people.person(user).await?;
            match person.as_ref().map(|person| &person.standing) {
                Some(Standing::Active { .. }) => {
                    let sequence = person.map_or(0, |person| person.sequence);
                    if let Some(begun) = token.entries().first().cloned() {
                        token.add(Position { sequence, ..begun });
                    }
                    let me = self.me(user, &token).await?;
                    return Ok(SignedUp { me, token });
                }
                Some(Standing::Refused(code)) => {
                    self.forget(user).await?;
                    return Err(problems::refused(code));
                }
                Some(Standing::Erased) => return Err(problems::refused("user-not-active")),
                Some(Standing::Registering) | None => {}
            }
            self.clock.sleep(pause).await;
            left = left.saturating_sub(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(Problem::new(
            &edge::TIMED_OUT,
            "The registration is not finished yet; repeat the request with the same Idempotency-Key.",
        ))
    }

    /// Waits until the read model shows what the token has seen.
    pub(super) async fn shows(&self, token: &ConsistencyToken) -> Result<(), Problem> {
        catch_up(&self.position, Some(token), None).await
    }

    /// A person as they see themselves, not older than the token.
    pub async fn me(&self, user: UserId, token: &ConsistencyToken) -> Result<Me, Problem> {
        self.shows(token).await?;
        let person = self.people.person(user).await?;
        let Some((Standing::Active { roles, profile }, since)) =
            person.map(|person| (person.standing, person.since))
        else {
            return Err(Problem::not_found("account for this login any more"));
        };
        let profile = self.open(profile).await?;
        let profile = profile.ok_or_else(|| Problem::not_found("account for this login any more"))?;
        Ok(Me {
            id: user,
            name: profile.name,
            email: profile.email,
            phone: profile.phone,
            roles,
            since,
        })
    }

    /// Erases a person: the account ends, the contacts are free again, and nobody can read what was known. Says which
    /// logins have ended.
    pub(super) async fn erase(
        &self,
        user: UserId,
        actor: Actor,
        trace: Option<String>,
    ) -> Result<(Vec<SessionId>, ConsistencyToken), Problem> {
        let sessions: Vec<SessionId> = self.people.sessions(user).await?;
        let erase = UserCommand::Erase {
            sessions: sessions.clone(),
        };
        let ask = Ask::to(user, &erase, actor).trace(trace);
        let answered = self.commands.ask(ask).await.map_err(problems::asked)?;
        self.forget(user).await?;
        Ok((sessions, token(&answered)))
    }

    /// Gives a person these roles and no others. Says which logins have to end, because a role was taken.
    pub(super) async fn change_roles(
        &self,
        user: UserId,
        roles: Vec<Role>,
        actor: Actor,
        key: &str,
        trace: Option<String>,
    ) -> Result<(Vec<SessionId>, ConsistencyToken), Problem> {
        let ask = Ask::to(user, &UserCommand::ChangeRoles { roles }, actor);
        let ask = ask.idempotent("POST /v1/users/{id}/roles", key).trace(trace);
        let answered = self.commands.ask(ask).await.map_err(problems::asked)?;
        // A build before this one says nothing: then they end, needed or not.
        let taken: Option<bool> = answered.decode().map_err(Problem::internal)?;
        let sessions = match taken.unwrap_or(true) {
            true => self.people.sessions(user).await?,
            false => Vec::new(),
        };
        Ok((sessions, token(&answered)))
    }

    /// Whether somebody who is known here is an administrator now. An access token says what its login was.
    pub(super) async fn administers(&self, user: UserId) -> Result<bool, Problem> {
        Ok(
            match self.people.person(user).await?.map(|person| person.standing) {
                Some(Standing::Active { roles, .. }) => roles.contains(&Role::Admin),
                Some(_) => false,
                // Whom a gateway signs in need not have an account.
                None => true,
            },
        )
    }

    /// Whether somebody is signed up with a role. Where the read model does not say so it is asked what was decided: the
    /// read model may be behind, or away.
    pub(super) async fn has(&self, user: UserId, role: Role, actor: Actor) -> Result<bool, Problem> {
        let known = self.people.person(user).await.ok().flatten();
        let standing = known.map(|person| person.standing);
        if matches!(&standing, Some(Standing::Active { roles, .. }) if roles.contains(&role)) {
            return Ok(true);
        }
        let answered = self
            .commands
            .ask(Ask::to(user, &UserCommand::Has { role }, actor))
            .await;
        answered
            .map_err(problems::asked)?
            .decode()
            .map_err(Problem::internal)
    }

    /// What was sealed; nothing where the person was erased.
    pub(super) async fn open<T>(&self, sealed: Sealed<T>) -> Result<Option<T>, Problem>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let opened = self.blocking(move |keys| keys.open(&sealed)).await;
        opened.map(Opened::value).map_err(Problem::internal)
    }

    async fn forget(&self, user: UserId) -> Result<(), Problem> {
        let destroyed = self.blocking(move |keys| keys.destroy(&user.to_string()));
        destroyed.await.map_err(Problem::internal)
    }

    /// Keys are on a disk.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn KeyRing) -> Result<T, KeyError> + Send + 'static,
    ) -> Result<T, KeyError> {
        let keys = self.keys.clone();
        tokio::task::spawn_blocking(move || work(&*keys))
            .await
            .expect("work with keys does not panic")
    }
}

fn name(text: &str) -> Result<String, Problem> {
    let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        return Ok(name);
    }
    let problem = Problem::new(&edge::INVALID_BODY, "The name does not fit.");
    Err(problem.field("/name", "a name has 1 to 100 characters"))
}
