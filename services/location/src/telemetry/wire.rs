//! A batch of fixes as it lies in `location.fixes`: protobuf, a few bytes a fix.

use crate::domain::Fix;
use interstate_schemas::{DriverId, GeoPoint, Timestamp, TripId};
use prost::{
    Message,
    encoding::{self, WireType},
};

/// Degrees are kept in steps of 1e-7, about a centimetre.
const STEPS_A_DEGREE: f64 = 1e7;

/// The records of `location.fixes` for readers elsewhere: the same as [`FixBatch`] and [`FixRow`].
pub const PROTO: &str = r#"syntax = "proto3";
package interstate.location.v1;

// What a driver's device sent at once.
message FixBatch {
  string driver = 1;       // who drives, drv_…
  int64 received_ms = 2;   // when it came in: milliseconds of log time since 1970
  repeated FixRow fixes = 3;
}

// One fix. Absent numbers are unknown.
message FixRow {
  string device = 1;       // by the name that it chose
  optional string trip = 2; // trp_…
  uint64 seq = 3;          // the device's count
  int64 at_ms = 4;         // when it was taken, by the device's clock: milliseconds since 1970
  sfixed32 lat_e7 = 5;     // degrees north times 10^7
  sfixed32 lon_e7 = 6;     // degrees east times 10^7
  float accuracy_m = 7;    // metres
  optional float speed_mps = 8;   // metres a second
  optional float bearing_deg = 9; // degrees from north, clockwise
  bool mock = 10;          // made up by an app
}
"#;

/// One record: what a driver's device sent at once.
#[derive(Clone, PartialEq, Message)]
pub struct FixBatch {
    /// Who drives, `drv_…`.
    #[prost(string, tag = "1")]
    pub driver: String,
    /// When it came in, in milliseconds of log time since 1970.
    #[prost(int64, tag = "2")]
    pub received_ms: i64,
    /// The fixes, in the order in which they were sent.
    #[prost(message, repeated, tag = "3")]
    pub fixes: Vec<FixRow>,
}

/// One fix. Absent numbers are unknown.
#[derive(Clone, PartialEq, Message)]
pub struct FixRow {
    /// The device, by the name that it chose.
    #[prost(string, tag = "1")]
    pub device: String,
    /// The trip, `trp_…`.
    #[prost(string, optional, tag = "2")]
    pub trip: Option<String>,
    /// The device's count.
    #[prost(uint64, tag = "3")]
    pub seq: u64,
    /// When it was taken, by the device's clock, in milliseconds since 1970.
    #[prost(int64, tag = "4")]
    pub at_ms: i64,
    /// Degrees north times 10⁷.
    #[prost(sfixed32, tag = "5")]
    pub lat_e7: i32,
    /// Degrees east times 10⁷.
    #[prost(sfixed32, tag = "6")]
    pub lon_e7: i32,
    /// Metres.
    #[prost(float, tag = "7")]
    pub accuracy_m: f32,
    /// Metres a second.
    #[prost(float, optional, tag = "8")]
    pub speed_mps: Option<f32>,
    /// Degrees from north, clockwise.
    #[prost(float, optional, tag = "9")]
    pub bearing_deg: Option<f32>,
    /// Made up by an app.
    #[prost(bool, tag = "10")]
    pub mock: bool,
}

/// Bytes that a fix takes, about.
const FIX_BYTES: usize = 56;

impl FixBatch {
    /// The bytes of a batch, written straight from its fixes: rows of their own would copy every text.
    pub fn encode_fixes(driver: &str, received: Timestamp, fixes: &[&Fix]) -> Vec<u8> {
        let mut batch = Vec::with_capacity(64 + fixes.len() * FIX_BYTES);
        put_text(1, driver, &mut batch);
        encoding::int64::encode(2, &received.as_millisecond(), &mut batch);
        let mut row = Vec::with_capacity(2 * FIX_BYTES);
        let mut trip: Option<(TripId, String)> = None;
        for fix in fixes {
            // All fixes of a batch are mostly of one trip.
            if trip.as_ref().map(|(trip, _)| *trip) != fix.trip {
                trip = fix.trip.map(|trip| (trip, trip.to_string()));
            }
            row.clear();
            put_fix(fix, trip.as_ref().map(|(_, text)| text.as_str()), &mut row);
            encoding::encode_key(3, WireType::LengthDelimited, &mut batch);
            encoding::encode_varint(row.len() as u64, &mut batch);
            batch.extend_from_slice(&row);
        }
        batch
    }

    /// The fixes that can be read back; what another version wrote and this one cannot place is left out.
    pub fn fixes(&self) -> Vec<Fix> {
        let Ok(driver) = self.driver.parse() else {
            return Vec::new();
        };
        self.fixes.iter().filter_map(|row| row.fix(driver)).collect()
    }
}

/// A [`FixRow`]'s fields. As everywhere in this format, a number that is 0 is left out unless it is optional.
fn put_fix(fix: &Fix, trip: Option<&str>, row: &mut Vec<u8>) {
    put_text(1, &fix.device, row);
    if let Some(trip) = trip {
        put_text(2, trip, row);
    }
    if fix.seq != 0 {
        encoding::uint64::encode(3, &fix.seq, row);
    }
    let at_ms = fix.at.as_millisecond();
    if at_ms != 0 {
        encoding::int64::encode(4, &at_ms, row);
    }
    for (tag, degrees) in [(5, fix.point.lat()), (6, fix.point.lon())] {
        let steps = (degrees * STEPS_A_DEGREE).round() as i32;
        if steps != 0 {
            encoding::sfixed32::encode(tag, &steps, row);
        }
    }
    if fix.accuracy_m != 0.0 {
        encoding::float::encode(7, &fix.accuracy_m, row);
    }
    for (tag, known) in [(8, fix.speed_mps), (9, fix.bearing_deg)] {
        if let Some(value) = known {
            encoding::float::encode(tag, &value, row);
        }
    }
    if fix.mock {
        encoding::bool::encode(10, &fix.mock, row);
    }
}

