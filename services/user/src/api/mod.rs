//! The way in.

mod accounts;
mod backoff;
mod bodies;
mod http;
mod logins;
mod problems;

pub use accounts::{Accounts, NewPerson, SignedUp};
pub use bodies::{ChangeRoles, Me, Refresh, SignIn, SignUp, Tokens, UserRef};
pub use http::{POLICY, router};
pub use logins::Logins;
pub use problems::{CODES, codes};
