//! Stable error codes, each with a page for the person who meets it.

use std::fmt::Write;

/// One kind of error. Codes are part of the API: they never change their meaning.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// Lower-case words joined by dashes: `quote-expired`. The page is `docs/errors/<code>.md`.
    pub code: &'static str,
    /// The HTTP status that it comes with.
    pub status: u16,
    /// What happened, in a few words, the same for every occurrence.
    pub title: &'static str,
    /// The page's text in Markdown: what it means and what to do.
    pub help: &'static str,
}

impl ErrorCode {
    /// The problem's `type`: where its page is served.
    pub fn page_path(&self) -> String {
        format!("/docs/errors/{}", self.code)
    }

    /// The page, as `docs/errors/<code>.md` holds it.
    pub fn page(&self) -> String {
        let Self {
            code,
            status,
            title,
            help,
        } = self;
        let mut page = String::new();
        let _ = write!(
            page,
            "# {title}\n\n`{code}` · HTTP status {status}\n\n{help}\n\n## How it looks\n\n```json\n{{\n  \
             \"type\": \"/docs/errors/{code}\",\n  \"title\": \"{title}\",\n  \"status\": {status},\n  \
             \"code\": \"{code}\",\n  \"detail\": \"…\",\n  \"instance\": \"urn:interstate:request:…\"\n}}\n```\n\n\
             `detail` says what was wrong this time. `instance` names the request; support finds it by that.\n"
        );
        page
    }
}

/// Declares a crate's codes: a constant for each in a module `codes`, and `CODES`, the slice of them all.
///
/// ```
/// interstate_http::error_codes! {
///     QUOTE_EXPIRED = ("quote-expired", 409, "The quote has expired",
///         "A price is good for half an hour. Ask for a new quote.");
/// }
/// assert_eq!(CODES[0].code, codes::QUOTE_EXPIRED.code);
/// ```
#[macro_export]
macro_rules! error_codes {
    ($($name:ident = ($code:literal, $status:literal, $title:literal, $help:literal);)*) => {
        /// One constant a code.
        pub mod codes {
            $(
                #[doc = $title]
                pub static $name: $crate::ErrorCode =
                    $crate::ErrorCode { code: $code, status: $status, title: $title, help: $help };
            )*
        }

        /// All codes of this crate.
        pub static CODES: &[&$crate::ErrorCode] = &[$(&codes::$name),*];
    };
}

