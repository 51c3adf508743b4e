//! A connection while it lasts: a channel to hand on, one to take, one to look.

use super::{Shared, connect::GOODBYE, delivery::Taken};
use crate::{Delivery, Job, JobsError};
use futures::StreamExt;
use lapin::{
    BasicProperties, Channel, Confirmation, Connection, Consumer, ExchangeKind,
    options::{
        BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, BasicRejectOptions, ConfirmSelectOptions,
        ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
    },
    types::FieldTable,
};
use std::sync::{Arc, Mutex, PoisonError, atomic::Ordering};
use tokio::sync::{Notify, mpsc};

/// Written to disk; queues of today do so anyway.
const PERSISTENT: u8 = 2;

/// A connection that works.
pub(super) struct Session {
    connection: Arc<Connection>,
    publisher: Arc<Publisher>,
    consumer: Consumer,
    /// Its failures do not touch the others.
    looks: Channel,
}

/// The way out of a connection.
pub(super) struct Publisher {
    connection: Arc<Connection>,
    channel: Channel,
    broken: Mutex<Option<String>>,
    breaks: Notify,
}

impl Session {
    /// Connects, makes what is missing, and begins to take jobs; all of it within the time for a connection.
    pub(super) async fn open(shared: &Shared) -> Result<Self, JobsError> {
        let options = &shared.options;
        let connection = Arc::new(shared.address.connect(options).await?);
        let opened = Self::begin(shared, connection.clone());
        let opened = match tokio::time::timeout(options.connect, opened).await {
            Ok(Ok(session)) => return Ok(session),
            Ok(Err(error)) => shared.address.working(options, &error),
            Err(_) => shared.address.away(format!(
                "it accepts connections and did not declare queues within {:?}",
                options.connect
            )),
        };
        close(&connection).await;
        Err(opened)
    }

    async fn begin(shared: &Shared, connection: Arc<Connection>) -> Result<Self, lapin::Error> {
        let looks = connection.create_channel().await?;
        declare(&looks, shared).await?;
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        let taking = connection.create_channel().await?;
        let prefetch = shared.options.prefetch.max(1);
        taking.basic_qos(prefetch, BasicQosOptions::default()).await?;
        let queue = shared.topology.ready.name.as_str();
        let consumer = taking.basic_consume(
            queue.into(),
            "".into(),
            BasicConsumeOptions::default(),
            FieldTable::default(),
        );
        let consumer = consumer.await?;
        let publisher = Arc::new(Publisher {
            connection: connection.clone(),
            channel,
            broken: Mutex::default(),
            breaks: Notify::new(),
        });
        Ok(Self {
            connection,
            publisher,
            consumer,
            looks,
        })
    }

    pub(super) fn publisher(&self) -> Arc<Publisher> {
        self.publisher.clone()
    }

    /// Gives out what arrives, until the connection is no good any more; says why.
    pub(super) async fn run(&mut self, shared: &Arc<Shared>, tell: &mpsc::Sender<Delivery>) -> String {
        let mut looking = tokio::time::interval(shared.options.look);
        looking.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let publisher = self.publisher.clone();
        loop {
            tokio::select! {
                biased;
                () = publisher.breaks.notified() => return publisher.why(),
                arrived = self.consumer.next() => match arrived {
                    Some(Ok(arrived)) => take(shared, arrived, tell).await,
                    Some(Err(error)) => return error.to_string(),
                    None => return "the broker gives out no more jobs: was the queue deleted?".to_owned(),
                },
                _ = looking.tick() => if let Err(why) = self.look(shared).await {
                    return why;
                },
            }
        }
    }

    /// How long the queues are. A broker that stands still is found out this way, even where nothing is handed on.
    async fn look(&self, shared: &Shared) -> Result<(), String> {
        let lengths = async {
            let length = async |name: &str| {
                let passive = QueueDeclareOptions {
                    passive: true,
                    ..QueueDeclareOptions::default()
                };
                let declared = self
                    .looks
                    .queue_declare(name.into(), passive, FieldTable::default());
                declared.await.map(|queue| u64::from(queue.message_count()))
            };
            let mut delayed = 0;
            for (_, queue) in &shared.topology.later {
                delayed += length(&queue.name).await?;
            }
            let topology = &shared.topology;
            Ok::<_, lapin::Error>((
                length(&topology.ready.name).await?,
                delayed,
                length(&topology.dead.name).await?,
            ))
        };
        let within = shared.options.confirm;
        let (waiting, delayed, dead) = match tokio::time::timeout(within, lengths).await {
            Ok(lengths) => lengths.map_err(|error| error.to_string())?,
            Err(_) => {
                return Err(format!(
                    "it did not say within {within:?} how long its queues are"
                ));
            }
        };
        let counts = &shared.counts;
        counts.waiting.store(waiting, Ordering::Relaxed);
        counts.delayed.store(delayed, Ordering::Relaxed);
        let before = counts.dead.swap(dead, Ordering::Relaxed);
        if dead > before {
            let queue = &shared.topology.dead.name;
            tracing::error!(target: "alarm", %queue, dead, "jobs were put aside and wait for a person");
        }
        Ok(())
    }

