//! Requests with fixes, for one device: the bytes are made once, and each next batch only changes the digits in
//! them. The client shares the machine with what is measured, so it must cost little; what it sends is a new
//! request with new fixes each time.

use super::BATCH;
use interstate_schemas::Timestamp;
use std::ops::Range;

/// Milliseconds of driving between two fixes.
const APART_MS: i64 = 250;
/// Metres driven in that time, at 20 m a second.
const APART_M: u64 = 5;
/// Fixes on the way there, and on the way back: 40 km of a road.
const ONE_WAY: u64 = 8_000;
/// The first number; those that follow have as many digits.
const FIRST: u64 = 1_000_000;
const DAY_MS: i64 = 86_400_000;

/// A request whose fixes can be moved on.
pub(super) struct Request {
    bytes: Vec<u8>,
    /// Where the digits of the idempotency key stand.
    key: Range<usize>,
    places: Vec<Places>,
    /// Fixes so far.
    sent: u64,
    start_ms: i64,
    /// A day and how it is written.
    day: (i64, [u8; 10]),
}

/// Where the parts of one fix stand that change.
struct Places {
    seq: Range<usize>,
    day: Range<usize>,
    /// Hours, minutes, seconds, milliseconds.
    time: [Range<usize>; 4],
    /// Millionths of a degree.
    lat: Range<usize>,
}

impl Request {
    /// The requests of device `number` to `host`, its first fix taken at `start`.
    pub(super) fn new(host: &str, token: &str, number: usize, start: Timestamp) -> Self {
        let lon = 72.5 + number as f64 * 0.001;
        let fix = format!(
            "{{\"device\":\"phone\",\"seq\":{FIRST},\"at\":\"2026-01-01T00:00:00.000Z\",\
             \"point\":{{\"lat\":23.000000,\"lon\":{lon:.6}}},\
             \"accuracy_m\":8.0,\"speed_mps\":20.0,\"bearing_deg\":0.0}}"
        );
        let body = format!("{{\"fixes\":[{}]}}", vec![fix; BATCH].join(","));
        let head = format!(
            "POST /v1/fixes HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nidempotency-key: {number}-{FIRST}\r\n\r\n",
            body.len()
        );
        let key = head.len() - 4 - 7..head.len() - 4;
        let text = head + &body;
        let all = |pattern: &str, skip: usize, length: usize| -> Vec<Range<usize>> {
            let found = text.match_indices(pattern).map(|(at, _)| at + skip);
            found.map(|at| at..at + length).collect()
        };
        let (seqs, ats, lats) = (
            all("\"seq\":", 6, 7),
            all("\"at\":\"", 6, 24),
            all("\"lat\":23.", 9, 6),
        );
        let places = seqs.into_iter().zip(ats).zip(lats);
        let places = places
            .map(|((seq, at), lat)| Places {
                seq,
                day: at.start..at.start + 10,
                time: [(11, 2), (14, 2), (17, 2), (20, 3)]
                    .map(|(skip, length)| at.start + skip..at.start + skip + length),
                lat,
            })
            .collect();
        Self {
            key,
            places,
            bytes: text.into_bytes(),
            sent: 0,
            start_ms: start.as_millisecond(),
            day: (0, *b"1970-01-01"),
        }
    }

    /// The next request.
    pub(super) fn next(&mut self) -> &[u8] {
        let Self {
            bytes, places, day, ..
        } = self;
        put(bytes, &self.key, FIRST + self.sent);
        for place in places {
            put(bytes, &place.seq, FIRST + self.sent);
            let at = self.start_ms + self.sent.cast_signed() * APART_MS;
            if at.div_euclid(DAY_MS) != day.0 {
                *day = (at.div_euclid(DAY_MS), written(at));
            }
            bytes[place.day.clone()].copy_from_slice(&day.1);
            let at = at.rem_euclid(DAY_MS).unsigned_abs();
            let parts = [at / 3_600_000, at / 60_000 % 60, at / 1_000 % 60, at % 1_000];
            for (place, part) in place.time.iter().zip(parts) {
                put(bytes, place, part);
            }
            // Back and forth on the road, northwards from 23°.
            let metres = (self.sent % (2 * ONE_WAY)).abs_diff(ONE_WAY) * APART_M;
            put(bytes, &place.lat, metres * 1_000 / 111);
            self.sent += 1;
        }
        bytes
    }
}

/// The day of a time in milliseconds since 1970, as RFC 3339 writes it.
fn written(at_ms: i64) -> [u8; 10] {
    let text = Timestamp::from_millisecond(at_ms).map(|at| at.to_string());
    let day = text.ok().and_then(|text| text.as_bytes().first_chunk().copied());
    day.expect("a time of this century begins with the ten bytes of its day")
}

/// Writes the lowest digits of a number.
fn put(bytes: &mut [u8], place: &Range<usize>, mut number: u64) {
    for digit in bytes[place.clone()].iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use interstate_schemas::SignedDuration;
    use serde_json::{Value, json};

    /// The fixes of a request, whose head must tell the length of its body.
    fn fixes(request: &[u8]) -> Vec<Value> {
        let text = std::str::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())),
            "{head}"
        );
        let mut body: Value = serde_json::from_str(body).unwrap();
        serde_json::from_value(body["fixes"].take()).unwrap()
    }

    #[test]
    fn every_request_goes_on_where_the_last_one_ended() {
        let start: Timestamp = "2026-11-20T23:59:55Z".parse().unwrap();
        let mut request = Request::new("localhost:1", "token", 7, start);
        let mut all = Vec::new();
        for count in 0..4 {
            let bytes = request.next();
            let key = format!("\r\nidempotency-key: 7-{}\r\n", FIRST + count * BATCH as u64);
            assert!(String::from_utf8_lossy(bytes).contains(&key), "{key}");
            all.extend(fixes(bytes));
        }
        assert_eq!(all.len(), 4 * BATCH);
        for (number, fix) in (0..).zip(&all) {
            assert_eq!(fix["seq"], json!(FIRST + number));
            let at: Timestamp = fix["at"].as_str().unwrap().parse().unwrap();
            assert_eq!(
                at,
                start + SignedDuration::from_millis(250 * number.cast_signed())
            );
            let metres = (23.0 + 40_000.0 / 111_000.0 - fix["point"]["lat"].as_f64().unwrap()) * 111_000.0;
            assert!((metres - 5.0 * number as f64).abs() < 0.3, "{metres}");
        }
    }
}
