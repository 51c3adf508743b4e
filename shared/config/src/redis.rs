//! Where the live data that instances share lives.

use crate::{
    Secret,
    parse::{decoded, place_of},
};
use std::path::PathBuf;

/// The port where none is given.
const PORT: u16 = 6379;
/// What all keys begin with, where nothing is given.
const PREFIX: &str = "interstate";
/// A longer one would only cost memory, once a key.
const LONGEST_PREFIX: usize = 32;
/// A server that is set up for more than its usual 16 databases is seldom, one for more than this unheard of.
const DATABASES: u16 = 1_024;

/// A Redis server, and what of it is ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisAddress {
    /// A name or an address, the latter of IPv6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether the connection is encrypted, `rediss://`.
    pub tls: bool,
    /// The file of the authority that signed the server's certificate (PEM), where it is none that everybody knows.
    pub ca: Option<PathBuf>,
    /// Who asks, where the server knows several users.
    pub user: Option<String>,
    /// Their password.
    pub password: Option<Secret>,
    /// The database's number.
    pub database: u16,
    /// What all keys and channels begin with.
    pub prefix: String,
}

impl RedisAddress {
    /// Reads `redis(s)://user:password@host:port/database?prefix=…&ca=…`; all but the host may be left out. An error
    /// does not repeat the text, which may carry a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .filter(|(scheme, _)| matches!(*scheme, "redis" | "rediss"))
            .ok_or("not an address that begins with redis:// or rediss://, and not `memory:`")?;
        let tls = scheme == "rediss";
        if text.bytes().any(|byte| byte <= b' ') {
            return Err("the address contains a blank".to_owned());
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (who, place) = match authority.rsplit_once('@') {
            Some((who, place)) => (Some(who), place),
            None => (None, authority),
        };
        let (host, port) = place_of(place)?;
        let port = port.unwrap_or(PORT);
        let (user, password) = match who.map(|who| who.split_once(':').unwrap_or((who, ""))) {
            Some((user, password)) => (decoded(user)?, decoded(password)?),
            None => (String::new(), String::new()),
        };
        let database = match path {
            "" => 0,
            number => number
                .parse()
                .ok()
                .filter(|number| *number < DATABASES)
                .ok_or("what follows the host's slash is not a database's number, e.g. /0")?,
        };
        let mut address = Self {
            host,
            port,
            tls,
            ca: None,
            user: (!user.is_empty()).then_some(user),
            password: (!password.is_empty()).then(|| Secret::new(password)),
            database,
            prefix: PREFIX.to_owned(),
        };
        for option in query.split('&').filter(|option| !option.is_empty()) {
            address.option(option)?;
        }
        Ok(address)
    }

    fn option(&mut self, option: &str) -> Result<(), String> {
        match option.split_once('=') {
            Some(("prefix", prefix)) if is_prefix(prefix) => prefix.clone_into(&mut self.prefix),
            Some(("prefix", _)) => {
                return Err(format!(
                    "the prefix is not 1 to {LONGEST_PREFIX} letters, digits, dashes, dots and underscores"
                ));
            }
            Some(("ca", _)) if !self.tls => {
                return Err("`ca` is for an encrypted connection: write rediss://".to_owned());
            }
            Some(("ca", file)) if !file.is_empty() => self.ca = Some(decoded(file)?.into()),
            _ => {
                return Err(
                    "there are no options after the question mark but `prefix=` and `ca=`".to_owned(),
                );
            }
        }
        Ok(())
    }
}

fn is_prefix(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    (1..=LONGEST_PREFIX).contains(&text.len()) && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_all_there_is_to_say() {
        let whole =
            RedisAddress::parse("rediss://asha:p%40ss@r.example:7000/3?prefix=rides-2&ca=/etc/ca.pem");
        let whole = whole.unwrap();
        assert_eq!((&*whole.host, whole.port, whole.tls), ("r.example", 7000, true));
        assert_eq!(whole.user.as_deref(), Some("asha"));
        assert_eq!(whole.password.as_ref().map(Secret::expose), Some("p@ss"));
        assert_eq!((whole.database, &*whole.prefix), (3, "rides-2"));
        assert_eq!(whole.ca, Some(PathBuf::from("/etc/ca.pem")));
        assert!(!format!("{whole:?}").contains("p@ss"));
        let least = RedisAddress::parse("redis://[::1]").unwrap();
        assert_eq!((&*least.host, least.port, least.tls), ("::1", 6379, false));
        assert_eq!(
            (least.user, least.password, &*least.prefix),
            (None, None, "interstate")
        );
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for wrong in [
            "redis:hunter2@host",
            "http://u:hunter2@host",
            "redis://u:hunter2@",
            "redis://u:hunter2@host:0",
            "redis://u:hunter2@host:port",
            "redis://u:hunter2@ho st",
            "redis://u:hunter2@host/rides",
            "redis://u:hunter2@host/5000",
            "redis://u:hunter2@host?prefix=",
            "redis://u:hunter2@host?prefix=a:b",
            "redis://u:hunter2@host?ca=/x",
            "rediss://u:hunter2@host?ca=",
            "redis://u:hunter2@host?insecure=1",
            "redis://u:hunter2%zz@host",
            "redis://u:hunter2@[::x]",
            "redis://u:hunter2@[::1]x:1",
        ] {
            let error = RedisAddress::parse(wrong).expect_err(wrong);
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
