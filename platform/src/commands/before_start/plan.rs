//! What is about to be started.

use crate::{
    catalogue,
    cli::Serve,
    commands::settings::{checked, chosen},
};
use interstate_config::{Common, Mistakes};
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
        let all = catalogue::names();
        if args.services.is_empty() {
            let (common, provider) = checked(&args.common, &all, |check| args.provider.check(check))?;
            return Ok(Self {
                common,
                services: all,
                alone: false,
                sandbox: provider.is_none(),
            });
        }
        let wanted: Vec<&str> = args.services.iter().map(String::as_str).collect();
        let (common, _) = checked(&args.common, &wanted, |check| chosen(args, check))?;
        Ok(Self {
            common,
            services: all.into_iter().filter(|name| wanted.contains(name)).collect(),
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
