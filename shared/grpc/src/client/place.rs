//! An address as the settings give it, and who is there: one instance where it is a number, and as many as the name
//! has addresses where it is a name.

use super::{connect::Reach, instance::Instance};
use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

pub(super) struct Place {
    given: String,
    look_ups: Option<LookUps>,
    instances: Vec<Arc<Instance>>,
}

/// Of a name.
#[derive(Default)]
struct LookUps {
    under_way: bool,
    /// When the last one ended.
    last: Option<Instant>,
    /// Why it found nothing.
    why: Option<String>,
}

impl Place {
    /// `host:port`.
    pub(super) fn new(given: &str, reach: &Reach) -> Self {
        let numeric = given.parse().ok();
        Self {
            given: given.to_owned(),
            look_ups: numeric.is_none().then(LookUps::default),
            instances: numeric
                .map(|address| reach.instance(given, address))
                .into_iter()
                .collect(),
        }
    }

    pub(super) fn instances(&self) -> &[Arc<Instance>] {
        &self.instances
    }

    /// Whether it is known who is there, if only that nobody could be found.
    pub(super) fn is_known(&self) -> bool {
        self.look_ups
            .as_ref()
            .is_none_or(|look_ups| look_ups.last.is_some())
    }

    /// Whether it is a name that nobody looks up, nor has within this time.
    pub(super) fn is_due(&self, age: Duration) -> bool {
        self.look_ups.as_ref().is_some_and(|look_ups| {
            !look_ups.under_way && look_ups.last.is_none_or(|last| last.elapsed() >= age)
        })
    }

    /// The name, which is now looked up.
    pub(super) fn begin(&mut self) -> String {
        if let Some(look_ups) = &mut self.look_ups {
            look_ups.under_way = true;
        }
        self.given.clone()
    }

    /// A look-up has ended. Whose address is still there stays as it is, with its connection and what is thought of
    /// it; a look-up that failed says nothing of anybody.
    pub(super) fn found(&mut self, found: io::Result<Vec<SocketAddr>>, reach: &Reach) {
        let why = match found {
            Ok(addresses) => {
                self.replace(&addresses, reach);
                None
            }
            Err(error) => Some(error.to_string()),
        };
        let before = self.look_ups.replace(LookUps {
            under_way: false,
            last: Some(Instant::now()),
            why: why.clone(),
        });
        if let Some(error) = why
            && before.is_none_or(|before| before.why.is_none())
        {
            tracing::warn!(name = self.given, error, "a name could not be looked up");
        }
    }

    fn replace(&mut self, addresses: &[SocketAddr], reach: &Reach) {
        let before = std::mem::take(&mut self.instances);
        if before
            .iter()
            .map(|one| one.address())
            .eq(addresses.iter().copied())
        {
            self.instances = before;
            return;
        }
        tracing::info!(
            name = self.given,
            ?addresses,
            "a name leads to these addresses from now on"
        );
        let here = |address| before.iter().find(|one| one.address() == address).cloned();
        self.instances = addresses
            .iter()
            .map(|&address| here(address).unwrap_or_else(|| reach.instance(&self.given, address)))
            .collect();
        for one in before {
            if !addresses.contains(&one.address()) {
                reach.gone(one.address());
            }
        }
    }

    /// Why nobody there can be asked, for people.
    pub(super) fn why(&self) -> Vec<String> {
        let Some(why) = self.look_ups.as_ref().and_then(|look_ups| look_ups.why.as_ref()) else {
            return self.instances.iter().map(|one| one.why()).collect();
        };
        let at = self.instances.iter().map(|one| one.why());
        at.chain([format!("{}: {why}", self.given)]).collect()
    }
}
