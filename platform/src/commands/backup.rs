//! `interstate backup` and `restore`.

use super::{settings::checked, up::logs};
use crate::{
    backup, catalogue,
    cli::{Backup, Restore, Target},
    node::kafka_options,
    operator::{BackupPlace, Client},
};
use interstate_config::EventLog;
use interstate_log::{
    Log, LogError,
    embedded::{EmbeddedLog, Options},
    kafka::KafkaLog,
};
use std::{error::Error, fs, path::Path};

/// Copies the log that the settings name, the keys and the settings. Says what was copied.
pub async fn take(args: Backup) -> Result<String, Box<dyn Error>> {
    let (common, _) = checked(&args.common, &[], |check| args.provider.check(check))?;
    let _logs = logs(&common, None)?;
    let log: Box<dyn Log> = match &common.event_log {
        EventLog::Kafka(brokers) => {
            Box::new(KafkaLog::new(kafka_options(brokers, &common.kafka_properties))?)
        }
        EventLog::Embedded => {
            let folder = common.data_dir.join("log");
            if !folder.exists() {
                return Err(format!(
                    "there is no log in {}: name the data folder with --data-dir, or the brokers with --kafka-brokers",
                    common.data_dir.display()
                )
                .into());
            }
            match EmbeddedLog::open(Options::new(folder)) {
                Ok(log) => {
                    log.ensure(&catalogue::topics()).await?;
                    Box::new(log)
                }
                // The platform runs, and alone can read its log.
                Err(LogError::InUse(_)) => {
                    let target = Target {
                        url: args.url,
                        data_dir: common.data_dir.clone(),
                    };
                    let place = BackupPlace {
                        into: std::path::absolute(&args.into)?,
                    };
                    let told = Client::new(&target)?.backup(&place).await?;
                    backup::note_settings(&args.into, &given(&args.common, &args.provider))?;
                    return Ok(told);
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    let told = backup::take(&*log, &common.keys_dir, &args.into).await?;
    backup::note_settings(&args.into, &given(&args.common, &args.provider))?;
    Ok(told)
}

fn given(
    common: &interstate_config::CommonArgs,
    provider: &interstate_config::ProviderArgs,
) -> Vec<(&'static str, String)> {
    let mut settings = common.environment();
    settings.extend(provider.environment());
    settings
}

/// Fills the log that the settings name, which must be empty, and the folder of keys. Says what is there now.
pub async fn restore(args: Restore) -> Result<String, Box<dyn Error>> {
    let (common, _) = checked(&args.common, &[], |_| None)?;
    let _logs = logs(&common, None)?;
    match &common.event_log {
        EventLog::Kafka(brokers) => {
            let log = KafkaLog::new(kafka_options(brokers, &common.kafka_properties))?;
            Ok(backup::restore(&log, &common.keys_dir, &args.from).await?)
        }
        EventLog::Embedded => {
            let folder = common.data_dir.join("log");
            if folder.exists() || has_entries(&common.data_dir)? {
                return Err(format!(
                    "{} is not empty: restore into a new data folder, named with --data-dir",
                    common.data_dir.display()
                )
                .into());
            }
            // Under another name until it is whole: what is half restored must not be started.
            let draft = common.data_dir.join("log.restoring");
            let told = {
                let log = EmbeddedLog::open(Options::new(draft.clone()))?;
                backup::restore(&log, &common.keys_dir, &args.from).await?
            };
            fs::rename(&draft, &folder)?;
            fs::File::open(&common.data_dir)?.sync_all()?;
            Ok(told)
        }
    }
}

fn has_entries(folder: &Path) -> std::io::Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
