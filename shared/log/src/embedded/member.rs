//! Membership in a group of one.

use crate::{Assignment, Lease, LogError, Membership, PartitionId};
use async_trait::async_trait;
use std::sync::Arc;

/// The process that holds the folder's lock owns every partition, for as long as it lives.
pub(super) struct SoleMember {
    pub(super) service: String,
    pub(super) next: u32,
    pub(super) count: u32,
}

struct Always;

#[async_trait]
impl Lease for Always {
    async fn prove(&self) -> Result<bool, LogError> {
        Ok(true)
    }
}

#[async_trait]
impl Membership for SoleMember {
    async fn next(&mut self) -> Result<Assignment, LogError> {
        if self.next == self.count {
            return std::future::pending().await;
        }
        self.next += 1;
        Ok(Assignment::Assigned(
            PartitionId::new(self.service.clone(), self.next - 1),
            Arc::new(Always),
        ))
    }
}
