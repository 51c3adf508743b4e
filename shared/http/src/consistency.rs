//! The header `Consistency-Token`: how a client reads its own writes.

use crate::{Problem, codes, request::header_parameter};
use aide::{OperationInput, generate::GenContext, openapi};
use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponseParts, ResponseParts},
};
use http::{HeaderValue, request::Parts};
use std::{convert::Infallible, fmt, str::FromStr};

/// A place in one partition of one service's log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Which incarnation of the log: a restore begins another.
    pub incarnation: u32,
    /// The service by its name.
    pub service: String,
    /// The partition, from 0.
    pub partition: u32,
    /// The sequence of the last event that must be seen.
    pub sequence: u64,
}

/// What a client has seen: at most one position a partition. Text form
/// `<incarnation>.<service>.<partition>.<sequence>`, several joined by `,`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConsistencyToken {
    entries: Vec<Position>,
}

/// Text that is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a consistency token: expected `<incarnation>.<service>.<partition>.<sequence>`, at most 16 of them"
)]
pub struct ConsistencyTokenError;

impl ConsistencyToken {
    /// The header's name.
    pub const HEADER: &'static str = "consistency-token";

    /// More than a client that talks to every service needs, and little enough to check on each read.
    const MAX: usize = 16;

    /// What one command's answer carries.
    pub fn at(position: Position) -> Self {
        Self {
            entries: vec![position],
        }
    }

    /// The positions, at most one a partition.
    pub fn entries(&self) -> &[Position] {
        &self.entries
    }

    /// The positions in one service's log.
    pub fn of<'a>(&'a self, service: &'a str) -> impl Iterator<Item = &'a Position> {
        self.entries
            .iter()
            .filter(move |position| position.service == service)
    }

    /// Adds a position; of two in the same partition the later one stays.
    pub fn add(&mut self, position: Position) {
        let same = |known: &&mut Position| {
            (known.incarnation, &known.service, known.partition)
                == (position.incarnation, &position.service, position.partition)
        };
        match self.entries.iter_mut().find(same) {
            Some(known) => known.sequence = known.sequence.max(position.sequence),
            None => self.entries.push(position),
        }
    }
}

impl fmt::Display for ConsistencyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (
            index,
            Position {
                incarnation,
                service,
                partition,
                sequence,
            },
        ) in self.entries.iter().enumerate()
        {
            let comma = if index > 0 { "," } else { "" };
            write!(f, "{comma}{incarnation}.{service}.{partition}.{sequence}")?;
        }
        Ok(())
    }
}

impl FromStr for ConsistencyToken {
    type Err = ConsistencyTokenError;

    fn from_str(text: &str) -> Result<Self, ConsistencyTokenError> {
        let mut token = Self::default();
        for (index, entry) in text.split(',').enumerate() {
            if index >= Self::MAX {
                return Err(ConsistencyTokenError);
            }
            token.add(position(entry.trim()).ok_or(ConsistencyTokenError)?);
        }
        Ok(token)
    }
}

fn position(text: &str) -> Option<Position> {
    let mut parts = text.split('.');
    let position = Position {
        incarnation: number(parts.next()?)?,
        service: parts.next().filter(|name| is_service(name))?.to_owned(),
        partition: number(parts.next()?)?,
        sequence: number(parts.next()?)?,
    };
    parts.next().is_none().then_some(position)
}

fn is_service(name: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&name.len()) && name.bytes().all(legal)
}

/// Digits only: `parse` alone would take a plus sign.
fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

impl ConsistencyToken {
    /// All headers of this name count as one list.
    fn from_headers(parts: &Parts) -> Result<Option<Self>, Problem> {
        let mut joined = Option::<Self>::None;
        for value in parts.headers.get_all(Self::HEADER) {
            let token: Self = value
                .to_str()
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| {
                    Problem::new(
                        &codes::INVALID_CONSISTENCY_TOKEN,
                        ConsistencyTokenError.to_string(),
                    )
                })?;
            let all = joined.get_or_insert_default();
            token
                .entries
                .into_iter()
                .take(Self::MAX)
                .for_each(|position| all.add(position));
        }
        Ok(joined)
    }
}

/// Without the header an empty token: anything is fresh enough.
impl<S: Send + Sync> FromRequestParts<S> for ConsistencyToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self::from_headers(parts)?.unwrap_or_default())
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for ConsistencyToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Problem> {
        Self::from_headers(parts)
    }
}

impl OperationInput for ConsistencyToken {
    fn operation_input(ctx: &mut GenContext, operation: &mut openapi::Operation) {
        let description = "The token of an earlier answer: this one will not be older than that.";
        header_parameter(ctx, operation, "Consistency-Token", description, false);
    }
}

impl IntoResponseParts for ConsistencyToken {
    type Error = Infallible;

    fn into_response_parts(self, mut response: ResponseParts) -> Result<ResponseParts, Infallible> {
        if !self.entries.is_empty()
            && let Ok(value) = HeaderValue::from_str(&self.to_string())
        {
            response.headers_mut().insert(Self::HEADER, value);
        }
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back() {
        let token: ConsistencyToken = "1.booking.3.4711, 1.payment.0.12".parse().unwrap();
        assert_eq!(token.to_string(), "1.booking.3.4711,1.payment.0.12");
        let booking: Vec<_> = token.of("booking").collect();
        assert_eq!((booking[0].partition, booking[0].sequence), (3, 4711));
    }

    #[test]
    fn of_two_positions_in_a_partition_the_later_one_counts() {
        let token: ConsistencyToken = "1.booking.3.9,1.booking.3.7,2.booking.3.1".parse().unwrap();
        assert_eq!(token.to_string(), "1.booking.3.9,2.booking.3.1");
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let many = vec!["1.booking.3.9"; 17].join(",");
        for wrong in [
            "",
            ",",
            "1.booking.3",
            "1.booking.3.9.1",
            "1.Booking.3.9",
            "1..3.9",
            "+1.a.3.9",
            "1.a.3.-9",
            "1.a.3.99999999999999999999",
            &many,
        ] {
            assert_eq!(
                wrong.parse::<ConsistencyToken>(),
                Err(ConsistencyTokenError),
                "{wrong}"
            );
        }
    }
}
