//! Events of bookings into documents, against the writes that they leave, alone.
//! Run by `make bench`, or by hand: `cargo test --release -p interstate-booking --test mongodb -- --ignored --nocapture speed`.

use crate::{
    events::trips,
    stores::{database, documents, fill},
};
use futures::TryStreamExt;
use interstate_engines::Engine;
use interstate_stores::mongo::bson::{Bson, Document, doc};
use std::time::Instant;

/// Events of a runner's largest batch.
const CHUNK: usize = 2_000;
const TRIPS: u64 = 3_000;

#[ignore = "measures; says nothing on a busy machine"]
#[tokio::test(flavor = "multi_thread")]
async fn events_into_documents_against_the_writes_alone() {
    let engine = Engine::start_with("mongo", &[("MONGO_HEAP", "-Xmx1g")]);
    let partitions = trips(TRIPS);
    let events: usize = partitions.iter().map(Vec::len).sum();
    for _ in 0..3 {
        let db = database(&engine).await;
        let (_, model) = documents(&db).await;
        let began = Instant::now();
        fill(&model, &partitions, CHUNK).await;
        let projected = began.elapsed();

        // The documents that each batch leaves, written whole by the same command.
        let readers = model.readers();
        let all: Vec<Document> = readers
            .ask(async |all| all.find(doc! {}).await?.try_collect().await)
            .await
            .unwrap();
        let written: usize = partitions
            .iter()
            .flat_map(|events| events.chunks(CHUNK))
            .map(|chunk| {
                let mut touched: Vec<&str> = chunk
                    .iter()
                    .map(|event| event.subject.split_once('_').unwrap().1)
                    .collect();
                touched.sort_unstable();
                touched.dedup();
                touched.len()
            })
            .sum();
        let writes: Vec<Document> = all.iter().cycle().take(written).cloned().collect();
        let began = Instant::now();
        for some in writes.chunks(1_000) {
            let updates: Vec<Bson> = some
                .iter()
                .map(|document| {
                    let only = doc! { "_id": document.get_str("_id").unwrap() };
                    Bson::Document(doc! { "q": only, "u": document.clone(), "upsert": true })
                })
                .collect();
            db.command(doc! { "update": "bare", "ordered": false, "updates": updates })
                .await
                .unwrap();
        }
        let bare = began.elapsed();
        println!(
            "\n{{\"what\":\"projection-mongodb\",\"events_per_second\":{:.0},\"bare_events_per_second\":{:.0},\
             \"ratio\":{:.3}}}",
            events as f64 / projected.as_secs_f64(),
            events as f64 / bare.as_secs_f64(),
            bare.as_secs_f64() / projected.as_secs_f64(),
        );
    }
}
