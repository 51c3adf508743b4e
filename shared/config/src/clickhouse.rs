//! Where the facts of analytics live.

use crate::{Secret, parse::place_of};

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
}

impl ClickHouse {
    /// Reads `http(s)://user:password@host:port/database`; user, password and database may be left out. An error
    /// does not repeat the text, which may carry a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .filter(|(scheme, _)| matches!(*scheme, "http" | "https"))
            .ok_or("not an address that begins with http:// or https://")?;
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
        })
    }
}

/// Without the percent signs that stand for characters which an address cannot have.
pub(crate) fn decoded(text: &str) -> Result<String, String> {
    let wrong =
        || "a percent sign in the user or the password is not followed by two hexadecimal digits".to_owned();
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| {
            byte.and_then(|byte| char::from(byte).to_digit(16))
                .ok_or_else(wrong)
        };
        let (high, low) = (digit(rest.next())?, digit(rest.next())?);
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| wrong())?);
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_user_a_password_and_a_database() {
        let whole = ClickHouse::parse("https://asha:p%40ss@ch.example:8443/rides").unwrap();
        assert_eq!(whole.url, "https://ch.example:8443");
        assert_eq!(whole.user.as_deref(), Some("asha"));
        assert_eq!(whole.password.as_ref().map(Secret::expose), Some("p@ss"));
        assert_eq!(whole.database, "rides");
        assert!(!format!("{whole:?}").contains("p@ss"));
        let least = ClickHouse::parse("http://localhost:8123/").unwrap();
        assert_eq!(
            (least.user, least.password, &*least.database),
            (None, None, "interstate")
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
            "http://ch:port/rides",
            "http://ch#hunter2",
        ] {
            let error = ClickHouse::parse(wrong).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
