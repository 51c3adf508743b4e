//! The platform's own description, as `/docs` shows it: what it says holds.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "bad_input/description.rs"]
#[allow(dead_code, reason = "of which each test uses a part")]
mod description;
mod ride;

use description::{Operation, operations};
use interstate_auth::{Access, Row};
use interstate_schemas::Role;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const TABLES: [&[Row]; 6] = [
    interstate_user::api::POLICY,
    interstate_booking::api::ROWS,
    interstate_location::api::ROWS,
    interstate_driver::api::ROWS,
    interstate_payment::api::ROWS,
    interstate_analytics::api::ROWS,
];

async fn described(url: &str) -> Value {
    let answer = reqwest::get(format!("{url}/openapi.json")).await.unwrap();
    answer.json().await.unwrap()
}

/// Each operation as (method in capitals, path), with its description.
fn each(doc: &Value) -> BTreeMap<(String, String), &Value> {
    let mut all = BTreeMap::new();
    for (path, item) in doc["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.insert((method.to_uppercase(), path.clone()), operation);
        }
    }
    all
}

/// A rider who tries things in `/docs` must be able to send a token along.
fn who_may_call_is_said(doc: &Value, tables: &[&[Row]]) {
    let all = each(doc);
    let rows: Vec<&Row> = tables.iter().copied().flatten().collect();
    assert_eq!(all.len(), rows.len());
    for row in rows {
        let operation = all[&(row.method().to_owned(), row.path().to_owned())];
        let wanted = match row.access() {
            Access::Public => Value::Null,
            Access::SignedIn | Access::Roles(_) => json!([{ "bearer": [] }]),
        };
        assert_eq!(operation["security"], wanted, "{} {}", row.method(), row.path());
    }
    assert_eq!(doc["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
}

fn every_operation_has_a_summary(doc: &Value) {
    for ((method, path), operation) in each(doc) {
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty(), "{method} {path} has no summary");
    }
}

/// Walks a body's schema and all that it refers to.
fn every_object_is_closed(doc: &Value, schema: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let found = doc.pointer(name.trim_start_matches('#')).unwrap();
        return every_object_is_closed(doc, found, at);
    }
    if schema["properties"].is_object() || schema["type"] == "object" {
        assert_eq!(schema["additionalProperties"], false, "{at}: {schema:#}");
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        every_object_is_closed(doc, field, &format!("{at}/{name}"));
    }
    for of in ["oneOf", "anyOf", "allOf"] {
        for other in schema[of].as_array().into_iter().flatten() {
            every_object_is_closed(doc, other, at);
        }
    }
    if schema["items"].is_object() {
        every_object_is_closed(doc, &schema["items"], &format!("{at}/items"));
    }
}

/// The pointers of all objects in a body.
fn objects(value: &Value, at: &str) -> Vec<String> {
    match value {
        Value::Object(fields) => std::iter::once(at.to_owned())
            .chain(
                fields
                    .iter()
                    .flat_map(|(name, field)| objects(field, &format!("{at}/{name}"))),
            )
            .collect(),
        Value::Array(all) => all
            .iter()
            .enumerate()
            .flat_map(|(index, element)| objects(element, &format!("{at}/{index}")))
            .collect(),
        _ => Vec::new(),
    }
}

/// Samples that the domain's types would refuse for another reason than a misspelt field.
fn fitting(mut sample: Value) -> Value {
    match &mut sample {
        Value::Object(fields) => {
            fields.remove("states");
            for (name, text) in [("email", "rhea@example.org"), ("phone", "+919812345611")] {
                if let Some(field) = fields.get_mut(name) {
                    *field = json!(text);
                }
            }
            fields
                .values_mut()
                .for_each(|field| *field = fitting(field.take()));
        }
        Value::Array(all) => all.iter_mut().for_each(|one| *one = fitting(one.take())),
        _ => {}
    }
    sample
}

/// Every alternative of a body: the sample has the first one of each.
fn others(path: &str) -> Vec<Value> {
    match path {
        "/v1/bookings/{booking}/cancel" => vec![
            json!({ "as": "driver", "valid_reason": true }),
            json!({ "as": "rider_no_show" }),
            json!({ "as": "operator" }),
            json!({ "as": "force_majeure" }),
        ],
        "/v1/bookings/{booking}/balance" => vec![
            json!({ "method": { "kind": "cash" } }),
            json!({ "method": { "kind": "provider", "method": { "kind": "upi", "token": "t" } } }),
        ],
        "/v1/quotes" => vec![json!({ "kind": "ONE_WAY", "class": "SEDAN", "passengers": 1,
            "pickup_at": "2027-03-01T10:00:00Z",
            "stops": [{ "point": { "name": "here", "at": { "lat": 23.0, "lon": 72.6 } } }, { "city": 1 }] })],
        _ => Vec::new(),
    }
}

