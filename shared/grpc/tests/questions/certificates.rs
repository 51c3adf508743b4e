//! Certificates on both sides.

use crate::{
    authority::Authority,
    fixture::{Instance, Manner, QUESTION, ask, client, client_with, settings, within},
};
use interstate_grpc::{ClientOptions, ServerOptions, Tls};
use rustls::pki_types::UnixTime;
use std::{path::Path, time::Duration};
use tonic::Code;

/// The first of January 2026.
fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_767_225_600))
}

/// The first of January 1999: certificates that end before today hold.
fn long_ago() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(978_307_200))
}

fn tls(dir: &Path, name: &str) -> Tls {
    Tls::load(&settings(dir, name), now()).unwrap()
}

async fn booking(dir: &Path) -> Instance {
    let options = ServerOptions {
        connection_age: Duration::from_millis(200),
        ..ServerOptions::default()
    };
    Instance::with(Manner::default(), options, Some(tls(dir, "booking")), None).await
}

fn quick() -> ClientOptions {
    ClientOptions {
        attempts: 1,
        failures: 1_000,
        ..ClientOptions::default()
    }
}

#[tokio::test]
async fn who_has_a_certificate_and_a_row_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.issue(dir.path(), "booking");
    authority.issue(dir.path(), "location");
    authority.issue(dir.path(), "driver");
    let server = booking(dir.path()).await;
    let (location, _) = client_with(&[server.address], quick(), Some(tls(dir.path(), "location")));
    assert!(ask(&location, QUESTION, "bkg_1").await.is_ok());

    let (driver, _) = client_with(&[server.address], quick(), Some(tls(dir.path(), "driver")));
    let status = ask(&driver, QUESTION, "bkg_1").await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
    assert!(status.message().contains("driver may not ask"), "{status:?}");
    assert_eq!(server.asked(), 1);
}

#[tokio::test]
async fn strangers_are_refused_on_both_sides_and_told_why() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (authority, other) = (Authority::new(), Authority::new());
    authority.issue(ours.path(), "booking");
    authority.issue(ours.path(), "location");
    other.issue(theirs.path(), "location");
    other.issue(theirs.path(), "booking");
    let server = booking(ours.path()).await;

    // Without a certificate.
    let (plain, _) = client(&[server.address], quick());
    let status = ask(&plain, QUESTION, "bkg_1").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");

    // With another authority's: it does not believe ours either.
    let (foreign, _) = client_with(&[server.address], quick(), Some(tls(theirs.path(), "location")));
    let status = ask(&foreign, QUESTION, "bkg_1").await.unwrap_err();
    assert!(status.message().contains("UnknownIssuer"), "{status:?}");

    // Ours, to somebody who is not booking.
    authority.issue(ours.path(), "payment");
    let imposter = Instance::with(
        Manner::default(),
        ServerOptions::default(),
        Some(tls(ours.path(), "payment")),
        None,
    )
    .await;
    let (location, _) = client_with(&[imposter.address], quick(), Some(tls(ours.path(), "location")));
    let status = ask(&location, QUESTION, "bkg_1").await.unwrap_err();
    assert!(status.message().contains("not valid for name"), "{status:?}");
    assert_eq!((server.asked(), imposter.asked()), (0, 0));
}

#[tokio::test]
async fn an_expired_certificate_is_found_at_the_start_and_refused_by_others() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.issue(dir.path(), "booking");
    authority.issue_until(dir.path(), "location", 2_002);
    let error = Tls::load(&settings(dir.path(), "location"), now())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("GRPC_TLS_CERT") && error.contains("it has expired") && error.contains("location.pem"),
        "{error}"
    );

    // A process whose clock stands: others tell it.
    let server = booking(dir.path()).await;
    let stale = Tls::load(&settings(dir.path(), "location"), long_ago()).unwrap();
    let (location, _) = client_with(&[server.address], quick(), Some(stale));
    let status = ask(&location, QUESTION, "bkg_1").await.unwrap_err();
    assert!(status.message().contains("CertificateExpired"), "{status:?}");
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn files_that_do_not_hold_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    authority.issue(dir.path(), "booking");
    authority.issue(dir.path(), "location");
    let wrong = |spoil: &dyn Fn()| {
        spoil();
        Tls::load(&settings(dir.path(), "booking"), now())
            .unwrap_err()
            .to_string()
    };
    let copy = |from: &str, to: &str| {
        std::fs::copy(dir.path().join(from), dir.path().join(to)).unwrap();
    };
    let mismatch = wrong(&|| copy("location.key", "booking.key"));
    assert!(mismatch.contains("GRPC_TLS_KEY"), "{mismatch}");
    let empty = wrong(&|| std::fs::write(dir.path().join("booking.key"), "x").unwrap());
    assert!(empty.contains("private key"), "{empty}");
    let foreign = wrong(&|| {
        authority.issue(dir.path(), "booking");
        copy("location.pem", "ca.pem");
    });
    assert!(foreign.contains("GRPC_TLS_CA did not issue it"), "{foreign}");
    let gone = wrong(&|| std::fs::remove_file(dir.path().join("ca.pem")).unwrap());
    assert!(
        gone.contains("GRPC_TLS_CA") && gone.contains("cannot be read"),
        "{gone}"
    );
}

#[tokio::test]
async fn a_certificate_is_replaced_while_the_process_runs() {
    let dir = tempfile::tempdir().unwrap();
    let old = Authority::new();
    old.issue(dir.path(), "booking");
    old.issue(dir.path(), "location");
    let (servers, clients) = (tls(dir.path(), "booking"), tls(dir.path(), "location"));
    let options = ServerOptions {
        connection_age: Duration::from_millis(100),
        ..ServerOptions::default()
    };
    let server = Instance::with(Manner::default(), options, Some(servers.clone()), None).await;
    let (location, _) = client_with(&[server.address], quick(), Some(clients.clone()));
    assert!(ask(&location, QUESTION, "bkg_1").await.is_ok());
    assert!(!servers.reload(now()).unwrap(), "nothing has changed");

    // A half-written file changes nothing.
    std::fs::write(dir.path().join("booking.pem"), "-----BEGIN").unwrap();
    assert!(servers.reload(now()).is_err());
    assert!(ask(&location, QUESTION, "bkg_1").await.is_ok());

    // Another authority altogether: as soon as both have taken it up they trust each other again.
    let new = Authority::new();
    new.issue(dir.path(), "booking");
    new.issue(dir.path(), "location");
    assert!(servers.reload(now()).unwrap());
    within("those of the old authority are refused", async || {
        ask(&location, QUESTION, "bkg_1").await.is_err()
    })
    .await;
    assert!(clients.reload(now()).unwrap());
    within("both trust each other again", async || {
        ask(&location, QUESTION, "bkg_1").await.is_ok()
    })
    .await;
}
