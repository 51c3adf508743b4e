//! `interstate doctor --before-start`: whether what is about to be started would start, asked of everything that its
//! settings name. Nothing is made, migrated or changed.
//!
//! | file | subject |
//! | --- | --- |
//! | `look` | a look and what it found |
//! | `plan` | what is about to be started |
//! | `folders` | folders, the folder's clock, free disk |
//! | `log` | the embedded log, or Kafka and its topics |
//! | `tables` | PostgreSQL |
//! | `documents` | MongoDB |
//! | `shared` | Redis, RabbitMQ, ClickHouse |
//! | `snapshots` | the bucket of snapshots |
//! | `certificates` | of questions between services |
//! | `ports` | ports that are free |
//! | `clock` | this machine's clock beside a server's |

mod certificates;
mod clock;
mod documents;
mod folders;
mod log;
mod look;
mod plan;
mod ports;
mod shared;
mod snapshots;
mod tables;

pub use look::Look;
pub(super) use tables::KEEP_TABLES;

use crate::cli::Serve;
use futures::future::{BoxFuture, FutureExt, join_all};
use plan::Plan;
use std::process::ExitCode;

/// Tells what was found, a line each; fails where something is wrong.
pub async fn run(args: &Serve) -> ExitCode {
    let looks = examine(args).await;
    looks.iter().for_each(|look| println!("{look}"));
    match looks.iter().any(Look::is_wrong) {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// Looks at everything that a start with these arguments would use; all services where none is named, as `interstate up`
/// starts them. All looks are taken at once, each with a limit of time, and none waits for another to be well.
pub async fn examine(args: &Serve) -> Vec<Look> {
    let plan = match Plan::of(args) {
        Ok(plan) => plan,
        // Where a server is cannot be told from settings that are wrong.
        Err(mistakes) => return Look::mistakes(&mistakes),
    };
    let plan = &plan;
    let looks: Vec<(&str, BoxFuture<'_, Vec<Look>>)> = vec![
        ("folders", folders::look(plan).boxed()),
        ("the log", log::look(plan).boxed()),
        ("PostgreSQL", tables::look(plan).boxed()),
        ("MongoDB", documents::look(plan).boxed()),
        ("Redis", shared::redis(plan).boxed()),
        ("RabbitMQ", shared::rabbitmq(plan).boxed()),
        ("ClickHouse", shared::clickhouse(plan).boxed()),
        ("snapshots", snapshots::look(plan).boxed()),
        ("certificates", certificates::look(plan).boxed()),
        ("ports", ports::look(plan).boxed()),
    ];
    let looks = looks.into_iter().map(|(what, look)| look::within(what, look));
    let found = join_all(looks).await;
    let settings = Look::well("settings", plan.to_string());
    std::iter::once(settings)
        .chain(found.into_iter().flatten())
        .collect()
}
