//! The embedded log: the suite of all logs, and what only files can do to it.

mod damage;
mod full_disk;
mod kill;
mod suite;