error_codes! {
    BAD_REQUEST = ("bad-request", 400, "The request does not fit",
        "Something about the request cannot be understood. The API's page shows what this route takes.");
    INVALID_JSON = ("invalid-json", 400, "The body is not JSON",
        "The body could not be read as JSON. `detail` gives the line and the column.\n\nSend well-formed JSON in UTF-8.");
    INVALID_BODY = ("invalid-body", 422, "The body does not fit",
        "The body is JSON, but not of the shape that this route takes. Each entry of `errors` names a field by its JSON pointer and says what is wrong: a missing field, an unknown one, a wrong type, a value out of range.\n\nThe shape stands in the API's page under this route.");
    INVALID_QUERY = ("invalid-query", 400, "The query does not fit",
        "A parameter after the `?` is missing, unknown, repeated or of the wrong type. `errors` names it.\n\nA `cursor` is opaque: pass `next` of the page before unchanged, on the same route, or leave it out for the first page.");
    INVALID_PATH = ("invalid-path", 400, "The path does not fit",
        "A part of the path is not what it should be, for instance not an id of the right kind: `bkg_…` names a booking, `drv_…` a driver.");
    INVALID_CONSISTENCY_TOKEN = ("invalid-consistency-token", 400, "The consistency token is not one of ours",
        "Pass the header `Consistency-Token` of an earlier answer unchanged, or several of them joined by commas.");
    IDEMPOTENCY_KEY_MISSING = ("idempotency-key-missing", 400, "The Idempotency-Key is missing",
        "Every POST needs the header `Idempotency-Key`. Make a new random key for each thing that you want done, and send the same key again when you repeat a request: then it is done once.");
    IDEMPOTENCY_KEY_INVALID = ("idempotency-key-invalid", 400, "The Idempotency-Key does not fit",
        "An `Idempotency-Key` is 1 to 128 printable ASCII characters without blanks, given once. A UUID of version 7 or a ULID is a good one: ids that are made from it then sort by time.");
    IDEMPOTENCY_KEY_REUSED = ("idempotency-key-reused", 422, "The Idempotency-Key was used for something else",
        "The same key came with another body within 24 hours. Nothing was done for this request.\n\nA new thing needs a new key; a repeat needs the same body.");
    UNSUPPORTED_MEDIA_TYPE = ("unsupported-media-type", 415, "The body is of another type",
        "Send `Content-Type: application/json`.");
    BODY_TOO_LARGE = ("body-too-large", 413, "The body is too large",
        "The body is larger than this route takes; `detail` gives the limit. Send less at once.");
    NOT_FOUND = ("not-found", 404, "There is nothing here",
        "No route matches this path, or what it names does not exist, or you may not see it.");
    METHOD_NOT_ALLOWED = ("method-not-allowed", 405, "This method is not served here",
        "The path exists; the header `Allow` lists its methods.");
    NOT_CAUGHT_UP = ("not-caught-up", 503, "The answer would be older than what you have seen",
        "The request carried a `Consistency-Token`, and the read model did not reach it in time. Nothing is lost.\n\nWait for `Retry-After` and ask again, or leave the token out to take what is there.");
    RATE_LIMITED = ("rate-limited", 429, "Too many requests",
        "You send faster than your share. Wait for `Retry-After` seconds; slow down for good.");
    OVERLOADED = ("overloaded", 503, "Busy",
        "The service holds as much work as it can finish in time and took none of yours. Repeat after `Retry-After` seconds, with the same `Idempotency-Key`.");
    LOG_FULL = ("log-full", 503, "No room to write",
        "The disk that the platform writes to is full, so nothing new can be taken up. What was acknowledged is safe, and what is there can be read.\n\nRepeat after `Retry-After` seconds, with the same `Idempotency-Key`: what was under way when the disk filled up may be done once there is room, and is not done twice. It goes on by itself; whoever runs the platform has to make room.");
    UNAVAILABLE = ("unavailable", 503, "Not available now",
        "Something that this request needs is not there now: a service that starts, a store, a broker. Repeat after `Retry-After` seconds, with the same `Idempotency-Key`.");
    TIMED_OUT = ("timed-out", 504, "No answer in time",
        "The request took longer than allowed. It may still be done.\n\nRepeat it with the same `Idempotency-Key`: you get the outcome, and it is not done twice.");
    INTERNAL = ("internal", 500, "Our fault",
        "Something went wrong that should not. It is logged under the `instance` of this problem.\n\nRepeat with the same `Idempotency-Key`; if it stays, tell support the `instance`.");
}

/// What is wrong with the codes of several slices taken together: a code twice, a name that is not lower-case
/// words and dashes, a status that is no error, a page without text.
pub fn check_codes<'a>(all: impl IntoIterator<Item = &'a ErrorCode>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for ErrorCode {
        code,
        status,
        title,
        help,
    } in all
    {
        if !seen.insert(*code) {
            wrong.push(format!("{code} is declared twice"));
        }
        let words = code.split('-').all(|word| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        if !words {
            wrong.push(format!("{code} is not lower-case words joined by dashes"));
        }
        if !(400..=599).contains(status) {
            wrong.push(format!("{code} has status {status}, which is no error"));
        }
        if title.is_empty() || help.is_empty() || title.contains('"') {
            wrong.push(format!("{code} has no title or no help, or a quote in its title"));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edges_own_codes_are_in_order() {
        assert_eq!(check_codes(CODES.iter().copied()), Vec::<String>::new());
    }

    #[test]
    fn a_wrong_code_is_named() {
        static WRONG: ErrorCode = ErrorCode {
            code: "Not_Found",
            status: 200,
            title: "",
            help: "",
        };
        let wrong = check_codes([&WRONG, &codes::INTERNAL, &codes::INTERNAL]);
        assert_eq!(wrong.len(), 4, "{wrong:?}");
        assert!(wrong[3].contains("internal is declared twice"));
    }

    #[test]
    fn a_page_tells_code_status_and_what_to_do() {
        let page = codes::TIMED_OUT.page();
        for part in [
            "# No answer in time",
            "`timed-out` · HTTP status 504",
            "same `Idempotency-Key`",
        ] {
            assert!(page.contains(part), "{page}");
        }
    }
}
