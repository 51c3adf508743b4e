//! A person with an account.

use super::{Contact, Credential, Profile, REGISTRATION, SessionCommand, session::CloseReason};
use interstate_eventing::{
    Aggregate, Context, Deadline, Decision, Draft, Message, Rejection, events,
    saga::{Orchestrator, Phase, SagaEvent, SagaState},
    sealed::Sealed,
};
use interstate_schemas::{
    Actor, AddressedCommand, DriverId, DriverMessage, Role, SessionId, StepReply, Timestamp, UserId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Logins that an erasure ends by a message each: a decision has so much room. Others end when they are renewed.
const MOST_CLOSED: usize = 500;

/// What someone who signs up brings along.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Registration {
    /// A keyed hash of everything in the request but the password: a repeat is recognised by it. The rest of a
    /// repeat may differ, for each password hash has its own salt.
    pub request: String,
    /// The keyed hash of the e-mail address.
    pub email_key: String,
    /// The keyed hash of the telephone number.
    pub phone_key: String,
    /// As what.
    pub role: Role,
    /// Name and contacts.
    pub profile: Sealed<Profile>,
    /// What the password is checked against.
    pub credential: Sealed<Credential>,
}

/// What a user can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserCommand {
    /// To sign up.
    Register(Registration),
    /// To have these roles and no others. Answers whether any was taken.
    ChangeRoles {
        /// In the order in which a login takes them.
        roles: Vec<Role>,
    },
    /// To say whether they are signed up, with this role.
    Has {
        /// Which.
        role: Role,
    },
    /// To be forgotten.
    Erase {
        /// The logins that end with it.
        sessions: Vec<SessionId>,
    },
    /// An answer to a step of the registration.
    Step(StepReply<()>),
    /// A step of the registration has had no answer in time.
    Overdue {
        /// Which.
        step: String,
    },
}

impl AddressedCommand for UserCommand {
    const SERVICE: &'static str = "user";
    const AGGREGATE: &'static str = "user";
}

/// Somebody wants to sign up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegistrationStarted {
    /// Who.
    pub user: UserId,
    /// With what.
    pub registration: Registration,
}

/// They have signed up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Registered {
    /// As what.
    pub role: Role,
}

/// They could not sign up, and everything is as before. What they brought along is forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegistrationRefused {
    /// Why: `user-email-taken`.
    pub code: String,
}

/// They have these roles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolesChanged {
    /// All of them.
    pub roles: Vec<Role>,
}

/// They are forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Erased {}

events! {
    /// What happens to a user.
    pub enum UserEvent {
        RegistrationStarted(RegistrationStarted) = "user.registration_started.v1",
        Registration(SagaEvent) = "user.registration_saga.v1",
        Registered(Registered) = "user.registered.v1",
        RegistrationRefused(RegistrationRefused) = "user.registration_refused.v1",
        RolesChanged(RolesChanged) = "user.roles_changed.v1",
        Erased(Erased) = "user.erased.v1",
    }
}

/// Where a user stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody yet.
    #[default]
    Unknown,
    /// Signing up: the contacts are being claimed.
    Registering,
    /// Signed up.
    Active,
    /// Could not sign up, for this reason.
    Refused(String),
    /// Forgotten.
    Erased,
}

/// A user. The state holds nothing personal, so that erasing changes nothing that is decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub(super) id: Option<UserId>,
    pub(super) email_key: String,
    pub(super) phone_key: String,
    request: String,
    status: Status,
    roles: Vec<Role>,
    saga: SagaState,
}

