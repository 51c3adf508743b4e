//! The read model against decisions of the real aggregate.

use super::{Opened, OperationStatus, PaymentStatus, postgres, sqlite};
use crate::domain::{
    Account, BalanceMethod, Command, OperationKind, Payment, PaymentEvent,
    tests::people::{
        ADVANCE, TEN, booking, capture, done, driver, hold, payment, refund, rider, saga, v1, void, worker,
    },
};
use interstate_engines::Engine;
use interstate_eventing::{DomainEvent, Event, fixture::Story, projection::Position};
use interstate_log::PartitionId;
use interstate_schemas::{Actor, CommandId, EventId, Money, PaymentId};
use interstate_stores::Sqlite;
use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};

/// A payment whose events go into a read model as they happen.
struct Books {
    story: Story<Payment>,
    opened: Opened,
    sequence: u64,
    store: Store,
}

/// What has the rows.
enum Store {
    File(tempfile::TempDir),
    Server(String),
}

impl Books {
    async fn in_a_file() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Sqlite::open(folder.path().join("payment.db")).await.unwrap();
        Self::new(sqlite::open(&db).await.unwrap(), Store::File(folder))
    }

    /// In a database of its own.
    async fn on_a_server(engine: &Engine, name: &str) -> Self {
        let mut db = PgConnection::connect(engine.url()).await.unwrap();
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        raw_sql(create).execute(&mut db).await.unwrap();
        let url = format!("postgres://app@127.0.0.1:{}/{name}", engine.port());
        let server = interstate_stores::postgres::Postgres::open(&url, "payment")
            .await
            .unwrap();
        Self::new(postgres::open(&server).await.unwrap(), Store::Server(url))
    }

    fn new(opened: Opened, store: Store) -> Self {
        Self {
            story: payment(),
            opened,
            sequence: 0,
            store,
        }
    }

    /// Writes behind the projection's back; answers with the number of rows.
    async fn spoil(&self, sql: &'static str) -> u64 {
        match &self.store {
            Store::File(folder) => {
                let rows = rusqlite::Connection::open(folder.path().join("payment.db")).unwrap();
                rows.execute(sql, []).unwrap() as u64
            }
            Store::Server(url) => {
                let mut rows = PgConnection::connect(url).await.unwrap();
                raw_sql("SET search_path TO payment_payment_books_v1")
                    .execute(&mut rows)
                    .await
                    .unwrap();
                raw_sql(sql).execute(&mut rows).await.unwrap().rows_affected()
            }
        }
    }

    /// Decides, projects, and says which operations were asked for.
    async fn tell(&mut self, actor: Actor, command: Command) -> Vec<interstate_schemas::OperationId> {
        let told = self.story.clone().when(actor, command);
        let events = told.decided().events.clone();
        let mut asked = Vec::new();
        let first = self.sequence;
        let mut envelopes = Vec::new();
        for event in &events {
            self.sequence += 1;
            envelopes.push(envelope(event, self.sequence));
            if let PaymentEvent::OperationRequested(requested) = event {
                asked.push(requested.operation);
            }
        }
        let to = Position {
            next: self.sequence,
            sequence: self.sequence,
            receipt: first + 1,
            incarnation: 1,
        };
        let applied = self
            .opened
            .model
            .apply(&PartitionId::new("payment", 0), &envelopes, to)
            .await
            .unwrap();
        assert_eq!(applied.parked, 0);
        self.story = told.story();
        asked
    }

    async fn view(&self) -> super::PaymentView {
        self.opened.reads.payment(booking()).await.unwrap().unwrap()
    }
}

fn envelope(event: &PaymentEvent, sequence: u64) -> Event {
    let id = CommandId::derive(1, &[&sequence.to_be_bytes()]);
    Event {
        id: EventId::derive(1, &[&sequence.to_be_bytes()]),
        service: "payment".into(),
        partition: 0,
        sequence,
        aggregate: "payment".into(),
        subject: PaymentId::from(booking()).to_string(),
        version: sequence,
        event_type: event.event_type().into(),
        time: TEN.parse().unwrap(),
        actor: Actor::System,
        correlation: id,
        causation: id,
        trace: None,
        payload: event.encode().into(),
    }
}

