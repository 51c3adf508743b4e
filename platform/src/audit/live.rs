//! Whether the server of live data, where there is one, is there.

use super::Check;
use interstate_live::Standing;

/// Nothing where live data is the process's own.
pub fn live(standing: Standing) -> Option<Check> {
    match standing {
        Standing::Memory => None,
        Standing::Answers(at) => Some(Check::new(format!("Redis at {at} answers"), Vec::new())),
        Standing::Away(why) => Some(Check::new("instances share live data", vec![why.to_string()])),
    }
}
