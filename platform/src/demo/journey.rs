//! A vehicle on its way: where it is when.

use interstate_schemas::{GeoPoint, SignedDuration, Timestamp};

/// A drive along a line at an even speed.
#[derive(Debug, Clone)]
pub struct Journey {
    /// Each point with the metres to it from the start.
    points: Vec<(f64, GeoPoint)>,
    begins: Timestamp,
    seconds: f64,
}

impl Journey {
    /// Along these points, at least one, from `begins` on for so many seconds.
    pub fn new(
        first: GeoPoint,
        others: impl IntoIterator<Item = GeoPoint>,
        begins: Timestamp,
        seconds: i64,
    ) -> Self {
        let mut points = vec![(0.0, first)];
        let (mut metres, mut before) = (0.0, first);
        for point in others {
            metres += before.metres_to(point);
            points.push((metres, point));
            before = point;
        }
        Self {
            points,
            begins,
            seconds: seconds.max(1) as f64,
        }
    }

    /// Standing somewhere.
    pub fn standing(at: GeoPoint, since: Timestamp) -> Self {
        Self::new(at, [], since, 0)
    }

    /// When the end is reached.
    pub fn ends(&self) -> Timestamp {
        let took = SignedDuration::try_from_secs_f64(self.seconds).unwrap_or(SignedDuration::ZERO);
        self.begins.saturating_add(took).unwrap_or(Timestamp::MAX)
    }

    /// Whether it moves then.
    pub fn moves(&self, at: Timestamp) -> bool {
        self.points.len() > 1 && at <= self.ends()
    }

    /// Where the vehicle is then: at the start before, at the end after.
    pub fn at(&self, time: Timestamp) -> GeoPoint {
        let all = self.points.last().map_or(0.0, |(metres, _)| *metres);
        let share = (time.duration_since(self.begins).as_secs_f64() / self.seconds).clamp(0.0, 1.0);
        let driven = all * share;
        let next = self.points.partition_point(|(metres, _)| *metres < driven);
        let (to_metres, to) = self.points[next.min(self.points.len() - 1)];
        let (from_metres, from) = self.points[next.saturating_sub(1).min(self.points.len() - 1)];
        let part = if to_metres > from_metres {
            (driven - from_metres) / (to_metres - from_metres)
        } else {
            1.0
        };
        let between = |a: f64, b: f64| a + (b - a) * part;
        GeoPoint::new(between(from.lat(), to.lat()), between(from.lon(), to.lon())).unwrap_or(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(lat: f64, lon: f64) -> GeoPoint {
        GeoPoint::new(lat, lon).unwrap()
    }

    #[test]
    fn a_vehicle_is_on_its_line_and_stays_at_the_end() {
        let start: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
        let after = |minutes| start + SignedDuration::from_mins(minutes);
        let journey = Journey::new(
            point(20.0, 73.0),
            [point(21.0, 73.0), point(21.0, 74.0)],
            start,
            7_200,
        );
        assert_eq!(
            journey.at(start - SignedDuration::from_mins(5)),
            point(20.0, 73.0)
        );
        assert_eq!(journey.at(after(500)), point(21.0, 74.0));
        assert!(journey.moves(after(60)) && !journey.moves(after(121)));
        let corner = journey.at(after(62));
        assert!(
            corner.metres_to(point(21.0, 73.0)) < 2_000.0,
            "{corner:?}: the corner is half-way"
        );
        let standing = Journey::standing(point(20.0, 73.0), start);
        assert_eq!(standing.at(after(9)), point(20.0, 73.0));
        assert!(!standing.moves(after(9)));
    }
}
