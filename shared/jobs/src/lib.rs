//! Jobs: something durable has to be looked at by one worker, soon, and again later where that does not help.
//!
//! A job carries no truth. It names what to look at and the event that it stems from; whoever takes it reads in the log
//! what there is to do, if anything. So a job that comes twice does nothing twice, and one that is lost is made again
//! from the log.
//!
//! | file | subject |
//! | --- | --- |
//! | [`job`] | what is handed on, and its form on the wire |
//! | [`port`] | the port: hand on, take, and what becomes of what was taken |
//! | [`error`] | what can go wrong, for a person who has to mend it |
//! | [`memory`] | the adapter in the process |
//! | [`rabbitmq`] | the adapter for RabbitMQ |
//! | [`metrics`] | how a queue stands, as figures |
//! | [`conformance`] | what every adapter has to do |

pub mod conformance;
pub mod error;
pub mod job;
pub mod memory;
pub mod metrics;
pub mod port;
pub mod rabbitmq;

pub use error::JobsError;
pub use job::{Cause, Job};
pub use memory::MemoryJobs;
pub use metrics::JobsMetrics;
pub use port::{Delivery, Jobs, Link, Settle, Standing};
pub use rabbitmq::{Options, RabbitJobs};
