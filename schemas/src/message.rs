//! How services address each other: typed commands, and the answers that a saga's steps give.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, fmt};

/// An aggregate of a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// The service, `booking`.
    pub service: Cow<'static, str>,
    /// The kind of aggregate within it, `quote`.
    pub aggregate: Cow<'static, str>,
    /// The aggregate's id.
    pub id: String,
}

impl Address {
    /// The aggregate of this id that takes commands of the type `C`.
    pub fn of<C: AddressedCommand>(id: impl fmt::Display) -> Self {
        Self {
            service: Cow::Borrowed(C::SERVICE),
            aggregate: Cow::Borrowed(C::AGGREGATE),
            id: id.to_string(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} {}", self.service, self.aggregate, self.id)
    }
}

/// A command type that says whom it is for.
pub trait AddressedCommand: Serialize {
    /// The service that takes it.
    const SERVICE: &'static str;
    /// The kind of aggregate that takes it.
    const AGGREGATE: &'static str;
}

/// Which step of whose saga a request belongs to. Whoever carries the request out keeps it and answers to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepRef {
    /// The aggregate that runs the saga.
    pub to: Address,
    /// The step's name.
    pub step: Cow<'static, str>,
    /// Which run of the saga; answers to an earlier run are ignored.
    pub run: u32,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StepOutcome<T> {
    /// It is done, and this came of it.
    Done(T),
    /// It cannot be done; the code says why.
    Refused {
        /// Stable, `payment.declined`.
        code: String,
    },
    /// The compensation of the step is done, or there was nothing to undo.
    Undone,
}

/// The answer to a step's request or compensation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepReply<T> {
    /// The step's name.
    pub step: Cow<'static, str>,
    /// Which run of the saga.
    pub run: u32,
    /// How it ended.
    pub outcome: StepOutcome<T>,
}
