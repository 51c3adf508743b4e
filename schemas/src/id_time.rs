//! The time within an id that somebody else has made.

use ulid::Ulid;

/// Milliseconds since 1970 that a key carries which is a ULID or a UUID of version 7 (RFC 9562, section 5.7);
/// 0 for any other text. An id that is derived from a client's key sorts by time where the key does, and a
/// repeat of the key still gives the same id.
pub fn millis_of(key: &str) -> u64 {
    of_uuid(key)
        .or_else(|| Ulid::from_string(key).ok().map(|id| id.timestamp_ms()))
        .unwrap_or(0)
}

fn of_uuid(key: &str) -> Option<u64> {
    let groups: Vec<&str> = key.split('-').collect();
    let shape: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let is_hex = key.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    if shape != [8, 4, 4, 4, 12] || !is_hex || !groups[2].starts_with('7') {
        return None;
    }
    u64::from_str_radix(&[groups[0], groups[1]].concat(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::millis_of;

    #[test]
    fn keys_that_carry_their_time_give_it() {
        // The example of RFC 9562, appendix A.6, and the one of the ULID specification.
        assert_eq!(
            millis_of("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"),
            1_645_557_742_000
        );
        assert_eq!(millis_of("01ARZ3NDEKTSV4RRFFQ69G5FAV"), 1_469_922_850_259);
    }

    #[test]
    fn any_other_key_has_no_time() {
        for key in [
            "",
            "order-7",
            "919108f7-52d1-4320-9bac-f847db4148a8",
            "017F22E2-79B0-7CC3-98C4-DC0C0C07398",
            "017F22E2-79B0-7CC3-98C4-DC0C0C07398Ü",
            "zzzzzzzz-zzzz-7zzz-zzzz-zzzzzzzzzzzz",
        ] {
            assert_eq!(millis_of(key), 0, "{key}");
        }
    }
}
