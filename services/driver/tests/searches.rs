//! The whole service on the embedded log: drivers are admitted, bookings search, drivers accept, and no two
//! trips get the same hour.
#![allow(clippy::unwrap_used, reason = "tests")]

mod trip;

use async_trait::async_trait;
use interstate_auth::UniqueValues;
use interstate_driver::{
    Assembled, Parts, assemble,
    domain::{
        candidates::Fuel,
        dispatch::{DispatchRequest, OfferState},
        documents::{Document, DocumentKind},
        driver::{DriverCommand, DriverStatus, Profile},
        vehicle::{Description, PlateKey, VehicleCommand},
    },
    effects::Proposer,
    ports::{FixesUnavailable, LiveFix, LiveFixes},
};
use interstate_eventing::{
    Aggregate, Context, Decision, Message, Rejection, Service, Topology, events,
    projection::Consumers,
    runtime::{Ask, Clock, Commands, Env, Host, MachineClock, NoStores, TokioSpawn},
};
use interstate_http::{Shutdown, Streams};
use interstate_log::{
    Log,
    embedded::{EmbeddedLog, Options},
    partition_of,
};
use interstate_schemas::*;
use interstate_stores::Sqlite;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use trip::ahmedabad_to_udaipur;

/// Stands for a booking: asks, and keeps the answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Asker {
    outcome: Option<StepOutcome<DriverAnswer>>,
}

#[derive(Debug, Serialize, Deserialize)]
enum AskerCommand {
    Search(Box<TripRequest>),
    Step(StepReply<DriverAnswer>),
    Outcome,
}

impl AddressedCommand for AskerCommand {
    const SERVICE: &'static str = "booking";
    const AGGREGATE: &'static str = "asker";
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
struct Heard {
    outcome: StepOutcome<DriverAnswer>,
}

events! {
    enum AskerEvent {
        Heard(Heard) = "asker.heard.v1",
    }
}

impl Aggregate for Asker {
    const NAME: &'static str = "asker";
    type Command = AskerCommand;
    type Event = AskerEvent;

    fn decide(&self, command: AskerCommand, cx: &Context<'_>) -> Result<Decision<AskerEvent>, Rejection> {
        match command {
            AskerCommand::Search(trip) => {
                let step = StepRef {
                    to: cx.address.clone(),
                    step: "find".into(),
                    run: 1,
                };
                let (dispatch, deadline) = (DispatchId::from(trip.booking), trip.pickup_at);
                let find = DispatchCommand::Find {
                    trip,
                    deadline,
                    search: 1,
                };
                Ok(Decision::nothing().send(Message::to(dispatch, &find).for_step(step)))
            }
            AskerCommand::Step(reply) => Ok(Decision::event(Heard {
                outcome: reply.outcome,
            })),
            AskerCommand::Outcome => Ok(Decision::nothing().reply(&self.outcome)),
        }
    }

    fn evolve(&mut self, event: &AskerEvent, _: Timestamp) {
        let AskerEvent::Heard(heard) = event;
        self.outcome = Some(heard.outcome.clone());
    }
}

/// Everybody waits in Ahmedabad.
struct InAhmedabad(Vec<DriverId>);

#[async_trait]
impl LiveFixes for InAhmedabad {
    async fn nearest(
        &self,
        _: GeoPoint,
        _: u32,
        limit: usize,
        now: Timestamp,
    ) -> Result<Vec<LiveFix>, FixesUnavailable> {
        let point = GeoPoint::new(23.03, 72.58).unwrap();
        let here = |&driver: &DriverId| LiveFix {
            driver,
            point,
            at: now,
        };
        Ok(self.0.iter().take(limit).map(here).collect())
    }

