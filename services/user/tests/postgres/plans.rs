//! No question looks at every row, however many there are.

use crate::opened;
use interstate_engines::Engine;
use interstate_user::read::postgres::QUESTIONS;
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};

/// Two thirds of 6000 people are signed up, every 300th is to be forgotten, and each has two sessions.
const MANY: &str = r"
    INSERT INTO users
    SELECT 'usr_' || n, status, CASE status WHEN 'refused' THEN 'user-email-taken' END, '{rider}',
        CASE WHEN known THEN 'key ' || n END, CASE WHEN known THEN '{}'::json END,
        CASE WHEN known THEN '{}'::json END, now(), 0, n
    FROM (SELECT n, CASE WHEN n % 600 = 0 THEN 'refused' WHEN n % 300 = 0 THEN 'erased'
                         WHEN n % 3 = 0 THEN 'registering' ELSE 'active' END AS status, n % 300 <> 0 AS known
          FROM generate_series(1, 6000) n) people;
    INSERT INTO sessions SELECT 'ses_' || n, 'usr_' || n % 6000 + 1, 'rider', now() FROM generate_series(1, 12000) n;
    ANALYZE users; ANALYZE sessions;";

#[tokio::test(flavor = "multi_thread")]
async fn every_question_goes_by_an_index() {
    let engine = Engine::start("postgres");
    let (_opened, url) = opened(&engine, "plans").await;
    let mut db = PgConnection::connect(&url).await.unwrap();
    raw_sql("SET search_path TO user_people_v1")
        .execute(&mut db)
        .await
        .unwrap();
    raw_sql(MANY).execute(&mut db).await.unwrap();
    for question in QUESTIONS {
        let explain = sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN {question}")));
        let explain = match question.contains("$1") {
            true => explain.bind("usr_77"),
            false => explain,
        };
        let plan: Vec<String> = explain.fetch_all(&mut db).await.unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains("Index"), "{question}\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{question}\n{plan}");
    }
}
