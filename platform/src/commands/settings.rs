//! Settings, checked whole: each for itself, and all that the chosen services need of them.

use super::before_start::KEEP_TABLES;
use crate::{
    catalogue,
    cli::Serve,
    node::questions::{self, Unanswered},
};
use interstate_config::{
    Check, Common, CommonArgs, DB_CONNECTION, EventLog, KAFKA_BROKERS, Mistakes, Provider, Setting,
};

const SERVICE: Setting = Setting::argument("SERVICE");

/// The settings of a process with these services; of none, where it only looks at one that runs.
pub(super) fn checked(
    args: &CommonArgs,
    services: &[&str],
    provider: impl FnOnce(&mut Check) -> Option<Provider>,
) -> Result<(Common, Option<Provider>), Mistakes> {
    let mut check = Check::new();
    let common = args.check(&mut check);
    let provider = provider(&mut check);
    if let Some(common) = &common {
        whole(&mut check, common, services);
        answered(&mut check, common, services);
        stored(&mut check, common, services);
    }
    check.finish(|| {
        (
            common.expect("no mistake was found, so the settings were kept"),
            provider,
        )
    })
}

/// The services' names, and the provider that one of them may need.
pub(super) fn chosen(args: &Serve, check: &mut Check) -> Option<Provider> {
    let known = catalogue::names();
    for (at, name) in args.services.iter().enumerate() {
        let problem = if !known.contains(&name.as_str()) {
            format!("there is no service `{name}`")
        } else if args.services[..at].contains(name) {
            format!("`{name}` is named twice")
        } else {
            continue;
        };
        check.mistake(SERVICE, problem, format!("name some of: {}", known.join(" ")));
    }
    if args.alone && args.services.len() != 1 {
        check.mistake(
            SERVICE,
            "more than one service, with --alone",
            "name one service, or leave --alone out",
        );
    }
    if args.services.iter().any(|name| name == "payment") {
        args.provider.required(check)
    } else {
        args.provider.check(check)
    }
}

/// The embedded log is one process's own: what a service sends to one that is not there never arrives, and deadlines wait
/// until it does.
fn whole(check: &mut Check, common: &Common, services: &[&str]) {
    let mut missing = catalogue::names();
    missing.retain(|name| !services.contains(name));
    if common.event_log == EventLog::Embedded && !services.is_empty() && !missing.is_empty() {
        let missing = missing.join(", ");
        check.mistake(
            KAFKA_BROKERS,
            format!("missing; services meet there, and not all are in this process: {missing}"),
            "give e.g. KAFKA_BROKERS=localhost:9092, or name all services (`interstate up`)",
        );
    }
}

/// Whoever asks another service needs it here or elsewhere.
fn answered(check: &mut Check, common: &Common, services: &[&str]) {
    for missing in questions::unanswered(services, &common.grpc) {
        let Unanswered { service, asks, .. } = missing;
        check.mistake(
            missing.setting,
            format!("missing; {service} asks {asks}, which is not among the services of this process"),
            format!("give e.g. {}, or name {asks} as well", missing.example()),
        );
    }
}

/// Whoever keeps read models needs a store that speaks their language.
fn stored(check: &mut Check, common: &Common, services: &[&str]) {
    let mut missing = |service: &str, speaks: &str, example: &str| {
        check.mistake(
            DB_CONNECTION,
            format!("names no {speaks}, and {service} keeps its read models there"),
            format!("add one, e.g. {example}, or `sqlite:` for files in the data folder"),
        );
    };
    let tables: Vec<&str> = KEEP_TABLES
        .into_iter()
        .filter(|name| services.contains(name))
        .collect();
    if !tables.is_empty() && common.databases.relational().is_none() {
        let example = "postgres://user:password@host/database";
        missing(&tables.join(", "), "PostgreSQL", example);
    }
    if services.contains(&"booking") && common.databases.documents().is_none() {
        missing("booking", "MongoDB", "mongodb://user:password@host/database");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(services: &[&str], stores: &str) -> String {
        let args = CommonArgs {
            db_connection: Some(stores.to_owned()),
            kafka_brokers: Some("localhost:9092".to_owned()),
            ..CommonArgs::default()
        };
        match checked(&args, services, |_| None) {
            Ok(_) => String::new(),
            Err(mistakes) => mistakes.to_string(),
        }
    }

    #[test]
    fn a_store_that_a_service_cannot_use_is_refused_with_the_settings() {
        let (tables, documents) = ("postgres://u:p@db/rides", "mongodb://db/rides");
        let all = ["user", "booking", "location"];
        assert!(mistakes(&all, tables).contains("names no MongoDB, and booking keeps"));
        assert!(mistakes(&all, documents).contains("names no PostgreSQL, and user keeps"));
        assert_eq!(mistakes(&all, &format!("{tables} {documents}")), "");
        assert_eq!(mistakes(&all, &format!("{tables} sqlite:")), "");
        assert!(!mistakes(&["location"], tables).contains("DB_CONNECTION"));
        assert_eq!(mistakes(&["user"], tables), "");
    }

    #[test]
    fn some_services_do_not_start_on_a_log_that_nobody_shares() {
        let of = |services: &[&str]| match checked(&CommonArgs::default(), services, |_| None) {
            Ok(_) => String::new(),
            Err(mistakes) => mistakes.to_string(),
        };
        assert_eq!(of(&catalogue::names()), "");
        assert_eq!(of(&[]), "");
        let but_one = &catalogue::names()[1..];
        assert!(of(but_one).contains(catalogue::names()[0]), "{}", of(but_one));
        assert!(of(&["location"]).contains("KAFKA_BROKERS"));
    }

    #[test]
    fn what_is_missing_of_any_kind_is_said_at_once() {
        let said = mistakes(&["booking", "payment"], "mongodb://db/rides");
        assert!(
            said.contains("LOCATION_GRPC") && said.contains("payment keeps"),
            "{said}"
        );
    }
}
