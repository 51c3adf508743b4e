//! The code of four digits that a rider shows the driver at the start.
//!
//! It is derived from a secret and the booking, so that it stands neither in the log nor in any store: the edge
//! computes it for the rider and compares it for the driver, and the aggregate hears only whether it was right.

use hmac::{Hmac, Mac};
use interstate_auth::{KeyFileError, load_or_create};
use interstate_schemas::BookingId;
use rand::RngCore;
use sha2::Sha256;
use std::{fmt, path::Path};

/// Makes and compares start codes.
#[derive(Clone)]
pub struct StartCodes(Hmac<Sha256>);

impl StartCodes {
    /// With the secret in the folder of keys, made there once.
    ///
    /// # Errors
    /// The file cannot be read or made.
    pub fn in_folder(folder: &Path, random: &mut impl RngCore) -> Result<Self, KeyFileError> {
        Ok(Self::new(&load_or_create(
            &folder.join("start-codes.hmac"),
            random,
        )?))
    }

    /// With this secret.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(<Hmac<Sha256> as Mac>::new_from_slice(secret).expect("an HMAC key may have any length"))
    }

    /// The code of a booking: four digits.
    pub fn code(&self, booking: BookingId) -> String {
        format!("{:04}", self.number(&booking.to_string()) % 10_000)
    }

    /// Tells one code that was given for a booking from another, to nobody who lacks the secret.
    pub fn digest(&self, booking: BookingId, given: &str) -> String {
        format!("{:016x}", self.number(&format!("{booking} {}", given.trim())))
    }

    fn number(&self, text: &str) -> u64 {
        let mac = self.0.clone().chain_update(text).finalize().into_bytes();
        u64::from_be_bytes([mac[0], mac[1], mac[2], mac[3], mac[4], mac[5], mac[6], mac[7]])
    }

    /// Whether this is the booking's code. Guessing is limited by the booking, which counts wrong ones.
    pub fn matches(&self, booking: BookingId, code: &str) -> bool {
        self.code(booking) == code.trim()
    }
}

impl fmt::Debug for StartCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StartCodes(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_bookings_own_and_needs_the_secret() {
        let (codes, others) = (StartCodes::new(&[1; 32]), StartCodes::new(&[2; 32]));
        let bookings: Vec<_> = (0..50u8).map(|n| BookingId::derive(0, &[&[n]])).collect();
        let of = |codes: &StartCodes| bookings.iter().map(|id| codes.code(*id)).collect::<Vec<_>>();
        assert_eq!(of(&codes), of(&codes));
        assert_ne!(of(&codes), of(&others));
        let code = codes.code(bookings[0]);
        assert!(code.len() == 4 && codes.matches(bookings[0], &format!(" {code} ")));
        assert!(!codes.matches(bookings[0], ""));
        assert!(
            of(&codes).iter().any(|other| *other != code),
            "not one code for all"
        );
    }
}
