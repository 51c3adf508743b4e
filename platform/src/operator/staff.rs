//! Accounts for the operator's staff. Riders and drivers sign up themselves; nobody signs up as staff.

use interstate_auth::{Email, Phone};
use interstate_schemas::Role;
use interstate_user::api::{Accounts, NewPerson};
use serde::{Deserialize, Serialize};

/// Somebody who is to work for the operator.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewStaff {
    /// What colleagues call the person.
    pub name: String,
    /// Signs in.
    pub email: Email,
    /// Where the person is called.
    pub phone: Phone,
    /// `support` or `admin`.
    pub role: Role,
    /// 8 to 128 characters.
    pub password: String,
}

/// Makes the account, and says so.
pub async fn add(accounts: &Accounts, new: NewStaff) -> Result<String, String> {
    if !new.role.is_staff() {
        return Err("staff are support or admin; riders and drivers sign up themselves\n".to_owned());
    }
    let person = NewPerson {
        name: new.name,
        email: new.email,
        phone: new.phone,
        password: new.password,
        role: new.role,
    };
    let made = accounts.add_staff(person).await;
    let made = made.map_err(|problem| format!("{problem}\n"))?;
    Ok(format!(
        "{} can sign in as {}\n",
        made.me.email.as_str(),
        new.role
    ))
}

/// A password that nobody guesses: 128 bits.
pub fn password() -> String {
    format!("{:032x}", rand::random::<u128>())
}
