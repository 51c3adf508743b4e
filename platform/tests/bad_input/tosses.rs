//! What can be wrong with a request.

use crate::description::Operation;
use reqwest::Method;
use serde_json::{Value, json};

/// What must come back. A failure of the server never may.
#[derive(Clone, Copy, PartialEq)]
pub enum Expected {
    /// Some problem of the client's.
    Refusal,
    /// This status.
    Status(u16),
    /// It may be fine.
    Anything,
}

/// A wrong request.
pub struct Toss {
    pub what: String,
    pub method: Method,
    pub path: String,
    pub headers: Vec<(&'static str, Vec<u8>)>,
    pub body: Option<Vec<u8>>,
    pub expected: Expected,
}

impl Toss {
    fn expect(mut self, expected: Expected) -> Self {
        self.expected = expected;
        self
    }

    fn at(mut self, path: String) -> Self {
        self.path = path;
        self
    }

    fn header(mut self, name: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    fn called(mut self, what: impl Into<String>) -> Self {
        self.what = what.into();
        self
    }
}

const KEY: &str = "idempotency-key";
const SEEN: &str = "consistency-token";
const TYPE: &str = "content-type";

/// Nothing wrong with its form.
pub fn plain(operation: &Operation) -> Toss {
    let required = operation.of("query").filter(|parameter| parameter.is_required);
    let query: Vec<String> = required
        .map(|it| format!("{}={}", it.name, it.sample.replace(' ', "+")))
        .collect();
    let question = if query.is_empty() { "" } else { "?" };
    let toss = Toss {
        what: "nothing wrong with its form".to_owned(),
        method: operation.method.parse().unwrap(),
        path: format!("{}{question}{}", operation.path_with("", ""), query.join("&")),
        headers: Vec::new(),
        body: None,
        expected: Expected::Anything,
    };
    let toss = toss.header(KEY, format!("k-{:016x}", rand::random::<u64>()));
    match &operation.body {
        Some(body) => toss.header(TYPE, "application/json").body(body.to_string()),
        None => toss,
    }
}

/// Everything that is thrown at an operation.
pub fn at(operation: &Operation) -> Vec<Toss> {
    let mut all = vec![plain(operation)];
    all.extend(keys(operation));
    all.extend(consistency(operation));
    all.extend(ids(operation));
    all.extend(queries(operation));
    all.extend(methods(operation));
    match &operation.body {
        Some(sample) => {
            all.extend(bodies(operation));
            all.extend(fields(operation, sample));
        }
        None => all.extend(
            bodies(operation)
                .into_iter()
                .map(|toss| toss.expect(Expected::Anything)),
        ),
    }
    all
}

fn keys(operation: &Operation) -> Vec<Toss> {
    let Some(parameter) = operation.parameter("header", KEY) else {
        return Vec::new();
    };
    let expected = if parameter.is_required {
        Expected::Refusal
    } else {
        Expected::Anything
    };
    let mut all = vec![plain(operation).without(KEY).called("no Idempotency-Key")];
    for wrong in [
        &b""[..],
        b"a b",
        b"\xff\xfe",
        &[b'k'; 4_000],
        "schl\u{fc}ssel".as_bytes(),
    ] {
        all.push(
            plain(operation)
                .header(KEY, wrong)
                .called("a wrong Idempotency-Key"),
        );
    }
    all.into_iter().map(|toss| toss.expect(expected)).collect()
}

fn consistency(operation: &Operation) -> Vec<Toss> {
    if operation.parameter("header", SEEN).is_none() {
        return Vec::new();
    }
    let many = vec!["1.booking.3.9"; 17].join(",");
    let wrong: [&[u8]; 6] = [
        b"",
        b"x",
        b"1.booking.0",
        b"1.booking.-1.2",
        b"\xff",
        many.as_bytes(),
    ];
    wrong
        .map(|wrong| {
            let toss = plain(operation).header(SEEN, wrong);
            toss.called("a wrong Consistency-Token").expect(Expected::Refusal)
        })
        .into()
}

fn ids(operation: &Operation) -> Vec<Toss> {
    let long = "0".repeat(3_000);
    let wrong = [
        "x",
        "0",
        "-1",
        "%FF%FE",
        "%00",
        "%F0%9F%9A%95",
        "..%2f..%2fetc",
        "bkg_",
        "bkg_01KAJ5T5H8ZZZZZZZZZZZZZZZI",
        "usr_!!!!!!!!!!!!!!!!!!!!!!!!!!",
        "%20",
        "null",
        "'%20OR%201=1",
        &long,
    ];
    let all = operation.of("path").flat_map(|parameter| {
        wrong.map(|wrong| {
            let path = operation.path_with(&parameter.name, wrong);
            let what = format!("a wrong {}", parameter.name);
            plain(operation).at(path).called(what).expect(Expected::Refusal)
        })
    });
    all.collect()
}

fn queries(operation: &Operation) -> Vec<Toss> {
    let at = |query: String| {
        let path = plain(operation).path;
        let joint = if path.contains('?') { '&' } else { '?' };
        plain(operation).at(format!("{path}{joint}{query}"))
    };
    let mut all = vec![
        at("never_heard_of=1".to_owned()).called("an unknown parameter"),
        at("%FF=%FE&&&=".to_owned()).called("a query that is no text"),
        at("a=1&".repeat(800)).called("a long query"),
    ];
    let long = "z".repeat(5_000);
    for parameter in operation.of("query") {
        let name = &parameter.name;
        for value in ["", "%00", "%FF%FE", "-1", "1e400", "NaN", "%F0%9F%9A%95", &long] {
            let toss = at(format!("{name}={value}"));
            all.push(toss.called(format!("a strange `{name}`")));
        }
        let refused: &[&str] = match name.as_str() {
            "limit" => &["0", "-1", "101", "x", "99999999999999999999", "1.5", ""],
            "cursor" => &[
                "x",
                "!!!",
                "bnVsbA",
                "e30",
                "W10",
                "WzEsMiwzXQ",
                "%FF",
                "bm8gSlNPTg",
            ],
            _ => &[],
        };
        for value in refused {
            let toss = at(format!("{name}={value}"));
            all.push(
                toss.called(format!("the {name} `{value}`"))
                    .expect(Expected::Refusal),
            );
        }
    }
    all
}

fn methods(operation: &Operation) -> Vec<Toss> {
    let all = ["GET", "POST", "PUT", "PATCH", "DELETE", "BREW"];
    let unknown = all
        .into_iter()
        .filter(|method| !operation.methods.iter().any(|known| known == method));
    let tosses = unknown.map(|method| Toss {
        method: method.parse().unwrap(),
        ..plain(operation)
            .called("a wrong method")
            .expect(Expected::Status(405))
    });
    tosses.collect()
}

fn bodies(operation: &Operation) -> Vec<Toss> {
    let deep_list = "[".repeat(100_000);
    let deep_object = "{\"a\":".repeat(20_000);
    let huge = format!("\"{}\"", "h".repeat(1_000_000));
    let all: [(&str, &[u8]); 14] = [
        ("an empty body", b""),
        ("a broken body", b"{"),
        ("half a body", b"{\"a\": [1, 2"),
        ("a word", b"nul"),
        ("null", b"null"),
        ("a number", b"5"),
        ("an empty list", b"[]"),
        ("a body that is no UTF-8", b"{\"a\": \"\xff\xfe\"}"),
        ("a broken surrogate", b"{\"a\": \"\\ud800\"}"),
        ("a byte-order mark", b"\xef\xbb\xbf{}"),
        ("two bodies", b"{} {}"),
        ("a deep list", deep_list.as_bytes()),
        ("a deep object", deep_object.as_bytes()),
        ("a huge body", huge.as_bytes()),
    ];
    let mut tosses: Vec<Toss> = all
        .into_iter()
        .map(|(what, body)| {
            plain(operation)
                .header(TYPE, "application/json")
                .body(body)
                .called(what)
        })
        .collect();
    let sample = operation.body.clone().unwrap_or(json!({})).to_string();
    for wrong in [
        "text/plain",
        "application/xml",
        "multipart/form-data",
        "application/json5",
        ";;;",
    ] {
        let toss = plain(operation).header(TYPE, wrong).body(sample.clone());
        tosses.push(toss.called(format!("the type {wrong}")));
    }
    let toss = plain(operation).header(TYPE, b"\xff".to_vec()).body(sample);
    tosses.push(toss.called("a type that is no text"));
    let toss = Toss {
        body: None,
        ..plain(operation)
    };
    tosses.push(toss.called("no body"));
    tosses
        .into_iter()
        .map(|toss| toss.expect(Expected::Refusal))
        .collect()
}

/// Whoever reports many things at once hears of each by itself: a wrong one must not keep the good ones back.
const JUDGED_ONE_BY_ONE: &str = "/v1/fixes";

/// Each field of the sample, one at a time, as something else.
fn fields(operation: &Operation, sample: &Value) -> Vec<Toss> {
    let toss = |body: &Value, what: String| plain(operation).body(body.to_string()).called(what);
    let mut all = Vec::new();
    if let Value::Object(fields) = sample {
        let mut more = fields.clone();
        more.insert("never_heard_of".to_owned(), json!(1));
        let expected = if operation.is_closed {
            Expected::Refusal
        } else {
            Expected::Anything
        };
        all.push(toss(&Value::Object(more), "an unknown field".to_owned()).expect(expected));
        for name in fields.keys() {
            let mut fewer = fields.clone();
            fewer.remove(name);
            all.push(toss(&Value::Object(fewer), format!("no `{name}`")));
        }
    }
    for pointer in pointers(sample, "") {
        let known = sample.pointer(&pointer).unwrap();
        for (what, value, is_refused) in instead(known) {
            let mut body = sample.clone();
            *body.pointer_mut(&pointer).unwrap() = value;
            let expected = if is_refused && operation.path != JUDGED_ONE_BY_ONE {
                Expected::Refusal
            } else {
                Expected::Anything
            };
            all.push(toss(&body, format!("{what} at `{pointer}`")).expect(expected));
        }
    }
    all
}

/// What a value is changed to, and whether no reader may take that.
fn instead(known: &Value) -> Vec<(&'static str, Value, bool)> {
    let is_text = known.is_string();
    let is_number = known.is_number();
    vec![
        ("null", Value::Null, false),
        ("a number", json!(5), is_text),
        ("a negative number", json!(-1), is_text),
        ("a huge number", json!(1e300), !known.is_null()),
        ("2^63", json!(9_223_372_036_854_775_808_u64), is_text),
        ("2^63 - 1", json!(i64::MAX), is_text),
        ("the least number", json!(i64::MIN), is_text),
        ("a fraction", json!(0.5), is_text),
        (
            "a text",
            json!("neither here nor there"),
            is_number || known.is_boolean() || known.is_object(),
        ),
        ("an empty text", json!(""), is_number),
        ("a long text", json!("l".repeat(60_000)), !known.is_null()),
        ("a text of blanks", json!("   "), is_number),
        ("control characters", json!("a\u{0}b\u{7}\u{202e}"), is_number),
        (
            "many scripts",
            json!("\u{928}\u{940}\u{932}\u{1F695}\u{0301}\u{feff}"),
            is_number,
        ),
        ("a list", json!([[[[]]]]), is_text || is_number),
        ("an object", json!({ "a": { "b": {} } }), is_text || is_number),
        (
            "a long list",
            Value::Array(vec![known.clone(); 500]),
            is_text || is_number,
        ),
    ]
}

fn pointers(value: &Value, here: &str) -> Vec<String> {
    let below: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (format!("{here}/{name}"), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, value)| (format!("{here}/{at}"), value))
            .collect(),
        _ => Vec::new(),
    };
    let deeper = below.into_iter().flat_map(|(pointer, value)| {
        let mut all = pointers(value, &pointer);
        all.insert(0, pointer);
        all
    });
    deeper.collect()
}

/// Tokens that nobody was given.
pub fn tokens(operation: &Operation, public: bool) -> Vec<Toss> {
    let long = format!("Bearer {}", "t".repeat(6_000));
    let wrong: [&[u8]; 9] = [
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer x.y.z",
        b"Basic YTpi",
        b"\xff\xfe",
        // {"alg":"none"} with an empty claim and no signature, and one that asks for a symmetric key.
        b"Bearer eyJhbGciOiJub25lIn0.e30.",
        b"Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
        long.as_bytes(),
    ];
    wrong
        .map(|wrong| {
            let toss = plain(operation)
                .header("authorization", wrong)
                .called("a wrong token");
            toss.expect(if public {
                Expected::Anything
            } else {
                Expected::Status(401)
            })
        })
        .into()
}
