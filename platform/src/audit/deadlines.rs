//! Deadlines: what is due is done. A saga whose step got no answer asks again when the step's time is over, so a
//! deadline that stays where it was means that its partition does not go on.

use super::{Audit, Check};
use interstate_eventing::{Aggregate, Event};
use interstate_schemas::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// A deadline fires once the backlog before it is decided; only what is later than this stands still. It is log
/// time, which an accelerated clock makes short.
pub const GRACE: SignedDuration = SignedDuration::from_hours(1);

/// The aggregates of one kind as the log tells them, one partition after the other: only those of one are in memory.
#[derive(Debug)]
pub struct Deadlines<A> {
    what: &'static str,
    /// Whatever was due before this stands still.
    late: Timestamp,
    all: BTreeMap<String, A>,
    count: usize,
    violations: Vec<String>,
}

impl<A: Aggregate> Deadlines<A> {
    /// Of these; `what` is what people call them, `now` a moment from before the log is read: what becomes due meanwhile
    /// may still fire.
    pub fn of(what: &'static str, now: Timestamp) -> Self {
        Self {
            what,
            late: now.saturating_sub(GRACE).unwrap_or(Timestamp::MIN),
            all: BTreeMap::new(),
            count: 0,
            violations: Vec::new(),
        }
    }
}

impl<A: Aggregate> Audit for Deadlines<A> {
    fn take(&mut self, event: &Event) {
        if event.aggregate != A::NAME {
            return;
        }
        match event.decode::<A::Event>() {
            Ok(decoded) => self
                .all
                .entry(event.subject.clone())
                .or_default()
                .evolve(&decoded, event.time),
            Err(error) => self.violations.push(format!("{}: {error}", event.subject)),
        }
    }

    /// Notes which of the partition's aggregates wait for a moment that is long past.
    fn end_of_partition(&mut self) {
        let all = std::mem::take(&mut self.all);
        self.count += all.len();
        for (id, state) in all {
            let late = state
                .deadlines()
                .into_iter()
                .filter(|deadline| deadline.due < self.late);
            self.violations.extend(
                late.map(|deadline| format!("{id}: `{}` was due at {}", deadline.name, deadline.due)),
            );
        }
    }

    fn check(&mut self) -> Check {
        Check::new(
            format!("nothing is past its deadline: {} {}", self.count, self.what),
            std::mem::take(&mut self.violations),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use interstate_driver::domain::dispatch::Dispatch;
    use interstate_schemas::{Actor, CommandId, EventId};

    /// A search that waits for candidates, as in the frozen samples.
    fn waiting() -> [Event; 2] {
        [
            event(
                "dispatch.search_opened.v1",
                include_str!("../../../schemas/samples/dispatch.search_opened.v1.json"),
            ),
            event(
                "dispatch.candidates_wanted.v1",
                include_str!("../../../schemas/samples/dispatch.candidates_wanted.v1.json"),
            ),
        ]
    }

    fn event(kind: &'static str, sample: &str) -> Event {
        let all: Vec<serde_json::Value> = serde_json::from_str(sample).unwrap();
        let command = CommandId::derive(1, &[b"find"]);
        Event {
            id: EventId::derive(1, &[b"opened"]),
            service: "driver".into(),
            partition: 0,
            sequence: 1,
            aggregate: Dispatch::NAME.into(),
            subject: "dsp_1".to_owned(),
            version: 1,
            event_type: kind.into(),
            time: Timestamp::UNIX_EPOCH,
            actor: Actor::System,
            correlation: command,
            causation: command,
            trace: None,
            payload: all[0].to_string().into(),
        }
    }

    #[test]
    fn what_is_past_its_deadline_is_named_once_the_grace_is_over() {
        let check = |late: SignedDuration| {
            let mut searches = Deadlines::<Dispatch>::of("searches", Timestamp::UNIX_EPOCH + late);
            waiting().iter().for_each(|event| searches.take(event));
            searches.end_of_partition();
            searches.check()
        };
        assert_eq!(check(GRACE / 2).violations, [""; 0]);
        let found = check(GRACE * 2);
        assert!(found.violations[0].starts_with("dsp_1: `"), "{found:?}");
        assert!(found.name.ends_with("1 searches"), "{found:?}");
    }

    #[test]
    fn what_cannot_be_read_is_no_check_that_has_passed() {
        let mut searches = Deadlines::<Dispatch>::of("searches", Timestamp::UNIX_EPOCH);
        searches.take(&Event {
            payload: "{}".into(),
            ..waiting()[0].clone()
        });
        assert_eq!(searches.check().violations.len(), 1);
    }
}
