//! What goes wrong with a queue, for a person who has to mend it. Never with a password in it.

use std::time::Duration;

/// A failure of the queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JobsError {
    /// Nobody answers, or the connection broke.
    #[error("RabbitMQ at {at} is away: {why}. Check RABBITMQ_URL and that the broker runs")]
    Away {
        /// Host, port and virtual host.
        at: String,
        /// What was seen.
        why: String,
    },
    /// It did not confirm in time: it may have the job, or not.
    #[error("RabbitMQ at {at} has not confirmed a job within {after:?}{alarm}")]
    Unconfirmed {
        /// Host, port and virtual host.
        at: String,
        /// How long it was waited for.
        after: Duration,
        /// What the broker says about itself, or nothing.
        alarm: String,
    },
    /// The queue takes no more.
    #[error("the queue {queue} is full; jobs are handed on when workers have caught up")]
    Full {
        /// Which.
        queue: String,
    },
    /// The broker knows nobody of this name and password.
    #[error("RabbitMQ at {at} refuses the user {user}: {why}. Check name and password in RABBITMQ_URL")]
    Refused {
        /// Host, port and virtual host.
        at: String,
        /// Who.
        user: String,
        /// What the broker says.
        why: String,
    },
    /// There is no such virtual host, or the user may not use it.
    #[error(
        "RabbitMQ at {at} does not let {user} into the virtual host {vhost}: {why}. Make it (`rabbitmqctl add_vhost`), \
         give rights on it (`rabbitmqctl set_permissions`), or name another one in RABBITMQ_URL"
    )]
    VirtualHost {
        /// Host, port and virtual host.
        at: String,
        /// Who.
        user: String,
        /// Which.
        vhost: String,
        /// What the broker says.
        why: String,
    },
    /// The user may not do this.
    #[error(
        "RabbitMQ at {at} does not permit {user} to do this: {why}. Give the rights configure, write and read on \
         {queue}.* (`rabbitmqctl set_permissions`)"
    )]
    Forbidden {
        /// Host, port and virtual host.
        at: String,
        /// Who.
        user: String,
        /// The queue, with which all names begin.
        queue: String,
        /// What the broker says.
        why: String,
    },
    /// Queues of these names exist, made by somebody else or by another version.
    #[error(
        "RabbitMQ at {at} has a queue or exchange of other arguments: {why}. Delete it once it is empty, or name \
         another virtual host in RABBITMQ_URL"
    )]
    Topology {
        /// Host, port and virtual host.
        at: String,
        /// What the broker says.
        why: String,
    },
    /// Something else answers there.
    #[error(
        "what answers at {at} is not RabbitMQ: {why}. RABBITMQ_URL names its AMQP port, 5672 or 5671 (amqps)"
    )]
    NotABroker {
        /// Host, port and virtual host.
        at: String,
        /// What was seen.
        why: String,
    },
    /// No TLS there, or a certificate that nobody vouches for.
    #[error(
        "TLS with {at}: {why}. Check in RABBITMQ_URL that the port speaks TLS (amqps, 5671) and that cacertfile names \
         who signed its certificate"
    )]
    Tls {
        /// Host, port and virtual host, or the file.
        at: String,
        /// What is wrong.
        why: String,
    },
    /// A job that cannot be written.
    #[error("the job cannot be handed on: {0}")]
    Job(#[from] crate::job::NoJob),
}

impl JobsError {
    /// A stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Away { .. } => "jobs.away",
            Self::Unconfirmed { .. } => "jobs.unconfirmed",
            Self::Full { .. } => "jobs.full",
            Self::Refused { .. } => "jobs.refused",
            Self::VirtualHost { .. } => "jobs.virtual_host",
            Self::Forbidden { .. } => "jobs.forbidden",
            Self::Topology { .. } => "jobs.topology",
            Self::NotABroker { .. } => "jobs.not_a_broker",
            Self::Tls { .. } => "jobs.tls",
            Self::Job(_) => "jobs.job",
        }
    }

    /// Whether it may pass by itself. What does not is for a person, and ends a start.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Away { .. } | Self::Unconfirmed { .. } | Self::Full { .. }
        )
    }
}
