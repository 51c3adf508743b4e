//! The error codes of this crate.

interstate_http::error_codes! {
    UNAUTHENTICATED = ("unauthenticated", 401, "Not signed in",
        "This route needs the header `Authorization: Bearer <access token>`, and there was none, or not one of ours. Sign in, and send the access token of the answer.");
    TOKEN_EXPIRED = ("token-expired", 401, "The access token has expired",
        "Access tokens live for minutes. Renew it with the refresh token of the same login, then repeat the request with the same `Idempotency-Key`.");
    FORBIDDEN = ("forbidden", 403, "Not for this role",
        "You are signed in, but this route is for other roles. `roles` lists them.");
    NO_POLICY = ("no-policy", 403, "Nobody may call this",
        "The route has no row in the table of who may call what, so it is closed to everyone. That is a mistake of ours.");
    PASSWORDS_BUSY = ("passwords-busy", 503, "Too many people sign in at this moment",
        "Checking a password is made to be slow, and only so many are checked at a time. Repeat after `Retry-After` seconds.");
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_codes_fit_beside_the_edges_own() {
        let all = super::CODES.iter().chain(interstate_http::CODES).copied();
        assert_eq!(interstate_http::check_codes(all), Vec::<String>::new());
    }
}
