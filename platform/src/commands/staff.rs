//! `interstate staff`: accounts for the operator's people.

use crate::{
    cli::StaffAdd,
    operator::{Client, NewStaff, staff::password},
};
use interstate_auth::{Email, Phone};
use std::error::Error;

/// Makes an account at a running platform. Answers what its owner needs to know.
pub async fn add(args: StaffAdd) -> Result<String, Box<dyn Error>> {
    let email: Email = args.email.parse().map_err(|error| format!("--email: {error}"))?;
    let phone: Phone = args.phone.parse().map_err(|error| format!("--phone: {error}"))?;
    let role = args.role.parse().map_err(|error| format!("--role: {error}"))?;
    let new = NewStaff {
        name: args.name.unwrap_or(args.email),
        email,
        phone,
        role,
        password: password(),
    };
    let told = Client::new(&args.target)?
        .post_json("/operator/staff", &new)
        .await?;
    Ok(format!("{told}password  {}\n", new.password))
}
