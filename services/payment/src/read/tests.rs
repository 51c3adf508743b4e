//! The read model against decisions of the real aggregate.

use super::{Opened, OperationStatus, PaymentStatus, postgres, sqlite};
use crate::domain::{
    Account, BalanceMethod, Command, OperationKind, Payment, PaymentEvent,
    event::{CaseAbout, SupportCaseOpened, Voided},
    tests::people::{
        ADVANCE, TEN, booking, capture, card, done, done_as, driver, hold, payment, refund, refused, rider,
        saga, user, v1, void, worker,
    },
};
use interstate_engines::Engine;
use interstate_eventing::{DomainEvent, Event, fixture::Story, projection::Position};
use interstate_log::PartitionId;
use interstate_schemas::{
    Actor, BookingId, CaseId, CommandId, EventId, Money, PaymentId, Role, Settlement, UserId,
};
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
                raw_sql("SET search_path TO payment_payment_books_v3")
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
        self.project(booking(), &told.decided().events).await;
        let requested = told.decided().events.iter().filter_map(|event| match event {
            PaymentEvent::OperationRequested(requested) => Some(requested.operation),
            _ => None,
        });
        let asked = requested.collect();
        self.story = told.story();
        asked
    }

    /// Carries what happened to the payment of a booking into the read model.
    async fn project(&mut self, of: BookingId, events: &[PaymentEvent]) {
        let first = self.sequence;
        let mut envelopes = Vec::new();
        for event in events {
            self.sequence += 1;
            envelopes.push(envelope(of, event, self.sequence));
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
    }

    /// Those that are listed, in pages of two.
    async fn listed(&self, support_case: Option<bool>) -> Vec<super::PaymentView> {
        let (mut listed, mut after) = (Vec::new(), None);
        loop {
            let page = self.opened.reads.list(support_case, after, 2).await.unwrap();
            let Some(last) = page.last() else {
                return listed;
            };
            assert!(page.len() <= 2);
            after = Some(last.booking);
            listed.extend(page);
        }
    }

    async fn view(&self) -> super::PaymentView {
        self.opened.reads.payment(booking()).await.unwrap().unwrap()
    }
}

