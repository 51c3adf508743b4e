//! The smallest aggregate that a measurement can use: it writes texts down, and answers.

use interstate_eventing::{Aggregate, Context, Decision, Rejection, events};
use interstate_schemas::{AddressedCommand, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something was written down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Noted {
    text: String,
}

events! {
    pub enum NoteEvent {
        Noted(Noted) = "note.noted.v1",
    }
}

/// How often something was written down.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Note {
    count: u64,
}

/// Write this down so many times, each an event.
#[derive(Debug, Serialize, Deserialize)]
pub struct Write {
    pub text: String,
    pub events: u8,
}

impl Write {
    /// A command whose JSON has so many bytes.
    pub fn of_size(bytes: usize, events: u8) -> Self {
        let empty = Self {
            text: String::new(),
            events,
        };
        let frame = serde_json::to_vec(&empty).map_or(0, |json| json.len());
        Self {
            text: "x".repeat(bytes.saturating_sub(frame)),
            events,
        }
    }
}

impl AddressedCommand for Write {
    const SERVICE: &'static str = "notes";
    const AGGREGATE: &'static str = "note";
}

impl Aggregate for Note {
    const NAME: &'static str = "note";
    type Command = Write;
    type Event = NoteEvent;

    fn decide(&self, write: Write, _: &Context<'_>) -> Result<Decision<NoteEvent>, Rejection> {
        let noted = (0..write.events).fold(Decision::nothing(), |decision, _| {
            decision.and(Noted {
                text: write.text.clone(),
            })
        });
        Ok(noted.reply(&self.count))
    }

    fn evolve(&mut self, _: &NoteEvent, _: Timestamp) {
        self.count += 1;
    }
}
