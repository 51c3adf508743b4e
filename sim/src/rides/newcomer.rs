//! People who sign up: two of them want the same address or number, some are refused and take another one, some
//! are forgotten and their contacts go to somebody else. Whoever is signed up can log in.

use crate::{
    clients::{Clients, Told},
    read_models::Shelf,
};
use interstate_auth::UniqueValues;
use interstate_eventing::{
    runtime::{AskError, Commands},
    sealed::{KeyRing, MemoryKeyRing},
};
use interstate_schemas::{Actor, AddressedCommand, CommandId, Role, SessionId, UserId};
use interstate_user::{
    domain::{Credential, Profile, Refresh, Registration, SessionCommand, UserCommand},
    read::{
        ReadError, Standing,
        sqlite::{PeopleProjection, login, person},
    },
};
use rusqlite::Connection;
use std::{
    fmt::Display,
    sync::{Arc, LazyLock},
    time::Duration,
};

/// Accounts that each of them asks for, one after the other.
const ATTEMPTS: u32 = 3;
/// Addresses and numbers that all of them choose from.
const CONTACTS: u64 = 3;
/// A registration that has been taken up ends within this, in nanoseconds.
const ENDS_WITHIN: u64 = 3_600_000_000_000;

/// The service's secret for unique values. Every world has the same.
static UNIQUE: LazyLock<UniqueValues> = LazyLock::new(|| UniqueValues::new(&[7; 32]));

/// Somebody's day.
pub(super) async fn day(clients: Arc<Clients>, number: u32) {
    let newcomer = Newcomer {
        clients,
        number,
        keys: Arc::new(MemoryKeyRing::default()),
    };
    for attempt in 0..ATTEMPTS {
        newcomer.clients.rest(5_000).await;
        newcomer.sign_up(attempt).await;
    }
}

struct Newcomer {
    clients: Arc<Clients>,
    number: u32,
    keys: Arc<dyn KeyRing>,
}

/// An account that somebody asks for.
struct Wanted {
    /// What its keys begin with.
    name: String,
    user: UserId,
    email_key: String,
    hash: String,
}

impl Wanted {
    fn me(&self) -> Actor {
        Actor::User {
            id: self.user,
            role: Role::Rider,
        }
    }
}

impl Newcomer {
    async fn ask<C>(&self, wanted: &Wanted, what: &str, to: impl Display, command: &C) -> Told
    where
        C: AddressedCommand + Sync,
    {
        let key = format!("{what} {}", wanted.name);
        self.clients.insist(&key, to, command, &wanted.me()).await
    }

    /// The same, but each try brings a token of its own, which comes with the answer.
    async fn ask_for_token(
        &self,
        wanted: &Wanted,
        what: &str,
        session: SessionId,
        command: impl Fn(String) -> SessionCommand,
    ) -> (Told, String) {
        let token = |number: u32| format!("{what} {number}");
        let (key, me) = (format!("{what} {}", wanted.name), wanted.me());
        let command = |number| command(token(number));
        let asked = self.clients.insist_anew(&key, session, command, &me);
        let (told, number) = asked.await;
        (told, token(number))
    }

    async fn sign_up(&self, attempt: u32) {
        let (wanted, registration) = self.registration(attempt);
        self.use_key(&wanted, &registration.request).await;
        let register = UserCommand::Register(registration);
        let told = self.ask(&wanted, "sign up", wanted.user, &register).await;
        match &told {
            Told::Yes(_) => {}
            // Three times its task had ended on it: a person will see to it.
            Told::No(why) if why == "command.deadly" => return,
            Told::No(_) => {
                let user = wanted.user;
                return self
                    .clients
                    .complain(format!("{user} asked to sign up, and was told {told:?}"));
            }
        }
        if !self.is_signed_up(&wanted).await {
            return;
        }
        let session = self.sign_in(&wanted, attempt).await;
        if self.clients.draw(0, 3) == 0 {
            self.clients.rest(2_000).await;
            let erase = UserCommand::Erase {
                sessions: vec![session],
            };
            self.ask(&wanted, "erase", wanted.user, &erase).await;
        }
    }

    /// The key is asked first, as the service's edge does it: another request under it is refused.
    async fn use_key(&self, wanted: &Wanted, request: &str) {
        let other = format!("{request} of somebody else");
        if self.clients.draw(0, 3) == 0
            && matches!(self.bind(wanted, request).await, Some(Ok(())))
            && let Some(Ok(())) = self.bind(wanted, &other).await
        {
            let name = &wanted.name;
            self.clients
                .complain(format!("the key of {name} was used for two requests"));
        }
    }

    async fn bind(&self, wanted: &Wanted, request: &str) -> Option<Result<(), AskError>> {
        let (key, request) = (wanted.name.clone(), request.to_owned());
        let bound = |commands: Commands| async move {
            let used = commands
                .use_key(interstate_user::NAME, Actor::System, "sign up", &key, &request)
                .await;
            used.map(drop)
        };
        self.clients.at_a_process(bound, Duration::from_secs(12)).await
    }