async fn a_ride_that_is_paid_in_cash_shows_in_the_books_and_on_the_drivers_statement(mut books: Books) {
    let asked = books.tell(saga(), capture()).await;
    let view = books.view().await;
    assert_eq!(
        (view.status, view.rider),
        (PaymentStatus::Capturing, Some(rider()))
    );
    assert_eq!(view.operations[0].status, OperationStatus::Open);

    books.tell(worker(), done(asked[0])).await;
    let view = books.view().await;
    assert_eq!((view.status, view.captured), (PaymentStatus::Captured, ADVANCE));
    assert_eq!(
        (view.operations[0].kind, view.operations[0].status),
        (OperationKind::Charge, OperationStatus::Succeeded)
    );

    books.tell(saga(), Command::Settle(v1(0))).await;
    let view = books.view().await;
    assert_eq!(
        (view.status, view.balance),
        (PaymentStatus::BalanceDue, Money::inr(375_900))
    );
    assert_eq!(
        (view.payable, view.driver),
        (Some(Money::inr(469_900)), Some(driver()))
    );

    books
        .tell(
            saga(),
            Command::RecordBalancePayment {
                method: BalanceMethod::Cash,
            },
        )
        .await;
    let view = books.view().await;
    assert_eq!((view.status, view.balance), (PaymentStatus::Paid, Money::ZERO));

    let statement = books.opened.reads.statement(driver(), 10).await.unwrap();
    assert_eq!(
        (statement.earned, statement.cash),
        (Money::inr(380_146), Money::inr(375_900))
    );
    assert_eq!(statement.owed, Money::inr(4_246), "vector V1");
    assert_eq!(
        (statement.trips.len(), statement.trips[0].tds),
        (1, Money::inr(448))
    );

    let trial = books.opened.reads.trial_balance().await.unwrap();
    assert_eq!(trial.total, Money::ZERO);
    let of = |account| {
        trial
            .accounts
            .iter()
            .find(|line| line.account == account)
            .unwrap()
            .balance
    };
    assert_eq!(of(Account::ProviderClearing), ADVANCE);
    assert_eq!(of(Account::RiderReceivable), Money::ZERO);
}

async fn a_hold_that_is_given_back_shows(mut books: Books) {
    let asked = books.tell(saga(), hold()).await;
    books.tell(worker(), done(asked[0])).await;
    assert_eq!(books.view().await.held, ADVANCE);
    let asked = books.tell(saga(), void()).await;
    books.tell(worker(), done(asked[0])).await;
    let view = books.view().await;
    assert_eq!((view.status, view.held), (PaymentStatus::Released, Money::ZERO));
}

async fn a_refund_shows(mut books: Books) {
    let asked = books.tell(saga(), capture()).await;
    books.tell(worker(), done(asked[0])).await;
    let asked = books.tell(saga(), refund("cancel", None, 10_000)).await;
    assert_eq!(books.view().await.status, PaymentStatus::Refunding);
    books.tell(worker(), done(asked[0])).await;
    let view = books.view().await;
    assert_eq!(
        (view.status, view.refunded, view.fee),
        (PaymentStatus::Refunded, Money::inr(84_000), Money::inr(10_000))
    );
    assert_eq!(
        books.opened.reads.trial_balance().await.unwrap().total,
        Money::ZERO
    );
}

async fn what_nobody_has_paid_for_is_not_there(books: Books) {
    assert_eq!(books.opened.reads.payment(booking()).await.unwrap(), None);
    let statement = books.opened.reads.statement(driver(), 10).await.unwrap();
    assert_eq!((statement.owed, statement.trips.len()), (Money::ZERO, 0));
}

async fn the_audit_finds_an_entry_and_a_balance_that_do_not_add_up(mut books: Books) {
    let asked = books.tell(saga(), hold()).await;
    books.tell(worker(), done(asked[0])).await;
    let asked = books.tell(saga(), capture()).await;
    books.tell(worker(), done(asked[0])).await;
    let healthy = books.opened.reads.audit().await.unwrap();
    assert!(healthy.entries > 0, "{healthy:?}");
    assert_eq!(
        (healthy.unbalanced.len(), healthy.differing.len()),
        (0, 0),
        "{healthy:?}"
    );

    let sql = "UPDATE postings SET amount = amount - 5 WHERE line = 0";
    assert_eq!(books.spoil(sql).await, healthy.entries);
    let damaged = books.opened.reads.audit().await.unwrap();
    assert_eq!(damaged.unbalanced.len() as u64, healthy.entries);
    assert_eq!(damaged.unbalanced[0].sum, Money::inr(-5));
    assert_eq!(damaged.differing.len(), 1, "{damaged:?}");
}

mod in_a_file {
    use super::*;

    #[tokio::test]
    async fn a_ride_that_is_paid_in_cash_shows_in_the_books_and_on_the_drivers_statement() {
        super::a_ride_that_is_paid_in_cash_shows_in_the_books_and_on_the_drivers_statement(
            Books::in_a_file().await,
        )
        .await;
    }