    async fn last(&self, _: &[DriverId]) -> Result<Vec<LiveFix>, FixesUnavailable> {
        Ok(Vec::new())
    }
}

struct World {
    log: Arc<dyn Log>,
    commands: Commands,
    edge: interstate_driver::api::Edge,
    clock: Arc<dyn Clock>,
    drivers: Vec<DriverId>,
    host: Host,
    dir: tempfile::TempDir,
}

async fn world(drivers: u32) -> World {
    let (world, proposer) = without_proposals(drivers).await;
    tokio::spawn(proposer.run());
    world
}

/// One in which nobody names candidates yet.
async fn without_proposals(drivers: u32) -> (World, Proposer) {
    let dir = tempfile::tempdir().unwrap();
    let log: Arc<dyn Log> = Arc::new(EmbeddedLog::open(Options::new(dir.path().join("log"))).unwrap());
    let clock: Arc<dyn Clock> = Arc::new(MachineClock::real());
    let services = vec![
        interstate_driver::service(),
        Service::new("booking").aggregate::<Asker>(),
    ];
    let topology = Topology::of(&services);
    let env = Env::new(
        log.clone(),
        clock.clone(),
        Arc::new(TokioSpawn),
        Arc::new(NoStores),
        "node",
        topology,
    );
    let host = Host::start(&env, services).await.unwrap();
    let commands = Commands::new(env);
    let drivers: Vec<_> = (0..drivers)
        .map(|n| DriverId::derive(1, &[&n.to_be_bytes()]))
        .collect();
    let file = dir.path().join("driver.db");
    let assembled = process(&log, &clock, &commands, &drivers, &file).await;
    for runner in assembled.runners {
        tokio::spawn(runner.run());
    }
    let world = World {
        log,
        commands,
        edge: assembled.edge,
        clock,
        drivers,
        host,
        dir,
    };
    (world, assembled.proposer)
}

/// The service as a process has it, of which nothing runs yet.
async fn process(
    log: &Arc<dyn Log>,
    clock: &Arc<dyn Clock>,
    commands: &Commands,
    drivers: &[DriverId],
    file: &Path,
) -> Assembled {
    let file = Sqlite::open(file).await.unwrap();
    assemble(Parts {
        log: log.clone(),
        clock: clock.clone(),
        commands: commands.clone(),
        consumers: Consumers::default(),
        fixes: Arc::new(InAhmedabad(drivers.to_vec())),
        keys: Arc::new(interstate_eventing::sealed::MemoryKeyRing::default()),
        unique: UniqueValues::new(&[7; 32]),
        streams: Streams::new(8, Shutdown::new()),
        dispatches: interstate_driver::read::sqlite::open(&file).await.unwrap(),
        partitions: interstate_driver::service().partition_count(),
    })
}

fn me(driver: DriverId) -> Actor {
    Actor::User {
        id: UserId::from(driver),
        role: Role::Driver,
    }
}

fn papers(kinds: &[DocumentKind]) -> Vec<Document> {
    let (from, through) = ("2020-01-01".parse().unwrap(), "2090-12-31".parse().unwrap());
    kinds
        .iter()
        .map(|&kind| Document::new(kind, from, through, BTreeSet::new()).unwrap())
        .collect()
}

impl World {
    async fn tell<C: AddressedCommand>(&self, id: impl std::fmt::Display, command: &C, actor: Actor) {
        self.commands.ask(Ask::to(id, command, actor)).await.unwrap();
    }

    /// From a registration to trips.
    async fn admit(&self, driver: DriverId) {
        let profile = Profile {
            home_state: StateCode::GJ,
            drives_at_night: true,
            hill_roads: true,
        };
        self.tell(
            driver,
            &DriverCommand::Register { profile, name: None },
            me(driver),
        )
        .await;
        for document in papers(&DocumentKind::OF_EVERY_DRIVER) {
            self.tell(driver, &DriverCommand::AddDocument { document }, me(driver))
                .await;
        }
        let vehicle = VehicleId::from_ulid(driver.ulid());
        let kinds = [
            DocumentKind::Registration,
            DocumentKind::Fitness,
            DocumentKind::Insurance,
            DocumentKind::Puc,
            DocumentKind::AllIndiaTouristPermit,
        ];
        let register = VehicleCommand::Register {
            driver,
            plate: PlateKey {
                hash: format!("plate of {driver}"),
                ending: "1234".into(),
            },
            description: Description {
                class: VehicleClass::Sedan,
                seats: 4,
                bags: 2,
                home_state: StateCode::GJ,
                first_registered: "2024-06-01".parse().unwrap(),
                fuel: Fuel::Petrol,
            },
            papers: papers(&kinds),
        };
        self.tell(vehicle, &register, me(driver)).await;
        let linked = || {
            self.edge
                .roster
                .driver(driver)
                .is_some_and(|driver| !driver.vehicles.is_empty())
        };
        until(linked).await;
        self.tell(driver, &DriverCommand::Submit, me(driver)).await;
        self.tell(driver, &DriverCommand::Approve, Actor::System).await;
        self.tell(driver, &DriverCommand::GoOnline { vehicle: None }, me(driver))
            .await;
    }

    /// Whether the roster knows that this driver waits for a trip.
    fn is_waiting(&self, driver: DriverId) -> bool {
        let known = self.edge.roster.driver(driver);
        known.is_some_and(|known| known.status == DriverStatus::Approved && known.online.is_some())
    }

    fn trip(&self, n: u32, hours_ahead: i64) -> Box<TripRequest> {
        let pickup_at = self.clock.now() + SignedDuration::from_hours(hours_ahead);
        ahmedabad_to_udaipur(BookingId::derive(1, &[&n.to_be_bytes()]), pickup_at)
    }

    async fn search(&self, trip: Box<TripRequest>) -> BookingId {
        let booking = trip.booking;
        self.tell(booking, &AskerCommand::Search(trip), Actor::System)
            .await;
        booking
    }

    async fn outcome(&self, booking: BookingId) -> Option<StepOutcome<DriverAnswer>> {
        let ask = Ask::to(booking, &AskerCommand::Outcome, Actor::System);
        self.commands.ask(ask).await.unwrap().decode().unwrap()
    }

