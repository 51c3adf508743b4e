use crate::{
    events::{quote, rider, trips},
    stores::{database, documents, fill, tables},
};
use futures::FutureExt;
use interstate_booking::{
    domain::booking::Stage,
    read::{BookingHistory, Filter, Whose},
};
use interstate_engines::Engine;
use interstate_schemas::{BookingId, UserId};
use interstate_stores::mongo::bson::{Document, doc};

const TRIPS: u64 = 60;

const STAGES: [Option<Stage>; 6] = [
    None,
    Some(Stage::PendingPayment),
    Some(Stage::Confirmed),
    Some(Stage::Closed),
    Some(Stage::Cancelled),
    Some(Stage::Lapsed),
];

/// Everything that is asked, page by page, as text.
async fn answers(history: &BookingHistory) -> Vec<String> {
    let mut told = Vec::new();
    let mut drivers: Vec<UserId> = Vec::new();
    for number in 0..TRIPS {
        let found = history.quote(quote(number)).await.unwrap();
        told.push(format!("quote {number}: {found:?}"));
        let booking = history.booking(BookingId::from(quote(number))).await.unwrap();
        told.push(format!("booking {number}: {booking:?}"));
        if let Some(booking) = booking {
            drivers.extend(booking.driver_user);
            told.push(format!(
                "story {number}: {:?}",
                history.story(&booking).await.unwrap()
            ));
        }
    }
    drivers.sort();
    drivers.dedup();
    let riders = (0..4).map(|number| Whose::Rider(rider(number)));
    let everybody = riders
        .chain(drivers.into_iter().map(Whose::Driver))
        .chain([Whose::All]);
    for whose in everybody {
        for stage in STAGES {
            for support_case in [None, Some(true), Some(false)] {
                let filter = Filter { stage, support_case };
                let (mut after, mut seen) = (None, Vec::new());
                loop {
                    let page = history.list(whose, filter, after, 7).await.unwrap();
                    let Some(last) = page.last() else { break };
                    after = Some((last.booked_at, last.booking));
                    seen.extend(page.iter().map(|row| row.booking));
                }
                told.push(format!("{whose:?} {filter:?}: {seen:?}"));
            }
        }
    }
    told.push(format!("{:?}", history.by_stage().await.unwrap()));
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn both_stores_answer_the_same_however_events_came_together() {
    let (engine, dir) = (Engine::start("mongo"), tempfile::tempdir().unwrap());
    let (history, model) = tables(dir.path()).await;
    fill(&model, &trips(TRIPS), 1).await;
    let expected = answers(&history).await;
    assert!(
        expected
            .iter()
            .filter(|told| told.contains("Some(BookingRow"))
            .count()
            > 40
    );
    assert!(
        expected
            .iter()
            .any(|told| told.contains("support_case: Some(true) }: [bkg")),
        "{expected:#?}"
    );
    for at_once in [1, 3, 10_000] {
        let (history, model) = documents(&database(&engine).await).await;
        fill(&model, &trips(TRIPS), at_once).await;
        for (one, other) in answers(&history).await.iter().zip(&expected) {
            assert_eq!(one, other, "{at_once} events at a time");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_watches_a_booking_is_told_of_it() {
    let engine = Engine::start("mongo");
    let (history, model) = documents(&database(&engine).await).await;
    let mut watch = history.watch(BookingId::from(quote(0)));
    assert!(watch.changed().now_or_never().is_none());
    fill(&model, &trips(3), 1_000).await;
    let told = watch.changed().now_or_never().expect("it has changed");
    assert_eq!(told, history.booking(BookingId::from(quote(0))).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_quotes_that_nobody_took_go_after_their_time() {
    let engine = Engine::start("mongo");
    let (_, model) = documents(&database(&engine).await).await;
    fill(&model, &trips(5), 1_000).await;
    let readers = model.readers();
    let goes = async |number: u64| {
        let only = doc! { "_id": BookingId::from(quote(number)).to_string() };
        let found: Option<Document> = readers.ask(async |all| all.find_one(only).await).await.unwrap();
        found.unwrap().get_datetime("gone_at").is_ok()
    };
    assert!(!goes(0).await && !goes(3).await, "they are booked");
    assert!(goes(4).await, "it has expired");
}
