//! Where the broker of jobs is.

use crate::{Secret, parse::decoded};
use std::path::PathBuf;

/// A virtual host of a RabbitMQ broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RabbitMq {
    /// Whether it is spoken to by TLS: `amqps`.
    pub tls: bool,
    /// A name or an address, IPv6 without its brackets.
    pub host: String,
    /// 5672, or 5671 by TLS, where none is given.
    pub port: u16,
    /// Who connects; `guest` where nobody is named.
    pub user: String,
    /// Their password.
    pub password: Secret,
    /// The virtual host; `/` where none is named.
    pub vhost: String,
    /// Certificates of the authorities that are trusted beside the public ones, as PEM.
    pub ca_file: Option<PathBuf>,
}

impl RabbitMq {
    /// Reads `amqp(s)://user:password@host:port/vhost?cacertfile=/path`; all but the host may be left out. An error does
    /// not repeat the text, which may carry a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (tls, rest) = match text.split_once("://") {
            Some(("amqp", rest)) => (false, rest),
            Some(("amqps", rest)) => (true, rest),
            _ => return Err("not an address that begins with amqp:// or amqps://".to_owned()),
        };
        if text.bytes().any(|byte| byte <= b' ') {
            return Err("the address contains a blank".to_owned());
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, Some(path)),
            None => (rest, None),
        };
        let (who, at) = match authority.rsplit_once('@') {
            Some((who, at)) => (who, at),
            None => ("guest:guest", authority),
        };
        let (user, password) = who.split_once(':').unwrap_or((who, ""));
        let (host, port) = host_and_port(at, if tls { 5671 } else { 5672 })?;
        let vhost = match path {
            None | Some("") => "/".to_owned(),
            Some(path) if path.contains('/') => {
                return Err("the virtual host contains a slash: write it as %2f".to_owned());
            }
            Some(path) => decoded(path)?,
        };
        Ok(Self {
            tls,
            host,
            port,
            user: decoded(user)?,
            password: Secret::new(decoded(password)?),
            vhost,
            ca_file: ca_file(query, tls)?,
        })
    }
}

fn host_and_port(text: &str, default: u16) -> Result<(String, u16), String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest
                .split_once(']')
                .ok_or("the bracket around the host is not closed")?;
            (host, rest.strip_prefix(':'))
        }
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    if host.is_empty() {
        return Err("the address names no host".to_owned());
    }
    let port = match port {
        None => default,
        Some(port) => match port.parse() {
            Ok(port) if port > 0 => port,
            _ => return Err("the port is not a number from 1 to 65535".to_owned()),
        },
    };
    Ok((host.to_owned(), port))
}

/// Other parameters would be passed over in silence, so there are none.
fn ca_file(query: &str, tls: bool) -> Result<Option<PathBuf>, String> {
    match query.split_once('=') {
        None if query.is_empty() => Ok(None),
        Some(("cacertfile", path)) if tls && !path.is_empty() && !path.contains('&') => {
            Ok(Some(PathBuf::from(decoded(path)?)))
        }
        Some(("cacertfile", _)) if !tls => Err("`cacertfile` needs amqps://".to_owned()),
        _ => Err("behind the question mark only cacertfile=<file> is understood".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_user_a_password_and_a_virtual_host() {
        let whole =
            RabbitMq::parse("amqps://pay:p%40ss@mq.example:5679/rides%2fa?cacertfile=/etc/ca.pem").unwrap();
        assert_eq!((whole.tls, &*whole.host, whole.port), (true, "mq.example", 5679));
        assert_eq!((&*whole.user, whole.password.expose()), ("pay", "p@ss"));
        assert_eq!(whole.vhost, "rides/a");
        assert_eq!(whole.ca_file, Some(PathBuf::from("/etc/ca.pem")));
        assert!(!format!("{whole:?}").contains("p@ss"));
        let least = RabbitMq::parse("amqp://[::1]").unwrap();
        assert_eq!((&*least.host, least.port, &*least.vhost), ("::1", 5672, "/"));
        assert_eq!((&*least.user, least.password.expose()), ("guest", "guest"));
    }

    #[test]
    fn what_is_no_address_is_refused_without_its_password() {
        for wrong in [
            "http://u:hunter2@mq",
            "mq:5672",
            "amqp://u:hunter2@",
            "amqp://u:hunter2@:5672",
            "amqp://u:hunter2@mq:0",
            "amqp://u:hunter2@mq:port",
            "amqp://u:hunter2@m q",
            "amqp://u:hunter2@mq/a/b",
            "amqp://u:hunter2%zz@mq",
            "amqp://u:hunter2@[::1",
            "amqp://u:hunter2@mq?heartbeat=1",
            "amqp://u:hunter2@mq?cacertfile=/a",
            "amqps://u:hunter2@mq?cacertfile=",
        ] {
            let error = RabbitMq::parse(wrong).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
