use crate::{
    events::trips,
    stores::{database, documents, fill},
};
use interstate_booking::read::{BookingDocuments, mongo::queries};
use interstate_engines::Engine;
use interstate_stores::mongo::{
    MongoProjection,
    bson::{Bson, Document, doc},
};

/// All stages of a plan, however deep.
fn stages(plan: &Bson, found: &mut Vec<String>) {
    match plan {
        Bson::Document(plan) => {
            found.extend(plan.get_str("stage").ok().map(str::to_owned));
            plan.values().for_each(|part| stages(part, found));
        }
        Bson::Array(parts) => parts.iter().for_each(|part| stages(part, found)),
        _ => {}
    }
}

/// Where the server explains its plans, it says itself that it reads an index and sorts nothing. One that cannot explain
/// has at least the index that each query begins with.
#[tokio::test(flavor = "multi_thread")]
async fn every_list_reads_an_index_and_sorts_nothing() {
    let engine = Engine::start("mongo");
    let db = database(&engine).await;
    let (_, model) = documents(&db).await;
    fill(&model, &trips(20), 1_000).await;
    let there = db.indices(&model.collection()).await.unwrap();
    let mut explained = 0;
    for query in queries() {
        let find = doc! { "find": model.collection(), "filter": query.only.clone(), "sort": query.sorted(), "limit": 20 };
        let said = db
            .command(doc! { "explain": find, "verbosity": "queryPlanner" })
            .await;
        match said {
            Ok(plan) => {
                let mut found = Vec::new();
                let winner: &Document = plan
                    .get_document("queryPlanner")
                    .unwrap()
                    .get_document("winningPlan")
                    .unwrap();
                stages(&Bson::Document(winner.clone()), &mut found);
                assert!(
                    found.iter().any(|stage| stage == "IXSCAN"),
                    "{query:?}: {found:?}"
                );
                assert!(
                    !found.iter().any(|stage| stage == "COLLSCAN" || stage == "SORT"),
                    "{query:?}: {found:?}"
                );
                explained += 1;
            }
            Err(error) => assert!(
                error.to_string().contains("no such command: 'explain'"),
                "{error}"
            ),
        }
        let index = BookingDocuments::indices()
            .into_iter()
            .find(|index| index.covers(&query.equal, &query.sort));
        let index = index.unwrap_or_else(|| panic!("no index for {query:?}"));
        assert!(
            there.iter().any(|name| name == index.name),
            "{} is not made: {there:?}",
            index.name
        );
    }
    println!("{explained} of {} plans were explained", queries().len());
}
