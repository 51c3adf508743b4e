//! A booking's whole story from the log, for people: what happened, with which figures, and because of what.

mod causes;
mod facts;
mod fare;
mod own;

#[cfg(test)]
mod tests;

use causes::Causes;
use interstate_eventing::Event;
use interstate_schemas::{BookingId, DispatchId, PaymentId, QuoteId, Timestamp, TripId};
use jiff::tz::TimeZone;
use std::fmt::Write;

/// The subjects whose events belong to a booking's story: whatever carries its bits, in every service. Calendars
/// and vehicles belong to many bookings; their events about this one follow from those listed here, which name
/// them.
pub fn subjects(booking: BookingId) -> Vec<String> {
    let bits = booking.ulid();
    vec![
        QuoteId::from_ulid(bits).to_string(),
        booking.to_string(),
        PaymentId::from(booking).to_string(),
        DispatchId::from(booking).to_string(),
        TripId::from(booking).to_string(),
    ]
}

/// Whether an event belongs to a booking's story, by its subject or because it names the booking.
pub fn belongs(event: &Event, booking: BookingId) -> bool {
    let name = booking.to_string();
    subjects(booking).contains(&event.subject)
        || event
            .payload
            .windows(name.len())
            .any(|window| window == name.as_bytes())
}

/// The story of these events, in any order and from any services. Times are India's.
///
/// Each entry has a number, when, what, who and, where it can be told, the number of the entry that led to it.
pub fn story(booking: BookingId, events: &[Event]) -> String {
    let mut out = format!("The story of {booking}; times are India's (IST, UTC+05:30)\n");
    if events.is_empty() {
        out.push_str("\nThe log holds nothing about it.\n");
        return out;
    }
    let causes = Causes::of(events);
    for (index, event) in causes.in_order().iter().enumerate() {
        let because = match causes.cause(event) {
            Some(number) => format!(", because of {}", number + 1),
            None => String::new(),
        };
        let _ = writeln!(
            out,
            "\n{}. {}  {}  ({}{because})",
            index + 1,
            clock(event.time),
            event.event_type,
            event.actor,
        );
        for line in lines(event) {
            let _ = writeln!(out, "     {line}");
        }
    }
    out
}

fn lines(event: &Event) -> Vec<String> {
    own::lines(event).unwrap_or_else(|| facts::lines(&event.payload))
}

/// A moment on India's clock, which it names.
fn clock(moment: Timestamp) -> String {
    match TimeZone::get("Asia/Kolkata") {
        Ok(zone) => moment.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
        Err(_) => moment.to_string(),
    }
}
