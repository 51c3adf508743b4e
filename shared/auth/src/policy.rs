//! Who may call which route: one table, as data.

use aide::openapi::{OpenApi, ReferenceOr};
use interstate_http::BEARER;
use interstate_schemas::Role;
use std::collections::{BTreeMap, BTreeSet};

/// Whom a route is open to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everyone, signed in or not.
    Public,
    /// Everyone who is signed in.
    SignedIn,
    /// These roles.
    Roles(&'static [Role]),
}

impl Access {
    /// Whether someone with this role may pass; `None` is someone who is not signed in.
    pub fn admits(self, role: Option<Role>) -> bool {
        match self {
            Access::Public => true,
            Access::SignedIn => role.is_some(),
            Access::Roles(roles) => role.is_some_and(|role| roles.contains(&role)),
        }
    }
}

/// One row: `Row::new("POST", "/v1/quotes", Access::Roles(&[Role::Rider]))`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    method: &'static str,
    path: &'static str,
    access: Access,
}

impl Row {
    /// A method in capitals, the route's path template as the router has it, and whom it is open to.
    pub const fn new(method: &'static str, path: &'static str, access: Access) -> Self {
        Self { method, path, access }
    }

    /// The method, in capitals.
    pub const fn method(&self) -> &'static str {
        self.method
    }

    /// The path template.
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Whom it is open to.
    pub const fn access(&self) -> Access {
        self.access
    }
}

/// The table. What has no row is closed.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    rows: BTreeMap<&'static str, BTreeMap<&'static str, Access>>,
}

/// The table contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the policy has two rows for {method} {path}")]
pub struct PolicyError {
    method: &'static str,
    path: &'static str,
}

impl Policy {
    /// The table of these rows.
    pub fn new(rows: &[Row]) -> Result<Self, PolicyError> {
        let mut table = Self::default();
        for &Row { method, path, access } in rows {
            if table
                .rows
                .entry(path)
                .or_default()
                .insert(method, access)
                .is_some()
            {
                return Err(PolicyError { method, path });
            }
        }
        Ok(table)
    }

    /// Whom the route is open to. `HEAD` is what `GET` is.
    pub fn access(&self, method: &str, path: &str) -> Option<Access> {
        let methods = self.rows.get(path)?;
        methods
            .get(if method == "HEAD" { "GET" } else { method })
            .copied()
    }

    /// The methods of a path that have a row.
    pub fn methods(&self, path: &str) -> Vec<&'static str> {
        let methods = self.rows.get(path).into_iter().flatten();
        methods.map(|(method, _)| *method).collect()
    }

    /// Where table and routes differ, a sentence each; nothing where they agree. For a test of every service:
    /// `assert_eq!(policy.disagreements(&api.routes()), [""; 0])`.
    pub fn disagreements(&self, routes: &[(String, String)]) -> Vec<String> {
        let routes: BTreeSet<_> = routes
            .iter()
            .map(|(method, path)| (path.as_str(), method.as_str()))
            .collect();
        let rows: BTreeSet<_> = self
            .rows
            .iter()
            .flat_map(|(path, methods)| methods.keys().map(|method| (*path, *method)))
            .collect();
        let closed = routes
            .difference(&rows)
            .map(|(path, method)| format!("{method} {path} has no row: it is closed"));
        let stale = rows
            .difference(&routes)
            .map(|(path, method)| format!("{method} {path} has a row but no route"));
        closed.chain(stale).collect()
    }

    /// Writes into a description what each operation asks for.
    pub fn describe(&self, doc: &mut OpenApi) {
        for (path, item) in doc.paths.iter_mut().flat_map(|paths| &mut paths.paths) {
            let ReferenceOr::Item(item) = item else { continue };
            let operations = [
                ("GET", &mut item.get),
                ("PUT", &mut item.put),
                ("POST", &mut item.post),
                ("DELETE", &mut item.delete),
                ("PATCH", &mut item.patch),
            ];
            for (method, operation) in operations {
                let (Some(operation), Some(access)) = (operation, self.access(method, path)) else {
                    continue;
                };
                if access != Access::Public {
                    operation.security = vec![[(BEARER.to_owned(), Vec::new())].into_iter().collect()];
                }
                if let Access::Roles(roles) = access {
                    let roles = roles.iter().map(|role| role.as_str()).collect();
                    operation.extensions.insert("x-roles".to_owned(), roles);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &[Row] = &[
        Row::new("GET", "/v1/cities", Access::Public),
        Row::new("POST", "/v1/quotes", Access::Roles(&[Role::Rider, Role::Support])),
        Row::new("GET", "/v1/me", Access::SignedIn),
    ];

    #[test]
    fn rows_admit_whom_they_name_and_nothing_else_is_open() {
        let policy = Policy::new(ROWS).unwrap();
        let admits = |method, path, role| {
            policy
                .access(method, path)
                .is_some_and(|access| access.admits(role))
        };
        assert!(admits("GET", "/v1/cities", None) && admits("HEAD", "/v1/cities", None));
        assert!(admits("POST", "/v1/quotes", Some(Role::Rider)));
        assert!(!admits("POST", "/v1/quotes", Some(Role::Driver)) && !admits("POST", "/v1/quotes", None));
        assert!(admits("GET", "/v1/me", Some(Role::Driver)) && !admits("GET", "/v1/me", None));
        assert!(
            !admits("GET", "/v1/quotes", Some(Role::Admin)),
            "no row, not even for admins"
        );
    }

    #[test]
    fn a_table_that_differs_from_the_routes_is_found_out() {
        let policy = Policy::new(ROWS).unwrap();
        let route = |method: &str, path: &str| (method.to_owned(), path.to_owned());
        let routes = [
            route("GET", "/v1/cities"),
            route("GET", "/v1/me"),
            route("DELETE", "/v1/me"),
        ];
        assert_eq!(
            policy.disagreements(&routes),
            [
                "DELETE /v1/me has no row: it is closed",
                "POST /v1/quotes has a row but no route"
            ]
        );
    }

    #[test]
    fn two_rows_for_one_route_are_a_mistake() {
        let twice = [ROWS[0], ROWS[0]];
        assert_eq!(
            Policy::new(&twice).unwrap_err().to_string(),
            "the policy has two rows for GET /v1/cities"
        );
    }
}
