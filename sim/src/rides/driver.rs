//! Drivers: they are admitted, accept, decline or ignore offers, drive, and give a trip back now and then.

use super::{
    Traffic,
    books::{Offered, RideBooks},
    roads,
};
use crate::{
    clients::{Clients, Told},
    here::time_at,
    play::Seen,
    sim::lock,
};
use futures::future::join_all;
use interstate_booking::domain::booking::{BookingCommand, CancelBy, Stage, TripRecord};
use interstate_driver::domain::{
    candidates::Fuel,
    dispatch::DispatchRequest,
    documents::{Document, DocumentKind},
    driver::{DriverCommand, Profile},
    vehicle::{Description, PlateKey, VehicleCommand},
};
use interstate_location::domain::tracking::{FORGOTTEN_AFTER, Milestone, TrackingCommand, TripOpened};
use interstate_schemas::{
    Actor, AddressedCommand, BookingId, DriverId, Role, SignedDuration, StateCode, Timestamp, TripId, UserId,
    VehicleClass, VehicleId,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// A driver's id.
pub(super) fn id(number: u32) -> DriverId {
    DriverId::derive(1, &[b"driver", &number.to_be_bytes()])
}

struct Driver {
    clients: Arc<Clients>,
    number: u32,
    id: DriverId,
    me: Actor,
}

impl Driver {
    fn new(clients: Arc<Clients>, number: u32) -> Self {
        let id = id(number);
        let me = Actor::User {
            id: UserId::from(id),
            role: Role::Driver,
        };
        Self {
            clients,
            number,
            id,
            me,
        }
    }

    async fn ask<C>(&self, what: &str, to: impl Display, command: &C) -> Told
    where
        C: AddressedCommand + Sync,
    {
        let key = format!("driver {}: {what}", self.number);
        self.clients.insist(&key, to, command, &self.me).await
    }
}

fn papers(kinds: &[DocumentKind]) -> Vec<Document> {
    let day = |text: &str| text.parse().expect("a day of the calendar");
    let paper = |kind: &DocumentKind| {
        let (from, through) = (day("2020-01-01"), day("2090-12-31"));
        Document::new(*kind, from, through, BTreeSet::new()).expect("it ends after it begins")
    };
    kinds.iter().map(paper).collect()
}

/// From the registration to the first offer.
pub(super) async fn admission(clients: Arc<Clients>, number: u32) {
    let driver = Driver::new(clients, number);
    let id = driver.id;
    let profile = Profile {
        home_state: StateCode::GJ,
        drives_at_night: true,
        hill_roads: true,
    };
    driver
        .ask("register", id, &DriverCommand::Register { profile, name: None })
        .await;
    for document in papers(&DocumentKind::OF_EVERY_DRIVER) {
        let what = format!("{:?}", document.kind());
        driver
            .ask(&what, id, &DriverCommand::AddDocument { document })
            .await;
    }
    let vehicle = VehicleId::from_ulid(id.ulid());
    driver.ask("vehicle", vehicle, &vehicle_of(id)).await;
    // The vehicle is the driver's as soon as its plate is.
    for time in 0.. {
        let told = driver
            .ask(&format!("submit {time}"), id, &DriverCommand::Submit)
            .await;
        if matches!(told, Told::Yes(_)) {
            break;
        }
        driver.clients.rest(400).await;
    }
    let approve = format!("approve {number}");
    driver
        .clients
        .insist(&approve, id, &DriverCommand::Approve, &Actor::System)
        .await;
    driver
        .ask("go online", id, &DriverCommand::GoOnline { vehicle: None })
        .await;
}

fn vehicle_of(driver: DriverId) -> VehicleCommand {
    let kinds = [
        DocumentKind::Registration,
        DocumentKind::Fitness,
        DocumentKind::Insurance,
        DocumentKind::Puc,
        DocumentKind::AllIndiaTouristPermit,
    ];
    VehicleCommand::Register {
        driver,
        plate: PlateKey {
            hash: format!("plate of {driver}"),
            ending: "1234".to_owned(),
        },
        description: Description {
            class: VehicleClass::Sedan,
            seats: 4,
            bags: 2,
            home_state: StateCode::GJ,
            first_registered: "2024-06-01".parse().expect("a day of the calendar"),
            fuel: Fuel::Petrol,
        },
        papers: papers(&kinds),
    }
}

/// A driver's day, as long as anybody rides.
pub(super) async fn day(
    clients: Arc<Clients>,
    seen: Seen<RideBooks>,
    number: u32,
    traffic: Traffic,
    riding: Arc<AtomicUsize>,
) {
    let driver = Driver::new(clients, number);
    if traffic == Traffic::Rush {
        // Looks at the phone when everybody has asked: whoever looks first finds all offers, and takes them.
        driver.clients.sim().sleep(Duration::from_secs(4)).await;
    }
    let mut answered = BTreeSet::new();
    let mut moves = BTreeMap::new();
    while riding.load(Ordering::Relaxed) > 0 {
        driver.clients.rest(2_500).await;
        let (offers, trips) = {
            let mut seen = lock(&seen);
            let _ = seen.catch_up();
            (seen.books.offers_to(driver.id), seen.books.trips_of(driver.id))
        };
        // Whoever has two offers taps them one after the other, and waits for neither.
        let new = offers.iter().filter(|offered| answered.insert(offered.offer));
        join_all(new.map(|offered| driver.answer(offered, traffic))).await;
        for (booking, stage) in trips {
            let count: &mut u32 = moves.entry(booking).or_default();
            *count += 1;
            driver.go_on(booking, stage, *count).await;
        }
    }
}

impl Driver {
    async fn answer(&self, offered: &Offered, traffic: Traffic) {
        let (dispatch, offer) = (offered.dispatch, offered.offer);
        let accept = DispatchRequest::Accept { offer };
        match (self.clients.draw(0, 10), traffic) {
            (0..=7, Traffic::Late) => {
                self.wait_for_the_last_moment(offered.until, 300).await;
                self.ask(&format!("accept {offer}"), dispatch, &accept).await;
            }
            (0..=7, Traffic::Rush) | (0..=4, _) => {
                self.ask(&format!("accept {offer}"), dispatch, &accept).await;
            }
            (5 | 6, _) => {
                self.wait_for_the_last_moment(offered.until, 1_100).await;
                self.ask(&format!("accept {offer}"), dispatch, &accept).await;
            }
            (7, _) => {
                let decline = DispatchRequest::Decline { offer };
                self.ask(&format!("decline {offer}"), dispatch, &decline).await;
            }
            _ => {}
        }
    }

    /// So many milliseconds before it at most, or a moment after it; not so long where an offer stands for minutes.
    async fn wait_for_the_last_moment(&self, until: Timestamp, earliest: u64) {
        let now = time_at(self.clients.sim().now() as i64);
        let left = until.duration_since(now).as_millis().clamp(0, 31_000) as u64;
        let early = self.clients.draw(0, earliest);
        let wait = (left + 100).saturating_sub(early);
        self.clients.sim().sleep(Duration::from_millis(wait)).await;
    }

    async fn go_on(&self, booking: BookingId, stage: Stage, count: u32) {
        let command = match (stage, self.clients.draw(0, 8)) {
            (Stage::Assigned, 0) => BookingCommand::Cancel {
                by: CancelBy::Driver { valid_reason: true },
            },
            (Stage::Assigned, 1) => BookingCommand::SetOff,
            (Stage::EnRoute, 0) => BookingCommand::Cancel {
                by: CancelBy::Driver { valid_reason: false },
            },
            (Stage::Assigned | Stage::EnRoute, _) => BookingCommand::Arrive,
            (Stage::Arrived, 0) => BookingCommand::Cancel {
                by: CancelBy::RiderNoShow,
            },
            (Stage::Arrived, chance) => BookingCommand::Start {
                code_matches: chance > 1,
                given: None,
            },
            (Stage::OnTrip, _) => BookingCommand::End(TripRecord::default()),
            _ => return,
        };
        self.follow(booking, stage, count).await;
        let told = self
            .ask(&format!("{stage:?} {booking} {count}"), booking, &command)
            .await;
        if stage == Stage::OnTrip && matches!(told, Told::Yes(_)) {
            self.end_following(booking).await;
        }
    }

    /// The driver's phone shows the way; what its fixes show is told by the location service.
    async fn follow(&self, booking: BookingId, stage: Stage, count: u32) {
        let now = time_at(self.clients.sim().now() as i64);
        let reached = match stage {
            Stage::Assigned => return self.open(booking, count, now).await,
            Stage::EnRoute => return,
            Stage::Arrived => Milestone::ArrivedAtPickup,
            _ => Milestone::Departed,
        };
        let (trip, reach) = (
            TripId::from(booking),
            TrackingCommand::Reach {
                milestone: reached,
                at: now,
            },
        );
        let key = format!("{reached:?} of {booking} {count}");
        let location = Actor::Service("location".to_owned());
        self.clients.insist(&key, trip, &reach, &location).await;
    }

    async fn open(&self, booking: BookingId, count: u32, now: Timestamp) {
        // As of a trip that should have ended hours ago: whoever forgets it is forgotten within the day.
        let ends_at = now - FORGOTTEN_AFTER + SignedDuration::from_secs(300);
        let open = TrackingCommand::Open(Box::new(TripOpened {
            booking,
            rider: UserId::derive(1, &[b"rider of", booking.to_string().as_bytes()]),
            driver: UserId::from(self.id),
            pickup: roads::ahmedabad(),
            drop: roads::udaipur(),
            ends_at,
        }));
        self.ask(
            &format!("set out for {booking} {count}"),
            TripId::from(booking),
            &open,
        )
        .await;
    }

    /// Most of them remember to.
    async fn end_following(&self, booking: BookingId) {
        if self.clients.draw(0, 3) > 0 {
            let key = format!("nobody follows {booking}");
            self.ask(&key, TripId::from(booking), &TrackingCommand::Close)
                .await;
        }
    }
}
