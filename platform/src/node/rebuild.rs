//! A read model of this process as something to rebuild.

use super::base::Rebuildable;
use async_trait::async_trait;
use interstate_eventing::{Service, projection::ReadModel};
use interstate_log::{Log, PartitionId};
use interstate_stores::{Projection, SqliteReadModel};
use std::{fmt::Write, sync::Arc};

/// A live read model with the log that it follows.
pub struct Live<P> {
    log: Arc<dyn Log>,
    model: SqliteReadModel<P>,
    service: &'static str,
    partitions: u32,
}

impl<P> Live<P> {
    pub fn new(log: Arc<dyn Log>, model: SqliteReadModel<P>, service: &Service) -> Self {
        Self {
            log,
            model,
            service: service.name(),
            partitions: service.partition_count(),
        }
    }
}

#[async_trait]
impl<P: Projection> Rebuildable for Live<P> {
    async fn rebuild(&self, verify: bool) -> Result<String, String> {
        let compared =
            interstate_stores::rebuild(&*self.log, &self.model, self.service, self.partitions, verify)
                .await
                .map_err(|error| error.to_string())?;
        let mut told = format!(
            "{}: {} events read from {}.events\n",
            P::NAME,
            compared.events,
            self.service
        );
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

    async fn retry_parked(&self) -> Result<String, String> {
        let mut told = String::new();
        for index in 0..self.partitions {
            let source = PartitionId::new(self.service, index);
            let retried = self
                .model
                .retry_parked(&source)
                .await
                .map_err(|error| error.to_string())?;
            let _ = writeln!(
                told,
                "{source}: {} taken up, {} still parked",
                retried.handled, retried.parked
            );
        }
        Ok(told)
    }
}
