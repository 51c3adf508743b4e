//! What the platform is made of: its services, error codes and sagas.

use interstate_eventing::Service;
use interstate_http::ErrorCode;
use interstate_location::telemetry::Recorder;
use interstate_log::TopicSpec;
use std::{collections::BTreeMap, fmt::Write};

/// The services with their aggregates.
pub fn services() -> Vec<Service> {
    vec![
        interstate_user::service(),
        interstate_booking::service(),
        interstate_location::service(),
        interstate_driver::service(),
        interstate_payment::service(),
        interstate_analytics::service(),
    ]
}

/// Their names.
pub fn names() -> Vec<&'static str> {
    services().iter().map(Service::name).collect()
}

/// Every topic of a deployment.
pub fn topics() -> Vec<TopicSpec> {
    let services = services();
    let own = services
        .iter()
        .flat_map(|service| interstate_eventing::runtime::topics(service.name(), service.partition_count()));
    let fixes = services
        .iter()
        .find(|service| service.name() == Recorder::topic().service);
    let fixes = fixes.map(|service| TopicSpec {
        topic: Recorder::topic(),
        partitions: service.partition_count(),
    });
    own.chain(fixes).collect()
}

/// Every error code that an API may answer with, each once.
pub fn codes() -> Vec<&'static ErrorCode> {
    let all = [
        interstate_http::CODES,
        interstate_auth::CODES,
        interstate_user::api::CODES,
        interstate_booking::api::CODES,
        interstate_location::api::CODES,
        interstate_driver::api::CODES,
        interstate_payment::api::CODES,
        interstate_analytics::api::CODES,
    ];
    let unique: BTreeMap<&str, &'static ErrorCode> =
        all.into_iter().flatten().map(|code| (code.code, *code)).collect();
    unique.into_values().collect()
}

/// The page of the sagas: a diagram each, made from the tables that the engine runs.
pub fn sagas() -> String {
    let mut page = String::from(
        "# Sagas\n\nMade from the tables in the code by `make generate`. Before the pivot a refusal unwinds what was \
         done, in reverse; after it every step is asked for again until it succeeds, and a person is called when \
         that takes too long. Where the advance still cannot be taken then, once the driver would have to set \
         off, everything is taken back after all.\n",
    );
    let of_services = [
        ("A booking's", interstate_booking::saga_diagrams()),
        ("A user's", interstate_user::saga_diagrams()),
    ];
    for (whose, diagrams) in of_services {
        for (name, diagram) in diagrams {
            let _ = write!(page, "\n## {whose}: {name}\n\n```mermaid\n{diagram}```\n");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_saga_of_the_code_is_on_the_page() {
        let page = super::sagas();
        let registration = interstate_user::domain::REGISTRATION.steps;
        for step in registration.iter().map(|step| step.name) {
            assert!(
                page.contains(&format!("[\"{step}\"]")),
                "`{step}` is missing from {page}"
            );
        }
        let plans = interstate_booking::domain::booking::Plan::ALL;
        assert_eq!(page.matches("```mermaid").count(), plans.len() + 1);
    }

    #[test]
    fn codes_are_well_formed_and_documented() {
        assert_eq!(interstate_http::check_codes(super::codes()), [""; 0]);
    }
}
