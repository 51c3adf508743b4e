//! A read model of this process as something to rebuild.

use super::base::Rebuildable;
use crate::audit::At;
use async_trait::async_trait;
use interstate_eventing::{Service, projection::Consumers};
use interstate_log::{Log, PartitionId, Topic};
use interstate_stores::{ParkedNote, StoredModel};
use std::{fmt::Write, sync::Arc};
use tokio::sync::Mutex;

/// A live read model with the log that it follows.
pub struct Live {
    log: Arc<dyn Log>,
    consumers: Consumers,
    model: Arc<dyn StoredModel>,
    sources: Vec<PartitionId>,
    /// Held by a rebuild, also by one whose caller does not wait for it any more.
    rebuilding: Arc<Mutex<()>>,
}

impl Live {
    pub fn new(
        log: Arc<dyn Log>,
        consumers: Consumers,
        model: Arc<dyn StoredModel>,
        service: &Service,
    ) -> Self {
        Self {
            log,
            consumers,
            model,
            sources: (0..service.partition_count())
                .map(|index| PartitionId::new(service.name(), index))
                .collect(),
            rebuilding: Arc::default(),
        }
    }
}

#[async_trait]
impl Rebuildable for Live {
    async fn rebuild(&self, verify: bool) -> Result<String, String> {
        let (model, log, sources) = (self.model.clone(), self.log.clone(), self.sources.clone());
        // To its end, also where whoever asked for it does not wait for the answer.
        let alone = self.rebuilding.clone().lock_owned().await;
        let compared = tokio::spawn(async move {
            let _alone = alone;
            model.rebuild(&*log, &sources, verify).await
        });
        let compared = compared.await.map_err(|error| error.to_string())?;
        let compared = compared.map_err(|error| error.to_string())?;
        let mut told = format!("{}: {} events read\n", self.model.name(), compared.events);
        for (table, (live, rebuilt, equal)) in &compared.tables {
            let verdict = if *equal { "the same" } else { "DIFFERENT" };
            let _ = writeln!(
                told,
                "  {table:<28} {live:>8} rows live, {rebuilt:>8} rebuilt: {verdict}"
            );
        }
        let end = match (compared.switched, compared.is_equal()) {
            (true, _) => "the rebuilt read model is in use",
            (false, true) => "the live read model equals its replay",
            (false, false) => {
                "the live read model differs from its replay; run it again without --verify to replace it"
            }
        };
        told.push_str(end);
        told.push('\n');
        if compared.switched || compared.is_equal() {
            Ok(told)
        } else {
            Err(told)
        }
    }

    async fn positions(&self) -> Result<Vec<At>, String> {
        let mut all = Vec::new();
        for source in &self.sources {
            let position = self.model.position(source).await;
            let next = position.map_err(|error| error.to_string())?.next;
            let topic = Topic::events(source.service.clone());
            let end = self.log.end(&topic, source.index).await;
            all.push(At {
                source: source.clone(),
                next,
                end: end.map_err(|error| error.to_string())?,
            });
        }
        Ok(all)
    }

    async fn parked(&self) -> Result<Vec<ParkedNote>, String> {
        let notes = self.model.parked_notes(crate::operator::MOST_TOLD).await;
        notes.map_err(|error| error.to_string())
    }

    async fn retry_parked(&self) -> Result<String, String> {
        let mut told = String::new();
        for source in &self.sources {
            let (model, from) = (self.model.clone(), source.clone());
            let retried = tokio::spawn(async move { model.retry_parked(&from).await });
            let retried = retried.await.map_err(|error| error.to_string())?;
            let retried = retried.map_err(|error| error.to_string())?;
            // Its runner counts anew with the next event only.
            self.consumers.parked(self.model.name(), source, retried.parked);
            let _ = writeln!(
                told,
                "{source}: {} taken up, {} still parked",
                retried.handled, retried.parked
            );
        }
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use interstate_eventing::{
        Event,
        projection::{ConsumerKind, Position, ReadModel},
    };
    use interstate_log::embedded::{EmbeddedLog, Options};
    use interstate_schemas::{Actor, CommandId, EventId, Timestamp};
    use interstate_stores::{Projection, ProjectionError, Sqlite, SqliteReadModel};
    use std::sync::atomic::{AtomicBool, Ordering};

    /// Takes nothing until it is mended.
    struct Fussy(Arc<AtomicBool>);

    impl Projection for Fussy {
        const NAME: &'static str = "fussy";
        const VERSION: u32 = 1;
        const TABLES: &'static [&'static str] = &["taken"];
        const SCHEMA: &'static [&'static str] = &["CREATE TABLE taken (subject TEXT NOT NULL)"];

        fn apply(&self, _: &rusqlite::Connection, _: &Event) -> Result<(), ProjectionError> {
            let mended = self.0.load(Ordering::SeqCst);
            mended
                .then_some(())
                .ok_or_else(|| ProjectionError::event("not yet"))
        }
    }

    fn event(service: &Service) -> Event {
        let command = CommandId::derive(0, &[b"a command"]);
        Event {
            id: EventId::derive(0, &[b"an event"]),
            service: service.name().into(),
            partition: 0,
            sequence: 1,
            aggregate: "Thing".into(),
            subject: "thing".to_owned(),
            version: 1,
            event_type: "thing.made.v1".into(),
            time: Timestamp::UNIX_EPOCH,
            actor: Actor::System,
            correlation: command,
            causation: command,
            trace: None,
            payload: "{}".into(),
        }
    }

    #[tokio::test]
    async fn what_is_still_parked_is_known_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let service = Service::new("things").partitions(1);
        let source = PartitionId::new("things", 0);
        let db = Sqlite::open(dir.path().join("things.db")).await.unwrap();
        let mended = Arc::new(AtomicBool::new(false));
        let model = SqliteReadModel::open(&db, Fussy(mended.clone())).await.unwrap();
        let to = Position {
            next: 2,
            sequence: 1,
            receipt: 1,
            incarnation: 1,
        };
        let applied = model.apply(&source, &[event(&service)], to).await.unwrap();
        let consumers = Consumers::default();
        let consumer = consumers.register(ConsumerKind::Projection, "fussy", source.clone());
        consumer.parked(applied.parked);
        let parked = || consumers.status()[0].parked;
        assert_eq!(parked(), 1);

        let log = EmbeddedLog::open(Options::new(dir.path().join("log"))).unwrap();
        let live = Live::new(Arc::new(log), consumers.clone(), Arc::new(model), &service);
        let told = live.retry_parked().await.unwrap();
        assert!(told.contains("1 still parked") && parked() == 1, "{told}");
        let notes = live.parked().await.unwrap();
        assert_eq!(
            (notes[0].subject.as_str(), notes[0].reason.as_str()),
            ("thing", "not yet")
        );
        mended.store(true, Ordering::SeqCst);
        let told = live.retry_parked().await.unwrap();
        assert!(told.contains("1 taken up, 0 still parked"), "{told}");
        assert_eq!(parked(), 0, "no event has come since");
    }
}
