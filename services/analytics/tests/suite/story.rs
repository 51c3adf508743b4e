//! Three days of a small platform, in Indian time. All sedans go from Mumbai to Pune, the one SUV from Delhi to
//! Jaipur. A quote of a sedan is 6,300.00 rupees, 300.00 of it tax.
//!
//! | booking | quoted | booked | pickup | what becomes of it |
//! | --- | --- | --- | --- | --- |
//! | 1 | 20th 09:00 | 20th 09:10 | 21st 08:00 | driver after 2 minutes; driven, the toll 120.00 dearer, priced on the 21st |
//! | 2 | 20th 23:50 | 21st 00:10 | 21st 18:00 | driver after 10 minutes, who gives it back at 12:50; another one at 13:00; priced on the 22nd, 1.00 too much |
//! | 3 (SUV) | 20th 09:30 | 20th 09:40 | 21st 00:13 | driver after 4 minutes; the rider cancels on the 20th at 20:00 |
//! | – (SUV) | 21st 10:00 | – | 23rd 10:00 | nobody takes the quote |
//! | 5 | 20th 11:00 | 21st 11:00, and a millisecond | 21st 20:00 | nobody is found |
//! | 6 | 20th 12:00 | 20th 12:05 | 22nd 08:00 | the advance is not paid |

use interstate_eventing::Event;
use interstate_schemas::{
    Actor, BookingId, CommandId, DispatchId, EventId, QuoteId, Timestamp, id::derive_ulid,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, path::Path};

pub const MUMBAI: u32 = 1_275_339;
pub const PUNE: u32 = 1_259_229;
pub const DELHI: u32 = 1_273_294;
pub const JAIPUR: u32 = 1_269_515;

const SEDAN_ROUTE: [(f64, f64); 2] = [(19.072_83, 72.882_61), (18.519_57, 73.855_35)];
const SUV_ROUTE: [(f64, f64); 2] = [(28.651_95, 77.231_49), (26.919_62, 75.787_81)];

/// A moment of November 2026 in India.
pub fn at(day: u8, clock: &str) -> Timestamp {
    format!("2026-11-{day:02}T{clock}+05:30").parse().unwrap()
}

fn quote(number: u64) -> QuoteId {
    QuoteId::from_ulid(derive_ulid(1, &[b"quote", &number.to_be_bytes()]))
}

pub fn booking(number: u64) -> BookingId {
    quote(number).into()
}

