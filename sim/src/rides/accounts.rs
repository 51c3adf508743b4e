//! Accounts, contacts and logins as the log has them, and what must hold of them.

use crate::invariants::evolve;
use interstate_eventing::{Event, saga::Orchestrator};
use interstate_schemas::UserId;
use interstate_user::domain::{ClaimEvent, SessionEvent, Status, User, UserEvent};
use std::collections::{BTreeMap, BTreeSet};

/// What an account was made with.
struct Contacts {
    email_key: String,
    phone_key: String,
}

/// Everybody's account.
#[derive(Default)]
pub(super) struct Accounts {
    users: BTreeMap<String, User>,
    contacts: BTreeMap<String, Contacts>,
    /// Whose a contact is, by its keyed hash.
    holders: BTreeMap<String, UserId>,
    /// Who has an open login.
    open: BTreeMap<String, UserId>,
    /// Contacts that were given to somebody while they were somebody else's.
    taken_twice: Vec<String>,
}

impl Accounts {
    pub(super) fn take_user(&mut self, event: &Event) -> Result<(), String> {
        if let UserEvent::RegistrationStarted(started) = event.decode().map_err(|error| error.to_string())? {
            let contacts = Contacts {
                email_key: started.registration.email_key,
                phone_key: started.registration.phone_key,
            };
            self.contacts.insert(event.subject.clone(), contacts);
        }
        evolve(&mut self.users, event)
    }

    /// One contact's events stand in one partition, so their order is that in which they happened.
    pub(super) fn take_claim(&mut self, event: &Event) -> Result<(), String> {
        let contact = &event.subject;
        match event.decode().map_err(|error| error.to_string())? {
            ClaimEvent::Claimed(claimed) => {
                let user = claimed.user;
                let before = self.holders.insert(contact.clone(), user);
                if let Some(holder) = before.filter(|holder| *holder != user) {
                    self.taken_twice
                        .push(format!("{contact} is {holder}'s, and {user} got it"));
                }
            }
            ClaimEvent::Released(released) => {
                if self.holders.get(contact) == Some(&released.user) {
                    self.holders.remove(contact);
                }
            }
        }
        Ok(())
    }

    pub(super) fn take_session(&mut self, event: &Event) -> Result<(), String> {
        match event.decode().map_err(|error| error.to_string())? {
            SessionEvent::Opened(opened) => {
                self.open.insert(event.subject.clone(), opened.user);
            }
            SessionEvent::Closed(_) => {
                self.open.remove(&event.subject);
            }
            SessionEvent::Reissued(_) | SessionEvent::Refreshed(_) => {}
        }
        Ok(())
    }

    /// Registrations under way.
    pub(super) fn open(&self) -> Vec<String> {
        let open = self.users.iter().filter(|(_, user)| !user.saga().is_over());
        open.map(|(id, user)| format!("every saga ends: {id} is {:?}", user.saga()))
            .collect()
    }

    /// An address, and a number, belongs to at most one account.
    pub(super) fn taken_twice(&self) -> Vec<String> {
        let mut wrong = self.taken_twice.clone();
        let mut known = BTreeSet::new();
        for (id, contacts) in self.active() {
            for contact in [&contacts.email_key, &contacts.phone_key] {
                if !known.insert(contact) {
                    wrong.push(format!("{id} has {contact}, and so has another account"));
                }
            }
        }
        wrong
    }

    /// Who is signed up has both contacts; nobody else has any, or a login.
    pub(super) fn half_done(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (id, contacts) in self.active() {
            for contact in [&contacts.email_key, &contacts.phone_key] {
                let holder = self.holders.get(contact);
                if holder.is_none_or(|holder| holder.to_string() != *id) {
                    wrong.push(format!("{id} is signed up, and {contact} is {holder:?}'s"));
                }
            }
        }
        let without = |user: &UserId| {
            let known = self.users.get(&user.to_string());
            known.is_none_or(|user| *user.status() != Status::Active)
        };
        for (contact, user) in self.holders.iter().filter(|(_, user)| without(user)) {
            wrong.push(format!("{user} has no account, and has {contact}"));
        }
        for (session, user) in self.open.iter().filter(|(_, user)| without(user)) {
            wrong.push(format!("{user} has no account, and is logged in by {session}"));
        }
        wrong
    }

    fn active(&self) -> impl Iterator<Item = (&String, &Contacts)> {
        let active = self
            .users
            .iter()
            .filter(|(_, user)| *user.status() == Status::Active);
        active.filter_map(|(id, _)| Some((id, self.contacts.get(id)?)))
    }
}
