//! The certificates of questions between services.

use super::{
    look::{Look, blocking},
    plan::Plan,
};
use crate::node::questions;
use interstate_eventing::runtime::MachineClock;

pub(super) async fn look(plan: &Plan) -> Vec<Look> {
    let grpc = plan.common.grpc.clone();
    if grpc.tls.is_none() {
        return Vec::new();
    }
    blocking("certificates", move || {
        let loaded = questions::certificates(&grpc, MachineClock::machine_now());
        let well = "GRPC_TLS_CERT holds now, its key fits, and the authority in GRPC_TLS_CA issued it";
        vec![Look::of("certificates", loaded.map(|_| well.to_owned()))]
    })
    .await
}
