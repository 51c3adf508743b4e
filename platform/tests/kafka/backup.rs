//! A backup taken from brokers, which then lose their disks: it fills them again, and an embedded log as well.

use crate::{
    brokers::{Brokers, output},
    instance::{Deployment, Instance},
    ride::{self, Platform, Sandbox},
    riders::{Rider, Riders},
    rides::limited,
};
use interstate::{cli::Target, clock_file, commands::doctor, operator::Client};
use interstate_config::CommonArgs;
use interstate_schemas::SignedDuration;
use std::{path::Path, process::Command, sync::Arc};

const FACTOR: u32 = 60;

async fn interstate(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interstate"));
    command.args(arguments);
    let done = output(command).await;
    let complaint = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{arguments:?}: {complaint}");
    String::from_utf8(done.stdout).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A single broker loses its disk, and is there again with nothing on it.
async fn lose_everything(broker: &Brokers) {
    let (_, port) = broker.addresses.rsplit_once(':').unwrap();
    broker.run(&["stop"]).await;
    broker
        .run(&["start", "--fresh", "--port", port, "--nodes", "1"])
        .await;
}

/// Everything that they were told is there, at this address.
async fn find_everything(riders: &[Rider], url: &str) {
    for rider in riders {
        rider.finds_everything(&rider.person.only_at(url)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_lost_everything_get_it_back_and_so_does_an_embedded_log() {
    let broker = Brokers::start(1).await;
    limited("a backup of Kafka", async {
        let all = tempfile::tempdir().unwrap();
        let [before, after, embedded, backup] =
            ["before", "after", "embedded", "backup"].map(|name| all.path().join(name));
        let sandbox = Sandbox::start(all.path()).await;
        let of = |dir: &Path| Deployment {
            dir: dir.to_owned(),
            brokers: broker.addresses.clone(),
            provider: sandbox.url.clone(),
            factor: FACTOR,
        };
        let lost = of(&before);
        let mut one = Instance::start(&lost, "one").await;
        let platform = Platform {
            urls: vec![one.url.clone()],
            clock: Arc::new(clock_file::open(&before.join("keys"), FACTOR).unwrap()),
            ahead: SignedDuration::from_hours(5),
            patient: false,
            assigned: Arc::default(),
        };
        let riders = Riders::start(&platform, 2).await;
        riders.go_on(8).await;
        let told = riders.stop().await;
        // Whoever books meanwhile is in it or not; what they leave half done is done afterwards.
        let others = Platform {
            urls: platform.urls.clone(),
            clock: platform.clock.clone(),
            ..platform
        };
        let busy = Riders::start_as(&others, "another", 2).await;
        busy.go_on(3).await;
        let said = interstate(&[
            "backup",
            "--into",
            text(&backup),
            "--kafka-brokers",
            &broker.addresses,
            "--keys-dir",
            text(&before.join("keys")),
        ])
        .await;
        assert!(
            said.contains("It holds everything that was acknowledged before "),
            "{said}"
        );
        busy.go_on(2).await;
        busy.stop().await;
        one.kill();
        lose_everything(&broker).await;

        let keys = after.join("keys");
        let into_brokers = ["--kafka-brokers", &broker.addresses, "--keys-dir", text(&keys)];
        let said = interstate(&[&["restore", "--from", text(&backup)], &into_brokers[..]].concat()).await;
        assert!(said.contains("Loss window: "), "{said}");
        let two = Instance::start(&of(&after), "two").await;
        find_everything(&told, &two.url).await;
        two.doctor().await;

        interstate(&["restore", "--from", text(&backup), "--data-dir", text(&embedded)]).await;
        let common = CommonArgs {
            data_dir: Some(embedded.display().to_string()),
            clock_factor: Some(FACTOR.to_string()),
            ..CommonArgs::default()
        };
        let node = ride::node(common, Some(&sandbox), &[]).await;
        let url = format!("http://{}", node.address());
        find_everything(&told, &url).await;
        let target = Target {
            url,
            data_dir: embedded.clone(),
        };
        let findings = doctor::examine(&Client::new(&target).unwrap()).await.unwrap();
        assert!(findings.healthy, "{:#?}", findings.lines);
        node.stop().await;
    })
    .await;
}
