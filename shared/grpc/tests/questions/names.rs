//! Names that stand for several instances.

use crate::{
    authority::Authority,
    fixture::{Instance, Manner, QUESTION, ask, client_at, nobody, settings, within},
};
use interstate_grpc::{BreakerState, Client, ClientOptions, Names, ServerOptions, Tls};
use interstate_telemetry::Metrics;
use rustls::pki_types::UnixTime;
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tonic::Code;

/// Where a name leads.
#[derive(Clone, Default)]
struct Book {
    addresses: Arc<Mutex<Vec<SocketAddr>>>,
    torn: Arc<AtomicBool>,
}

impl Book {
    fn of(addresses: &[SocketAddr]) -> Self {
        let book = Self::default();
        book.write(addresses);
        book
    }

    fn write(&self, addresses: &[SocketAddr]) {
        *self.addresses.lock().unwrap() = addresses.to_vec();
    }

    fn tear(&self, torn: bool) {
        self.torn.store(torn, Ordering::SeqCst);
    }

    fn names(&self) -> Names {
        let book = self.clone();
        Names::of(move |name| {
            assert_eq!(name, "booking:9002");
            let found = match book.torn.load(Ordering::SeqCst) {
                true => Err(io::Error::other("nobody reads this book")),
                false => Ok(book.addresses.lock().unwrap().clone()),
            };
            async move { found }
        })
    }

    fn client(&self, tls: Option<Tls>) -> (Client, Metrics) {
        let options = ClientOptions {
            failures: 2,
            rest: Duration::from_secs(600),
            look_up: Duration::from_millis(20),
            names: self.names(),
            ..ClientOptions::default()
        };
        client_at(&["booking:9002".to_owned()], options, tls)
    }
}

async fn booking() -> Instance {
    Instance::start(Manner::default()).await
}

fn sorted<const N: usize>(mut states: [(SocketAddr, BreakerState); N]) -> Vec<(String, BreakerState)> {
    states.sort_unstable_by_key(|(address, _)| *address);
    let state = |(address, state): (SocketAddr, BreakerState)| (address.to_string(), state);
    states.into_iter().map(state).collect()
}

#[tokio::test]
async fn each_address_of_a_name_is_an_instance_of_its_own() {
    let (one, two, dead) = (booking().await, booking().await, nobody().await);
    let (client, _) = Book::of(&[one.address, two.address, dead]).client(None);
    assert_eq!(client.breakers(), [], "nothing is looked up before it is needed");
    for number in 0..60 {
        ask(&client, QUESTION, &format!("bkg_{number}")).await.unwrap();
    }
    assert!(
        one.asked() >= 20 && two.asked() >= 20,
        "{} and {}",
        one.asked(),
        two.asked()
    );
    let states = [
        (one.address, BreakerState::Closed),
        (two.address, BreakerState::Closed),
        (dead, BreakerState::Open),
    ];
    assert_eq!(client.breakers(), sorted(states));
}

#[tokio::test]
async fn who_comes_is_found_who_goes_is_dropped_and_who_stays_is_known() {
    let (stays, goes, comes, dead) = (booking().await, booking().await, booking().await, nobody().await);
    let book = Book::of(&[stays.address, goes.address, dead]);
    let (client, metrics) = book.client(None);
    let ask_one = async || ask(&client, QUESTION, "bkg_1").await.unwrap();
    within("the dead one is left alone", async || {
        ask_one().await;
        client
            .breakers()
            .iter()
            .any(|(_, state)| *state == BreakerState::Open)
    })
    .await;

    book.write(&[dead, comes.address, stays.address]);
    within("the new one is asked", async || {
        ask_one().await;
        comes.asked() > 0
    })
    .await;
    let states = [
        (stays.address, BreakerState::Closed),
        (comes.address, BreakerState::Closed),
        (dead, BreakerState::Open),
    ];
    assert_eq!(client.breakers(), sorted(states), "the dead one is still known");
    let figures = metrics.render();
    let shown = |address: SocketAddr| figures.contains(&format!(r#"address="{address}""#));
    assert!(shown(comes.address) && !shown(goes.address), "{figures}");

    let (before, asked) = (goes.asked(), comes.asked());
    book.tear(true);
    for _ in 0..10 {
        ask_one().await;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(
        client.breakers(),
        sorted(states),
        "nothing was found, and nobody is dropped"
    );
    assert!(goes.asked() == before && comes.asked() > asked);
}

#[tokio::test]
async fn where_all_have_moved_they_are_found_within_the_question() {
    let book = Book::of(&[nobody().await]);
    let options = ClientOptions {
        look_up: Duration::from_secs(600),
        pause: Duration::from_millis(200),
        names: book.names(),
        ..ClientOptions::default()
    };
    let (client, _) = client_at(&["booking:9002".to_owned()], options, None);
    ask(&client, QUESTION, "bkg_1").await.unwrap_err();
    let moved = booking().await;
    book.write(&[moved.address]);
    // What failed just now was looked up just now.
    tokio::time::sleep(Duration::from_millis(600)).await;
    ask(&client, QUESTION, "bkg_2").await.unwrap();
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_said_and_found_when_it_is_known() {
    let there = booking().await;
    let book = Book::of(&[there.address]);
    book.tear(true);
    let (client, _) = book.client(None);
    let status = ask(&client, QUESTION, "bkg_1").await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(
        status.message().contains("booking:9002: nobody reads this book"),
        "{status:?}"
    );
    book.tear(false);
    within("it is found", async || {
        ask(&client, QUESTION, "bkg_1").await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn by_default_the_system_is_asked() {
    let there = booking().await;
    let given = format!("localhost:{}", there.address.port());
    let (client, _) = client_at(&[given], ClientOptions::default(), None);
    ask(&client, QUESTION, "bkg_1").await.unwrap();
    let address = there.address.to_string();
    assert!(client.breakers().iter().any(|(at, _)| *at == address));
}

#[tokio::test]
async fn whoever_a_name_leads_to_shows_the_certificate_of_the_service() {
    let dir = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let tls = |name: &str| {
        authority.issue(dir.path(), name);
        let now = UnixTime::since_unix_epoch(Duration::from_secs(1_767_225_600));
        Tls::load(&settings(dir.path(), name), now).unwrap()
    };
    let server = async |name: &str| {
        let (manner, options) = (Manner::default(), ServerOptions::default());
        Instance::with(manner, options, Some(tls(name)), None).await
    };
    let (ours, imposter) = (server("booking").await, server("payment").await);
    let (client, _) = Book::of(&[ours.address, imposter.address]).client(Some(tls("location")));
    for number in 0..10 {
        ask(&client, QUESTION, &format!("bkg_{number}")).await.unwrap();
    }
    assert_eq!((ours.asked(), imposter.asked()), (10, 0));
}
