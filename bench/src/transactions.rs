//! What a durable step costs on Kafka at least: transactions of a bare producer, one after the other.

use crate::figures;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    producer::{BaseProducer, BaseRecord, Producer},
};
use std::{
    error::Error,
    time::{Duration, Instant},
};

const TOPIC: &str = "bench-transactions";
/// Bytes of the one record of a transaction: a batch of a booking's events and receipt.
const BYTES: usize = 1_000;
/// They take turns, as the partitions that a booking passes do: the broker finishes one's transaction while another
/// one's begins.
const PRODUCERS: i32 = 4;
/// Not counted: the broker's Java code is compiled meanwhile.
const WARM_UP: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(30);

/// Commits so many transactions and prints one line.
pub async fn run(brokers: &str, count: usize) -> Result<(), Box<dyn Error>> {
    let mut client = ClientConfig::new();
    client.set("bootstrap.servers", brokers);
    let admin: AdminClient<DefaultClientContext> = client.create()?;
    let topic = NewTopic::new(TOPIC, PRODUCERS, TopicReplication::Fixed(1));
    for made in admin.create_topics([&topic], &AdminOptions::new()).await? {
        made.map_err(|(topic, code)| format!("the topic {topic}: {code}"))?;
    }
    let producers = (0..PRODUCERS).map(|partition| producer(&client, partition));
    let producers: Vec<BaseProducer> = producers.collect::<Result<_, _>>()?;
    let latencies = tokio::task::spawn_blocking(move || -> Result<_, rdkafka::error::KafkaError> {
        let mut latencies = Vec::new();
        for number in 0..WARM_UP + count {
            let partition = number % producers.len();
            let began = Instant::now();
            commit(&producers[partition], partition as i32)?;
            latencies.push(began.elapsed());
        }
        Ok(latencies.split_off(WARM_UP))
    });
    let mut latencies = latencies.await??;
    latencies.sort_unstable();
    println!(
        "{}",
        serde_json::json!({
            "what": "bare-transactions", "log": "kafka", "count": count,
            "p50_ms": figures::percentile(&latencies, 0.5), "p99_ms": figures::percentile(&latencies, 0.99),
        })
    );
    Ok(())
}

/// Set up like the log's own writers.
fn producer(client: &ClientConfig, partition: i32) -> Result<BaseProducer, rdkafka::error::KafkaError> {
    let mut config = client.clone();
    config
        .set("transactional.id", format!("{TOPIC}-{partition}"))
        .set("acks", "all")
        .set("linger.ms", "0")
        .set("socket.nagle.disable", "true")
        .set("retry.backoff.ms", "5");
    let producer: BaseProducer = config.create()?;
    producer.init_transactions(PATIENCE)?;
    Ok(producer)
}

fn commit(producer: &BaseProducer, partition: i32) -> Result<(), rdkafka::error::KafkaError> {
    producer.begin_transaction()?;
    let record = BaseRecord::<(), [u8]>::to(TOPIC)
        .partition(partition)
        .payload(&[b'x'; BYTES]);
    producer.send(record).map_err(|(error, _)| error)?;
    // A commit that finds a record on its way looks again after 100 ms.
    while producer.in_flight_count() > 0 {
        producer.poll(Duration::from_millis(1));
    }
    producer.commit_transaction(PATIENCE)
}
