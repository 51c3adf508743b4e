//! Servers that instances share, each named by a setting of its own: Redis, RabbitMQ, ClickHouse.

use super::{clock, look::Look, plan::Plan};
use crate::node::JOBS;
use interstate_analytics::read::clickhouse::ClickHouse;
use interstate_config::Cache;
use interstate_jobs::{Options, RabbitJobs};
use interstate_live::Live;

pub(super) async fn redis(plan: &Plan) -> Vec<Look> {
    let Cache::Redis(address) = &plan.common.cache else {
        return Vec::new();
    };
    let at = format!("Redis at {}:{}/{}", address.host, address.port, address.database);
    let asked = clock::now();
    match Live::look(address).await {
        Ok(told) => {
            let found = Look::well("live data", format!("{at} can be used"));
            let clock = clock::beside(&at, asked, told);
            std::iter::once(found).chain(clock).collect()
        }
        Err(error) => vec![Look::wrong("live data", error)],
    }
}

/// What its queues ought to be is found at the start: a question would make them.
pub(super) async fn rabbitmq(plan: &Plan) -> Vec<Look> {
    let Some(address) = plan.common.rabbitmq.as_ref().filter(|_| plan.hosts("payment")) else {
        return Vec::new();
    };
    let looked = RabbitJobs::look(address, &Options::new(JOBS)).await;
    let well = || {
        format!(
            "RabbitMQ at {}:{} lets {} into the virtual host {}",
            address.host, address.port, address.user, address.vhost
        )
    };
    vec![Look::of("jobs of payment", looked.map(|()| well()))]
}

pub(super) async fn clickhouse(plan: &Plan) -> Vec<Look> {
    let Some(address) = plan
        .common
        .clickhouse
        .as_ref()
        .filter(|_| plan.hosts("analytics"))
    else {
        return Vec::new();
    };
    let (what, at) = ("facts of analytics", format!("ClickHouse at {}", address.url));
    let server = match ClickHouse::new(address) {
        Ok(server) => server,
        Err(error) => return vec![Look::wrong(what, error)],
    };
    if let Err(error) = server.look().await {
        return vec![Look::wrong(what, error)];
    }
    let found = Look::well(what, format!("{at} can be used"));
    let asked = clock::now();
    let clock = clock::beside(&at, asked, server.clock().await.ok());
    std::iter::once(found).chain(clock).collect()
}
