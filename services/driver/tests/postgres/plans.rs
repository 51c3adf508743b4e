//! No question looks at every row, however many there are.

use crate::{database, opened};
use interstate_driver::read::postgres::{DUTIES, QUESTIONS};
use interstate_engines::Engine;
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};

/// 5000 searches of 3 offers each to 500 drivers, who have 30 duties each; one offer in ten waits.
const MANY: &str = r"
    INSERT INTO searches SELECT 'dsp_' || n, 'usr_' || n, 1, 'searching', 1, now(), now(), '{}', 0, 0, '[]'
    FROM generate_series(1, 5000) n;
    INSERT INTO offers SELECT 'off_' || n, 'dsp_' || n % 5000 + 1, 1, 'drv_' || n % 500, 'veh_' || n % 500,
        CASE WHEN n % 10 = 7 THEN 'open' ELSE 'expired' END, now(), 100
    FROM generate_series(1, 15000) n;
    INSERT INTO duties SELECT 'drv_' || n % 500, 'bkg_' || n, 1, 'closed', now(), now(), now()
    FROM generate_series(1, 15000) n;
    ANALYZE searches; ANALYZE offers; ANALYZE duties;";

#[tokio::test(flavor = "multi_thread")]
async fn every_question_goes_by_an_index() {
    let engine = Engine::start("postgres");
    let url = database(&engine, "plans").await;
    let _opened = opened(&url).await;
    let mut db = PgConnection::connect(&url).await.unwrap();
    let path = "SET search_path TO driver_driver_dispatches_v2";
    raw_sql(path).execute(&mut db).await.unwrap();
    raw_sql(MANY).execute(&mut db).await.unwrap();
    for question in QUESTIONS {
        let plan = sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN {question}"))).bind("drv_77");
        goes_by_an_index(question, plan.fetch_all(&mut db).await.unwrap());
    }
    let plan = sqlx::query_scalar(AssertSqlSafe(format!("EXPLAIN {DUTIES}"))).bind("drv_77");
    goes_by_an_index(DUTIES, plan.bind(0_i64).fetch_all(&mut db).await.unwrap());
}

fn goes_by_an_index(question: &str, plan: Vec<String>) {
    let plan = plan.join("\n");
    assert!(plan.contains("Index"), "{question}\n{plan}");
    assert!(!plan.contains("Seq Scan"), "{question}\n{plan}");
}
