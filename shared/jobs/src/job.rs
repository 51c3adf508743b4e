//! What is handed on.

use serde::{Deserialize, Serialize};

/// Bytes of a job on the wire, at most.
pub const LONGEST: usize = 1_024;
/// Bytes of a subject, at most.
const LONGEST_SUBJECT: usize = 128;
/// The form that is written, and the only one that is read.
const FORM: u8 = 1;

/// A wake-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What to look at, by its id.
    pub subject: String,
    /// The event that asks for it. A worker that has not read so far waits.
    pub cause: Cause,
    /// How often it has been looked at, and this time: 1 for the first.
    pub attempt: u32,
    /// Whether somebody may have looked at it before under another job.
    pub again: bool,
}

/// The place of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause {
    /// The partition of the service's events.
    pub partition: u32,
    /// The event's sequence in it.
    pub sequence: u64,
}

/// Why bytes are no job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoJob {
    /// Too many of them.
    #[error("{0} bytes, where a job has at most {LONGEST}")]
    Long(usize),
    /// Not JSON, or not of this shape.
    #[error("not a job: {0}")]
    Shape(String),
    /// Another version's.
    #[error("a job of form {0}; this build reads form {FORM}")]
    Form(u8),
    /// No subject, or one that is too long.
    #[error("its subject has {0} bytes, where 1 to {LONGEST_SUBJECT} are right")]
    Subject(usize),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    form: u8,
    subject: String,
    partition: u32,
    sequence: u64,
    attempt: u32,
    #[serde(default)]
    again: bool,
}

impl Job {
    /// The first look at a subject, because of this event.
    pub fn new(subject: impl Into<String>, cause: Cause) -> Self {
        Self {
            subject: subject.into(),
            cause,
            attempt: 1,
            again: false,
        }
    }

    /// The same for another look.
    #[must_use]
    pub fn next(mut self) -> Self {
        self.attempt = self.attempt.saturating_add(1);
        self
    }

    /// The bytes on the wire.
    pub fn encode(&self) -> Result<Vec<u8>, NoJob> {
        let Self {
            subject,
            cause: Cause { partition, sequence },
            attempt,
            again,
        } = self.clone();
        checked(&subject)?;
        let wire = Wire {
            form: FORM,
            subject,
            partition,
            sequence,
            attempt,
            again,
        };
        serde_json::to_vec(&wire).map_err(|error| NoJob::Shape(error.to_string()))
    }

    /// Reads what [`Job::encode`] wrote. The error says what is wrong and repeats nothing of the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, NoJob> {
        if bytes.len() > LONGEST {
            return Err(NoJob::Long(bytes.len()));
        }
        let wire: Wire = serde_json::from_slice(bytes)
            .map_err(|error| NoJob::Shape(format!("line {} column {}", error.line(), error.column())))?;
        if wire.form != FORM {
            return Err(NoJob::Form(wire.form));
        }
        checked(&wire.subject)?;
        Ok(Self {
            subject: wire.subject,
            cause: Cause {
                partition: wire.partition,
                sequence: wire.sequence,
            },
            attempt: wire.attempt.max(1),
            again: wire.again,
        })
    }
}

fn checked(subject: &str) -> Result<(), NoJob> {
    match subject.len() {
        1..=LONGEST_SUBJECT => Ok(()),
        bytes => Err(NoJob::Subject(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_survives_the_wire() {
        let cause = Cause {
            partition: 3,
            sequence: u64::MAX,
        };
        let job = Job {
            again: true,
            ..Job::new("opn_1", cause).next()
        };
        assert_eq!(Job::decode(&job.encode().unwrap()), Ok(job.clone()));
        assert_eq!(job.attempt, 2);
    }

    #[test]
    fn what_is_no_job_is_said_without_repeating_it() {
        let long = vec![b'x'; LONGEST + 1];
        let far = r#"{"form":1,"subject":"a","partition":0,"sequence":0,"attempt":1,"pin":4321}"#;
        let form = r#"{"form":9,"subject":"a","partition":0,"sequence":0,"attempt":1}"#;
        let nobody = r#"{"form":1,"subject":"","partition":0,"sequence":0,"attempt":1}"#;
        for (bytes, says) in [
            (&b"\xff\x00garbage 4321"[..], "not a job: line 1"),
            (&long, "1025 bytes"),
            (far.as_bytes(), "not a job"),
            (form.as_bytes(), "form 9"),
            (nobody.as_bytes(), "0 bytes"),
        ] {
            let error = Job::decode(bytes).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("4321"), "{error}");
        }
        let cause = Cause {
            partition: 0,
            sequence: 0,
        };
        assert!(Job::new("x".repeat(129), cause).encode().is_err());
    }
}
