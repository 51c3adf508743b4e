//! A bucket of an object store, where instances keep what they share.

use crate::parse::authority_in;
use std::{fmt, path::PathBuf};

/// What S3 allows as a bucket's name, in bytes.
const BUCKET: std::ops::RangeInclusive<usize> = 3..=63;
/// Keys have 1,024 bytes at most, and ours come behind it.
const LONGEST_PREFIX: usize = 512;

/// A bucket that speaks S3's protocol, and what of it is ours. Who asks, the region and the server stand in the
/// variables that every client of S3 reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What all keys begin with; may be empty.
    pub prefix: String,
    /// The file of the authority that signed the server's certificate (PEM), where it is none that everybody knows.
    pub ca: Option<PathBuf>,
}

impl Bucket {
    /// Reads `s3://bucket/prefix?ca=…`; prefix and authority may be left out.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = text
            .strip_prefix("s3://")
            .ok_or("not an address that begins with s3://")?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_end_matches('/');
        if !is_name(name) {
            return Err(format!(
                "`{name}` is no bucket's name: {} to {} lower-case letters, digits, dots and dashes",
                BUCKET.start(),
                BUCKET.end()
            ));
        }
        if !is_prefix(prefix) {
            return Err(format!(
                "`{prefix}` is no prefix of keys: names of letters, digits, dots, dashes and underscores with one slash in \
                 between, {LONGEST_PREFIX} bytes at most"
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            ca: authority_in(query)?,
        })
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.name, self.prefix)
    }
}

/// The rules of S3, without what only matters to some regions.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    BUCKET.contains(&bytes.len())
        && ends.into_iter().flatten().all(|byte| plain(*byte))
        && bytes
            .iter()
            .all(|&byte| plain(byte) || matches!(byte, b'.' | b'-'))
}

fn is_prefix(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_part = |part: &str| !part.is_empty() && !matches!(part, "." | "..") && part.bytes().all(plain);
    text.len() <= LONGEST_PREFIX && (text.is_empty() || text.split('/').all(is_part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_all_there_is_to_say() {
        let whole = Bucket::parse("s3://rides.eu-1/prod/snapshots/?ca=/etc/ca%20of%20ours.pem").unwrap();
        assert_eq!((&*whole.name, &*whole.prefix), ("rides.eu-1", "prod/snapshots"));
        assert_eq!(whole.ca, Some(PathBuf::from("/etc/ca of ours.pem")));
        let least = Bucket::parse("s3://rides").unwrap();
        assert_eq!((&*least.prefix, least.ca), ("", None));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in [
            "s3:rides",
            "s3://",
            "s3://ab",
            "s3://Rides",
            "s3://-rides",
            "s3://rides//x",
            "s3://rides/a b",
            "s3://rides/../x",
            "s3://rides?region=eu",
            "s3://rides?ca=",
            "s3://rides?ca=/x&ca=/y",
        ] {
            Bucket::parse(wrong).expect_err(wrong);
        }
    }
}
