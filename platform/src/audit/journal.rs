//! Money: every entry of the journal sums to zero, and so does their sum.

use super::Check;
use interstate_payment::read::PaymentReads;
use interstate_schemas::Money;

/// Checks payment's journal.
pub async fn journal(payments: &dyn PaymentReads) -> Check {
    const NAME: &str = "the journal is balanced";
    let (found, trial) = match futures::join!(payments.audit(), payments.trial_balance()) {
        (Ok(found), Ok(trial)) => (found, trial),
        (Err(error), _) | (_, Err(error)) => return Check::failed(NAME, error),
    };
    let mut violations: Vec<String> = found
        .unbalanced
        .iter()
        .map(|entry| {
            format!(
                "the entry {} of {} ({}) sums to {}, not to zero",
                entry.kind, entry.booking, entry.event, entry.sum
            )
        })
        .collect();
    violations.extend(found.differing.iter().map(|account| {
        format!(
            "the balance of {} is kept as {}, and its postings sum to {}",
            account.account, account.kept, account.posted
        )
    }));
    if trial.total != Money::ZERO {
        violations.push(format!("the trial balance is {}, not zero", trial.total));
    }
    Check::new(
        format!(
            "{NAME}: {} entries, {} accounts",
            found.entries,
            trial.accounts.len()
        ),
        violations,
    )
}