    /// Accepts whatever this driver is offered; says how many offers that were.
    async fn accept_all(&self, driver: DriverId) -> usize {
        let offers = self.edge.dispatches.offers(driver).await.unwrap();
        for row in offers.iter().filter(|row| row.state == OfferState::Open) {
            let accept = DispatchRequest::Accept { offer: row.offer };
            let _ = self
                .commands
                .ask(Ask::to(row.dispatch, &accept, me(driver)))
                .await;
        }
        offers.len()
    }
}

async fn until(is: impl Fn() -> bool) {
    for _ in 0..500 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it did not happen within five seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_accepts_and_each_driver_gets_one_of_three_trips_at_the_same_hour() {
    let world = world(3).await;
    for &driver in &world.drivers {
        world.admit(driver).await;
        until(|| world.is_waiting(driver)).await;
    }
    let mut bookings = Vec::new();
    for n in 0..3 {
        bookings.push(world.search(world.trip(n, 30)).await);
    }
    let mut found = BTreeSet::new();
    let begun = Instant::now();
    while found.len() < 3 && begun.elapsed() < Duration::from_secs(20) {
        for &driver in &world.drivers {
            world.accept_all(driver).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        for &booking in &bookings {
            match world.outcome(booking).await {
                Some(StepOutcome::Done(DriverAnswer::Found { driver, card, .. })) => {
                    let plate = card.map(|card| card.plate_ending);
                    assert_eq!(plate.as_deref(), Some("1234"), "the rider knows whom to look for");
                    found.insert((booking, driver));
                }
                Some(other) => panic!("{booking}: {other:?}"),
                None => {}
            }
        }
    }
    let drivers: BTreeSet<_> = found.iter().map(|(_, driver)| *driver).collect();
    assert_eq!((found.len(), drivers.len()), (3, 3), "{found:?}");
    let search = world
        .edge
        .dispatches
        .search(DispatchId::from(bookings[0]))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(search.state, "found");
    world.host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_named_from_a_roster_that_is_half_read() {
    let (world, _) = without_proposals(1).await;
    let driver = world.drivers[0];
    world.admit(driver).await;
    until(|| world.is_waiting(driver)).await;
    let partitions = interstate_driver::service().partition_count();
    let place = |id: &str| partition_of(id.as_bytes(), partitions);
    let dispatched = |trip: &TripRequest| place(&DispatchId::from(trip.booking).to_string());
    let mut trips = (0..).map(|n| world.trip(n, 30));
    let trip = trips.find(|trip| dispatched(trip) != place(&driver.to_string()));
    let trip = trip.unwrap();
    let searched = dispatched(&trip);
    world.search(trip).await;
    let is_wanted = || world.edge.roster.wanted(1, |_, _| true).len() == 1;
    until(is_wanted).await;

    // A process that begins now, and comes to the search before it has come to the driver.
    let file = world.dir.path().join("another.db");
    let begun = process(&world.log, &world.clock, &world.commands, &world.drivers, &file).await;
    let (first, later): (Vec<_>, Vec<_>) = begun
        .runners
        .into_iter()
        .partition(|runner| runner.source().index == searched);
    for runner in first {
        tokio::spawn(runner.run());
    }
    tokio::spawn(begun.proposer.run());
    let end = world.edge.roster_position.sequence(searched);
    until(|| begun.edge.roster_position.sequence(searched) >= end).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(is_wanted(), "it was answered that there is nobody");

    for runner in later {
        tokio::spawn(runner.run());
    }
    let asked = Instant::now();
    while begun.edge.dispatches.offers(driver).await.unwrap().is_empty() {
        assert!(asked.elapsed() < Duration::from_secs(10), "nobody was asked");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.host.stop().await;
}

/// Not a test of right and wrong: prints how many searches a second end with a driver.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn searches_a_second() {
    let world = Arc::new(world(400).await);
    futures::future::join_all(world.drivers.iter().map(|&driver| world.admit(driver))).await;
    let searches = 1_200u32;
    let begun = Instant::now();
    // Days apart, so that there is a free driver for each.
    let asked = (0..searches).map(|n| world.search(world.trip(n, 30 + 24 * i64::from(n % 12))));
    let bookings = futures::future::join_all(asked).await;
    println!("asked after {:?}", begun.elapsed());
    let mut open: BTreeSet<_> = bookings.into_iter().collect();
    while open.len() > 100 && begun.elapsed() < Duration::from_secs(60) {
        let accepting = world.drivers.iter().map(|&driver| world.accept_all(driver));
        let accepted: usize = futures::future::join_all(accepting).await.into_iter().sum();
        for booking in open.clone() {
            let search = world
                .edge
                .dispatches
                .search(DispatchId::from(booking))
                .await
                .unwrap();
            if search.is_some_and(|search| search.state == "found") {
                open.remove(&booking);
            }
        }
        println!(
            "{:?}: {accepted} accepted, {} still open",
            begun.elapsed(),
            open.len()
        );
    }
    let seconds = begun.elapsed().as_secs_f64();
    let done = f64::from(searches) - open.len() as f64;
    println!(
        "{done} of {searches} in {seconds:.1} s: {:.0} a second",
        done / seconds
    );
}
