//! Generic proofs of a saga.
