//! The ports that a process listens on.

use super::{look::Look, plan::Plan};
use crate::{
    commands::up::{sandbox_address, taken},
    node::{edges, questions},
};
use interstate_http::{Server, ServerOptions};
use std::net::SocketAddr;

/// Listens on all of them at once, for a moment and to nobody.
pub(super) async fn look(plan: &Plan) -> Vec<Look> {
    let addresses = addresses(plan);
    let (mut listening, mut wrong) = (Vec::new(), Vec::new());
    for address in &addresses {
        match Server::bind(*address, ServerOptions::default()).await {
            Ok(server) => listening.push(server),
            Err(error) => wrong.push(error.to_string()),
        }
    }
    if !wrong.is_empty() {
        return vec![Look::wrong("ports", taken(wrong.join("; ")))];
    }
    let bind = plan.common.bind;
    let ports = addresses.iter().map(|address| address.port().to_string());
    let told = match plan.common.port {
        Some(0) => format!("free ones will be taken at {bind}"),
        _ => format!("{} are free at {bind}", ports.collect::<Vec<_>>().join(", ")),
    };
    vec![Look::well("ports", told)]
}

fn addresses(plan: &Plan) -> Vec<SocketAddr> {
    let common = &plan.common;
    let mut all = edges::addresses(common, &plan.services, plan.alone);
    let asked = questions::ANSWERS.into_iter().filter(|name| plan.hosts(name));
    all.extend(asked.map(|name| questions::address(common, name, plan.alone)));
    all.extend(plan.sandbox.then(|| sandbox_address(common)));
    all
}
