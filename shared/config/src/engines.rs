//! Which engines hold the log, the read models and live data.

use std::{fmt, path::PathBuf};

/// Where the read models live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// One SQLite file a service, in this folder, or in the data folder where none is named.
    Sqlite(Option<PathBuf>),
}

impl Database {
    /// Reads `sqlite:` or `sqlite:<folder>`. The error says which engines there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sqlite", folder)) => {
                let folder = folder.strip_prefix("//").unwrap_or(folder);
                Ok(Self::Sqlite((!folder.is_empty()).then(|| PathBuf::from(folder))))
            }
            Some((engine @ ("postgres" | "postgresql" | "mongodb" | "mysql" | "clickhouse"), _)) => Err(
                format!("`{engine}:` is not supported: only sqlite: is supported in this version"),
            ),
            // The text may carry a password: it is not repeated.
            _ => Err("not a connection that begins with `sqlite:`".to_owned()),
        }
    }
}

/// Where live data and caches live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cache {
    /// In the process.
    Memory,
}

impl Cache {
    /// Reads `memory:`. The error says which engines there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("memory", "")) => Ok(Self::Memory),
            Some((engine @ ("redis" | "rediss"), _)) => Err(format!(
                "`{engine}:` is not supported: only memory: is supported in this version"
            )),
            _ => Err("not `memory:`".to_owned()),
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
    fn parse(text: &str) -> Result<Self, String> {
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
    fn engines_that_come_later_are_refused_by_name() {
        for text in ["postgres://u:secret@db/x", "mongodb://db", "clickhouse://db"] {
            let error = Database::parse(text).unwrap_err();
            assert!(
                error.contains("only sqlite: is supported in this version"),
                "{error}"
            );
            assert!(!error.contains("secret"), "{error}");
        }
        assert!(
            Cache::parse("redis://cache:6379")
                .unwrap_err()
                .contains("only memory:")
        );
        assert!(
            !Database::parse("user=a password=secret")
                .unwrap_err()
                .contains("secret")
        );
    }

    #[test]
    fn sqlite_may_name_a_folder() {
        assert_eq!(Database::parse("sqlite:"), Ok(Database::Sqlite(None)));
        assert_eq!(
            Database::parse("sqlite:///var/ride"),
            Ok(Database::Sqlite(Some("/var/ride".into())))
        );
        assert_eq!(
            Database::parse("sqlite:models"),
            Ok(Database::Sqlite(Some("models".into())))
        );
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
