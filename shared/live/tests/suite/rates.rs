//! Limits, of two instances that share them.

use interstate_live::rates::{Rate, RateLimit};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

pub struct Pair {
    pub here: Arc<dyn RateLimit>,
    pub there: Arc<dyn RateLimit>,
}

/// All of it; `world` makes two instances with this limit, of whom nobody has asked anything.
pub async fn run<F: Future<Output = Pair>>(mut world: impl FnMut(Rate) -> F) {
    let slow = Rate {
        per_second: 0.1,
        burst: 5.0,
    };
    a_burst_is_shared_and_another_client_has_its_own(world(slow).await).await;
    of_many_at_once_as_many_are_let_in_as_the_bucket_holds(world(slow).await).await;
    let quick = Rate {
        per_second: 20.0,
        burst: 2.0,
    };
    an_empty_bucket_fills_at_its_rate(world(quick).await).await;
}

async fn a_burst_is_shared_and_another_client_has_its_own(Pair { here, there }: Pair) {
    for turn in 0..5 {
        let instance = if turn % 2 == 0 { &here } else { &there };
        assert_eq!(instance.take("asha").await, Ok(()), "turn {turn}");
    }
    for instance in [&here, &there] {
        let wait = instance.take("asha").await.unwrap_err();
        let seconds = wait.as_secs_f64();
        assert!(
            (8.0..=10.0).contains(&seconds),
            "ten seconds until the next: {wait:?}"
        );
        assert_eq!(instance.take("ravi").await, Ok(()));
    }
}

async fn of_many_at_once_as_many_are_let_in_as_the_bucket_holds(Pair { here, there }: Pair) {
    let asking = (0..200).map(|turn| {
        let instance = if turn % 2 == 0 {
            here.clone()
        } else {
            there.clone()
        };
        tokio::spawn(async move { instance.take("asha").await.is_ok() })
    });
    let asking: Vec<_> = asking.collect();
    let mut let_in = 0;
    for one in asking {
        let_in += usize::from(one.await.unwrap());
    }
    assert_eq!(let_in, 5);
}

async fn an_empty_bucket_fills_at_its_rate(Pair { here, there }: Pair) {
    let began = Instant::now();
    let mut let_in = 0_u32;
    while began.elapsed() < Duration::from_millis(1_500) {
        for instance in [&here, &there] {
            let_in += u32::from(instance.take("asha").await.is_ok());
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let most = 2.0 + 20.0 * began.elapsed().as_secs_f64();
    assert!(f64::from(let_in) <= most, "{let_in} of {most}");
    assert!(f64::from(let_in) >= 0.7 * most, "{let_in} of {most}");
}