    fn registration(&self, attempt: u32) -> (Wanted, Registration) {
        let draw = |top| self.clients.draw(0, top);
        let (email, phone) = (
            format!("person{}@example.com", draw(CONTACTS)),
            format!("+9198765432{:02}", draw(CONTACTS)),
        );
        let email_key = UNIQUE.key("email", &email);
        let name = format!("newcomer {}-{attempt}", self.number);
        let user = UserId::derive(1, &[b"registration", email_key.as_bytes(), name.as_bytes()]);
        let hash = format!("the hash of {name}'s password");
        let profile = Profile {
            name: name.clone(),
            email: email.parse().expect("it is an address"),
            phone: phone.parse().expect("it is a number"),
        };
        let seal = "a person who was never erased has a key";
        let registration = Registration {
            request: UNIQUE.key("registration", &format!("{name} {phone}")),
            email_key: email_key.clone(),
            phone_key: UNIQUE.key("phone", &phone),
            role: Role::Rider,
            profile: self.keys.seal(user, &profile).expect(seal),
            credential: self
                .keys
                .seal(user, &Credential { hash: hash.clone() })
                .expect(seal),
        };
        let wanted = Wanted {
            name,
            user,
            email_key,
            hash,
        };
        (wanted, registration)
    }

    /// Waits for the end of the registration, as the service's edge does it: by the read model of some process.
    async fn is_signed_up(&self, wanted: &Wanted) -> bool {
        let user = wanted.user;
        let standing = self.wait_for(|rows| {
            let found = person(rows, user)?.map(|person| person.standing);
            Ok(found.filter(|standing| *standing != Standing::Registering))
        });
        let Some(standing) = standing.await else {
            self.clients
                .complain(format!("the registration of {user} was taken up and never ended"));
            return false;
        };
        matches!(standing, Standing::Active { .. })
    }

    /// With the address and the password, as the service's edge does it; then the session is renewed.
    async fn sign_in(&self, wanted: &Wanted, attempt: u32) -> SessionId {
        let user = wanted.user;
        // A process that is behind may still know somebody who had the address before.
        let known = self.wait_for(|rows| {
            let found = login(rows, &wanted.email_key)?;
            Ok(found.filter(|login| login.user == user))
        });
        let known = known.await;
        let opened = known.and_then(|known| self.keys.open(&known.credential).ok()?.value());
        if opened.is_none_or(|credential| credential.hash != wanted.hash) {
            self.clients.complain(format!(
                "{user} is signed up, and their address and password are not known"
            ));
        }
        let session = SessionId::derive(1, &[wanted.name.as_bytes(), &attempt.to_be_bytes()]);
        let open = |token| SessionCommand::Open {
            user,
            role: Role::Rider,
            token,
        };
        let (told, token) = self.ask_for_token(wanted, "sign in", session, open).await;
        if !matches!(told, Told::Yes(_)) {
            self.clients
                .complain(format!("{user} is signed up, and cannot sign in: {told:?}"));
        }
        self.renew(wanted, session, token).await;
        session
    }

    /// The token of the try that was answered is good, and for once: whoever comes with it a second time ends the
    /// session.
    async fn renew(&self, wanted: &Wanted, session: SessionId, first: String) {
        let steals = self.clients.draw(0, 3) == 0;
        let mut token = first.clone();
        for (what, is_stolen) in [("renew", false), ("renew again", false), ("steal", true)] {
            if is_stolen && !steals {
                return;
            }
            let sent = if is_stolen { &first } else { &token };
            let refresh = |next| SessionCommand::Refresh {
                sent: sent.clone(),
                next,
                request: CommandId::derive(0, &[wanted.name.as_bytes(), what.as_bytes()]),
            };
            let (told, next) = self.ask_for_token(wanted, what, session, refresh).await;
            let renewed = matches!(told.decode::<Refresh>(), Some(Refresh::Renewed { .. }));
            if renewed == is_stolen {
                let user = wanted.user;
                self.clients.complain(format!(
                    "{user} came with the token `{sent}` to {what}, and was told {told:?}"
                ));
            }
            token = next;
        }
    }

    /// Asks one process or the other until there is an answer; nothing where none came in time.
    async fn wait_for<T>(&self, question: impl Fn(&Connection) -> Result<Option<T>, ReadError>) -> Option<T> {
        let begun = self.clients.sim().now();
        while self.clients.sim().now() - begun < ENDS_WITHIN {
            if let Some(answer) = self.look(&question).flatten() {
                return Some(answer);
            }
            self.clients.rest(400).await;
        }
        None
    }

    /// The rows of people in whichever process the load balancer picks; nothing while they cannot be asked.
    fn look<T>(&self, question: impl FnOnce(&Connection) -> Result<T, ReadError>) -> Option<T> {
        let instance = self.clients.any_instance()?;
        let people = instance
            .disk
            .iter()
            .find_map(|kept| Shelf::<PeopleProjection>::of(&**kept))?;
        people.look(question).ok()
    }
}
