//! The log of all services, read from its beginning.

use crate::journal::Acknowledged;
use interstate::{audit::each_batch, catalogue};
use interstate_eventing::{Batch, DomainEvent, Event, receipt::Outcome};
use interstate_log::{
    PartitionId,
    kafka::{KafkaLog, Options},
};
use interstate_payment::domain::{
    PaymentEvent,
    operation::{OperationKind, OperationResult},
};
use interstate_schemas::CommandId;
use std::collections::{BTreeMap, BTreeSet};

/// An account is active.
const REGISTERED: &str = "user.registered.v1";

/// A place in the log, as a token names it: service, partition, sequence.
type Place = (String, u32, u64);

/// What the log says.
#[derive(Default)]
pub struct Told {
    /// Accepted commands by where their effect stands.
    accepted: BTreeMap<Place, BTreeSet<CommandId>>,
    /// Where accounts became active. A sign-up is answered only then, and its token names that event, which a
    /// message of the registration's saga has caused and no command.
    registered: BTreeSet<Place>,
    /// How often each command was decided, and where.
    decided: BTreeMap<CommandId, Vec<Place>>,
    /// What the provider was asked for and has not answered.
    open: BTreeMap<String, (OperationKind, i64)>,
    captured: i64,
    refunded: i64,
}

impl Told {
    /// Reads everything that is committed now.
    pub async fn read(brokers: &str) -> Result<Self, String> {
        let log = KafkaLog::new(Options::new(brokers)).map_err(|error| error.to_string())?;
        let mut told = Self::default();
        for service in catalogue::services() {
            for index in 0..service.partition_count() {
                let source = PartitionId::new(service.name().to_owned(), index);
                each_batch(&log, &source, |batch| told.batch(&source, &batch)).await?;
            }
        }
        Ok(told)
    }

    fn batch(&mut self, source: &PartitionId, batch: &Batch) -> Result<(), String> {
        for event in &batch.events {
            self.event(event)?;
        }
        for one in &batch.receipt.outcomes {
            let place = (source.service.to_string(), source.index, one.sequence);
            self.decided.entry(one.id).or_default().push(place.clone());
            if matches!(one.outcome, Outcome::Accepted { .. }) {
                self.accepted.entry(place).or_default().insert(one.id);
            }
        }
        Ok(())
    }

    fn event(&mut self, event: &Event) -> Result<(), String> {
        if event.event_type == REGISTERED {
            let place = (event.service.to_string(), event.partition, event.sequence);
            self.registered.insert(place);
        }
        if !event.event_type.starts_with("payment.operation_") {
            return Ok(());
        }
        let decoded = PaymentEvent::decode(&event.event_type, &event.payload);
        match decoded.map_err(|error| format!("{}: {error}", event.id))? {
            PaymentEvent::OperationRequested(asked) => {
                let amount = asked.amount.amount;
                self.open
                    .insert(asked.operation.to_string(), (asked.kind, amount));
            }
            PaymentEvent::OperationClosed(closed) => {
                let Some((kind, amount)) = self.open.remove(&closed.operation.to_string()) else {
                    return Err(format!("{} was closed twice, or never asked", closed.operation));
                };
                if !matches!(closed.result, OperationResult::Succeeded { .. }) {
                    return Ok(());
                }
                match kind {
                    OperationKind::Capture | OperationKind::Charge => self.captured += amount,
                    OperationKind::Refund => self.refunded += amount,
                    OperationKind::Hold | OperationKind::Void => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// How many commands were decided.
    pub fn commands(&self) -> usize {
        self.decided.len()
    }

    /// Acknowledgements that the log knows nothing of. Each names the place of its effect; commands that were
    /// acknowledged at a place are as many as took effect there, or fewer.
    pub fn lost(&self, acknowledged: &[Acknowledged]) -> Vec<String> {
        let mut by_place = BTreeMap::<Place, Vec<&str>>::new();
        for one in acknowledged {
            for at in one.token.entries() {
                let place = (at.service.clone(), at.partition, at.sequence);
                by_place.entry(place).or_default().push(&one.path);
            }
        }
        let lost = by_place.iter().filter_map(|(place, paths)| {
            let accepted = self.accepted.get(place).map_or(0, BTreeSet::len);
            let found = accepted + usize::from(self.registered.contains(place));
            (found < paths.len()).then(|| {
                let (service, partition, sequence) = place;
                format!(
                    "{} acknowledged at {service}/{partition}, sequence {sequence} ({}), and {found} accepted there",
                    paths.len(),
                    paths.join(", ")
                )
            })
        });
        lost.collect()
    }

    /// Commands that were decided more than once.
    pub fn twice(&self) -> Vec<String> {
        let more = self.decided.iter().filter(|(_, places)| places.len() > 1);
        more.map(|(id, places)| format!("{id} was decided at {places:?}"))
            .collect()
    }

    /// What the provider was asked for and has not answered.
    pub fn open_operations(&self) -> usize {
        self.open.len()
    }

    /// What the provider says to have taken, in paise.
    pub fn captured(&self) -> i64 {
        self.captured
    }

    /// What the provider says to have given back, in paise.
    pub fn refunded(&self) -> i64 {
        self.refunded
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use interstate_http::{ConsistencyToken, Position};

    fn place(sequence: u64) -> Place {
        ("booking".to_owned(), 2, sequence)
    }

    fn acknowledged(sequence: u64) -> Acknowledged {
        Acknowledged {
            path: "/v1/bookings".to_owned(),
            token: ConsistencyToken::at(Position {
                incarnation: 1,
                service: "booking".to_owned(),
                partition: 2,
                sequence,
            }),
        }
    }

    /// A log in which these commands were accepted, each at its place.
    fn told(commands: &[(&str, u64)]) -> Told {
        let mut told = Told::default();
        for (name, sequence) in commands {
            let id = CommandId::derive(1, &[name.as_bytes()]);
            told.decided.entry(id).or_default().push(place(*sequence));
            told.accepted.entry(place(*sequence)).or_default().insert(id);
        }
        told
    }

    #[test]
    fn what_was_acknowledged_and_is_not_in_the_log_is_named() {
        let journal = [acknowledged(7), acknowledged(9)];
        assert_eq!(told(&[("a", 7), ("b", 9)]).lost(&journal), [""; 0]);
        let lost = told(&[("a", 7)]).lost(&journal);
        assert_eq!(lost.len(), 1, "{lost:?}");
        assert!(
            lost[0].contains("booking/2, sequence 9 (/v1/bookings)"),
            "{lost:?}"
        );
        // Two that were told the same place, of which the log has one.
        let both = [acknowledged(7), acknowledged(7)];
        assert_eq!(told(&[("a", 7)]).lost(&both).len(), 1);
        assert_eq!(told(&[("a", 7), ("b", 7)]).lost(&both), [""; 0]);
    }

    #[test]
    fn a_sign_up_is_kept_where_its_account_became_active() {
        let mut told = Told::default();
        assert_eq!(told.lost(&[acknowledged(7)]).len(), 1);
        told.registered.insert(place(7));
        assert_eq!(told.lost(&[acknowledged(7)]), [""; 0]);
        assert_eq!(told.lost(&[acknowledged(8)]).len(), 1);
    }

    #[test]
    fn what_was_decided_twice_is_named() {
        assert_eq!(told(&[("a", 7), ("b", 8)]).twice(), [""; 0]);
        assert_eq!(told(&[("a", 7), ("a", 8)]).twice().len(), 1);
    }
}
