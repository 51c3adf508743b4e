//! Which engines hold the log, the read models and live data.

use crate::{RedisAddress, Secret};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// A store of read models.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Database {
    /// One SQLite file a service, in this folder, or in the data folder where none is named.
    Sqlite(Option<PathBuf>),
    /// A PostgreSQL server's database.
    Postgres(Secret),
    /// A MongoDB server.
    MongoDb(Secret),
}

impl Database {
    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", folder)) => {
                let folder = folder.strip_prefix("//").unwrap_or(folder);
                Ok(Self::Sqlite((!folder.is_empty()).then(|| PathBuf::from(folder))))
            }
            Some(("postgres" | "postgresql", rest)) if names_a_host(rest) => {
                Ok(Self::Postgres(Secret::new(text)))
            }
            Some(("mongodb", rest)) if names_a_host(rest) => Ok(Self::MongoDb(Secret::new(text))),
            Some((engine @ ("postgres" | "postgresql" | "mongodb"), _)) => {
                Err(format!("the address that begins with `{engine}:` names no host"))
            }
            Some(("mongodb+srv", _)) => Err(
                "`mongodb+srv:` has its hosts looked up, which is not done here: name them, as in \
                 `mongodb://one.example,two.example/?replicaSet=…&tls=true`"
                    .to_owned(),
            ),
            Some((engine @ ("mysql" | "mariadb" | "mssql" | "clickhouse" | "redis"), _)) => {
                Err(format!("`{engine}:` holds no read models here"))
            }
            // The text may carry a password: it is not repeated.
            _ => Err("not an address that begins with `postgres://`, `mongodb://` or `sqlite:`".to_owned()),
        }
    }
}

fn names_a_host(rest: &str) -> bool {
    let authority = rest
        .strip_prefix("//")
        .map(|rest| rest.split(['/', '?']).next().unwrap_or_default());
    authority.is_some_and(|authority| !authority.rsplit('@').next().unwrap_or_default().is_empty())
}

/// The stores that a process may use. A service takes the first whose language it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Databases(Vec<Database>);

/// A store of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relational<'d> {
    /// One file a service, in this folder, or in the data folder.
    Sqlite(Option<&'d Path>),
    /// A database of this address.
    Postgres(&'d Secret),
}

/// A store of documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documents<'d> {
    /// One file a service, in this folder, or in the data folder.
    Sqlite(Option<&'d Path>),
    /// A server of this address.
    MongoDb(&'d Secret),
}

impl Databases {
    /// Reads addresses with spaces in between: `sqlite:`, `sqlite:<folder>`, `postgres://…`, `mongodb://…`.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split_whitespace()
            .map(Database::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// For a service that keeps tables.
    pub fn relational(&self) -> Option<Relational<'_>> {
        self.0.iter().find_map(|database| match database {
            Database::Sqlite(folder) => Some(Relational::Sqlite(folder.as_deref())),
            Database::Postgres(url) => Some(Relational::Postgres(url)),
            Database::MongoDb(_) => None,
        })
    }

    /// For a service that keeps documents.
    pub fn documents(&self) -> Option<Documents<'_>> {
        self.0.iter().find_map(|database| match database {
            Database::Sqlite(folder) => Some(Documents::Sqlite(folder.as_deref())),
            Database::MongoDb(url) => Some(Documents::MongoDb(url)),
            Database::Postgres(_) => None,
        })
    }
}

/// Where live data and caches live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cache {
    /// In the process.
    Memory,
    /// On a Redis server, which instances share.
    Redis(RedisAddress),
}

impl Cache {
    /// Reads `memory:` or `redis(s)://…`.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "memory:" => Ok(Self::Memory),
            address => RedisAddress::parse(address).map(Self::Redis),
        }
    }
}

/// Where the event log lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventLog {
    /// In the data folder, in this process.
    Embedded,
    /// On these Kafka brokers.
    Kafka(Vec<Broker>),
}

impl EventLog {
    /// Reads `host:port[,host:port…]`.
    pub fn parse(text: &str) -> Result<Self, String> {
        text.split(',')
            .map(|broker| Broker::parse(broker.trim()))
            .collect::<Result<_, _>>()
            .map(Self::Kafka)
    }
}

/// The address of one Kafka broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// A name, an IPv4 address, or an IPv6 address in brackets.
    pub host: String,
    /// The port, never 0.
    pub port: u16,
}

impl Broker {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a broker as host:port");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let valid = match bracketed {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.bytes().all(plain),
        };
        match port.parse::<u16>() {
            Ok(port) if port > 0 && valid => Ok(Self {
                host: host.to_owned(),
                port,
            }),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_that_nobody_speaks_are_refused_by_name_and_no_password_is_repeated() {
        for text in [
            "mysql://u:secret@db/x",
            "clickhouse://u:secret@db",
            "user=a password=secret",
            "postgres://u:secret@",
            "mongodb:u:secret@db",
            "mongodb+srv://u:secret@db",
        ] {
            let error = Databases::parse(text).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(Databases::parse("mysql://db/x").unwrap_err().contains("`mysql:`"));
        assert!(
            Databases::parse("mongodb+srv://db")
                .unwrap_err()
                .contains("mongodb://one")
        );
        assert_eq!(Cache::parse("memory:"), Ok(Cache::Memory));
        assert!(matches!(Cache::parse("redis://cache:6379"), Ok(Cache::Redis(_))));
    }

    #[test]
    fn a_service_takes_the_first_store_that_it_speaks() {
        let both = Databases::parse("mongodb://a,b/?replicaSet=r  postgres://u:p@db/rides").unwrap();
        assert!(
            matches!(both.relational(), Some(Relational::Postgres(url)) if url.expose() == "postgres://u:p@db/rides")
        );
        assert!(
            matches!(both.documents(), Some(Documents::MongoDb(url)) if url.expose().starts_with("mongodb://a,b/"))
        );
        let one = Databases::parse("mongodb://a").unwrap();
        assert_eq!(one.relational(), None);
        let rest = Databases::parse("postgresql://db/rides sqlite:").unwrap();
        assert_eq!(rest.documents(), Some(Documents::Sqlite(None)));
        assert!(!format!("{both:?}").contains("u:p"));
    }

    #[test]
    fn sqlite_may_name_a_folder() {
        for (text, folder) in [
            ("sqlite:", None),
            ("sqlite:///var/ride", Some("/var/ride")),
            ("sqlite:models", Some("models")),
        ] {
            let parsed = Databases::parse(text).unwrap();
            assert_eq!(
                parsed.relational(),
                Some(Relational::Sqlite(folder.map(Path::new)))
            );
        }
    }

    #[test]
    fn brokers_are_host_and_port() {
        let EventLog::Kafka(brokers) = EventLog::parse("a.example:9092, [::1]:9093").unwrap() else {
            panic!()
        };
        assert_eq!(
            brokers.iter().map(Broker::to_string).collect::<Vec<_>>(),
            ["a.example:9092", "[::1]:9093"]
        );
        for wrong in [
            "kafka",
            "kafka:",
            ":9092",
            "kafka:0",
            "kafka:99999",
            "a:1,,b:2",
            "http://a:1",
            "::1:9092",
        ] {
            assert!(EventLog::parse(wrong).is_err(), "{wrong}");
        }
    }
}
