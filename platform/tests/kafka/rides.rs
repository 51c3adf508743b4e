//! The whole ride.

use crate::{
    brokers::Brokers,
    instance::{Deployment, Instance, shared_out},
    ride::{self, Platform, Sandbox},
    riders::Riders,
};
use interstate::clock_file;
use interstate_schemas::SignedDuration;
use std::{path::Path, sync::Arc, time::Duration};

/// Log time, in real time. Slower than on the embedded log: an answer that people wait half a minute for takes
/// longer here than the fiftieth of a second that would leave.
const FACTOR: u32 = 200;
/// This leaves half a minute for finding a driver.
const AHEAD: SignedDuration = SignedDuration::from_mins(4 * 60 + 40);
/// Longer than any of these takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(420);

pub async fn limited(what: &str, story: impl Future<Output = ()>) {
    let ended = tokio::time::timeout(LIMIT, story).await;
    ended.unwrap_or_else(|_| panic!("{what} takes longer than {LIMIT:?}"));
}

fn deployment(dir: &Path, brokers: &Brokers, sandbox: &Sandbox) -> Deployment {
    Deployment {
        dir: dir.to_owned(),
        brokers: brokers.addresses.clone(),
        provider: sandbox.url.clone(),
        factor: FACTOR,
    }
}

/// What the people of these instances see.
fn platform(of: &Deployment, instances: &[&Instance]) -> Platform {
    Platform {
        urls: instances.iter().map(|one| one.url.clone()).collect(),
        clock: Arc::new(clock_file::open(&of.dir.join("keys"), FACTOR).unwrap()),
        ahead: AHEAD,
        patient: false,
        assigned: Arc::default(),
    }
}

/// Somebody at support is signed up by an instance that comes for this alone, and leaves in good order.
async fn register_support(of: &Deployment) {
    let clerk = ride::node(of.settings("clerk"), None, &["user"]).await;
    ride::register_support(&clerk).await;
    clerk.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ride_whose_people_talk_to_two_instances_in_turn() {
    let broker = Brokers::start(1).await;
    limited("a ride over two instances", async {
        let dir = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(dir.path()).await;
        let of = deployment(dir.path(), &broker, &sandbox);
        register_support(&of).await;
        let (one, two) = tokio::join!(Instance::start(&of, "one"), Instance::start(&of, "two"));
        shared_out(&[&one, &two]).await;
        let booking = ride::ride(&platform(&of, &[&one, &two])).await;
        println!("{booking} was driven over two instances");
        one.doctor().await;
        two.doctor().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ride_on_three_brokers_of_which_one_dies_and_comes_back() {
    let brokers = Brokers::start(3).await;
    limited("a ride on three brokers", async {
        let dir = tempfile::tempdir().unwrap();
        let world = ride::world(dir.path(), Some(&brokers.addresses), FACTOR).await;
        ride::register_support(&world.node).await;
        let platform = Platform {
            ahead: AHEAD,
            patient: true,
            ..world.platform()
        };
        let riders = Riders::start(&platform, 2).await;
        let trouble = async {
            platform.assigned.notified().await;
            brokers.run(&["kill-node", "2"]).await;
            riders.go_on(5).await;
            brokers.run(&["start-node", "2"]).await;
            riders.go_on(5).await;
        };
        let (booking, ()) = tokio::join!(ride::ride(&platform), trouble);
        let riders = riders.stop().await;
        let count: usize = riders.iter().map(|rider| rider.booked.len()).sum();
        let longest = riders.iter().map(|rider| rider.longest).max().unwrap();
        println!("{booking} was driven, {count} more were booked; {longest:?} was the longest wait");
        for rider in &riders {
            rider.finds_everything(&rider.person).await;
        }
        world.stop().await;
    })
    .await;
}
