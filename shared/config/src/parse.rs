//! Small readers that several settings share.

use std::path::PathBuf;

/// Accepts `http://host…` and `https://host…`, without a trailing slash in the result. Credentials in the
/// address are refused: addresses are logged.
pub fn http_url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match host {
        None => Err(format!("`{text}` does not begin with http:// or https://")),
        Some(host) if host.contains('@') => Err("the address carries a user name or password".to_owned()),
        Some(host) if host.is_empty() || host.starts_with(':') => Err(format!("`{text}` names no host")),
        Some(_) if text.bytes().any(|byte| byte <= b' ') => Err(format!("`{text}` contains a blank")),
        Some(_) => Ok(text.trim_end_matches('/').to_owned()),
    }
}

/// Whether `name` can name a service: a lower-case letter, then up to 39 letters, digits or dashes.
pub fn is_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Accepts a comma-separated list of `level` and `target=level`, the grammar of `LOG_LEVEL`.
pub(crate) fn log_filter(text: &str) -> Result<String, String> {
    const LEVELS: [&str; 6] = ["trace", "debug", "info", "warn", "error", "off"];
    // Blanks around a directive would be part of its target to those who go by it.
    let directives: Vec<&str> = text.split(',').map(str::trim).collect();
    for directive in &directives {
        let (target, level) = directive.rsplit_once('=').unwrap_or(("default", directive));
        let known = LEVELS.iter().any(|known| known.eq_ignore_ascii_case(level));
        let no_name = |c: char| c.is_whitespace() || c == '=';
        if !known || target.is_empty() || target.contains(no_name) {
            return Err(format!("`{directive}` is neither a level nor target=level"));
        }
    }
    Ok(directives.join(","))
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

/// The file of an authority, as an address names it after its question mark: `ca=/etc/authority.pem`, or nothing.
pub(crate) fn authority_in(query: &str) -> Result<Option<PathBuf>, String> {
    match query.split_once('=') {
        None if query.is_empty() => Ok(None),
        Some(("ca", file)) if !file.is_empty() && !file.contains('&') => Ok(Some(decoded(file)?.into())),
        _ => Err("there is no option after the question mark but `ca=`".to_owned()),
    }
}

/// The host of an address, and its port where it names one.
pub(crate) fn place_of(place: &str) -> Result<(String, Option<u16>), String> {
    let wrong = || "the address names no host, or a port that is none".to_owned();
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
            host.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
            (host, port.strip_prefix(':').or(port.is_empty().then_some("")))
        }
        None => {
            let (host, port) = place.split_once(':').unwrap_or((place, ""));
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
            (host, host.bytes().all(plain).then_some(port))
        }
    };
    let port = match port.ok_or_else(wrong)? {
        "" => None,
        port => Some(port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?),
    };
    if host.is_empty() {
        return Err(wrong());
    }
    Ok((host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_a_scheme_and_a_host() {
        assert_eq!(
            http_url("http://127.0.0.1:4318/"),
            Ok("http://127.0.0.1:4318".into())
        );
        for wrong in [
            "localhost:4318",
            "ftp://x",
            "http://",
            "http://:80",
            "https://u:p@x",
            "http://a b",
        ] {
            assert!(http_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn log_filters_are_levels_and_targets() {
        for right in ["info", "WARN,access=off", "info,interstate_log=debug"] {
            assert!(log_filter(right).is_ok(), "{right}");
        }
        for wrong in ["loud", "info,", "=info", "a b=info", "access=", "a=b=info"] {
            assert!(log_filter(wrong).is_err(), "{wrong}");
        }
        assert_eq!(log_filter(" access=off, info").unwrap(), "access=off,info");
    }
}
