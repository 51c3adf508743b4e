//! Where copies of partitions' states are kept for empty disks.

use crate::{
    Bucket, Check, Setting,
    check::{environment, folder, given},
};
use std::path::PathBuf;

const DIR: Setting = Setting::new("snapshots-dir", "SNAPSHOTS_DIR");
pub(crate) const SNAPSHOT_EVERY: Setting = Setting::new("snapshot-every", "SNAPSHOT_EVERY");

/// Read in a second or two, and rarely written.
const RECORDS: u64 = 100_000;
/// Below, an instance would write snapshots most of its time.
const FEWEST: u64 = 1_000;
/// Above, there would never be one.
const MOST: u64 = 1_000_000_000;

/// The flags and variables, unchecked.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Snapshots (flag or environment)")]
pub struct SnapshotArgs {
    /// Folder that all instances of this deployment share, and no other's, or s3://bucket/prefix?ca=…; an empty disk starts
    /// from what is kept there. Region, server and credentials of a bucket are those of AWS_REGION, AWS_ENDPOINT_URL,
    /// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or of the machine's role [default: none, the log is read from its
    /// beginning]
    #[arg(long, env = DIR.env, value_name = "FOLDER|URL")]
    pub snapshots_dir: Option<String>,
    /// Records of a partition's events from one snapshot to the next [default: 100000]
    #[arg(long, env = SNAPSHOT_EVERY.env, value_name = "RECORDS")]
    pub snapshot_every: Option<String>,
}

/// Where snapshots are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SnapshotPlace {
    /// A folder, which may not exist yet.
    Folder(PathBuf),
    /// A bucket.
    Bucket(Bucket),
}

/// Where snapshots are kept, and how often one is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotSettings {
    /// None are taken without a place.
    pub place: Option<SnapshotPlace>,
    /// Records of a partition's events from one to the next.
    pub every: u64,
}

impl SnapshotArgs {
    /// Checks into `check`. `None` where something was wrong.
    pub fn check(&self, check: &mut Check) -> Option<SnapshotSettings> {
        let place = match given(self.snapshots_dir.as_deref()) {
            Some(url) if url.starts_with("s3:") => {
                let remedy =
                    "give e.g. SNAPSHOTS_DIR=s3://bucket/prefix, or a folder that all instances share";
                let bucket = check.keep(DIR, Bucket::parse(url), remedy);
                bucket.map(|bucket| Some(SnapshotPlace::Bucket(bucket)))
            }
            Some(name) => folder(check, DIR, name).map(|dir| Some(SnapshotPlace::Folder(dir))),
            None => Some(None),
        };
        let every = check.number(
            SNAPSHOT_EVERY,
            self.snapshot_every.as_deref(),
            RECORDS,
            FEWEST..=MOST,
        );
        Some(SnapshotSettings {
            place: place?,
            every: every?,
        })
    }

    pub(crate) fn environment(&self) -> impl Iterator<Item = (&'static str, String)> {
        let settings = [(DIR, &self.snapshots_dir), (SNAPSHOT_EVERY, &self.snapshot_every)];
        environment(settings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_told_from_a_folder() {
        for (given, fits) in [("s3://rides/prod", true), ("s3:/rides", false), ("./s3", true)] {
            let args = SnapshotArgs {
                snapshots_dir: Some(given.to_owned()),
                ..SnapshotArgs::default()
            };
            let settings = args.check(&mut Check::new());
            assert_eq!(settings.is_some(), fits, "{given}");
            let bucket = settings.is_some_and(|all| matches!(all.place, Some(SnapshotPlace::Bucket(_))));
            assert_eq!(bucket, given == "s3://rides/prod");
        }
    }

    #[test]
    fn neither_always_nor_never_is_how_often() {
        for (given, fits) in [("999", false), ("1000", true), ("18446744073709551615", false)] {
            let args = SnapshotArgs {
                snapshot_every: Some(given.to_owned()),
                ..SnapshotArgs::default()
            };
            assert_eq!(args.check(&mut Check::new()).is_some(), fits, "{given}");
        }
    }
}
