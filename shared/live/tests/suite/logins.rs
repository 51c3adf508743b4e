//! Logins that end at one instance, and are refused at another.

use interstate_live::logins::EndedLogins;
use std::{sync::Arc, time::Duration};

pub struct Pair {
    pub here: Arc<dyn EndedLogins>,
    pub there: Arc<dyn EndedLogins>,
}

/// All of it.
pub async fn run(Pair { here, there }: Pair) {
    const LIFE: Duration = Duration::from_secs(60);
    for instance in [&here, &there] {
        assert!(!instance.has_ended("ses_1").await);
    }
    here.end("ses_1", LIFE).await;
    // At once: nothing is waited for.
    for instance in [&there, &here, &there] {
        assert!(instance.has_ended("ses_1").await);
        assert!(!instance.has_ended("ses_2").await);
    }
    there.end("ses_3", Duration::from_millis(300)).await;
    assert!(here.has_ended("ses_3").await);
    tokio::time::sleep(Duration::from_millis(400)).await;
    for instance in [&here, &there] {
        assert!(
            !instance.has_ended("ses_3").await,
            "it is forgotten with its last token"
        );
    }
}
