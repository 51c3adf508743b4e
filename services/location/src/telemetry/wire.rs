//! A batch of fixes as it lies in `location.fixes`: protobuf, a few bytes a fix.

use crate::domain::Fix;
use interstate_schemas::{DriverId, GeoPoint, Timestamp, TripId};
use prost::Message;

/// Degrees are kept in steps of 1e-7, about a centimetre.
const STEPS_A_DEGREE: f64 = 1e7;

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

impl FixBatch {
    /// The record of these fixes.
    pub fn of<'a>(driver: DriverId, received: Timestamp, fixes: impl IntoIterator<Item = &'a Fix>) -> Self {
        Self {
            driver: driver.to_string(),
            received_ms: received.as_millisecond(),
            fixes: fixes.into_iter().map(FixRow::from).collect(),
        }
    }

    /// The fixes that can be read back; what another version wrote and this one cannot place is left out.
    pub fn fixes(&self) -> Vec<Fix> {
        let Ok(driver) = self.driver.parse() else {
            return Vec::new();
        };
        self.fixes.iter().filter_map(|row| row.fix(driver)).collect()
    }
}

impl From<&Fix> for FixRow {
    fn from(fix: &Fix) -> Self {
        Self {
            device: fix.device.clone(),
            trip: fix.trip.map(|trip| trip.to_string()),
            seq: fix.seq,
            at_ms: fix.at.as_millisecond(),
            lat_e7: (fix.point.lat() * STEPS_A_DEGREE).round() as i32,
            lon_e7: (fix.point.lon() * STEPS_A_DEGREE).round() as i32,
            accuracy_m: fix.accuracy_m,
            speed_mps: fix.speed_mps,
            bearing_deg: fix.bearing_deg,
            mock: fix.mock,
        }
    }
}

impl FixRow {
    fn fix(&self, driver: DriverId) -> Option<Fix> {
        let degrees = |steps: i32| f64::from(steps) / STEPS_A_DEGREE;
        Some(Fix {
            device: self.device.clone(),
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

    #[test]
    fn a_batch_reads_back_to_the_centimetre_and_is_small() {
        let fixes: Vec<Fix> = (1..=50).map(fix).collect();
        let batch = FixBatch::of(fixes[0].driver, time(60), &fixes);
        let bytes = batch.encode_to_vec();
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
}
