//! The header `grpc-timeout` of the gRPC protocol over HTTP/2: at most eight digits and a unit.

use http::{HeaderMap, HeaderValue};
use std::time::Duration;

pub(crate) const HEADER: &str = "grpc-timeout";

/// How long the caller waits; nothing where it does not say, or says something that is no time.
pub(crate) fn told(headers: &HeaderMap) -> Option<Duration> {
    parse(headers.get(HEADER)?.to_str().ok()?)
}

fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3_600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// The header's value. What does not fit into eight digits of microseconds is told in milliseconds.
pub(crate) fn header(wait: Duration) -> HeaderValue {
    const MOST: u128 = 99_999_999;
    let text = if wait.as_micros() <= MOST {
        format!("{}u", wait.as_micros())
    } else {
        format!("{}m", wait.as_millis().min(MOST))
    };
    HeaderValue::from_str(&text).expect("digits and a letter are a header's value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_reads_back() {
        for wait in [
            Duration::ZERO,
            Duration::from_micros(1_500),
            Duration::from_secs(90),
            Duration::from_secs(7_200),
        ] {
            assert_eq!(parse(header(wait).to_str().unwrap()), Some(wait));
        }
        assert_eq!(parse("2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(parse("20n"), Some(Duration::from_nanos(20)));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for wrong in ["", "5", "m", "5 m", "-5m", "5x", "123456789m", "5é"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
