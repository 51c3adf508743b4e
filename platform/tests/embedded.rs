//! The ride on the embedded log.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod ride;

/// An hour of log time in six seconds.
const FACTOR: u32 = 600;

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_ride_on_the_embedded_log() {
    let dir = tempfile::tempdir().unwrap();
    let world = ride::world(dir.path(), None, FACTOR).await;
    ride::register_support(&world.node).await;
    let booking = ride::ride(&world.platform()).await;
    // What the operator is told, from the log.
    let key = interstate::operator::key(dir.path()).unwrap();
    let story = reqwest::Client::new()
        .get(format!("{}/operator/explain/{booking}", world.platform().urls[0]))
        .header(interstate::operator::KEY_HEADER, key)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    for part in ["The story of", "KM", "BATA", "Accepted", "Captured"] {
        assert!(
            story.to_lowercase().contains(&part.to_lowercase()),
            "`{part}` is missing from:\n{story}"
        );
    }
    for answered in [
        "payment.operation_closed.v1",
        "payment.held.v1",
        "payment.captured.v1",
        "dispatch.candidates_considered.v1",
        "dispatch.offers_made.v1",
    ] {
        let mut entries = story.lines().filter(|line| line.contains(answered)).peekable();
        assert!(entries.peek().is_some(), "`{answered}` is missing from:\n{story}");
        for entry in entries {
            assert!(
                entry.contains(" IST  ") && entry.contains("because of"),
                "{entry}"
            );
        }
    }
    world.stop().await;
}
