//! What is asked of booking, and how long its word holds.

use super::*;
use async_trait::async_trait;
use interstate_schemas::GeoPoint;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

/// Time that only a test lets pass. Whoever waits for it has waited at once.
#[derive(Default)]
struct Standing(AtomicI64);

#[async_trait]
impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_793_491_200 + self.0.load(Ordering::SeqCst)).unwrap()
    }

    async fn sleep_until(&self, _: Timestamp) {}

    async fn sleep(&self, _: Duration) {}
}

#[derive(Clone, Copy)]
enum Says {
    Drives(&'static str),
    Over,
    Away,
    Nothing,
}

struct Desk {
    says: Mutex<Says>,
    questions: AtomicUsize,
}

#[async_trait]
impl BookedTrips for Desk {
    async fn trip(&self, _: BookingId) -> Result<Option<BookedTrip>, BookingsUnavailable> {
        self.questions.fetch_add(1, Ordering::SeqCst);
        let says = *self.says.lock().unwrap();
        match says {
            Says::Drives(name) => Ok(Some(BookedTrip {
                rider: user("asha"),
                driver: user(name),
                pickup: point(),
                drop: point(),
                ends_at: Timestamp::UNIX_EPOCH,
            })),
            Says::Over => Ok(None),
            Says::Away => Err(BookingsUnavailable("away".to_owned())),
            Says::Nothing => std::future::pending().await,
        }
    }
}

struct Office {
    desk: Arc<Desk>,
    clock: Arc<Standing>,
    assigned: AssignedDrivers,
}

impl Office {
    fn that_says(says: Says) -> Self {
        let desk = Arc::new(Desk {
            says: Mutex::new(says),
            questions: AtomicUsize::new(0),
        });
        let clock = Arc::new(Standing::default());
        Self {
            assigned: AssignedDrivers::new(desk.clone(), clock.clone()),
            desk,
            clock,
        }
    }

    fn says(&self, says: Says) {
        *self.desk.says.lock().unwrap() = says;
    }

    fn pass(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Nothing where it cannot be known.
    async fn drives(&self, name: &str) -> Option<bool> {
        self.assigned.still_drives(&opened_by(name)).await.ok()
    }

    fn questions(&self) -> usize {
        self.desk.questions.load(Ordering::SeqCst)
    }
}

fn user(name: &str) -> UserId {
    UserId::derive(1, &[name.as_bytes()])
}

fn point() -> GeoPoint {
    GeoPoint::new(23.0225, 72.5714).unwrap()
}

fn opened_by(name: &str) -> TripOpened {
    TripOpened {
        booking: BookingId::derive(1, &[b"booking"]),
        rider: user("asha"),
        driver: user(name),
        pickup: point(),
        drop: point(),
        ends_at: Timestamp::UNIX_EPOCH,
    }
}

#[tokio::test]
async fn booking_is_asked_once_for_all_who_look_and_again_after_ten_seconds() {
    let office = Office::that_says(Says::Drives("ravi"));
    for _ in 0..3 {
        assert_eq!(office.drives("ravi").await, Some(true));
    }
    assert_eq!(office.questions(), 1);
    office.pass(10);
    assert_eq!(office.drives("ravi").await, Some(true));
    assert_eq!(office.questions(), 1);
    office.says(Says::Over);
    office.pass(1);
    assert_eq!(office.drives("ravi").await, Some(false));
    assert_eq!(office.questions(), 2);
}

#[tokio::test]
async fn a_no_is_not_kept_and_a_yes_is_only_its_drivers() {
    let office = Office::that_says(Says::Over);
    assert_eq!(office.drives("ravi").await, Some(false));
    office.says(Says::Drives("ravi"));
    assert_eq!(office.drives("ravi").await, Some(true));
    assert_eq!(office.drives("meena").await, Some(false));
    office.says(Says::Drives("meena"));
    assert_eq!(office.drives("meena").await, Some(true), "assigned a moment ago");
    assert_eq!(office.drives("ravi").await, Some(false));
}

#[tokio::test]
async fn the_last_word_holds_for_two_minutes_where_booking_does_not_answer() {
    let office = Office::that_says(Says::Drives("ravi"));
    assert_eq!(office.drives("ravi").await, Some(true));
    office.says(Says::Away);
    for _ in 0..8 {
        office.pass(15);
        assert_eq!(office.drives("ravi").await, Some(true));
        assert_eq!(office.drives("meena").await, None, "nothing was said of her");
    }
    office.pass(1);
    assert_eq!(office.drives("ravi").await, None);
    office.says(Says::Drives("ravi"));
    assert_eq!(office.drives("ravi").await, Some(true));
}

#[tokio::test]
async fn a_question_that_hangs_is_one_without_an_answer() {
    let office = Office::that_says(Says::Nothing);
    assert_eq!(office.drives("ravi").await, None);
}

#[tokio::test]
async fn a_clock_that_is_set_back_keeps_no_word_alive() {
    let office = Office::that_says(Says::Drives("ravi"));
    assert_eq!(office.drives("ravi").await, Some(true));
    office.says(Says::Away);
    office.pass(-3_600);
    assert_eq!(office.drives("ravi").await, None);
}
