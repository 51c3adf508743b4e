//! Whether the brokers keep topics as they are created, and what they acknowledge outlives one of them.

use super::Check;
use crate::catalogue;
use interstate_log::Log;

const NAME: &str = "the brokers keep all topics as `interstate topics create` makes them";

/// Nothing where the log is in the process, which has one way only to keep its topics.
pub async fn topics(log: &dyn Log) -> Option<Check> {
    match log.differences(&catalogue::topics()).await {
        Ok(differences) => differences.map(|differences| Check::new(NAME, differences)),
        Err(error) => Some(Check::failed(NAME, error)),
    }
}
