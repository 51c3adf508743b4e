use super::people::*;
use crate::domain::{
    Account, BalanceMethod, Command, Entry, EntryKind, Payment, PaymentEvent, Posting,
    state::{Refund, RefundState},
};
use interstate_eventing::{Aggregate, Context, fixture::Story};
use interstate_schemas::{CommandId, Money, OperationId, Role, Settlement, Timestamp};
use proptest::prelude::*;

#[test]
fn an_entry_that_does_not_balance_cannot_be_made_nor_read() {
    let posting = |account, paise| Posting {
        account,
        amount: Money::inr(paise),
        driver: None,
    };
    let wrong = [
        posting(Account::RiderReceivable, 100),
        posting(Account::RoundOff, -99),
    ];
    assert_eq!(
        Entry::new(EntryKind::Settlement, wrong).unwrap_err().sum,
        Money::inr(1)
    );
    let huge = [
        posting(Account::RiderReceivable, i64::MAX),
        posting(Account::RoundOff, 1),
    ];
    assert!(
        Entry::new(EntryKind::Settlement, huge).is_err(),
        "an overflow is no balance"
    );
    let json =
        r#"{"kind":"refund","postings":[{"account":"refunds","amount":{"amount":1,"currency":"INR"}}]}"#;
    assert!(serde_json::from_str::<Entry>(json).is_err());
    let good = serde_json::to_string(&Entry::refund(Money::inr(5), Account::Refunds)).unwrap();
    assert_eq!(
        serde_json::from_str::<Entry>(&good).unwrap(),
        Entry::refund(Money::inr(5), Account::Refunds)
    );
}

/// Something that can come to a payment, in any order.
#[derive(Debug, Clone)]
enum Arrives {
    Command(Command, u32),
    /// The rider says that no cash was paid.
    Dispute,
    /// The provider answers one of the open operations.
    Result {
        which: usize,
        succeeds: bool,
    },
}

fn arrives() -> impl Strategy<Value = Arrives> {
    let command = prop_oneof![
        Just(hold()),
        Just(void()),
        Just(capture()),
        (0..200_000i64, 0..20_000i64, 0..3u8).prop_map(|(amount, fee, name)| refund(
            &format!("r{name}"),
            Some(amount),
            fee
        )),
        (0..20_000i64).prop_map(|fee| refund("all", None, fee)),
        (0..400_000i64).prop_map(|cash| Command::Settle(v1(cash))),
        (50_000..150_000i64).prop_map(|fare| {
            let (payable, driver_due, none) = (
                Money::inr(fare),
                Money::inr(fare - 24 - 448 - 22_376),
                Money::ZERO,
            );
            let parts = Settlement {
                payable,
                driver_due,
                commission: none,
                commission_gst: none,
                ..v1(0)
            };
            Command::Settle(parts)
        }),
        Just(Command::RecordBalancePayment {
            method: BalanceMethod::Cash
        }),
        Just(Command::RecordBalancePayment {
            method: BalanceMethod::Provider { method: card() }
        }),
        any::<bool>().prop_map(|paid| Command::AnswerCash { paid }),
        Just(Command::RefundAgain),
    ];
    prop_oneof![
        4 => (command, 1..3u32).prop_map(|(command, run)| Arrives::Command(command, run)),
        1 => Just(Arrives::Dispute),
        6 => (0..4usize, prop::bool::weighted(0.8)).prop_map(|(which, succeeds)| Arrives::Result { which, succeeds }),
    ]
}

/// The provider did it, and has a name for each payment.
fn named(id: OperationId) -> Command {
    done_as(id, &id.to_string())
}

/// What the provider has of the rider's money, by its own book.
fn at_provider(story: &Story<Payment>, succeeded: &[OperationId]) -> i64 {
    let state = &story.state().0;
    let moved = succeeded.iter().filter_map(|id| state.operations.get(*id));
    moved
        .map(|operation| match operation.kind.as_str() {
            "capture" | "charge" => operation.amount.amount,
            "refund" => -operation.amount.amount,
            _ => 0,
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn in_whatever_order_things_come_the_books_balance_and_are_the_providers(
        history in prop::collection::vec(arrives(), 1..40)
    ) {
        let mut story = payment();
        let mut succeeded = Vec::new();
        let (mut books, mut clearing) = (0, 0);
        for (n, arrives) in history.into_iter().enumerate() {
            let (actor, command, run) = match arrives {
                Arrives::Command(command, run) => (saga(), command, run),
                Arrives::Dispute => (user(rider(), Role::Rider), Command::AnswerCash { paid: false }, 1),
                Arrives::Result { which, succeeds } => {
                    let open: Vec<OperationId> =
                        story.state().0.operations.still_open().map(|operation| operation.id).collect();
                    let Some(id) = open.get(which % open.len().max(1)).copied() else { continue };
                    if succeeds {
                        succeeded.push(id);
                    }
                    let result = if succeeds { named(id) } else { refused(id, "card_declined") };
                    (worker(), result, 1)
                }
            };
            let (step, now) = (step("a step", run), TEN.parse::<Timestamp>().unwrap());
            let address = step.to.clone();
            let cx = Context {
                now,
                actor: &actor,
                command: CommandId::derive(1, &[&n.to_be_bytes()]),
                address: &address,
                version: 0,
                step: Some(&step),
            };
            let Ok(decision) = story.state().decide(command, &cx) else { continue };
            for event in &decision.events {
                if let PaymentEvent::JournalPosted(posted) = event {
                    for posting in posted.entry.postings() {
                        books += posting.amount.amount;
                        if posting.account == Account::ProviderClearing {
                            clearing += posting.amount.amount;
                        }
                    }
                }
            }
            story = story.events(decision.events);
            // As it comes back from the cache of states.
            let cached = serde_json::to_vec(story.state()).unwrap();
            prop_assert_eq!(&serde_json::from_slice::<Payment>(&cached).unwrap(), story.state());
            let state = &story.state().0;
            prop_assert_eq!(books, 0);
            prop_assert_eq!(clearing, at_provider(&story, &succeeded));
            prop_assert!(clearing >= 0, "more went back than came in");
            prop_assert!(state.advance.amount >= 0, "the same advance was used twice");
        }
        // When every open operation has ended, nobody is left waiting.
        for n in 0..100u32 {
            let Some(id) = story.state().0.operations.still_open().map(|operation| operation.id).next() else { break };
            let told = story.when(worker(), named(id));
            let _ = n;
            story = told.story();
        }
        let state = &story.state().0;
        prop_assert!(state.operations.still_open().next().is_none());
        prop_assert!(state.hold_waiting.is_empty() && state.capture_waiting.is_empty());
        let pending = |refund: &Refund| !matches!(refund.state, RefundState::Done { .. });
        prop_assert!(
            state.receivable.amount >= 0 || state.refunds.values().any(pending),
            "what was paid too much is kept in silence"
        );
    }
}
