//! How the brokers are reached: properties of the client library, from a file that only its reader may see.

use crate::Secret;
use std::{io::Read, ops::RangeInclusive, path::Path, time::Duration};

/// Many times what a connection needs, certificates in the file included.
const LARGEST: u64 = 64 << 10;
/// What belongs to a connection. Everything else decides what the log promises, and is not for setting.
const OF_A_CONNECTION: [&str; 6] = [
    "security.protocol",
    "enable.ssl.certificate.verification",
    "client.rack",
    "client.dns.lookup",
    "broker.address.family",
    "connections.max.idle.ms",
];
const FAMILIES: [&str; 2] = ["ssl.", "sasl."];
/// How long a silent process keeps its partitions: the one property that is not of a connection.
const SESSION: &str = "session.timeout.ms";
/// In milliseconds. Below a second a process that is only slow would lose its partitions.
const SESSIONS: RangeInclusive<u64> = 1_000..=300_000;

/// Properties of librdkafka: TLS, who asks, and how addresses are looked up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KafkaProperties {
    of_connections: Vec<(String, Secret)>,
    session_timeout: Option<Duration>,
}

impl KafkaProperties {
    /// Reads a file of `name=value`, one a line; lines that are blank or begin with `#` are passed over.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let mut text = String::new();
        std::fs::File::open(file)
            .and_then(|opened| opened.take(LARGEST + 1).read_to_string(&mut text))
            .map_err(|error| format!("`{}` cannot be read: {error}", file.display()))?;
        if text.len() as u64 > LARGEST {
            return Err(format!("`{}` is longer than {LARGEST} bytes", file.display()));
        }
        Self::parse(&text).map_err(|error| format!("`{}`, {error}", file.display()))
    }

    /// An error does not repeat a value, which may be a password.
    fn parse(text: &str) -> Result<Self, String> {
        let mut properties: Vec<(String, Secret)> = Vec::new();
        let mut session_timeout = None;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line
                .split_once('=')
                .map(|(name, value)| (name.trim(), value.trim()))
                .ok_or_else(|| format!("line {number} is not name=value"))?;
            if name == SESSION {
                let given = value.parse().ok().filter(|ms| SESSIONS.contains(ms));
                let ms = given.ok_or_else(|| {
                    let (least, most) = (SESSIONS.start(), SESSIONS.end());
                    format!("line {number}: `{SESSION}` is a number of milliseconds from {least} to {most}")
                })?;
                if session_timeout.replace(Duration::from_millis(ms)).is_some() {
                    return Err(format!("line {number}: `{name}` is given twice"));
                }
                continue;
            }
            if !OF_A_CONNECTION.contains(&name) && !FAMILIES.iter().any(|family| name.starts_with(family)) {
                return Err(format!(
                    "line {number}: `{name}` is not {SESSION} or a property of a connection, which are ssl.*, sasl.*, {}",
                    OF_A_CONNECTION.join(", ")
                ));
            }
            if properties.iter().any(|(given, _)| given == name) {
                return Err(format!("line {number}: `{name}` is given twice"));
            }
            properties.push((name.to_owned(), Secret::new(value)));
        }
        Ok(Self {
            of_connections: properties,
            session_timeout,
        })
    }

    /// After how long of silence a process loses its partitions to the others, where it is given. The brokers must let
    /// it (`group.min.session.timeout.ms`).
    pub fn session_timeout(&self) -> Option<Duration> {
        self.session_timeout
    }

    /// Names and values of connections' properties, for the one place that needs them.
    pub fn expose(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.of_connections.iter();
        all.map(|(name, value)| (name.as_str(), value.expose()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connections_properties_are_taken_and_what_the_log_promises_is_not_for_setting() {
        let text =
            "# brokers\nsecurity.protocol = sasl_ssl\n\nsasl.password=a=b \nssl.ca.location=/etc/ca.pem\n";
        let read = KafkaProperties::parse(text).unwrap();
        let pairs: Vec<_> = read.expose().collect();
        assert_eq!(
            pairs,
            [
                ("security.protocol", "sasl_ssl"),
                ("sasl.password", "a=b"),
                ("ssl.ca.location", "/etc/ca.pem")
            ]
        );
        assert!(!format!("{read:?}").contains("a=b"));
        assert_eq!(read.session_timeout(), None);
        let short = KafkaProperties::parse("session.timeout.ms=3000").unwrap();
        assert_eq!(short.session_timeout(), Some(Duration::from_secs(3)));
        assert_eq!(short.expose().count(), 0);
        for (text, wrong) in [
            ("security.protocol", "line 1 is not name=value"),
            ("\nacks=hunter2", "line 2: `acks`"),
            ("isolation.level=hunter2", "`isolation.level`"),
            ("session.timeout.ms=10", "from 1000 to 300000"),
            ("session.timeout.ms=hunter2", "milliseconds"),
            (
                "sasl.password=x\nsasl.password=hunter2",
                "line 2: `sasl.password` is given twice",
            ),
        ] {
            let error = KafkaProperties::parse(text).unwrap_err();
            assert!(error.contains(wrong) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_or_too_long_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kafka.properties");
        let error = KafkaProperties::read(&file).unwrap_err();
        assert!(error.contains("kafka.properties"), "{error}");
        std::fs::write(&file, "#".repeat(LARGEST as usize + 1)).unwrap();
        let error = KafkaProperties::read(&file).unwrap_err();
        assert!(error.contains("longer than"), "{error}");
    }
}