    pub(super) async fn close(self) {
        close(&self.connection).await;
    }
}

/// A broker that stands still is not waited for.
pub(super) async fn close(connection: &Connection) {
    let _ = tokio::time::timeout(GOODBYE, connection.close(200, "".into())).await;
}

async fn declare(channel: &Channel, shared: &Shared) -> Result<(), lapin::Error> {
    let topology = &shared.topology;
    for exchange in &topology.exchanges {
        let kind = match exchange.kind {
            "fanout" => ExchangeKind::Fanout,
            _ => ExchangeKind::Direct,
        };
        let durable = ExchangeDeclareOptions {
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        channel
            .exchange_declare(
                exchange.name.as_str().into(),
                kind,
                durable,
                FieldTable::default(),
            )
            .await?;
    }
    for queue in topology.queues() {
        let name = queue.name.as_str();
        channel
            .queue_declare(name.into(), QueueDeclareOptions::durable(), queue.table())
            .await?;
        let bound = channel.queue_bind(
            name.into(),
            queue.exchange.as_str().into(),
            name.into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        bound.await?;
    }
    Ok(())
}

/// What is no job is put aside here, so that no worker sees it.
async fn take(shared: &Arc<Shared>, arrived: lapin::message::Delivery, tell: &mpsc::Sender<Delivery>) {
    match Job::decode(&arrived.data) {
        Ok(job) => {
            let taken = Taken::new(shared.clone(), arrived.acker);
            // There is room for as many as may be held; whoever listened has gone with the queue.
            let _ = tell
                .send(Delivery::new(job, arrived.redelivered, Box::new(taken)))
                .await;
        }
        Err(why) => {
            shared.put_aside(format!("a message of {} bytes: {why}", arrived.data.len()));
            let reject = BasicRejectOptions { requeue: false };
            if let Err(error) = arrived.acker.reject(reject).await {
                tracing::warn!(%error, "what is no job could not be put aside; it comes again");
            }
        }
    }
}

impl Publisher {
    /// Returns with the broker's word.
    pub(super) async fn publish(
        &self,
        shared: &Shared,
        exchange: &str,
        key: &str,
        body: &[u8],
    ) -> Result<(), JobsError> {
        let must_arrive = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let properties = BasicProperties::default()
            .with_content_type("application/json".into())
            .with_delivery_mode(PERSISTENT);
        let confirmed = async {
            let published =
                self.channel
                    .basic_publish(exchange.into(), key.into(), must_arrive, body, properties);
            published.await?.await
        };
        let within = shared.options.confirm;
        match tokio::time::timeout(within, confirmed).await {
            Ok(Ok(Confirmation::Ack(None))) => Ok(()),
            Ok(Ok(Confirmation::Nack(_))) => Err(JobsError::Full {
                queue: key.to_owned(),
            }),
            Ok(Ok(Confirmation::Ack(Some(_)) | Confirmation::NotRequested)) => {
                Err(self.away(shared, format!("it has no queue {key}; it is made anew")))
            }
            Ok(Err(error)) => Err(self.away(shared, error.to_string())),
            Err(_) if self.connection.status().blocked() => Err(JobsError::Unconfirmed {
                at: shared.address.at.clone(),
                after: within,
                alarm: ": it says that it is short of memory or disk".to_owned(),
            }),
            Err(_) => {
                self.is_broken(format!("no confirmation within {within:?}"));
                Err(JobsError::Unconfirmed {
                    at: shared.address.at.clone(),
                    after: within,
                    alarm: String::new(),
                })
            }
        }
    }

    fn away(&self, shared: &Shared, why: String) -> JobsError {
        self.is_broken(why.clone());
        shared.address.away(why)
    }

    fn is_broken(&self, why: String) {
        let mut broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.get_or_insert(why);
        self.breaks.notify_one();
    }

    fn why(&self) -> String {
        let broken = self.broken.lock().unwrap_or_else(PoisonError::into_inner);
        broken.clone().unwrap_or_default()
    }
}
