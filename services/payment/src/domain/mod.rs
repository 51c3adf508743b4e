//! The money side of a booking, decided. Nothing here reads a clock or talks to a provider.
//!
//! | file | subject |
//! | --- | --- |
//! | [`payment`] | the aggregate: its state, `decide` and `evolve` |
//! | [`command`], [`event`] | what it can be asked, and what it says happened |
//! | [`operation`] | what the provider is asked for, and how that ended |
//! | `turn` | a decision under way, and what follows from a closed operation |
//! | `hold`, `capture`, `refund`, `trip`, `excess`, `cash` | the moves of each |
//! | [`account`], [`journal`] | double entry: postings that sum to zero |

pub mod account;
mod capture;
mod cash;
pub mod command;
pub mod event;
mod excess;
mod hold;
pub mod journal;
pub mod operation;
pub mod payment;
mod refund;
pub mod state;
mod trip;
mod turn;

#[cfg(test)]
pub(crate) mod tests;

pub use account::Account;
pub use command::{
    BalanceMethod, BalanceReply, BalanceStatus, CashReply, CashSide, CashState, Command, RefundReply, codes,
};
pub use event::PaymentEvent;
pub use journal::{Entry, EntryKind, Posting, Unbalanced};
pub use operation::{OperationKind, OperationResult, Purpose};
pub use payment::Payment;
