//! The embedded log: the suite of all logs, and what only files can do to it.

mod suite;