impl User {
    /// Where they stand.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// What they may sign in as.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    fn register(
        &self,
        registration: Registration,
        cx: &Context<'_>,
    ) -> Result<Decision<UserEvent>, Rejection> {
        if self.status != Status::Unknown {
            if self.request == registration.request {
                return Ok(Decision::nothing());
            }
            return Err(Rejection::invalid(
                "idempotency-key-reused",
                "This Idempotency-Key was used for another registration; use a new key.",
            ));
        }
        let user: UserId = cx.address.id.parse().map_err(|_| {
            Rejection::invalid(
                "user-not-active",
                "A user is registered under an id of the form usr_….",
            )
        })?;
        let by_themselves = cx.actor.is_user(user) && !registration.role.is_staff();
        if !by_themselves && *cx.actor != Actor::System {
            return Err(Rejection::forbidden(
                "user-staff-only-by-admin",
                "One signs up as a rider or a driver; the other roles are granted by an administrator.",
            ));
        }
        let mut draft = Draft::new(self, cx);
        draft.emit(RegistrationStarted { user, registration });
        REGISTRATION.start(&mut draft, cx);
        Ok(draft.finish())
    }

    fn change_roles(&self, mut roles: Vec<Role>, cx: &Context<'_>) -> Result<Decision<UserEvent>, Rejection> {
        let by_themselves = self.id.is_some_and(|id| cx.actor.is_user(id));
        // A token says which role its login had: whoever has lost the role may still show an old one.
        let had_been = by_themselves && !self.roles.contains(&Role::Admin);
        if *cx.actor != Actor::System && (cx.actor.role() != Some(Role::Admin) || had_been) {
            return Err(Rejection::forbidden(
                "forbidden",
                "Roles are granted and taken by administrators.",
            ));
        }
        let mut seen = Vec::new();
        roles.retain(|role| {
            !seen.contains(role) && {
                seen.push(*role);
                true
            }
        });
        if roles.is_empty() {
            return Err(Rejection::invalid(
                "user-no-role",
                "A user has at least one role.",
            ));
        }
        if by_themselves && !roles.contains(&Role::Admin) {
            // Otherwise the last administrator could lock everybody out with one request.
            return Err(Rejection::conflict(
                "user-own-admin-role",
                "Administrators cannot take the role from themselves; another one has to.",
            ));
        }
        let taken = self.roles.iter().any(|role| !roles.contains(role));
        if roles == self.roles {
            return Ok(Decision::nothing().reply(&taken));
        }
        let stays = roles.contains(&Role::Driver);
        let changed = Decision::event(RolesChanged { roles }).reply(&taken);
        Ok(if stays {
            changed
        } else {
            self.retired(changed, "role_taken")
        })
    }

    /// Drivers of whom the platform takes leave get no trips from now on.
    fn retired(&self, decision: Decision<UserEvent>, reason: &str) -> Decision<UserEvent> {
        match self.id {
            Some(id) if self.roles.contains(&Role::Driver) => {
                let reason = reason.to_owned();
                decision.send(Message::to(DriverId::from(id), &DriverMessage::Retire { reason }))
            }
            _ => decision,
        }
    }

    fn erase(&self, sessions: &[SessionId], cx: &Context<'_>) -> Result<Decision<UserEvent>, Rejection> {
        if *cx.actor != Actor::System && !self.id.is_some_and(|id| cx.actor.is_user(id)) {
            return Err(Rejection::forbidden(
                "forbidden",
                "An account is erased by its owner.",
            ));
        }
        if *cx.actor != Actor::System && self.roles.contains(&Role::Admin) {
            // As for roles: nobody locks everybody out with one request.
            return Err(Rejection::conflict(
                "user-own-admin-role",
                "Administrators cannot erase themselves; another one has to take the role from them first.",
            ));
        }
        let mut decision = Decision::event(Erased {})
            .send(self.release(Contact::Email))
            .send(self.release(Contact::Phone));
        for session in sessions.iter().take(MOST_CLOSED) {
            let close = SessionCommand::Close {
                reason: CloseReason::Erased,
            };
            decision = decision.send(Message::to(session, &close));
        }
        Ok(self.retired(decision, "account_erased"))
    }

    /// What follows for the user when the saga has moved.
    fn settle(draft: &mut Draft<Self>) {
        match draft.state().saga.phase.clone() {
            Phase::Completed => {
                let role = draft.state().roles[0];
                draft.emit(Registered { role });
            }
            Phase::Unwound { because } => draft.emit(RegistrationRefused { code: because }),
            Phase::Idle | Phase::Running | Phase::Unwinding { .. } => {}
        }
    }
}

impl Aggregate for User {
    const NAME: &'static str = "user";
    type Command = UserCommand;
    type Event = UserEvent;

    fn decide(&self, command: UserCommand, cx: &Context<'_>) -> Result<Decision<UserEvent>, Rejection> {
        match (&self.status, command) {
            (_, UserCommand::Register(registration)) => self.register(registration, cx),
            (Status::Registering, UserCommand::Step(reply)) => {
                let mut draft = Draft::new(self, cx);
                REGISTRATION.reply(&mut draft, cx, reply, |_, ()| {});
                Self::settle(&mut draft);
                Ok(draft.finish())
            }
            (Status::Registering, UserCommand::Overdue { step }) => {
                let mut draft = Draft::new(self, cx);
                REGISTRATION.overdue(&mut draft, cx, &step);
                Self::settle(&mut draft);
                Ok(draft.finish())
            }
            (_, UserCommand::Step(_) | UserCommand::Overdue { .. }) => Ok(Decision::nothing()),
            (status, UserCommand::Has { role }) => {
                let has = *status == Status::Active && self.roles.contains(&role);
                Ok(Decision::nothing().reply(&has))
            }
            (Status::Active, UserCommand::ChangeRoles { roles }) => self.change_roles(roles, cx),
            (Status::Active, UserCommand::Erase { sessions }) => self.erase(&sessions, cx),
            (Status::Erased, UserCommand::Erase { .. }) => Ok(Decision::nothing()),
            (_, UserCommand::ChangeRoles { .. } | UserCommand::Erase { .. }) => Err(Rejection::not_found(
                "user-not-active",
                "There is no user of this id, or they are not signed up any more.",
            )),
        }
    }

    fn evolve(&mut self, event: &UserEvent, _: Timestamp) {
        match event {
            UserEvent::RegistrationStarted(started) => {
                let registration = &started.registration;
                self.id = Some(started.user);
                self.email_key.clone_from(&registration.email_key);
                self.phone_key.clone_from(&registration.phone_key);
                self.request.clone_from(&registration.request);
                self.roles = vec![registration.role];
                self.status = Status::Registering;
            }
            UserEvent::Registration(event) => self.saga.evolve(event),
            UserEvent::Registered(_) => self.status = Status::Active,
            UserEvent::RegistrationRefused(refused) => self.status = Status::Refused(refused.code.clone()),
            UserEvent::RolesChanged(changed) => self.roles.clone_from(&changed.roles),
            UserEvent::Erased(_) => {
                self.status = Status::Erased;
                self.roles.clear();
            }
        }
    }

    fn deadlines(&self) -> Vec<Deadline> {
        self.saga.deadlines()
    }

    fn deadline_reached(name: &str) -> Option<UserCommand> {
        SagaState::step_of(name).map(|step| UserCommand::Overdue {
            step: step.to_owned(),
        })
    }
}

impl Orchestrator for User {
    fn saga(&self) -> &SagaState {
        &self.saga
    }

    fn saga_event(event: SagaEvent) -> UserEvent {
        UserEvent::Registration(event)
    }
}
