//! Stories about what a rider has paid too much for a trip.

use super::people::*;
use crate::domain::{Account, BalanceMethod, Command, OperationKind, Payment, PaymentEvent, RefundReply};
use interstate_eventing::fixture::{Story, Told};
use interstate_schemas::{Actor, Money, OperationId, Role, UserId};

const BALANCE: Money = Money::inr(375_900);

fn the_rider() -> Actor {
    user(rider(), Role::Rider)
}

fn support() -> Actor {
    user(UserId::derive(8, &[b"support"]), Role::Support)
}

fn by_card() -> Command {
    let method = BalanceMethod::Provider { method: card() };
    Command::RecordBalancePayment { method }
}

fn says(paid: bool) -> Command {
    Command::AnswerCash { paid }
}

/// The rider disputes the cash and pays the same by card, which the provider calls `name`.
fn paid_by_card_instead(story: Story<Payment>, amount: Money, name: &str) -> Story<Payment> {
    let disputed = story.when(the_rider(), says(false)).story();
    let asked = disputed.when(the_rider(), by_card());
    let charge = request(&asked, OperationKind::Charge, amount);
    asked.story().when(worker(), done_as(charge, name)).story()
}

/// The one refund that a decision asks for: out of which of the provider's payments.
#[track_caller]
fn back(told: &Told<Payment>, amount: Money, from: &str) -> OperationId {
    let operation = request(told, OperationKind::Refund, amount);
    assert_eq!(requests(told)[0].provider_reference.as_deref(), Some(from));
    operation
}

/// What all entries of a decision move on an account, in paise.
fn moved(told: &Told<Payment>, account: Account) -> i64 {
    let entries = told.decided().events.iter().filter_map(|event| match event {
        PaymentEvent::JournalPosted(posted) => Some(&posted.entry),
        _ => None,
    });
    let lines = entries.flat_map(|entry| entry.postings());
    let lines = lines.filter(|line| line.account == account);
    lines.map(|line| line.amount.amount).sum()
}

#[test]
fn what_was_paid_in_cash_and_by_card_goes_back_to_the_card() {
    // Vector V1: the balance of ₹3,759 is paid twice.
    let driven = captured()
        .when(saga(), Command::Settle(v1(BALANCE.amount)))
        .story();
    let paid = paid_by_card_instead(driven, BALANCE, "pi_balance");
    let told = paid.when(support(), says(true));
    let refund = back(&told, BALANCE, "pi_balance");
    let told = told.story().when(worker(), done(refund));
    assert_eq!(moved(&told, Account::ProviderClearing), -BALANCE.amount);
    let story = told.then_types(&[
        "payment.operation_closed.v1",
        "payment.refunded.v1",
        "payment.journal_posted.v1",
    ]);
    assert_eq!(story.state().0.receivable, Money::ZERO);
    assert_eq!(
        story.state().0.refundable(""),
        ADVANCE,
        "the advance has paid for the trip"
    );
}

/// The trip is settled with cash that the driver claims, while the provider still takes the advance.
fn settled_early(cash: i64) -> (Story<Payment>, OperationId) {
    let asked = payment().when(saga(), capture());
    let taking = request(&asked, OperationKind::Charge, ADVANCE);
    let settled = asked.story().when(saga(), Command::Settle(v1(cash)));
    (settled.story(), taking)
}

#[test]
fn what_one_payment_does_not_cover_comes_out_of_the_one_before() {
    let (story, taking) = settled_early(400_000);
    let (part, rest) = (Money::inr(69_900), Money::inr(24_100));
    let asked = story.when(the_rider(), by_card());
    let charge = request(&asked, OperationKind::Charge, part);
    let story = asked
        .story()
        .when(worker(), done_as(charge, "pi_balance"))
        .story();
    let story = story.when(worker(), done_as(taking, "pi_advance")).story();
    let told = story.when(the_rider(), says(true));
    let first = back(&told, part, "pi_balance");
    let told = told.story().when(worker(), done(first));
    let second = back(&told, rest, "pi_advance");
    let told = told.story().when(worker(), done(second));
    assert!(requests(&told).is_empty());
    assert_eq!(told.story().state().0.receivable, Money::ZERO);
}

/// More cash than was due is claimed, and the advance is asked back at the operator's cost.
fn given_back_out_of_kindness() -> (Story<Payment>, OperationId) {
    let (story, taking) = settled_early(469_900);
    let story = story.when(worker(), done(taking)).story();
    let asked = story.when(saga(), refund("sorry", None, 0));
    let kindness = request(&asked, OperationKind::Refund, ADVANCE);
    (asked.story(), kindness)
}

#[test]
fn what_the_provider_has_not_is_for_a_person() {
    let (story, kindness) = given_back_out_of_kindness();
    let story = story.when(worker(), done(kindness)).story();
    let told = story.when(the_rider(), says(true));
    let story = told.then_types(&[
        "payment.cash_confirmed.v1",
        "payment.journal_posted.v1",
        "payment.balance_paid.v1",
        "payment.refund_requested.v1",
        "payment.refund_refused.v1",
        "payment.support_case_opened.v1",
    ]);
    assert_eq!(story.state().0.receivable, -ADVANCE);
    assert!(story.deadlines().is_empty(), "time does not mend it");
    let story = story.when(the_rider(), says(true)).then_nothing();
    let told = story.when(support(), Command::RefundAgain);
    let reply: RefundReply = serde_json::from_slice(&told.decided().reply).unwrap();
    assert_eq!(reply.again, ["overpaid-1"]);
    told.then_types(&[
        "payment.refund_requested.v1",
        "payment.refund_refused.v1",
        "payment.support_case_opened.v1",
    ]);
}

#[test]
fn what_another_refund_may_leave_is_waited_for() {
    let (story, kindness) = given_back_out_of_kindness();
    let story = story.when(the_rider(), says(true)).then_types(&[
        "payment.cash_confirmed.v1",
        "payment.journal_posted.v1",
        "payment.balance_paid.v1",
        "payment.refund_requested.v1",
    ]);
    let told = story.when(worker(), refused(kindness, "try_later"));
    back(&told, ADVANCE, "pi_1");
}

#[test]
fn an_excess_does_not_refuse_the_advance_that_is_on_its_way() {
    let asked = payment().when(saga(), hold());
    let holding = request(&asked, OperationKind::Hold, ADVANCE);
    let story = asked.story().when(saga(), capture()).story();
    let settled = story.when(saga(), Command::Settle(v1(469_900))).story();
    let paid = paid_by_card_instead(settled, Money::inr(469_900), "pi_balance");
    let told = paid.when(support(), says(true));
    back(&told, Money::inr(469_900), "pi_balance");
    let told = told.story().when(worker(), done(holding));
    request(&told, OperationKind::Capture, ADVANCE);
}
