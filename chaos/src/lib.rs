//! Attacks a whole deployment, from a seed, and checks afterwards that nothing was lost, doubled or wrong.
//!
//! Three brokers, the servers of read models, a payment provider and two instances of every service run as processes
//! of their own. Riders and drivers ride through one gateway, which keeps a journal of every acknowledgement; other
//! clients send one command after the other and measure how long each takes. Meanwhile processes are killed, stopped
//! where they stand and restarted, and connections are cut and slowed. What must hold is then looked for in the log,
//! in the journal, in the provider's book and in every read model.

pub mod faults;
pub mod fleet;
mod gateway;
pub mod journal;
pub mod probes;
pub mod program;
pub mod proxy;
pub mod run;
pub mod table;
pub mod verdict;
