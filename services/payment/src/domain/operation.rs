//! What the provider is asked for. An operation is requested by an event and closed once, by a result that
//! names it; results come in any order.

use interstate_eventing::plant::{self, Bug};
use interstate_schemas::{Money, OperationId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Block an amount.
    Hold,
    /// Take what is blocked.
    Capture,
    /// Take an amount at once.
    Charge,
    /// Give up what is blocked.
    Void,
    /// Give back what was taken.
    Refund,
}

impl OperationKind {
    /// The kind of this word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Hold, Self::Capture, Self::Charge, Self::Void, Self::Refund];
        all.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Its word in events and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            OperationKind::Hold => "hold",
            OperationKind::Capture => "capture",
            OperationKind::Charge => "charge",
            OperationKind::Void => "void",
            OperationKind::Refund => "refund",
        }
    }
}

/// What an operation is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The advance of a booking.
    Advance,
    /// The rest, after the trip.
    Balance,
    /// A refund, by the name that it has within the booking.
    Refund(String),
}

/// How an operation ended. "Unknown" is no end: whoever carries operations out goes on asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationResult {
    /// The provider did it.
    Succeeded {
        /// The provider's own name of the payment, which later operations on it need.
        provider_reference: String,
        /// For a hold: how long it lasts from when it was made, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lasts_seconds: Option<u32>,
    },
    /// It will never happen.
    Refused {
        /// The provider's code, `card_declined`.
        code: String,
    },
}

/// An operation as its payment remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its id; the provider knows the operation by it too.
    pub id: OperationId,
    /// What is asked.
    pub kind: OperationKind,
    /// What for.
    pub purpose: Purpose,
    /// How much.
    pub amount: Money,
    /// When it was requested.
    pub requested_at: Timestamp,
    /// Whether a result has come.
    pub closed: bool,
}

/// All operations of a payment, in the order in which they were requested.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operations(Vec<Operation>);

impl Operations {
    /// One of this id.
    pub fn get(&self, id: OperationId) -> Option<&Operation> {
        self.0.iter().find(|operation| operation.id == id)
    }

    /// One that still waits for its result.
    pub fn open(&self, id: OperationId) -> Option<&Operation> {
        self.get(id).filter(|_| !self.is_closed(id))
    }

    /// Those that still wait.
    pub fn still_open(&self) -> impl Iterator<Item = &Operation> {
        self.0.iter().filter(|operation| !operation.closed)
    }

    /// Whether its result has come. It is asked of each operation: results overtake each other.
    fn is_closed(&self, id: OperationId) -> bool {
        if plant::on(Bug::EffectClosedByHighWater) {
            let own = self.0.iter().position(|operation| operation.id == id);
            let last = self.0.iter().rposition(|operation| operation.closed);
            return own.zip(last).is_some_and(|(own, last)| own <= last);
        }
        self.get(id).is_some_and(|operation| operation.closed)
    }

    pub(super) fn request(&mut self, operation: Operation) {
        self.0.push(operation);
    }

    pub(super) fn close(&mut self, id: OperationId) {
        if let Some(operation) = self.0.iter_mut().find(|operation| operation.id == id) {
            operation.closed = true;
        }
    }
}