    #[tokio::test]
    async fn a_hold_that_is_given_back_shows() {
        super::a_hold_that_is_given_back_shows(Books::in_a_file().await).await;
    }

    #[tokio::test]
    async fn a_refund_shows() {
        super::a_refund_shows(Books::in_a_file().await).await;
    }

    #[tokio::test]
    async fn what_nobody_has_paid_for_is_not_there() {
        super::what_nobody_has_paid_for_is_not_there(Books::in_a_file().await).await;
    }

    #[tokio::test]
    async fn the_audit_finds_an_entry_and_a_balance_that_do_not_add_up() {
        super::the_audit_finds_an_entry_and_a_balance_that_do_not_add_up(Books::in_a_file().await).await;
    }
}

mod on_a_real_server {
    use super::*;

    #[ignore = "starts PostgreSQL: make test-engines runs it"]
    #[tokio::test(flavor = "multi_thread")]
    async fn postgres_shows_what_a_file_shows() {
        let engine = Engine::start("postgres");
        super::a_ride_that_is_paid_in_cash_shows_in_the_books_and_on_the_drivers_statement(
            Books::on_a_server(&engine, "case_0").await,
        )
        .await;
        super::a_hold_that_is_given_back_shows(Books::on_a_server(&engine, "case_1").await).await;
        super::a_refund_shows(Books::on_a_server(&engine, "case_2").await).await;
        super::what_nobody_has_paid_for_is_not_there(Books::on_a_server(&engine, "case_3").await).await;
        super::the_audit_finds_an_entry_and_a_balance_that_do_not_add_up(
            Books::on_a_server(&engine, "case_4").await,
        )
        .await;
    }

    #[ignore = "starts PostgreSQL: make test-engines runs it"]
    #[tokio::test(flavor = "multi_thread")]
    async fn an_entry_that_does_not_sum_to_zero_is_refused_by_the_table_itself() {
        let engine = Engine::start("postgres");
        let books = Books::on_a_server(&engine, "unbalanced").await;
        let Store::Server(url) = &books.store else {
            panic!()
        };
        let mut rows = PgConnection::connect(url).await.unwrap();
        let post = |second: i64| {
            AssertSqlSafe(format!(
                "INSERT INTO payment_payment_books_v1.postings VALUES
                 ('evt_{second}', 0, 'bkg', 'refund', 'refunds', '', 500, now()),
                 ('evt_{second}', 1, 'bkg', 'refund', 'provider_clearing', '', {second}, now())"
            ))
        };
        raw_sql(post(-500)).execute(&mut rows).await.unwrap();
        let refused = raw_sql(post(-499)).execute(&mut rows).await.unwrap_err();
        assert!(refused.to_string().contains("does not sum to zero"), "{refused}");
    }

    #[ignore = "starts PostgreSQL: make test-engines runs it"]
    #[tokio::test(flavor = "multi_thread")]
    async fn no_question_reads_a_table_from_end_to_end() {
        let engine = Engine::start("postgres");
        let books = Books::on_a_server(&engine, "plans").await;
        let Store::Server(url) = &books.store else {
            panic!()
        };
        let mut rows = PgConnection::connect(url).await.unwrap();
        let fill = "SET search_path TO payment_payment_books_v1;
            INSERT INTO payments SELECT 'bkg_' || n, 'rid', 'drv', 'paid', NULL, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0,
                                        NULL, now() FROM generate_series(1, 5000) n;
            INSERT INTO operations SELECT 'op_' || n, 'bkg_' || n, 1, 'hold', 1, 'open', NULL, NULL, 0, now(), NULL
                                   FROM generate_series(1, 5000) n;
            INSERT INTO postings SELECT 'evt_' || n, l, 'bkg_' || n, 'refund', 'a' || l, 'drv_' || n % 500, 1 - 2 * l, now()
                                 FROM generate_series(1, 5000) n, generate_series(0, 1) l;
            INSERT INTO balances SELECT 'driver_payable', 'drv_' || n, 1 FROM generate_series(1, 5000) n;
            ANALYZE";
        raw_sql(fill).execute(&mut rows).await.unwrap();
        for (question, key) in postgres::QUESTIONS {
            let text = question.replace("$1", key).replace("$2", "10");
            let explain = AssertSqlSafe(format!("EXPLAIN {text}"));
            let plan: Vec<String> = sqlx::query_scalar(explain).fetch_all(&mut rows).await.unwrap();
            let plan = plan.join("\n");
            assert!(!plan.contains("Seq Scan"), "{text}\n{plan}");
        }
    }
}
