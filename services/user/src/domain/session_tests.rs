use super::{CloseReason, Closed, Refresh, Refreshed, Reissued, Session, SessionCommand};
use interstate_eventing::fixture::{Story, given};
use interstate_schemas::{Actor, CommandId, Role, UserId};

fn asha() -> UserId {
    UserId::derive(1, &[b"asha"])
}

fn open(token: &str) -> SessionCommand {
    SessionCommand::Open {
        user: asha(),
        role: Role::Rider,
        token: token.to_owned(),
    }
}

fn request(name: &str) -> CommandId {
    CommandId::derive(0, &[name.as_bytes()])
}

fn refresh(sent: &str, next: &str, name: &str) -> SessionCommand {
    SessionCommand::Refresh {
        sent: sent.to_owned(),
        next: next.to_owned(),
        request: request(name),
    }
}

fn opened() -> Story<Session> {
    given::<Session>("ses")
        .at("2026-11-21T10:00:00Z")
        .when(Actor::System, open("one"))
        .then_types(&["user.session_opened.v1"])
}

#[test]
fn a_key_renews_once() {
    opened()
        .when(Actor::System, refresh("one", "two", "first"))
        .then_types(&["user.session_refreshed.v1"])
        .when(Actor::System, refresh("two", "three", "first"))
        .then_rejected("idempotency-key-reused");
}

#[test]
fn a_token_is_good_for_once() {
    let told = opened().when(Actor::System, refresh("one", "two", "first"));
    let renewed = Refresh::Renewed {
        user: asha(),
        role: Role::Rider,
    };
    assert_eq!(
        serde_json::from_slice::<Refresh>(&told.decided().reply).unwrap(),
        renewed
    );
    let told = told
        .story()
        .when(Actor::System, refresh("one", "three", "second"));
    assert_eq!(
        serde_json::from_slice::<Refresh>(&told.decided().reply).unwrap(),
        Refresh::Reused
    );
    let closed = Closed {
        reason: CloseReason::Reused,
    };
    told.then([closed.into()])
        .when(Actor::System, refresh("two", "four", "third"))
        .then_rejected("user-session-ended");
}

#[test]
fn a_repeat_of_the_same_request_is_no_reuse() {
    let again = Refreshed {
        token: "two again".to_owned(),
        request: request("first"),
    };
    opened()
        .when(Actor::System, refresh("one", "two", "first"))
        .story()
        .when(Actor::System, refresh("one", "two again", "first"))
        .then([again.into()])
        .when(Actor::System, refresh("two again", "three", "second"))
        .then_types(&["user.session_refreshed.v1"])
        .when(Actor::System, refresh("one", "four", "a thief's"))
        .then_types(&["user.session_closed.v1"]);
}

#[test]
fn a_try_that_was_given_up_and_is_decided_late_takes_nothing_away() {
    // The second try was answered, with "two"; the first one is decided behind it, and nobody sees "late".
    let renewed = opened()
        .when(Actor::System, refresh("one", "two", "first"))
        .story()
        .when(Actor::System, refresh("one", "late", "first"))
        .then_types(&["user.session_refreshed.v1"])
        .when(Actor::System, refresh("two", "three", "second"))
        .then_types(&["user.session_refreshed.v1"]);
    // Still later it gets no token, and is no thief's.
    renewed
        .when(Actor::System, refresh("one", "later", "first"))
        .then_rejected("user-session-ended")
        .when(Actor::System, refresh("three", "four", "third"))
        .then_types(&["user.session_refreshed.v1"])
        // Whoever has got hold of the answer that nobody saw is found out as with any other used token.
        .when(Actor::System, refresh("late", "five", "a thief's"))
        .then_types(&["user.session_closed.v1"]);
}

#[test]
fn every_token_of_a_repeated_login_is_good_until_one_was_used() {
    opened()
        .when(Actor::System, open("other"))
        .then_types(&["user.session_reissued.v1"])
        .when(Actor::System, refresh("one", "two", "first"))
        .then_types(&["user.session_refreshed.v1"])
        .when(Actor::System, refresh("other", "three", "second"))
        .then_types(&["user.session_closed.v1"]);
}

#[test]
fn a_token_that_never_was_ends_nothing() {
    opened()
        .when(Actor::System, refresh("guessed", "two", "first"))
        .then_rejected("user-session-ended")
        .when(Actor::System, refresh("one", "two", "second"))
        .then_types(&["user.session_refreshed.v1"]);
}

#[test]
fn a_repeated_login_gets_another_token_until_the_first_was_used() {
    let reissued = Reissued {
        token: "other".to_owned(),
    };
    opened()
        .when(Actor::System, open("other"))
        .then([reissued.into()])
        .when(Actor::System, refresh("other", "two", "first"))
        .then_types(&["user.session_refreshed.v1"])
        .when(Actor::System, open("late"))
        .then_rejected("user-session-ended");
}

#[test]
fn it_expires_thirty_days_after_it_was_renewed() {
    let renewed = opened()
        .at("2026-12-01T10:00:00Z")
        .when(Actor::System, refresh("one", "two", "first"))
        .story();
    assert_eq!(renewed.deadlines()[0].due.to_string(), "2026-12-31T10:00:00Z");
    renewed
        .at("2026-12-31T09:59:59Z")
        .when_due("expiry")
        .then_nothing()
        .at("2026-12-31T10:00:00Z")
        .when_due("expiry")
        .then([Closed {
            reason: CloseReason::Expired,
        }
        .into()]);
}

#[test]
fn nobody_ends_the_session_of_somebody_else() {
    let ravi = Actor::User {
        id: UserId::derive(1, &[b"ravi"]),
        role: Role::Rider,
    };
    let close = SessionCommand::Close {
        reason: CloseReason::SignedOut,
    };
    let ended = opened()
        .when(ravi, close.clone())
        .then_rejected("user-session-ended")
        .when(
            Actor::User {
                id: asha(),
                role: Role::Rider,
            },
            close.clone(),
        )
        .then_types(&["user.session_closed.v1"])
        .when(Actor::System, close)
        .then_nothing();
    assert!(ended.deadlines().is_empty());
}
