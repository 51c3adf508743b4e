//! No question looks at every row, however many there are.

use crate::{database, opened};
use interstate_driver::read::postgres::QUESTIONS;
use interstate_engines::Engine;
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};

/// 5000 searches of 3 offers each to 500 drivers; one offer in ten waits.
const MANY: &str = r"
    INSERT INTO searches SELECT 'dsp_' || n, 'usr_' || n, 1, 'searching', 1, now(), now(), '{}', 0, 0, '[]'
    FROM generate_series(1, 5000) n;
    INSERT INTO offers SELECT 'off_' || n, 'dsp_' || n % 5000 + 1, 1, 'drv_' || n % 500, 'veh_' || n % 500,
        CASE WHEN n % 10 = 7 THEN 'open' ELSE 'expired' END, now(), 100
    FROM generate_series(1, 15000) n;
    ANALYZE searches; ANALYZE offers;";

#[tokio::test(flavor = "multi_thread")]
async fn every_question_goes_by_an_index() {
    let engine = Engine::start("postgres");
    let url = database(&engine, "plans").await;
    let _opened = opened(&url).await;
    let mut db = PgConnection::connect(&url).await.unwrap();
    let path = "SET search_path TO driver_driver_dispatches_v1";
    raw_sql(path).execute(&mut db).await.unwrap();
    raw_sql(MANY).execute(&mut db).await.unwrap();
    for question in QUESTIONS {
        let explain = AssertSqlSafe(format!("EXPLAIN {question}"));
        let plan: Vec<String> = sqlx::query_scalar(explain)
            .bind("drv_77")
            .fetch_all(&mut db)
            .await
            .unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains("Index"), "{question}\n{plan}");
        assert!(!plan.contains("Seq Scan"), "{question}\n{plan}");
    }
}
