//! Fixes as a driver's device sends them.

use super::{code::codes, http::Edge};
use crate::{
    domain::{Fix, FixRefusal, FixVerdict},
    telemetry::RecordError,
};
use axum::extract::State;
use interstate_auth::Caller;
use interstate_http::{IdempotencyKey, Json, JsonBody, Problem, codes as edge_codes, log_full};
use interstate_schemas::{BookingId, DriverId, GeoPoint, Timestamp, TripId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, sync::Arc};

const MOST_FIXES: usize = 500;

/// What a device sends at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FixReport<'a> {
    /// 1 to 500, the oldest first.
    #[serde(borrow)]
    #[schemars(length(min = 1, max = 500))]
    pub fixes: Vec<ReportedFix<'a>>,
}

/// One position. Who drives says the access token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportedFix<'a> {
    /// The device, by the name it has chosen.
    #[serde(borrow)]
    #[schemars(length(min = 1, max = 64))]
    pub device: Cow<'a, str>,
    /// Counts up on the device with each fix; a repeat has the same number.
    pub seq: u64,
    /// When the position was taken, by the device's clock.
    pub at: Timestamp,
    /// The position.
    pub point: GeoPoint,
    /// Radius in metres that the true position lies in with 68 %.
    pub accuracy_m: f32,
    /// The booking that is being driven, if one is.
    #[serde(default)]
    pub booking: Option<BookingId>,
    /// Metres a second, where known.
    #[serde(default)]
    pub speed_mps: Option<f32>,
    /// Degrees from north, clockwise, where known.
    #[serde(default)]
    pub bearing_deg: Option<f32>,
    /// Whether the device says that an app made the position up.
    #[serde(default)]
    pub mock: bool,
}

/// What became of the fixes. None of them need to be sent again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct FixesTaken {
    /// Good fixes.
    pub accepted: u32,
    /// Good enough for a map, not for a bill.
    pub shown_only: u32,
    /// Sent before.
    pub duplicates: u32,
    /// Neither shown nor billed, with the reasons.
    pub refused: Vec<RefusedFix>,
}

/// A fix that is neither shown nor billed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RefusedFix {
    /// The device.
    pub device: Arc<str>,
    /// Its number.
    pub seq: u64,
    /// Why.
    pub reason: FixRefusal,
}

/// `POST /v1/fixes`: answers once the fixes are durable. Numbers of the device make a repeat harmless.
pub(super) async fn report(
    State(edge): State<Arc<Edge>>,
    caller: Caller,
    _key: IdempotencyKey,
    body: JsonBody<FixReport<'static>>,
) -> Result<Json<FixesTaken>, Problem> {
    let report: FixReport<'_> = body.read()?;
    let count = report.fixes.len();
    if !(1..=MOST_FIXES).contains(&count) {
        let detail = format!("A batch has 1 to {MOST_FIXES} fixes, {count} came.");
        return Err(Problem::new(&codes::FIXES_TOO_MANY, detail));
    }
    let driver = DriverId::from(caller.user);
    let now = edge.clock.now();
    let fixes = report.of(driver);
    let positions = edge.location.positions();
    let repeats = positions.repeats(driver, &fixes);
    let worth_keeping: Vec<&Fix> = fixes
        .iter()
        .zip(repeats)
        .filter(|(fix, repeat)| !repeat && fix.is_well_formed())
        .map(|(fix, _)| fix)
        .collect();
    if !worth_keeping.is_empty() {
        let written = edge.recorder.append(driver, now, &worth_keeping).await;
        written.map_err(problem)?;
    }
    // Only now: what is not durable has not been seen, so that the device's repeat is taken up.
    let verdicts = positions.record(driver, &fixes, now);
    edge.milestones.fixes(caller.user, || {
        let good = fixes.iter().zip(&verdicts);
        good.filter(|(_, verdict)| **verdict == FixVerdict::Accepted)
            .map(|(fix, _)| fix.clone())
            .collect()
    });
    Ok(Json(taken(&fixes, &verdicts)))
}

impl FixReport<'_> {
    fn of(self, driver: DriverId) -> Vec<Fix> {
        let mut device: Arc<str> = Arc::default();
        self.fixes
            .into_iter()
            .map(|fix| {
                if *device != *fix.device {
                    device = Arc::from(&*fix.device);
                }
                fix.of(driver, device.clone())
            })
            .collect()
    }
}

impl ReportedFix<'_> {
    fn of(self, driver: DriverId, device: Arc<str>) -> Fix {
        Fix {
            device,
            driver,
            trip: self.booking.map(TripId::from),
            seq: self.seq,
            at: self.at,
            point: self.point,
            accuracy_m: self.accuracy_m,
            speed_mps: self.speed_mps,
            bearing_deg: self.bearing_deg,
            mock: self.mock,
        }
    }
}

fn taken(fixes: &[Fix], verdicts: &[FixVerdict]) -> FixesTaken {
    let mut taken = FixesTaken::default();
    for (fix, verdict) in fixes.iter().zip(verdicts) {
        match *verdict {
            FixVerdict::Accepted => taken.accepted += 1,
            FixVerdict::ShownOnly => taken.shown_only += 1,
            FixVerdict::Duplicate => taken.duplicates += 1,
            FixVerdict::Refused { reason } => taken.refused.push(RefusedFix {
                device: fix.device.clone(),
                seq: fix.seq,
                reason,
            }),
        }
    }
    taken
}

fn problem(error: RecordError) -> Problem {
    match error {
        RecordError::Overloaded => Problem::new(&edge_codes::OVERLOADED, "Too many fixes are waiting."),
        RecordError::Full => log_full(),
        RecordError::Unavailable(error) => Problem::away(error, "Fixes cannot be kept now; send them again."),
    }
}