struct People {
    url: String,
    http: reqwest::Client,
    tokens: BTreeMap<&'static str, String>,
}

impl People {
    async fn send(&self, operation: &Operation, who: Option<&str>, body: &Value) -> (u16, Value) {
        let url = format!("{}{}", self.url, operation.path_with("", ""));
        let mut request = self
            .http
            .post(url)
            .header("Idempotency-Key", "misspelt")
            .json(body);
        if let Some(token) = who.map(|who| &self.tokens[who]) {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_description_says_what_holds() {
    let dir = tempfile::tempdir().unwrap();
    let world = ride::world(dir.path(), None, 600).await;
    let platform = world.platform();
    let url = platform.urls[0].clone();
    ride::register_support(&world.node).await;
    ride::register(&world.node, "admin", "+919800000002", Role::Admin).await;
    let doc = described(&url).await;

    who_may_call_is_said(&doc, &TABLES);
    every_operation_has_a_summary(&doc);
    for (name, address) in world.node.services() {
        let at = ["user", "booking", "location", "driver", "payment", "analytics"]
            .iter()
            .position(|known| known == name)
            .unwrap();
        let own = described(&format!("http://{address}")).await;
        who_may_call_is_said(&own, &TABLES[at..=at]);
    }
    assert_eq!(
        doc["components"]["schemas"]["BookingView"]["properties"]["driver"]["anyOf"][0]["$ref"],
        "#/components/schemas/AssignedDriver"
    );
    let driver = &doc["components"]["schemas"]["AssignedDriver"]["properties"];
    let fields: Vec<&String> = driver.as_object().unwrap().keys().collect();
    assert_eq!(
        fields,
        ["class", "driver", "name", "plate_ending", "seats", "vehicle"]
    );

    let people = People {
        url,
        http: reqwest::Client::new(),
        tokens: BTreeMap::from([
            (
                "rider",
                platform
                    .signed_up("rhea", "+919812345611", "rider")
                    .await
                    .token()
                    .to_owned(),
            ),
            (
                "driver",
                platform
                    .signed_up("dara", "+919812345612", "driver")
                    .await
                    .token()
                    .to_owned(),
            ),
            ("support", platform.staff("support").await.token().to_owned()),
            ("admin", platform.staff("admin").await.token().to_owned()),
        ]),
    };
    let mut tried = 0;
    for operation in operations(&doc) {
        let Some(sample) = operation.body.clone() else {
            continue;
        };
        let described = &doc["paths"][&operation.path]["post"];
        let schema = &described["requestBody"]["content"]["application/json"]["schema"];
        if schema.is_null() || operation.path == "/v1/webhooks/payments" {
            continue;
        }
        every_object_is_closed(&doc, schema, &operation.path);
        let who = described["x-roles"][0].as_str();
        let who = who.or((!described["security"].is_null()).then_some("rider"));
        for body in std::iter::once(fitting(sample)).chain(others(&operation.path)) {
            for pointer in objects(&body, "") {
                let mut misspelt = body.clone();
                let object: &mut Map<String, Value> =
                    misspelt.pointer_mut(&pointer).unwrap().as_object_mut().unwrap();
                object.insert("never_heard_of".to_owned(), json!(1));
                let (status, problem) = people.send(&operation, who, &misspelt).await;
                let (code, error) = (&problem["code"], &problem["errors"][0]);
                let (at, told) = (error["pointer"].as_str(), error["detail"].as_str());
                // One more key in an externally tagged enum is no field, but no way to write a variant either.
                assert!(
                    (status, code.as_str()) == (422, Some("invalid-body"))
                        && at.is_some_and(|at| at.starts_with(&pointer) || pointer.starts_with(at))
                        && (told.is_some_and(|told| told.contains("unknown field"))
                            || pointer.starts_with("/stops")),
                    "POST {} as {who:?} with a misspelt field at `{pointer}` of {body}: {status} {problem}",
                    operation.path
                );
                tried += 1;
            }
            let (status, problem) = people.send(&operation, who, &json!([body])).await;
            assert_eq!(
                (status, problem["code"].as_str()),
                (422, Some("invalid-body")),
                "POST {} as {who:?} with an array: {problem}",
                operation.path
            );
        }
    }
    assert!(tried > 25, "only {tried} bodies were tried");
    world.stop().await;
}
