//! The tariffs that this release knows, by version. A quote keeps the version's name; whatever follows from the
//! quote is priced with that version, however many have come since.

use super::tariff::{Tariff, TariffVersion};
use interstate_schemas::Timestamp;
use std::{collections::BTreeMap, sync::LazyLock};

static TARIFFS: LazyLock<BTreeMap<TariffVersion, Tariff>> = LazyLock::new(|| {
    [Tariff::india_2026_11(), Tariff::india_2026_11_contract()]
        .into_iter()
        .map(|tariff| (tariff.version.clone(), tariff))
        .collect()
});

/// The tariff of this version. A published version is never removed or changed.
pub fn tariff(version: &TariffVersion) -> Option<&'static Tariff> {
    TARIFFS.get(version)
}

/// Whether a quote that is made now may use this version.
pub fn is_on_sale(version: &TariffVersion, now: Timestamp) -> bool {
    tariff(version).is_some_and(|tariff| tariff.is_valid_at(now))
}