fn put_text(tag: u32, text: &str, out: &mut Vec<u8>) {
    encoding::encode_key(tag, WireType::LengthDelimited, out);
    encoding::encode_varint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

impl FixRow {
    fn fix(&self, driver: DriverId) -> Option<Fix> {
        let degrees = |steps: i32| f64::from(steps) / STEPS_A_DEGREE;
        Some(Fix {
            device: self.device.as_str().into(),
            driver,
            trip: self.trip.as_deref().and_then(|trip| trip.parse::<TripId>().ok()),
            seq: self.seq,
            at: Timestamp::from_millisecond(self.at_ms).ok()?,
            point: GeoPoint::new(degrees(self.lat_e7), degrees(self.lon_e7)).ok()?,
            accuracy_m: self.accuracy_m,
            speed_mps: self.speed_mps,
            bearing_deg: self.bearing_deg,
            mock: self.mock,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fix::tests::{fix, time};

    fn encoded(fixes: &[Fix]) -> Vec<u8> {
        let all: Vec<&Fix> = fixes.iter().collect();
        FixBatch::encode_fixes(&fixes[0].driver.to_string(), time(60), &all)
    }

    #[test]
    fn a_batch_reads_back_to_the_centimetre_and_is_small() {
        let fixes: Vec<Fix> = (1..=50).map(fix).collect();
        let bytes = encoded(&fixes);
        assert!(bytes.len() < 50 * 60, "{} bytes", bytes.len());
        let back = FixBatch::decode(bytes.as_slice()).unwrap().fixes();
        assert_eq!(back.len(), fixes.len());
        for (back, fix) in back.iter().zip(&fixes) {
            assert!(back.point.metres_to(fix.point) < 0.02);
            assert_eq!(
                (&back.device, back.seq, back.at, back.speed_mps),
                (&fix.device, fix.seq, fix.at, fix.speed_mps)
            );
        }
    }

    #[test]
    fn what_is_written_by_hand_is_what_the_message_writes() {
        let bare = Fix {
            seq: 0,
            at: Timestamp::UNIX_EPOCH,
            point: GeoPoint::new(0.0, -0.000_000_1).unwrap(),
            accuracy_m: 0.0,
            speed_mps: None,
            bearing_deg: None,
            ..fix(0)
        };
        let full = Fix {
            device: "tracker, ट्रैकर".into(),
            trip: Some(TripId::derive(1, &[b"trip"])),
            seq: u64::MAX,
            at: Timestamp::from_millisecond(-1).unwrap(),
            speed_mps: Some(0.0),
            mock: true,
            ..fix(7)
        };
        let another = Fix {
            trip: Some(TripId::derive(2, &[b"trip"])),
            ..fix(8)
        };
        let bytes = encoded(&[bare, full.clone(), full, another, fix(9)]);
        let read = FixBatch::decode(bytes.as_slice()).unwrap();
        assert_eq!(read.fixes().len(), 5);
        let trips: Vec<bool> = read.fixes.iter().map(|row| row.trip.is_some()).collect();
        assert_eq!(trips, [false, true, true, true, false]);
        assert_ne!(read.fixes[2].trip, read.fixes[3].trip);
        assert_eq!(read.encode_to_vec(), bytes);
    }

    /// The fields of a message in the description, each as its type and number.
    fn described(message: &str) -> Vec<(String, u32)> {
        let body = PROTO.split(&format!("message {message} {{")).nth(1).unwrap();
        let lines = body.split('}').next().unwrap().lines();
        let fields = lines.filter_map(|line| {
            let (name, number) = line.split(';').next()?.split_once('=')?;
            let name = name.trim();
            let kind = name.rsplit_once(' ')?.0;
            let kind = kind
                .trim_start_matches("optional ")
                .trim_start_matches("repeated ");
            Some((kind.to_owned(), number.trim().parse().unwrap()))
        });
        fields.collect()
    }

    /// The fields of an encoded message, each with its wire type.
    fn written(mut bytes: &[u8]) -> Vec<(WireType, u32)> {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let (number, kind) = encoding::decode_key(&mut bytes).unwrap();
            fields.push((kind, number));
            encoding::skip_field(kind, number, &mut bytes, encoding::DecodeContext::default()).unwrap();
        }
        fields
    }

    fn on_the_wire(kind: &str) -> WireType {
        match kind {
            "int64" | "uint64" | "bool" => WireType::Varint,
            "sfixed32" | "float" => WireType::ThirtyTwoBit,
            "string" | "FixRow" => WireType::LengthDelimited,
            other => panic!("a type that no row has: {other}"),
        }
    }

    #[test]
    fn the_description_has_the_fields_that_are_written() {
        let row = FixRow {
            device: "d".to_owned(),
            trip: Some("t".to_owned()),
            seq: 1,
            at_ms: 1,
            lat_e7: 1,
            lon_e7: 1,
            accuracy_m: 1.0,
            speed_mps: Some(1.0),
            bearing_deg: Some(1.0),
            mock: true,
        };
        let batch = FixBatch {
            driver: "d".to_owned(),
            received_ms: 1,
            fixes: vec![row.clone()],
        };
        for (message, bytes) in [
            ("FixRow", row.encode_to_vec()),
            ("FixBatch", batch.encode_to_vec()),
        ] {
            let described = described(message).into_iter();
            let described: Vec<_> = described
                .map(|(kind, number)| (on_the_wire(&kind), number))
                .collect();
            assert_eq!(described, written(&bytes), "{message}");
        }
    }
}
