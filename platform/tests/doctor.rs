//! The operator's doctor, at a platform that runs.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod ride;

use interstate::{
    cli::Target,
    commands::doctor,
    operator::{Client, KEY_HEADER, Status},
};
use std::collections::BTreeSet;

/// They are made from the log at each start; there is nothing to compare.
const IN_MEMORY: [&str; 2] = ["open-trips", "roster"];

#[tokio::test(flavor = "multi_thread")]
async fn every_read_model_is_compared_with_its_replay() {
    let dir = tempfile::tempdir().unwrap();
    let world = ride::world(dir.path(), None, 600).await;
    let platform = world.platform();
    platform.signed_up("nita", "+919812345631", "rider").await;
    let target = Target {
        url: platform.urls[0].clone(),
        data_dir: dir.path().to_owned(),
    };
    let findings = doctor::examine(&Client::new(&target).unwrap()).await.unwrap();
    assert!(findings.healthy, "{:#?}", findings.lines);

    let status = reqwest::Client::new()
        .get(format!("{}/operator/status", target.url))
        .header(KEY_HEADER, interstate::operator::key(dir.path()).unwrap())
        .send()
        .await
        .unwrap();
    let status: Status = serde_json::from_slice(&status.bytes().await.unwrap()).unwrap();
    let kept: BTreeSet<&str> = status
        .consumers
        .iter()
        .filter(|consumer| consumer.kind == "projection" && !IN_MEMORY.contains(&&*consumer.name))
        .map(|consumer| consumer.name.as_str())
        .collect();
    assert!(kept.len() >= 4, "{kept:?}");
    for model in kept {
        let wanted = format!("ok    {model} equals its replay");
        assert!(
            findings.lines.contains(&wanted),
            "{model} is not compared: {:#?}",
            findings.lines
        );
    }
    world.stop().await;
}
