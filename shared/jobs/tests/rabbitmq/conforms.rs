use crate::broker::Broker;
use interstate_jobs::conformance;

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_does_what_every_queue_has_to_do() {
    let broker = Broker::start();
    conformance::each_comes_once_and_in_order(&broker.queue("ordered").await).await;
    let held = broker.queue("held").await;
    conformance::what_is_held_is_nobody_elses(&held, &broker.queue("held").await).await;
    conformance::one_that_was_dropped_comes_again(&broker.queue("dropped").await).await;
    conformance::later_is_not_before_its_time(&broker.queue("later").await).await;
    conformance::what_is_given_up_is_shown(&broker.queue("dead").await).await;
    let many = broker.queue("many").await;
    conformance::many_are_all_done(&many, &broker.queue("many").await).await;
}
