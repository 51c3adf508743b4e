//! Rebuilding a read model: booking's history in SQLite, from the events of real quotes and bookings.
//! Against reading the same events from the same log and dropping them.

use crate::node::{self, Node};
use interstate_booking::{
    domain::{
        fare::Recipient,
        quote::{Issue, QuoteCommand, QuoteRules},
        tariff::{BasisPoints, Tariff},
    },
    read::BookingProjection,
};
use interstate_eventing::{
    Batches, Service,
    projection::{Changes, Consumers, Follow},
    runtime::{Ask, MachineClock},
};
use interstate_location::{Location, StopRef};
use interstate_log::{Log, PartitionId, Topic};
use interstate_schemas::{
    Actor, PaymentMethod, QuoteId, Role, SignedDuration, TripKind, TripRoute, UserId, VehicleClass,
};
use interstate_stores::{Sqlite, SqliteReadModel, StoredModel};
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// Riders that book at once.
const RIDERS: usize = 64;
/// The runners catch up within this time, or one of them hangs.
const CATCH_UP_WITHIN: Duration = Duration::from_secs(180);

pub async fn run(bookings: usize, turns: usize) -> Result<(), Box<dyn Error>> {
    let service = interstate_booking::service();
    let partitions = service.partition_count();
    // Without the services that it sends to, booking would keep its messages.
    let all = vec![
        service.clone(),
        interstate_driver::service(),
        interstate_payment::service(),
    ];
    let node = node::start(all).await?;
    book(&node, bookings).await?;

    let dir = tempfile::tempdir()?;
    let db = Sqlite::open(dir.path().join("booking.db")).await?;
    let live = SqliteReadModel::open(&db, BookingProjection::new(Changes::default())).await?;
    follow(&node, &service, live.clone()).await?;
    node.host.stop().await;

    let log = &*node.env.log;
    let sources: Vec<_> = (0..partitions)
        .map(|index| PartitionId::new(service.name(), index))
        .collect();
    for _ in 0..turns {
        let began = Instant::now();
        let read = drop_events(log, partitions).await?;
        let reading = read as f64 / began.elapsed().as_secs_f64();
        let began = Instant::now();
        let comparison = live.rebuild(log, &sources, true).await?;
        let rebuilding = comparison.events as f64 / began.elapsed().as_secs_f64();
        if !comparison.is_equal() {
            return Err(format!("the rebuilt read model differs: {comparison:?}").into());
        }
        println!(
            "{}",
            serde_json::json!({
                "what": "rebuild", "read_model": "booking-history", "events": comparison.events,
                "events_per_second": rebuilding.round(), "read_events_per_second": reading.round(),
                "ratio": rebuilding / reading,
            })
        );
    }
    Ok(())
}

/// Quotes that are accepted, from Ahmedabad to Udaipur; booking then asks for the advance and a driver.
async fn book(node: &Node, count: usize) -> Result<(), Box<dyn Error>> {
    let stops = ["Ahmedabad", "Udaipur"].map(|name| StopRef::Name(name.to_owned()));
    let route = Location::open(&interstate_live::Live::in_memory())?.trip_route(&stops)?;
    let next = Arc::new(AtomicUsize::new(0));
    let riders = (0..RIDERS).map(|_| {
        let (commands, route, next) = (node.commands.clone(), route.clone(), next.clone());
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok(());
                }
                let issue = wanted(number, route.clone());
                let (quote, rider) = (issue.quote, issue.rider);
                let accept = QuoteCommand::Accept {
                    method: PaymentMethod::Card {
                        token: "tok_ok".to_owned(),
                    },
                };
                for command in [QuoteCommand::Issue(Box::new(issue)), accept] {
                    let actor = Actor::User {
                        id: rider,
                        role: Role::Rider,
                    };
                    commands.ask(Ask::to(quote, &command, actor)).await?;
                }
            }
        })
    });
    for rider in futures::future::join_all(riders).await {
        let booked: Result<(), interstate_eventing::runtime::AskError> = rider?;
        booked?;
    }
    Ok(())
}

fn wanted(number: usize, route: TripRoute) -> Issue {
    let number = number.to_be_bytes();
    Issue {
        quote: QuoteId::derive(0, &[&number]),
        rider: UserId::derive(0, &[&number]),
        kind: TripKind::OneWay,
        class: VehicleClass::Sedan,
        passengers: 2,
        bags: 1,
        pickup_at: MachineClock::machine_now() + SignedDuration::from_hours(30),
        until: None,
        route,
        tariff: Tariff::india_2026_11().version,
        factor: BasisPoints::ONE,
        recipient: Recipient::Unregistered,
        discount: None,
        rules: QuoteRules::default(),
    }
}

/// Brings the live read model to the end of the log, which stands still by then.
async fn follow(
    node: &Node,
    service: &Service,
    live: SqliteReadModel<BookingProjection>,
) -> Result<(), Box<dyn Error>> {
    let follow = Follow {
        log: node.env.log.clone(),
        clock: node.env.clock.clone(),
        consumers: Consumers::default(),
    };
    let consumers = follow.consumers.clone();
    let (_, runners) = follow.projection(Arc::new(live), service.name(), service.partition_count());
    let running: Vec<_> = runners
        .into_iter()
        .map(|runner| tokio::spawn(runner.run()))
        .collect();
    let began = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        consumers.observe(&*node.env.log, node.env.clock.now()).await;
        if consumers.status().iter().all(|consumer| consumer.behind == 0) {
            break;
        }
        if began.elapsed() > CATCH_UP_WITHIN {
            return Err("the live read model did not catch up".into());
        }
    }
    for runner in running {
        runner.abort();
    }
    Ok(())
}

/// Reads all events, the partitions side by side like a rebuild does, and drops them.
async fn drop_events(log: &dyn Log, partitions: u32) -> Result<u64, Box<dyn Error>> {
    let reading = (0..partitions).map(|partition| async move {
        let (topic, mut events) = (Topic::events("booking"), 0);
        let mut batches = Batches::new("booking".into(), partition, 0, 0);
        let mut reader = log.read(&topic, partition, 0).await?;
        loop {
            let chunk = reader.poll(5_000).await?;
            if chunk.records.is_empty() {
                return Ok::<u64, Box<dyn Error>>(events);
            }
            for stored in &chunk.records {
                events += batches.push(stored)?.map_or(0, |batch| batch.events.len() as u64);
            }
        }
    });
    let read = futures::future::try_join_all(reading).await?;
    Ok(read.iter().sum())
}
