//! What is about to be started.

use crate::{
    catalogue,
    cli::Serve,
    commands::up::{answered, checked, chosen},
};
use interstate_config::{Common, Mistakes};
use interstate_eventing::Service;
use std::fmt;

/// Services with their settings, which hold.
pub(super) struct Plan {
    pub(super) common: Common,
    /// In the order in which they start.
    pub(super) services: Vec<&'static str>,
    /// Whether the one service has one port for everything.
    pub(super) alone: bool,
    /// Whether a sandbox payment provider starts beside them.
    pub(super) sandbox: bool,
}

impl Plan {
    /// Checks all settings as `interstate serve` does or, where no service is named, `interstate up`.
    pub(super) fn of(args: &Serve) -> Result<Self, Mistakes> {
        let all = catalogue::services();
        let all = all.iter().map(Service::name);
        if args.services.is_empty() {
            let (common, provider) = checked(&args.common, |check| args.provider.check(check))?;
            return Ok(Self {
                common,
                services: all.collect(),
                alone: false,
                sandbox: provider.is_none(),
            });
        }
        let (common, _) = checked(&args.common, |check| chosen(args, check))?;
        answered(&common, &args.services)?;
        Ok(Self {
            common,
            services: all
                .filter(|name| args.services.iter().any(|wanted| wanted == name))
                .collect(),
            alone: args.alone,
            sandbox: false,
        })
    }

    /// Whether this service is among those that start.
    pub(super) fn hosts(&self, service: &str) -> bool {
        self.services.contains(&service)
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all hold, for {}", self.services.join(", "))
    }
}
