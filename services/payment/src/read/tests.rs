//! The read model against decisions of the real aggregate.

use super::{OperationStatus, PaymentBooks, PaymentReads, PaymentStatus};
use crate::domain::{
    Account, BalanceMethod, Command, OperationKind, Payment, PaymentEvent,
    tests::people::{
        ADVANCE, TEN, booking, capture, done, driver, hold, payment, refund, rider, saga, v1, void, worker,
    },
};
use interstate_eventing::{
    DomainEvent, Event,
    fixture::Story,
    projection::{Position, ReadModel},
};
use interstate_log::PartitionId;
use interstate_schemas::{Actor, CommandId, EventId, Money, PaymentId};
use interstate_stores::{Sqlite, SqliteReadModel};

/// A payment whose events go into a read model as they happen.
struct Books {
    story: Story<Payment>,
    model: SqliteReadModel<PaymentBooks>,
    reads: PaymentReads,
    sequence: u64,
    _folder: tempfile::TempDir,
}

impl Books {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Sqlite::open(folder.path().join("payment.db")).await.unwrap();
        let model = SqliteReadModel::open(&db, PaymentBooks).await.unwrap();
        let reads = PaymentReads::new(db.readers().clone());
        Self {
            story: payment(),
            model,
            reads,
            sequence: 0,
            _folder: folder,
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
            .model
            .apply(&PartitionId::new("payment", 0), &envelopes, to)
            .await
            .unwrap();
        assert_eq!(applied.parked, 0);
        self.story = told.story();
        asked
    }

    async fn view(&self) -> super::PaymentView {
        self.reads.payment(booking()).await.unwrap().unwrap()
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

#[tokio::test]
async fn a_ride_that_is_paid_in_cash_shows_in_the_books_and_on_the_drivers_statement() {
    let mut books = Books::new().await;
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

    let statement = books.reads.statement(driver(), 10).await.unwrap();
    assert_eq!(
        (statement.earned, statement.cash),
        (Money::inr(380_146), Money::inr(375_900))
    );
    assert_eq!(statement.owed, Money::inr(4_246), "vector V1");
    assert_eq!(
        (statement.trips.len(), statement.trips[0].tds),
        (1, Money::inr(448))
    );

    let trial = books.reads.trial_balance().await.unwrap();
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

#[tokio::test]
async fn a_hold_that_is_given_back_and_a_refund_show() {
    let mut books = Books::new().await;
    let asked = books.tell(saga(), hold()).await;
    books.tell(worker(), done(asked[0])).await;
    assert_eq!(books.view().await.held, ADVANCE);
    let asked = books.tell(saga(), void()).await;
    books.tell(worker(), done(asked[0])).await;
    let view = books.view().await;
    assert_eq!((view.status, view.held), (PaymentStatus::Released, Money::ZERO));

    let mut books = Books::new().await;
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
    assert_eq!(books.reads.trial_balance().await.unwrap().total, Money::ZERO);
}

#[tokio::test]
async fn what_nobody_has_paid_for_is_not_there() {
    let books = Books::new().await;
    assert_eq!(books.reads.payment(booking()).await.unwrap(), None);
    let statement = books.reads.statement(driver(), 10).await.unwrap();
    assert_eq!((statement.owed, statement.trips.len()), (Money::ZERO, 0));
}

#[tokio::test]
async fn the_audit_finds_an_entry_and_a_balance_that_do_not_add_up() {
    let mut books = Books::new().await;
    let asked = books.tell(saga(), hold()).await;
    books.tell(worker(), done(asked[0])).await;
    let asked = books.tell(saga(), capture()).await;
    books.tell(worker(), done(asked[0])).await;
    let healthy = books.reads.audit().await.unwrap();
    assert!(healthy.entries > 0, "{healthy:?}");
    assert_eq!(
        (healthy.unbalanced.len(), healthy.differing.len()),
        (0, 0),
        "{healthy:?}"
    );

    let rows = rusqlite::Connection::open(books.model.db().path()).unwrap();
    let sql = "UPDATE postings SET amount = amount - 5 WHERE line = 0";
    assert_eq!(rows.execute(sql, []).unwrap() as u64, healthy.entries);
    let damaged = books.reads.audit().await.unwrap();
    assert_eq!(damaged.unbalanced.len() as u64, healthy.entries);
    assert_eq!(damaged.unbalanced[0].sum, Money::inr(-5));
    assert_eq!(damaged.differing.len(), 1, "{damaged:?}");
}
