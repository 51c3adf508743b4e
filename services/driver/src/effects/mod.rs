//! What reaches out of the service: naming the candidates that a search wants.

mod proposer;

pub use proposer::{Proposer, ProposerPorts};
