//! Riders and drivers who use the platform as everybody does: by its HTTP API, with logins of their own.

mod admission;
mod client;
mod clock;
mod codes;
mod device;
mod driver;
mod journey;
mod places;
mod rider;
mod session;
mod staff;
mod tally;
mod wire;

pub use staff::{Staff, staff};

use crate::{cli, operator::Client};
use client::{CallError, Http};
use clock::LogClock;
use codes::Codes;
use device::Device;
use driver::Driver;
use interstate_http::Shutdown;
use journey::Journey;
use rand::{SeedableRng, rngs::StdRng};
use rider::Rider;
use session::Session;
use std::{
    error::Error,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tally::{Counted, Tally};
use tokio::task::JoinSet;

/// On a slower platform a trip takes longer than anybody watches.
const WATCHABLE_FACTOR: f64 = 60.0;

/// A demonstration.
pub struct Rides {
    /// Where the platform answers.
    pub url: String,
    /// People who book, one trip after the other.
    pub riders: usize,
    /// People who take offers.
    pub drivers: usize,
    /// The end comes after so many trips; 0 for none.
    pub trips: usize,
    /// What the riders want follows from it, and who they are.
    pub seed: u64,
    /// Support admits the drivers.
    pub staff: Staff,
}

impl Rides {
    /// Of these arguments, with the staff that the data folder knows.
    pub fn at(args: &cli::Demo) -> Result<Self, Box<dyn Error>> {
        let dir = &args.target.data_dir;
        let staff = Staff::in_folder(dir).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!(
                "{} knows no staff; start the platform with `interstate up`, or say which data folder it uses with --data-dir",
                dir.display()
            ),
            _ => format!("the staff of {}: {error}", dir.display()),
        })?;
        Ok(Self {
            url: args.target.url.clone(),
            riders: args.riders,
            drivers: args.drivers,
            trips: args.trips,
            seed: args.seed,
            staff,
        })
    }
}

/// What riders and drivers share.
struct World {
    clock: LogClock,
    codes: Codes,
    tally: Tally,
    /// Who may be found in the cities.
    drivers: usize,
    /// Trips that may still begin; nothing for any number.
    tickets: Option<AtomicUsize>,
}

impl World {
    /// Whether another trip is wanted.
    fn ticket(&self) -> bool {
        let Some(left) = &self.tickets else { return true };
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .is_ok()
    }

    fn failed(&self, session: &Session, error: &CallError) {
        self.tally.count(Counted::Errors);
        tracing::warn!(who = session.account().email, %error, "somebody in the demonstration could not go on");
    }
}

/// Lets them ride until the wanted trips are over or somebody stops it. Answers what has come of it.
pub async fn run(rides: Rides, shutdown: Shutdown) -> Result<String, Box<dyn Error + Send + Sync>> {
    let target = cli::Target {
        url: rides.url.clone(),
        data_dir: rides.staff.data_dir.clone(),
    };
    let http = Arc::new(Http::new(&rides.url)?);
    let clock = LogClock::of(Client::new(&target)?).await?;
    if clock.factor() < WATCHABLE_FACTOR {
        tracing::warn!(
            factor = clock.factor(),
            "the platform's time runs slowly: trips take hours; CLOCK_FACTOR=600 with a new data folder is faster"
        );
    }
    let world = Arc::new(World {
        clock: clock.clone(),
        codes: Codes::default(),
        tally: Tally::default(),
        drivers: rides.drivers,
        tickets: (rides.trips > 0).then(|| AtomicUsize::new(rides.trips)),
    });
    // Everybody is stopped when these are dropped.
    let mut background = JoinSet::new();
    background.spawn(clock.keep());
    let support = Arc::new(Session::open(http.clone(), rides.staff.support()).await?);
    for number in 0..rides.drivers {
        background.spawn(drive(
            world.clone(),
            http.clone(),
            support.clone(),
            rides.staff.clone(),
            rides.seed,
            number,
        ));
    }
    let mut riding = JoinSet::new();
    for number in 0..rides.riders {
        riding.spawn(ride(
            world.clone(),
            http.clone(),
            rides.staff.clone(),
            rides.seed,
            number,
        ));
    }
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = async { while riding.join_next().await.is_some() {} }, if rides.riders > 0 => {}
    }
    Ok(world.tally.to_string())
}

async fn ride(world: Arc<World>, http: Arc<Http>, staff: Staff, seed: u64, number: usize) {
    match Session::first(http, staff.rider(seed, number)).await {
        Ok(session) => {
            Rider {
                world,
                session,
                rng: rng(seed, number),
            }
            .run()
            .await
        }
        Err(error) => tracing::warn!(number, %error, "a rider of the demonstration cannot sign in"),
    }
}

async fn drive(
    world: Arc<World>,
    http: Arc<Http>,
    support: Arc<Session>,
    staff: Staff,
    seed: u64,
    number: usize,
) {
    let (home, car) = places::home(number);
    let plate = format!("{}{:02}DM{:04}", home.state, seed % 100, number % 10_000);
    let admitted = async {
        let session = Session::first(http, staff.driver(seed, number, &home)).await?;
        admission::admit(&session, &support, &home, car, &plate).await?;
        Ok::<_, CallError>(session)
    };
    match admitted.await {
        Ok(session) => {
            let now = world.clock.now();
            let device = Device::new(
                format!("phone-{number}"),
                Journey::standing(home.point(), now),
                now,
            );
            // Another sequence than the rider's of the same number.
            Driver {
                world,
                session,
                home,
                device,
                rng: rng(!seed, number),
            }
            .run()
            .await;
        }
        Err(error) => tracing::warn!(number, %error, "a driver of the demonstration was not admitted"),
    }
}

fn rng(seed: u64, number: usize) -> StdRng {
    StdRng::seed_from_u64(seed ^ (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
