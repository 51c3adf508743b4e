//! Settings from flags and environment variables.
//!
//! Everything is read as text and checked in one [`Check`] before a file is opened or a port is bound, so a
//! person who starts Interstate with three wrong settings hears of all three, each with where it came from,
//! what is wrong and what to do. A service checks its own settings in the same `Check`.

mod bucket;
mod check;
mod clickhouse;
mod common;
mod engines;
mod grpc;
mod kafka;
mod parse;
mod provider;
mod rabbitmq;
mod redis;
mod secret;
mod snapshots;

pub use bucket::Bucket;
pub use check::{Check, Mistake, Mistakes, Setting};
pub use clickhouse::ClickHouse;
pub use common::{
    Common, CommonArgs, DB_CONNECTION, KAFKA_BROKERS, KAFKA_PROPERTIES, LogFormat, SERVICE_PORT,
};
pub use engines::{Broker, Cache, Databases, Documents, EventLog, Relational};
pub use grpc::{BOOKING_GRPC, Grpc, GrpcArgs, GrpcTls, LOCATION_GRPC};
pub use kafka::KafkaProperties;
pub use parse::{http_url, is_name};
pub use provider::{Provider, ProviderArgs};
pub use rabbitmq::RabbitMq;
pub use redis::RedisAddress;
pub use secret::Secret;
pub use snapshots::{SnapshotArgs, SnapshotPlace, SnapshotSettings};