fn envelope(of: BookingId, event: &PaymentEvent, sequence: u64) -> Event {
    let id = CommandId::derive(1, &[&sequence.to_be_bytes()]);
    Event {
        id: EventId::derive(1, &[&sequence.to_be_bytes()]),
        service: "payment".into(),
        partition: 0,
        sequence,
        aggregate: "payment".into(),
        subject: PaymentId::from(of).to_string(),
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

async fn what_was_taken_too_much_and_goes_back_is_no_debt(mut books: Books) {
    let asked = books.tell(saga(), capture()).await;
    books.tell(worker(), done(asked[0])).await;
    let (payable, zero) = (Money::inr(50_000), Money::ZERO);
    let short = Settlement {
        payable,
        driver_due: payable,
        commission: zero,
        commission_gst: zero,
        tds: zero,
        fare_gst: zero,
        round_off: zero,
        ..v1(0)
    };
    let asked = books.tell(saga(), Command::Settle(short)).await;
    let view = books.view().await;
    assert_eq!((view.status, view.balance), (PaymentStatus::Paid, zero));
    books.tell(worker(), done(asked[0])).await;
    let view = books.view().await;
    assert_eq!((view.refunded, view.balance), (ADVANCE - payable, zero));
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

/// A person's word about the cash that the driver claims.
fn says(role: Role, paid: bool) -> (Actor, Command) {
    let id = match role {
        Role::Rider => rider(),
        _ => UserId::derive(8, &[b"support"]),
    };
    (user(id, role), Command::AnswerCash { paid })
}

async fn what_waits_for_support_is_listed_until_support_has_decided_it(mut books: Books) {
    let asked = books.tell(saga(), capture()).await;
    books.tell(worker(), done_as(asked[0], "pi_advance")).await;
    books.tell(saga(), Command::Settle(v1(375_900))).await;
    assert_eq!(books.listed(Some(true)).await, []);
    let (actor, disputes) = says(Role::Rider, false);
    books.tell(actor, disputes).await;
    let view = books.view().await;
    let about = CaseAbout::CashDisputed {
        amount: Money::inr(375_900),
    };
    assert_eq!((view.cases.len(), &view.cases[0].about), (1, &about));
    assert_eq!(view.support_case, Some(view.cases[0].case));
    assert_eq!(books.listed(Some(true)).await, [view]);
    assert_eq!(books.listed(Some(false)).await, []);

    let method = BalanceMethod::Provider { method: card() };
    let by_card = Command::RecordBalancePayment { method };
    let asked = books.tell(user(rider(), Role::Rider), by_card).await;
    books.tell(worker(), done_as(asked[0], "pi_balance")).await;
    assert_eq!(books.listed(Some(true)).await.len(), 1, "paying decides nothing");
    let (support, confirms) = says(Role::Support, true);
    let mut asked = books.tell(support.clone(), confirms).await;
    let view = books.view().await;
    assert_eq!((view.support_case, view.cases.len()), (None, 0));
    assert_eq!(books.listed(Some(true)).await, []);
    assert_eq!(books.listed(Some(false)).await, [view]);

    // What was paid twice does not go back.
    loop {
        books.tell(worker(), refused(asked[0], "try_later")).await;
        let Some(deadline) = books.story.deadlines().first().cloned() else {
            break;
        };
        assert_eq!(books.listed(Some(true)).await, []);
        books.story = books.story.clone().at(&deadline.due.to_string());
        asked = books.tell(Actor::System, Command::RefundAgain).await;
    }
    let listed = books.listed(Some(true)).await;
    let about = CaseAbout::RefundRefused {
        reference: "overpaid-1".to_owned(),
        code: "payment.try_later".to_owned(),
    };
    assert_eq!(listed[0].cases[0].about, about);
    let first = listed[0].support_case;
    let asked = books.tell(support.clone(), Command::RefundAgain).await;
    books.tell(worker(), refused(asked[0], "try_later")).await;
    let again = books.view().await;
    assert_eq!(again.cases.len(), 1, "one about the same refund");
    assert_ne!(again.support_case, first);
    let asked = books.tell(support, Command::RefundAgain).await;
    books.tell(worker(), done_as(asked[0], "pi_balance")).await;
    let view = books.view().await;
    assert_eq!((view.refunded, view.balance), (Money::inr(375_900), Money::ZERO));
    assert_eq!(books.listed(Some(true)).await, []);
}

async fn payments_are_listed_page_by_page_the_last_booked_first(mut books: Books) {
    let bookings: Vec<BookingId> = (1..=7).map(|n| BookingId::derive(n, &[b"listed"])).collect();
    for (place, of) in bookings.iter().enumerate() {
        let event = match place % 3 {
            0 => PaymentEvent::from(Voided { run: 0 }),
            _ => PaymentEvent::from(SupportCaseOpened {
                case: CaseId::derive(1, &[&place.to_be_bytes()]),
                booking: *of,
                about: CaseAbout::CashDisputed { amount: ADVANCE },
            }),
        };
        books.project(*of, &[event]).await;
    }
    for (support_case, places) in [
        (None, vec![6, 5, 4, 3, 2, 1, 0]),
        (Some(true), vec![5, 4, 2, 1]),
        (Some(false), vec![6, 3, 0]),
    ] {
        let listed = books.listed(support_case).await;
        let listed: Vec<BookingId> = listed.iter().map(|payment| payment.booking).collect();
        let wanted: Vec<BookingId> = places.iter().map(|place: &usize| bookings[*place]).collect();
        assert_eq!(listed, wanted, "{support_case:?}");
    }
}

async fn what_nobody_has_paid_for_is_not_there(books: Books) {
    assert_eq!(books.opened.reads.payment(booking()).await.unwrap(), None);
    assert_eq!(books.listed(None).await, []);
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
    async fn what_was_taken_too_much_and_goes_back_is_no_debt() {
        super::what_was_taken_too_much_and_goes_back_is_no_debt(Books::in_a_file().await).await;
    }

    #[tokio::test]
    async fn a_refund_shows() {
        super::a_refund_shows(Books::in_a_file().await).await;
    }

    #[tokio::test]
    async fn what_waits_for_support_is_listed_until_support_has_decided_it() {
        super::what_waits_for_support_is_listed_until_support_has_decided_it(Books::in_a_file().await).await;
    }

    #[tokio::test]
    async fn payments_are_listed_page_by_page_the_last_booked_first() {
        super::payments_are_listed_page_by_page_the_last_booked_first(Books::in_a_file().await).await;
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
        super::what_waits_for_support_is_listed_until_support_has_decided_it(
            Books::on_a_server(&engine, "case_5").await,
        )
        .await;
        super::payments_are_listed_page_by_page_the_last_booked_first(
            Books::on_a_server(&engine, "case_6").await,
        )
        .await;
        super::what_was_taken_too_much_and_goes_back_is_no_debt(Books::on_a_server(&engine, "case_7").await)
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
                "INSERT INTO payment_payment_books_v3.postings VALUES
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
        let fill = "SET search_path TO payment_payment_books_v3;
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
