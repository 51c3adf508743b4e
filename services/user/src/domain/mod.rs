//! Who people are to the platform: users, the contacts that are theirs alone, and their logins.

mod claim;
mod person;
mod registration;
mod session;
mod user;

pub use claim::{Claim, ClaimCommand, ClaimEvent, Claimed, Contact, Released};
pub use person::{Credential, Profile};
pub use registration::{REGISTRATION, STEPS};
pub use session::{
    CloseReason, Closed, Opened, Refresh, Refreshed, Reissued, Session, SessionCommand, SessionEvent,
};
pub use user::{
    Erased, Registered, Registration, RegistrationRefused, RegistrationStarted, RolesChanged, Status, User,
    UserCommand, UserEvent,
};

#[cfg(test)]
mod claim_tests;
#[cfg(test)]
mod session_tests;
#[cfg(test)]
mod user_tests;
