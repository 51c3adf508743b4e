//! What is said of a server that cannot be used.

use crate::{
    shelf::{Balances, Server},
    suite::Shelf,
};
use async_trait::async_trait;
use interstate_engines::Engine;
use interstate_eventing::{Event, runtime::MachineClock};
use interstate_stores::postgres::{PgProjection, PgProjectionError, PgReadModel, Postgres};
use sqlx::{Connection, PgConnection, raw_sql};
use std::sync::Arc;

async fn said(url: &str) -> String {
    let server = match Postgres::open(url, "ledger").await {
        Ok(server) => server,
        Err(error) => return error.to_string(),
    };
    let balances = Balances {
        mended: Arc::default(),
    };
    let looked = PgReadModel::<Balances>::look(&server).await.unwrap_err();
    let opened = PgReadModel::open(&server, balances)
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(looked.remedy, opened.remedy, "{looked}, {opened}");
    opened.to_string()
}

/// Needs an extension that every server has, or that none has.
struct With<const EVERYWHERE: bool>;

#[async_trait]
impl<const EVERYWHERE: bool> PgProjection for With<EVERYWHERE> {
    const NAME: &'static str = "with-extension";
    const VERSION: u32 = 1;
    const TABLES: &'static [&'static str] = &[];
    const MIGRATIONS: &'static [&'static str] = &[];
    const EXTENSIONS: &'static [&'static str] = match EVERYWHERE {
        true => &["btree_gist"],
        false => &["no_such_extension"],
    };

    async fn apply(&self, _: &mut PgConnection, _: &[&Event]) -> Result<(), PgProjectionError> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_finds_what_is_missing_and_makes_nothing() {
    let engine = Engine::start("postgres");
    let mut db = PgConnection::connect(engine.url()).await.unwrap();
    let maker = "CREATE ROLE maker LOGIN; GRANT CREATE ON DATABASE app TO maker";
    raw_sql(maker).execute(&mut db).await.unwrap();
    let url = format!("postgres://maker@127.0.0.1:{}/app", engine.port());
    for url in [engine.url(), &url] {
        let server = Postgres::open(url, "ledger").await.unwrap();
        PgReadModel::<Balances>::look(&server).await.unwrap();
        PgReadModel::<With<true>>::look(&server).await.unwrap();
        let missing = PgReadModel::<With<false>>::look(&server).await.unwrap_err();
        let missing = missing.to_string();
        assert!(
            missing.contains("no_such_extension") && missing.contains("install the extension's package"),
            "{missing}"
        );
        let apart = server.clock().await.unwrap() - MachineClock::machine_now().as_millisecond();
        assert!(apart.abs() < 5_000, "{apart}");
    }
    let made = "SELECT (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'ledger%')
                     + (SELECT count(*) FROM pg_extension WHERE extname = 'btree_gist')";
    let made: i64 = sqlx::query_scalar(made).fetch_one(&mut db).await.unwrap();
    assert_eq!(made, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_says_what_where_and_what_to_do() {
    let engine = Engine::start("postgres");
    let port = engine.port();
    let shelf = Server {
        url: engine.url().to_owned(),
    };
    shelf.open(Arc::default()).await;
    let mut db = PgConnection::connect(engine.url()).await.unwrap();
    let users = "CREATE ROLE guest LOGIN; CREATE TABLE public.other (n INT);
                 REVOKE CREATE ON DATABASE app FROM PUBLIC";
    raw_sql(users).execute(&mut db).await.unwrap();
    let at = format!("127.0.0.1:{port}");

    let nobody = said("postgres://app:hunter2@127.0.0.1:1/app").await;
    assert!(
        nobody.contains("127.0.0.1:1/app") && nobody.contains("start the server"),
        "{nobody}"
    );
    let unreadable = said("postgres://app:hunter2@127.0.0.1:port/app").await;
    assert!(
        unreadable.contains("postgres://user:password@host"),
        "{unreadable}"
    );
    let missing = said(&format!("postgres://app:hunter2@{at}/rides")).await;
    assert!(
        missing.contains("3D000") && missing.contains("create the database"),
        "{missing}"
    );
    let stranger = said(&format!("postgres://nobody:hunter2@{at}/app")).await;
    assert!(stranger.contains("check user and password"), "{stranger}");
    let guest = said(&format!("postgres://guest:hunter2@{at}/app")).await;
    assert!(
        guest.contains("GRANT CREATE ON DATABASE") || guest.contains("42501"),
        "{guest}"
    );
    let plain = said(&format!("postgres://app:hunter2@{at}/app?sslmode=require")).await;
    assert!(plain.contains("sslmode"), "{plain}");
    for text in [nobody, unreadable, missing, stranger, guest, plain] {
        assert!(!text.contains("hunter2"), "{text}");
    }

    let ahead = "INSERT INTO ledger_balances_v1.migrations (step, hash) VALUES (99, 'of a later build')";
    raw_sql(ahead).execute(&mut db).await.unwrap();
    let ahead = said(engine.url()).await;
    assert!(
        ahead.contains("ahead of this build") && ahead.contains("start the newer build"),
        "{ahead}"
    );
    let changed = "DELETE FROM ledger_balances_v1.migrations WHERE step = 99;
                   UPDATE ledger_balances_v1.migrations SET hash = 'another' WHERE step = 1";
    raw_sql(changed).execute(&mut db).await.unwrap();
    let changed = said(engine.url()).await;
    assert!(changed.contains("step 1 of the schema"), "{changed}");
}
