//! The operator's side door: figures, replays and stories of a running platform, for the tools of this binary.
//!
//! It answers under `/operator` on the main port, to whoever holds the key in the data folder.

mod client;
mod putaside;
mod server;
pub mod staff;
mod status;

pub use client::{Client, ClientError};
pub use putaside::{DeadLetter, MOST_TOLD, ParkedEvent, dead_letters};
pub use server::{Actions, BackupPlace, router};
pub use staff::NewStaff;
pub use status::{ConsumerFigures, Following, PartitionFigures, QueueFigures, Status, following, take};

use interstate_auth::load_or_create;
use std::path::Path;

/// The header that carries the key.
pub const KEY_HEADER: &str = "x-operator-key";
const FILE: &str = "operator.key";

/// The key of a data folder; made on first use, readable by its owner alone.
pub fn key(dir: &Path) -> Result<String, interstate_auth::KeyFileError> {
    let bytes = load_or_create(&dir.join(FILE), &mut rand::rng())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
