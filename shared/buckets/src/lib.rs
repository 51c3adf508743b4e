//! Opens a bucket behind the port of object stores.
//!
//! The library signs requests, splits and repeats them; the requests themselves go over the HTTP and TLS that the other
//! adapters use, each with a bound in time.

mod requests;

use interstate_config::Bucket;
use interstate_tls::AuthorityError;
use object_store::{
    BackoffConfig, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    prefix::PrefixStore,
};
use requests::Connector;
use std::{ffi::OsString, sync::Arc, time::Duration};

/// How often a request is repeated that failed for the while, and for how long.
const TRIES: usize = 4;
const TRIED_FOR: Duration = Duration::from_secs(30);
/// Between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Why a bucket cannot be opened. Whether it is there, only its first use tells.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The file of the authority.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The variables `AWS_…`.
    #[error(
        "{bucket}: {source}; look at the variables AWS_REGION, AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    Settings {
        /// Which bucket.
        bucket: String,
        /// What is wrong with them.
        source: object_store::Error,
    },
}

/// Opens a bucket. Who asks, its region and its server are those of the environment: `AWS_ACCESS_KEY_ID` and
/// `AWS_SECRET_ACCESS_KEY` (or a role that the machine has), `AWS_REGION`, `AWS_ENDPOINT_URL`.
///
/// # Errors
/// The authority's file is none, or a variable makes no sense.
pub fn open(bucket: &Bucket) -> Result<Arc<dyn ObjectStore>, BucketError> {
    // Whatever else stands in the environment need not be text.
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    let variables = std::env::vars_os().filter_map(text);
    open_with(bucket, variables.filter(|(name, _)| name.starts_with("AWS_")))
}

/// The same with these variables.
///
/// # Errors
/// As [`open`].
pub fn open_with(
    bucket: &Bucket,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Arc<dyn ObjectStore>, BucketError> {
    let settings = variables.into_iter().filter_map(|(name, value)| {
        let key: AmazonS3ConfigKey = name.to_ascii_lowercase().parse().ok()?;
        Some((key, value))
    });
    let builder = settings.fold(AmazonS3Builder::new(), |builder, (key, value)| {
        builder.with_config(key, value)
    });
    let retry = RetryConfig {
        max_retries: TRIES,
        retry_timeout: TRIED_FOR,
        backoff: BackoffConfig {
            max_backoff: LONGEST_WAIT,
            ..BackoffConfig::default()
        },
    };
    let store = builder
        .with_bucket_name(&bucket.name)
        .with_retry(retry)
        .with_http_connector(Connector::new(bucket.ca.as_deref())?)
        .build()
        .map_err(|source| BucketError::Settings {
            bucket: bucket.to_string(),
            source,
        })?;
    Ok(match &*bucket.prefix {
        "" => Arc::new(store),
        prefix => Arc::new(PrefixStore::new(store, prefix)),
    })
}
