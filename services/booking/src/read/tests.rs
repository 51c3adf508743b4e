//! The read model on a real SQLite.
