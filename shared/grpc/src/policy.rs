//! Who may ask what.

use crate::Identity;
use std::collections::BTreeMap;

/// A row of the table: this service may ask this method, given as `package.Service/Method`.
pub type CallRow = (&'static str, &'static str);

/// What every known caller may ask: whether somebody is there, and what can be asked.
const OPEN: [&str; 2] = ["grpc.health.v1.", "grpc.reflection."];

/// The table of who may ask what of a server. What has no row is refused. It is held against certificates: where
/// connections show none, everybody who reaches the port may ask.
#[derive(Debug, Clone, Default)]
pub struct CallPolicy(BTreeMap<&'static str, Vec<&'static str>>);

impl CallPolicy {
    /// Of these rows.
    pub fn new(rows: &[CallRow]) -> Self {
        let mut callers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (caller, method) in rows {
            callers.entry(*method).or_default().push(*caller);
        }
        Self(callers)
    }

    /// Whether somebody with this certificate may ask this path, `/package.Service/Method`.
    pub fn admits(&self, identity: &Identity, path: &str) -> bool {
        let method = path.trim_start_matches('/');
        OPEN.iter().any(|open| method.starts_with(open))
            || self
                .0
                .get(method)
                .is_some_and(|callers| callers.iter().any(|caller| identity.is(caller)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &[CallRow] = &[
        ("booking", "interstate.location.v1.Location/Route"),
        ("driver", "interstate.location.v1.Location/LastSeen"),
    ];

    #[test]
    fn only_who_has_a_row_may_ask() {
        let policy = CallPolicy::new(ROWS);
        let route = "/interstate.location.v1.Location/Route";
        let booking = Identity::of(["booking"]);
        assert!(policy.admits(&booking, route));
        assert!(!policy.admits(&Identity::of(["driver"]), route));
        assert!(!policy.admits(&booking, "/interstate.location.v1.Location/LastSeen"));
        assert!(!policy.admits(&booking, "/interstate.location.v1.Location/Routes"));
        let nobody = Identity::of::<String>([]);
        assert!(!policy.admits(&nobody, route));
    }

    #[test]
    fn health_and_reflection_are_for_everybody_with_a_certificate() {
        let policy = CallPolicy::new(ROWS);
        let stranger = Identity::of(["analytics"]);
        assert!(policy.admits(&stranger, "/grpc.health.v1.Health/Check"));
        assert!(policy.admits(
            &stranger,
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
        ));
        assert!(!policy.admits(&stranger, "/interstate.location.v1.Location/Route"));
    }
}
