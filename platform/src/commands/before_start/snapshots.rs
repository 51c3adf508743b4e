//! The bucket where partitions' states are kept for empty disks.

use super::{look::Look, plan::Plan};
use interstate_config::{Bucket, SnapshotPlace};
use interstate_eventing::snapshot::Snapshots;

/// What is kept there is listed; whether more can be kept, only a first one tells.
pub(super) async fn look(plan: &Plan) -> Vec<Look> {
    let settings = &plan.common.snapshots;
    // A folder is looked at among the others.
    let Some(SnapshotPlace::Bucket(bucket)) = &settings.place else {
        return Vec::new();
    };
    let looked = listed(bucket, settings.every).await;
    let looked = looked.map(|()| format!("{bucket} can be listed"));
    vec![Look::of("snapshots", looked)]
}

async fn listed(bucket: &Bucket, every: u64) -> Result<(), String> {
    let kept = interstate_buckets::open(bucket).map_err(|error| error.to_string())?;
    let listed = Snapshots::new(kept, every).look().await;
    listed.map_err(|error| {
        format!(
            "{bucket}: {error}; look at AWS_ENDPOINT_URL, AWS_REGION, the credentials and their right to list"
        )
    })
}
