//! Who calls, and what they may call.
//!
//! - [`AccessTokens`] makes and checks short-lived tokens: Ed25519 with a published key, or HS256 with a secret.
//! - [`Policy`] is the one table of routes and roles; [`Guard`] holds the edge to it and refuses what has no row.
//! - [`Gateway`] believes a gateway in front that shows its secret; whoever does not is not believed.
//! - [`Passwords`] hashes with argon2id, a few at a time; [`RefreshToken`] is what a session is renewed with.
//! - [`UniqueValues`] turns an [`Email`] or [`Phone`] into a key that reveals neither.
//!
//! Time always comes in: these are tokens for real people, so it is real time, not the domain's clock.

mod caller;
mod code;
mod crypto;
mod gateway;
mod guard;
mod key_file;
mod keys;
mod password;
mod policy;
mod refresh;
mod token;
mod unique;

pub use caller::Caller;
pub use code::{CODES, codes};
pub use gateway::Gateway;
pub use guard::{Guard, Limits, WallClock};
pub use key_file::{KeyFileError, load_or_create};
pub use keys::Keys;
pub use password::{HashingCost, PasswordError, Passwords};
pub use policy::{Access, Policy, PolicyError, Row};
pub use refresh::RefreshToken;
pub use token::{AccessTokens, TokenError};
pub use unique::{ContactError, Email, Phone, UniqueValues};
