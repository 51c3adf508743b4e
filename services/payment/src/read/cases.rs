//! Cases that a person has to decide. A row keeps those that are open, as JSON, and nothing where none is.

use crate::domain::{PaymentEvent, event::CaseAbout, event::SupportCaseOpened};
use interstate_schemas::{CaseId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpenCase {
    /// The case.
    pub case: CaseId,
    /// What about.
    pub about: CaseAbout,
    /// Since when it waits.
    pub opened_at: Timestamp,
}

/// Takes a new case up, in place of an earlier one about the same.
pub(super) fn open(cases: &mut Vec<OpenCase>, opened: SupportCaseOpened, at: Timestamp) {
    cases.retain(|known| !is_same(&known.about, &opened.about));
    cases.push(OpenCase {
        case: opened.case,
        about: opened.about,
        opened_at: at,
    });
}

/// Drops what an event has decided: whether cash was paid, or that a refund went back.
pub(super) fn decide(cases: &mut Vec<OpenCase>, event: &PaymentEvent) {
    cases.retain(|open| match (&open.about, event) {
        (CaseAbout::CashDisputed { .. }, PaymentEvent::CashConfirmed(_) | PaymentEvent::CashWithdrawn(_)) => {
            false
        }
        (CaseAbout::RefundRefused { reference, .. }, PaymentEvent::Refunded(done)) => {
            *reference != done.reference
        }
        _ => true,
    });
}

/// There is one claim of cash at a time, and a refund has its name.
fn is_same(one: &CaseAbout, other: &CaseAbout) -> bool {
    match (one, other) {
        (CaseAbout::CashDisputed { .. }, CaseAbout::CashDisputed { .. }) => true,
        (
            CaseAbout::RefundRefused { reference: one, .. },
            CaseAbout::RefundRefused { reference: other, .. },
        ) => one == other,
        _ => false,
    }
}

/// As a row keeps them.
pub(super) fn text(cases: &[OpenCase]) -> Option<String> {
    let json = || serde_json::to_string(cases).expect("ids, words and amounts are JSON");
    (!cases.is_empty()).then(json)
}

/// Out of a row.
pub(super) fn parse(text: Option<String>) -> serde_json::Result<Vec<OpenCase>> {
    text.map_or_else(|| Ok(Vec::new()), |text| serde_json::from_str(&text))
}
