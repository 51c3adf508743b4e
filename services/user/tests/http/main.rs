//! The whole service over HTTP, on the embedded log and SQLite.
#![allow(clippy::unwrap_used, reason = "tests")]

mod node;

use interstate_schemas::Role;
use interstate_user::api::NewPerson;
use node::Node;
use serde_json::{Value, json};

fn asha() -> Value {
    json!({"name": "Asha Rao", "email": "Asha@example.com", "phone": "98765 43210",
        "password": "correct horse", "role": "rider"})
}

fn login(password: &str) -> Value {
    json!({"email": "asha@example.com", "password": password})
}

fn admin() -> NewPerson {
    NewPerson {
        name: "First Admin".into(),
        email: "admin@example.com".parse().unwrap(),
        phone: "9000000001".parse().unwrap(),
        password: "very long password".into(),
        role: Role::Admin,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_up_once_and_signs_in() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path()).await;
    let first = node.post("/v1/users", "k-1", asha()).await;
    assert_eq!(first.status, 201, "{first:?}");
    assert_eq!(first.body["email"], "asha@example.com");
    assert_eq!(first.body["phone"], "+919876543210");
    let again = node.post("/v1/users", "k-1", asha()).await;
    assert_eq!(
        (again.status, &again.body),
        (201, &first.body),
        "a repeat is the same"
    );

    let mut other = asha();
    other["name"] = "Somebody Else".into();
    let reused = node.post("/v1/users", "k-1", other.clone()).await;
    assert_eq!(reused.code(), "idempotency-key-reused");
    other["phone"] = "9876500000".into();
    let taken = node.post("/v1/users", "k-2", other.clone()).await;
    assert_eq!((taken.status, taken.code()), (409, "user-email-taken"));
    let taken_again = node.post("/v1/users", "k-2", other.clone()).await;
    assert_eq!(
        taken_again.code(),
        "user-email-taken",
        "a repeat of a refusal too"
    );
    other["email"] = "ravi@example.com".into();
    other["phone"] = asha()["phone"].clone();
    let taken = node.post("/v1/users", "k-3", other.clone()).await;
    assert_eq!(taken.code(), "user-phone-taken");
    other["phone"] = "9876500000".into();
    let free = node.post("/v1/users", "k-4", other.clone()).await;
    assert_eq!(
        free.status, 201,
        "the refused registrations hold nothing: {free:?}"
    );
    other["role"] = "admin".into();
    other["email"] = "root@example.com".into();
    let staff = node.post("/v1/users", "k-5", other).await;
    assert_eq!(staff.code(), "user-staff-only-by-admin");

    let wrong = node.post("/v1/sessions", "l-0", login("wrong horse")).await;
    let unknown = json!({"email": "nobody@example.com", "password": "correct horse"});
    let unknown = node.post("/v1/sessions", "l-0", unknown).await;
    assert_eq!((wrong.status, wrong.code()), (401, "user-login-refused"));
    assert_eq!(
        unknown.body["detail"], wrong.body["detail"],
        "nobody learns who has an account"
    );
    let tokens = node.post("/v1/sessions", "l-1", login("correct horse")).await;
    assert_eq!(tokens.status, 201, "{tokens:?}");
    let me = node.get("/v1/users/me", tokens.text("access_token")).await;
    assert_eq!((me.status, &me.body), (200, &first.body));
    assert_eq!(node.get("/v1/users/me", "").await.status, 401);
    let again = node.post("/v1/sessions", "l-1", login("correct horse")).await;
    assert_eq!(
        again.body["session"], tokens.body["session"],
        "a repeat is the same login"
    );
    let keys = node.get("/.well-known/jwks.json", "").await;
    assert_eq!(keys.body["keys"][0]["alg"], "EdDSA");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_comes_twice_ends_the_login() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path()).await;
    node.post("/v1/users", "k-1", asha()).await;
    let first = node.post("/v1/sessions", "l-1", login("correct horse")).await;
    let refresh = |token: &str| json!({"refresh_token": token});
    let second = node
        .post(
            "/v1/sessions/refresh",
            "r-1",
            refresh(first.text("refresh_token")),
        )
        .await;
    assert_eq!(second.status, 200, "{second:?}");
    assert_eq!(second.body["session"], first.body["session"]);
    let repeated = node
        .post(
            "/v1/sessions/refresh",
            "r-1",
            refresh(first.text("refresh_token")),
        )
        .await;
    assert_eq!(
        repeated.status, 200,
        "the answer may have been lost: {repeated:?}"
    );
    let stolen = node
        .post(
            "/v1/sessions/refresh",
            "r-2",
            refresh(first.text("refresh_token")),
        )
        .await;
    assert_eq!((stolen.status, stolen.code()), (401, "user-session-ended"));
    let owner = node
        .post(
            "/v1/sessions/refresh",
            "r-3",
            refresh(repeated.text("refresh_token")),
        )
        .await;
    assert_eq!(owner.code(), "user-session-ended", "it ended for everyone");

    let other = node.post("/v1/sessions", "l-2", login("correct horse")).await;
    let out = node
        .post_as(
            "/v1/sessions/me/logout",
            "o-1",
            json!({}),
            other.text("access_token"),
        )
        .await;
    assert_eq!(out.status, 200, "{out:?}");
    let refused = node.get("/v1/users/me", other.text("access_token")).await;
    assert_eq!(
        refused.status, 401,
        "its access token is refused at once: {refused:?}"
    );
    let late = node
        .post(
            "/v1/sessions/refresh",
            "r-4",
            refresh(other.text("refresh_token")),
        )
        .await;
    assert_eq!(late.code(), "user-session-ended");
    for text in ["", "rt_x", "ses_x.rt_y"] {
        let wrong = node.post("/v1/sessions/refresh", "r-5", refresh(text)).await;
        assert_eq!(wrong.code(), "user-session-ended", "{text}");
    }
    node.stop().await;
}

