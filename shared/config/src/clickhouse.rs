//! Where the facts of analytics live.

use crate::{
    Secret,
    parse::{authority_in, decoded, place_of},
};
use std::path::PathBuf;

/// The database where none is named.
const DATABASE: &str = "interstate";

/// A database on a ClickHouse server, by its HTTP interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClickHouse {
    /// The server, without user and password: it may be logged.
    pub url: String,
    /// Who asks; the server's default user where nobody is named.
    pub user: Option<String>,
    /// Their password.
    pub password: Option<Secret>,
    /// The database, of letters, digits and underscores.
    pub database: String,
    /// The file of the authority that signed the server's certificate (PEM), where it is none that everybody knows.
    pub ca: Option<PathBuf>,
}

impl ClickHouse {
    /// Reads `http(s)://user:password@host:port/database?ca=…`; user, password, database and authority may be left
    /// out. An error does not repeat the text, which may carry a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .filter(|(scheme, _)| matches!(*scheme, "http" | "https"))
            .ok_or("not an address that begins with http:// or https://")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let ca = authority_in(query)?;
        if ca.is_some() && scheme == "http" {
            return Err("`ca=` is for addresses that begin with https://".to_owned());
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (who, host) = match authority.rsplit_once('@') {
            Some((who, host)) => (Some(who), host),
            None => (None, authority),
        };
        // It may be logged: nothing of a password may stand in it.
        place_of(host)?;
        let database = match path.trim_end_matches('/') {
            "" => DATABASE,
            name => name,
        };
        if !database
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return Err("the database is not a name of letters, digits and underscores".to_owned());
        }
        let (user, password) = match who.map(|who| who.split_once(':').unwrap_or((who, ""))) {
            Some((user, password)) => (decoded(user)?, decoded(password)?),
            None => (String::new(), String::new()),
        };
        Ok(Self {
            url: format!("{scheme}://{host}"),
            user: (!user.is_empty()).then_some(user),
            password: (!password.is_empty()).then(|| Secret::new(password)),
            database: database.to_owned(),
            ca,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_user_a_password_and_a_database() {
        let whole = "https://asha:p%40ss@ch.example:8443/rides?ca=/etc/our%20ca.pem";
        let whole = ClickHouse::parse(whole).unwrap();
        assert_eq!(whole.ca, Some(PathBuf::from("/etc/our ca.pem")));
        assert_eq!(whole.url, "https://ch.example:8443");
        assert_eq!(whole.user.as_deref(), Some("asha"));
        assert_eq!(whole.password.as_ref().map(Secret::expose), Some("p@ss"));
        assert_eq!(whole.database, "rides");
        assert!(!format!("{whole:?}").contains("p@ss"));
        let least = ClickHouse::parse("http://localhost:8123/").unwrap();
        assert_eq!(
            (least.user, least.password, &*least.database, least.ca),
            (None, None, "interstate", None)
        );
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for wrong in [
            "clickhouse://u:hunter2@ch",
            "localhost:8123",
            "http://u:hunter2@/x",
            "http://u:hunter2@ch/a-b",
            "http://u:hunter2%zz@ch",
            "http://u:hunter2@c h",
            "http://ch:8123?user=u&password=hunter2",
            "https://u:hunter2@ch?ca=",
            "https://u:hunter2@ch/rides?ca=/x&ca=/y",
            "http://u:hunter2@ch/rides?ca=/x",
            "http://ch:port/rides",
            "http://ch#hunter2",
        ] {
            let error = ClickHouse::parse(wrong).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
