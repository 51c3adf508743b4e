//! A small trade run by the product's own engine: trips are ordered, paid for from accounts whose money a
//! provider holds, and kept free of overlaps by calendars. Narrow, but every mechanism is used.

pub mod account;
pub mod calendar;
pub mod ledger;
pub mod offer;
pub mod trip;

use interstate_eventing::Service;

/// The services of the trade.
pub fn services() -> Vec<Service> {
    vec![
        Service::new("trip")
            .partitions(2)
            .aggregate::<trip::Trip>()
            .aggregate::<offer::Offer>(),
        Service::new("account")
            .partitions(2)
            .aggregate::<account::Account>()
            .aggregate::<ledger::Ledger>(),
        Service::new("calendar")
            .partitions(2)
            .aggregate::<calendar::Calendar>(),
    ]
}
