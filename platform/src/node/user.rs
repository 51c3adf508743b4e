//! The user service in this process.

use super::{Base, StartError};
use interstate_auth::{HashingCost, Passwords, UniqueValues};
use interstate_http::Api;
use interstate_user::{
    Edge, Parts,
    api::{Accounts, CODES, POLICY},
    read,
};

/// Hashes at once, and how many logins may wait for one.
const AT_ONCE: usize = 2;
const WAITING: usize = 200;

pub async fn start(base: &Base, demonstration: bool) -> Result<(Api, Accounts), StartError> {
    let service = interstate_user::service();
    let opened = base
        .tables(service.name(), read::sqlite::open, read::postgres::open)
        .await?;
    let position = base.project(opened.model, &service);
    let cost = if demonstration {
        HashingCost::DEMONSTRATION
    } else {
        HashingCost::RECOMMENDED
    };
    let edge = Edge::new(Parts {
        commands: base.commands.clone(),
        people: opened.people,
        position,
        keys: base.keys.clone(),
        clock: base.env.clock.clone(),
        wall_clock: base.wall_clock(),
        unique: UniqueValues::in_folder(&base.keys_dir, &mut rand::rng())?,
        passwords: Passwords::new(cost, AT_ONCE, WAITING)?,
        tokens: base.tokens.clone(),
        live: base.live.clone(),
    });
    let api = base.api(&service, edge.router(), POLICY, CODES)?;
    let accounts = edge.accounts.clone();
    base.spawn(edge.forgetting.run());
    Ok((api, accounts))
}
