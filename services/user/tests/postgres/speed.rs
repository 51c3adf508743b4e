//! Events of people into PostgreSQL, against a bare insert by `UNNEST` of the rows that they leave.
//! Run by `make bench`, or by hand: `cargo test --release -p interstate-user --test postgres -- --ignored --nocapture speed`.

use crate::{
    opened,
    suite::{Story, Told, registered, saga, started},
};
use interstate_engines::Engine;
use interstate_schemas::Role;
use sqlx::{Connection, PgConnection};
use std::time::Instant;

/// Events of a runner's largest batch.
const CHUNK: usize = 2_000;
const PEOPLE: usize = 10_000;
/// Each starts to register, goes through a step, and is registered.
const EVENTS: usize = 3 * PEOPLE;
const ROUNDS: usize = 3;

/// Id, status, roles, key of the e-mail address, profile, credential, since, partition, sequence.
type Row = (
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    i64,
    i64,
);

fn everybody() -> Vec<Told> {
    (0..PEOPLE)
        .flat_map(|number| {
            let name = format!("person {number}");
            let email = format!("{number}@a");
            [
                started(&name, &email, Role::Rider),
                saga(&name),
                registered(&name, Role::Rider),
            ]
        })
        .collect()
}

async fn bare(db: &mut PgConnection, rows: &[Row]) {
    fn column<T>(rows: &[Row], of: impl Fn(&Row) -> T) -> Vec<T> {
        rows.iter().map(of).collect()
    }
    sqlx::query(
        "INSERT INTO bare (id, status, roles, email_key, profile, credential, since, at_partition, at_sequence)
         SELECT id, status, string_to_array(roles, ','), email_key, profile::json, credential::json,
             since::timestamptz, at_partition, at_sequence
         FROM UNNEST($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
             $9::bigint[])
             AS new (id, status, roles, email_key, profile, credential, since, at_partition, at_sequence)",
    )
    .bind(column(rows, |row| row.0.clone()))
    .bind(column(rows, |row| row.1.clone()))
    .bind(column(rows, |row| row.2.clone()))
    .bind(column(rows, |row| row.3.clone()))
    .bind(column(rows, |row| row.4.clone()))
    .bind(column(rows, |row| row.5.clone()))
    .bind(column(rows, |row| row.6.clone()))
    .bind(column(rows, |row| row.7))
    .bind(column(rows, |row| row.8))
    .execute(db)
    .await
    .unwrap();
}

#[ignore = "measures; says nothing on a busy machine"]
#[tokio::test(flavor = "multi_thread")]
async fn events_into_rows_against_the_rows_alone() {
    let engine = Engine::start("postgres");
    for round in 0..ROUNDS {
        let (model, url) = opened(&engine, &format!("speed{round}")).await;
        let mut story = Story::new(model, CHUNK);
        for one in everybody() {
            story.write(0, one);
        }
        let began = Instant::now();
        story.told().await;
        let projected = began.elapsed().as_secs_f64();

        let mut db = PgConnection::connect(&url).await.unwrap();
        let like = "CREATE TABLE bare (LIKE user_people_v1.users INCLUDING ALL)";
        sqlx::query(like).execute(&mut db).await.unwrap();
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, status, array_to_string(roles, ',') AS roles, email_key, profile::text AS profile,
                 credential::text AS credential, since::text AS since, at_partition, at_sequence
             FROM user_people_v1.users ORDER BY at_sequence",
        )
        .fetch_all(&mut db)
        .await
        .unwrap();
        assert_eq!(rows.len(), PEOPLE);
        let began = Instant::now();
        // As many in a transaction as a batch of events leaves.
        for some in rows.chunks(CHUNK / 3) {
            bare(&mut db, some).await;
        }
        let alone = began.elapsed().as_secs_f64();
        println!(
            "\n{{\"what\":\"projection-postgres\",\"events_per_second\":{:.0},\"bare_events_per_second\":{:.0},\
             \"ratio\":{:.3}}}",
            EVENTS as f64 / projected,
            EVENTS as f64 / alone,
            alone / projected
        );
    }
}