/// The first frozen sample of a type: what services publish, to be filled.
fn sample(event_type: &str) -> Value {
    let path = format!(
        "{}/../../schemas/samples/{event_type}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read(Path::new(&path)).unwrap();
    let all: Vec<Value> = serde_json::from_slice(&text).unwrap();
    all[0].clone()
}

fn inr(paise: i64) -> Value {
    json!({ "amount": paise, "currency": "INR" })
}

/// Events of each service in the order in which they stand in its one partition.
#[derive(Default)]
pub struct Story {
    pub events: BTreeMap<&'static str, Vec<Event>>,
}

impl Story {
    fn tell(
        &mut self,
        service: &'static str,
        event_type: &str,
        subject: String,
        at: Timestamp,
        payload: &Value,
    ) {
        let events = self.events.entry(service).or_default();
        let sequence = events.len() as u64 + 1;
        events.push(event(service, 0, sequence, event_type, subject, at, payload));
    }

    fn booking(&mut self, number: u64, event_type: &str, at: Timestamp, payload: &Value) {
        self.tell("booking", event_type, booking(number).to_string(), at, payload);
    }

    fn quoted(&mut self, number: u64, class: &str, issued: Timestamp, pickup: Timestamp) {
        let mut payload = sample("quote.issued.v1");
        order(&mut payload, number, class, pickup);
        self.tell(
            "booking",
            "quote.issued.v1",
            quote(number).to_string(),
            issued,
            &payload,
        );
    }

    fn booked(&mut self, number: u64, class: &str, booked: Timestamp, pickup: Timestamp) {
        let mut payload = sample("booking.requested.v1");
        order(&mut payload["order"], number, class, pickup);
        payload["order"]["booking"] = json!(booking(number));
        self.booking(number, "booking.requested.v1", booked, &payload);
    }

    fn confirmed(&mut self, number: u64, at: Timestamp) {
        self.booking(
            number,
            "booking.confirmed.v1",
            at,
            &sample("booking.confirmed.v1"),
        );
    }

    fn assigned(&mut self, number: u64, driver: &str, at: Timestamp) {
        let mut payload = sample("booking.assigned.v1");
        payload["assignment"]["driver"] = json!(driver);
        self.booking(number, "booking.assigned.v1", at, &payload);
    }

    fn withdrawn(&mut self, number: u64, event_type: &str, at: Timestamp, terms: &Value) {
        let mut payload = sample(event_type);
        for (name, value) in terms.as_object().unwrap() {
            payload["terms"][name] = value.clone();
        }
        self.booking(number, event_type, at, &payload);
    }

    fn completed(&mut self, number: u64, at: Timestamp, lines: &[(&str, i64)]) {
        let mut payload = sample("booking.completed.v1");
        payload["invoice"]["lines"] = fare_lines(lines);
        let sum = |tax: bool| {
            let of = lines.iter().filter(|(code, _)| !tax || code.ends_with("GST"));
            inr(of.map(|(_, amount)| amount).sum())
        };
        payload["invoice"]["payable"] = sum(false);
        payload["invoice"]["tax"] = sum(true);
        self.booking(number, "booking.completed.v1", at, &payload);
    }

    fn differed(&mut self, number: u64, at: Timestamp, line: &str, quoted: i64, invoiced: i64) {
        let mut payload = sample("booking.fare_differed.v1");
        payload["difference"] = json!({ "line": line, "quoted": inr(quoted), "invoiced": inr(invoiced) });
        self.booking(number, "booking.fare_differed.v1", at, &payload);
    }

    fn posted(&mut self, number: u64, at: Timestamp, kind: &str, postings: &[(&str, i64)]) {
        let mut payload = sample("payment.journal_posted.v1");
        payload["booking"] = json!(booking(number));
        payload["entry"]["kind"] = json!(kind);
        let postings = postings
            .iter()
            .map(|(account, amount)| json!({ "account": account, "amount": inr(*amount) }));
        payload["entry"]["postings"] = postings.collect();
        let subject = interstate_schemas::PaymentId::from(booking(number)).to_string();
        self.tell("payment", "payment.journal_posted.v1", subject, at, &payload);
    }

    fn offers(&mut self, number: u64, event_type: &str, at: Timestamp, payload: &Value) {
        let subject = DispatchId::from(booking(number)).to_string();
        self.tell("driver", event_type, subject, at, payload);
    }
}

pub fn event(
    service: &'static str,
    partition: u32,
    sequence: u64,
    event_type: &str,
    subject: String,
    at: Timestamp,
    payload: &Value,
) -> Event {
    let place = [
        service.as_bytes(),
        &partition.to_be_bytes(),
        &sequence.to_be_bytes(),
    ];
    let command = CommandId::derive(1, &place);
    Event {
        id: EventId::derive(1, &place),
        service: service.into(),
        partition,
        sequence,
        aggregate: event_type.split('.').next().unwrap().to_owned().into(),
        subject,
        version: 1,
        event_type: event_type.to_owned().into(),
        time: at,
        actor: Actor::System,
        correlation: command,
        causation: command,
        trace: None,
        payload: serde_json::to_vec(payload).unwrap().into(),
    }
}

/// A trip of this class, with the fare of a sedan's quote.
fn order(payload: &mut Value, number: u64, class: &str, pickup: Timestamp) {
    let route = if class == "SUV" { SUV_ROUTE } else { SEDAN_ROUTE };
    payload["quote"] = json!(quote(number));
    payload["pickup_at"] = json!(pickup);
    for (stop, (lat, lon)) in payload["route"]["stops"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .zip(route)
    {
        stop["name"] = json!("the rider's own words");
        stop["point"] = json!({ "lat": lat, "lon": lon });
    }
    payload["input"]["class"] = json!(class);
    payload["fare"]["lines"] = fare_lines(&QUOTED);
    payload["fare"]["payable"] = inr(630_000);
    payload["fare"]["tax"] = inr(30_000);
}

const QUOTED: [(&str, i64); 4] = [
    ("KM", 500_000),
    ("TOLL", 100_000),
    ("CGST", 15_000),
    ("SGST", 15_000),
];

fn fare_lines(lines: &[(&str, i64)]) -> Value {
    let lines = lines
        .iter()
        .map(|(code, amount)| json!({ "code": code, "amount": inr(*amount), "explanation": { "code": "AT_COST", "estimated": false } }));
    lines.collect()
}

/// The history.
pub fn told() -> Story {
    let mut story = Story::default();
    let (first, second) = ("drv_0000000000FRW5X7B6TY9B6SBT", "drv_0000000000JTJXXNCVG4AVA01H");

    // The 20th.
    let pickup = at(21, "08:00:00");
    story.quoted(1, "SEDAN", at(20, "09:00:00"), pickup);
    story.booked(1, "SEDAN", at(20, "09:10:00"), pickup);
    story.confirmed(1, at(20, "09:12:00"));
    story.offers(
        1,
        "dispatch.offers_made.v1",
        at(20, "09:12:10"),
        &sample("dispatch.offers_made.v1"),
    );
    story.offers(
        1,
        "dispatch.offer_declined.v1",
        at(20, "09:12:40"),
        &sample("dispatch.offer_declined.v1"),
    );
    story.offers(
        1,
        "dispatch.offer_accepted.v1",
        at(20, "09:13:50"),
        &sample("dispatch.offer_accepted.v1"),
    );
    story.assigned(1, first, at(20, "09:14:00"));

    let pickup = at(21, "00:13:00");
    story.quoted(3, "SUV", at(20, "09:30:00"), pickup);
    story.booked(3, "SUV", at(20, "09:40:00"), pickup);
    story.confirmed(3, at(20, "10:00:00"));
    story.assigned(3, second, at(20, "10:04:00"));
    let terms = json!({ "reason": "RIDER_BY_TIME", "minutes_to_pickup": 253, "fee": inr(10_000),
        "refund": inr(84_000), "credit": inr(0) });
    story.withdrawn(3, "booking.cancelled.v1", at(20, "20:00:00"), &terms);
    let fee = [
        ("advance_liability", 10_000),
        ("cancellation_fees", -9_524),
        ("gst_output", -476),
    ];
    story.posted(3, at(20, "20:00:01"), "cancellation_fee", &fee);
    let share = [("cancellation_fees", 8_000), ("driver_payable", -8_000)];
    story.posted(3, at(20, "20:00:01"), "driver_compensation", &share);

    story.quoted(5, "SEDAN", at(20, "11:00:00"), at(21, "20:00:00"));
    story.quoted(6, "SEDAN", at(20, "12:00:00"), at(22, "08:00:00"));
    story.booked(6, "SEDAN", at(20, "12:05:00"), at(22, "08:00:00"));
    story.booking(
        6,
        "booking.lapsed.v1",
        at(20, "12:20:00"),
        &sample("booking.lapsed.v1"),
    );

    // Over midnight in India, which is in the evening in UTC.
    let pickup = at(21, "18:00:00");
    story.quoted(2, "SEDAN", at(20, "23:50:00"), pickup);
    story.booked(2, "SEDAN", at(21, "00:10:00"), pickup);
    story.confirmed(2, at(21, "00:12:00"));
    story.assigned(2, first, at(21, "00:22:00"));

    // The 21st.
    story.quoted(4, "SUV", at(21, "10:00:00"), at(23, "10:00:00"));
    story.booked(5, "SEDAN", at(21, "11:00:00.001"), at(21, "20:00:00"));
    story.confirmed(5, at(21, "11:05:00"));
    let invoice = [
        ("KM", 500_000),
        ("TOLL", 112_000),
        ("CGST", 15_300),
        ("SGST", 15_300),
    ];
    story.differed(1, at(21, "12:00:00"), "TOLL", 100_000, 112_000);
    story.differed(1, at(21, "12:00:00"), "CGST", 15_000, 15_300);
    story.differed(1, at(21, "12:00:00"), "SGST", 15_000, 15_300);
    story.completed(1, at(21, "12:00:00"), &invoice);
    let settled = [
        ("rider_receivable", 642_600),
        ("driver_payable", -553_000),
        ("commission_income", -50_000),
        ("gst_output", -39_600),
    ];
    story.posted(1, at(21, "12:00:01"), "settlement", &settled);
    let terms = json!({ "reason": "DRIVER_RELEASED", "minutes_to_pickup": 310, "fee": inr(0),
        "refund": inr(0), "credit": inr(10_000) });
    story.withdrawn(2, "booking.driver_released.v1", at(21, "12:50:00"), &terms);
    // A fine pays the rider, not we.
    let fined = [("driver_payable", 10_000), ("rider_credits", -10_000)];
    story.posted(2, at(21, "12:50:01"), "rider_credit", &fined);
    story.assigned(2, second, at(21, "13:00:00"));
    let terms = json!({ "reason": "UNFULFILLED", "minutes_to_pickup": 178, "fee": inr(0),
        "refund": inr(126_000), "credit": inr(30_000) });
    story.withdrawn(5, "booking.unfulfilled.v1", at(21, "17:02:00"), &terms);
    let credited = [("credits_given", 30_000), ("rider_credits", -30_000)];
    story.posted(5, at(21, "17:02:01"), "rider_credit", &credited);

    // The 22nd. Nothing explains the rupee more.
    let invoice = [
        ("KM", 500_100),
        ("TOLL", 100_000),
        ("CGST", 15_000),
        ("SGST", 15_000),
    ];
    story.completed(2, at(22, "00:30:00"), &invoice);
    let settled = [
        ("rider_receivable", 630_100),
        ("driver_payable", -541_090),
        ("commission_income", -50_010),
        ("gst_output", -39_000),
    ];
    story.posted(2, at(22, "00:30:01"), "settlement", &settled);
    let refund = [("refunds", 5_000), ("provider_clearing", -5_000)];
    story.posted(2, at(22, "09:00:00"), "refund", &refund);

    let registered = sample("user.registered.v1");
    story.tell(
        "user",
        "user.registered.v1",
        "usr_0000000000FRW5X7B6TY9B6SBT".to_owned(),
        at(20, "08:00:00"),
        &registered,
    );
    let closed = sample("location.trip_closed.v1");
    story.tell(
        "location",
        "location.trip_closed.v1",
        "trp_0000000000FRW5X7B6TY9B6SBT".to_owned(),
        at(21, "12:00:02"),
        &closed,
    );
    story
}