/// Every file of a folder. SQLite removes its journal shortly after the last connection was let go, so a list of
/// which one has gone meanwhile is made again.
async fn contents(dir: &std::path::Path) -> Vec<Vec<u8>> {
    let mut last = None;
    for _ in 0..100 {
        let files: std::io::Result<Vec<_>> = node::files(dir).iter().map(std::fs::read).collect();
        match files {
            Ok(files) => return files,
            Err(error) => last = Some(error),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the files of the folder do not come to rest: {last:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_outlives_a_kill_and_an_erased_person_stays_erased() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path()).await;
    let signed_up = node.post("/v1/users", "k-1", asha()).await;
    let tokens = node.post("/v1/sessions", "l-1", login("correct horse")).await;
    node.kill();

    let node = Node::start(dir.path()).await;
    assert_eq!(node.post("/v1/users", "k-1", asha()).await.body, signed_up.body);
    let refresh = json!({"refresh_token": tokens.text("refresh_token")});
    let renewed = node.post("/v1/sessions/refresh", "r-1", refresh).await;
    assert_eq!(renewed.status, 200, "{renewed:?}");
    let access = renewed.text("access_token");
    assert_eq!(node.get("/v1/users/me", access).await.body, signed_up.body);

    let erased = node.delete("/v1/users/me", access).await;
    assert_eq!(erased.status, 200, "{erased:?}");
    let gone = node.get("/v1/users/me", access).await;
    assert_eq!(gone.status, 401, "the token is refused at once");
    let refresh = json!({"refresh_token": renewed.text("refresh_token")});
    let ended = node.post("/v1/sessions/refresh", "r-2", refresh).await;
    assert_eq!(ended.code(), "user-session-ended");
    node.kill();

    // Without its read model the service replays the log, and knows no more than before.
    std::fs::remove_dir_all(dir.path().join("read")).unwrap();
    let node = Node::start(dir.path()).await;
    let login_again = node.post("/v1/sessions", "l-2", login("correct horse")).await;
    assert_eq!(login_again.code(), "user-login-refused");
    let anew = node.post("/v1/users", "k-2", asha()).await;
    assert_eq!(anew.status, 201, "the contacts are free again: {anew:?}");
    assert_ne!(anew.body["id"], signed_up.body["id"]);
    node.stop().await;
    let files = contents(dir.path()).await;
    let stands = |text: &str| {
        files
            .iter()
            .any(|file| file.windows(text.len()).any(|part| part == text.as_bytes()))
    };
    assert!(stands(signed_up.text("id")), "this search would find a name");
    for personal in ["Asha", "asha@example.com", "9876543210", "$argon2id$"] {
        assert!(!stands(personal), "{personal} stands on the disk");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_first_administrator_makes_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path()).await;
    let first = node.accounts.register_staff(admin()).await.unwrap();
    let again = node.accounts.register_staff(admin()).await.unwrap();
    assert_eq!(again.me, first.me, "seeding again changes nothing");
    let asha_id = node.post("/v1/users", "k-1", asha()).await.text("id").to_owned();
    let rider = node.post("/v1/sessions", "l-1", login("correct horse")).await;
    let body = json!({"email": "admin@example.com", "password": "very long password"});
    let admin = node.post("/v1/sessions", "l-2", body).await;
    let access = admin.text("access_token");
    let path = format!("/v1/users/{asha_id}/roles");

    let both = json!({"roles": ["support", "rider"]});
    let forbidden = node
        .post_as(&path, "c-0", both.clone(), rider.text("access_token"))
        .await;
    assert_eq!(forbidden.status, 403);
    let changed = node.post_as(&path, "c-1", both, access).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let me = node
        .get_after("/v1/users/me", rider.text("access_token"), &changed.token)
        .await;
    assert_eq!(me.body["roles"], json!(["support", "rider"]));
    let mut as_support = login("correct horse");
    as_support["role"] = "support".into();
    let support = node.post("/v1/sessions", "l-3", as_support).await;
    assert_eq!(support.body["role"], "support");

    let taken = node
        .post_as(&path, "c-2", json!({"roles": ["rider"]}), access)
        .await;
    node.get_after("/v1/users/me", access, &taken.token).await;
    let with_the_old = node.get("/v1/users/me", support.text("access_token")).await;
    assert_eq!(with_the_old.status, 401, "the login has ended with the role");
    let refresh = json!({"refresh_token": support.text("refresh_token")});
    let ended = node.post("/v1/sessions/refresh", "r-1", refresh).await;
    assert_eq!(ended.code(), "user-session-ended", "the role was taken");
    let own = format!("/v1/users/{}/roles", first.me.id);
    let own = node
        .post_as(&own, "c-3", json!({"roles": ["rider"]}), access)
        .await;
    assert_eq!(own.code(), "user-own-admin-role");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_passwords_gets_slower() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path()).await;
    node.post("/v1/users", "k-1", asha()).await;
    for _ in 0..5 {
        let wrong = node.post("/v1/sessions", "l-1", login("wrong horse")).await;
        assert_eq!(wrong.code(), "user-login-refused");
    }
    let locked = node.post("/v1/sessions", "l-2", login("correct horse")).await;
    assert_eq!((locked.status, locked.code()), (429, "user-login-locked"));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_has_a_row_in_the_policy() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path()).await;
    let policy = interstate_auth::Policy::new(interstate_user::api::POLICY).unwrap();
    assert_eq!(policy.disagreements(&node.routes), [""; 0]);
    node.stop().await;
}
