//! The saga engine alone: five durable steps in another service that do nothing; one payment in fifty is
//! declined, and what was done is taken back.

use crate::{figures, node};
use interstate_eventing::{
    Aggregate, Batches, Context, Deadline, Decision, Draft, Message, Rejection, Service, events,
    runtime::{Ask, Env},
    saga::{Orchestrator, Saga, SagaEvent, SagaState, Step},
};
use interstate_log::Topic;
use interstate_schemas::{Actor, AddressedCommand, SignedDuration, StepOutcome, StepReply, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    error::Error,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use tokio::sync::oneshot;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Opened {
    id: String,
    declines: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Moved {
    saga: SagaEvent,
}

events! {
    pub enum TripEvent {
        Opened(Opened) = "trip.opened.v1",
        Moved(Moved) = "trip.saga_moved.v1",
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Trip {
    declines: bool,
    id: String,
    saga: SagaState,
}

#[derive(Debug, Serialize, Deserialize)]
pub enum TripCommand {
    Open { declines: bool },
    Step(StepReply<()>),
    Overdue(String),
}

impl AddressedCommand for TripCommand {
    const SERVICE: &'static str = "trips";
    const AGGREGATE: &'static str = "trip";
}

const fn step<const AT: usize>(name: &'static str, pivot: bool) -> Step<Trip> {
    Step {
        name,
        request: |trip| work(trip, AT, Work::Do),
        compensation: Some(|trip| work(trip, AT, Work::Undo)),
        answer_within: SignedDuration::from_secs(10),
        attempts: 5,
        pivot,
        together: false,
    }
}

const STEPS: Saga<Trip> = Saga {
    name: "trip",
    steps: &[
        step::<0>("validate", false),
        step::<1>("price", false),
        step::<2>("reserve the driver", false),
        Step {
            request: |trip| work(trip, 3, if trip.declines { Work::Decline } else { Work::Do }),
            ..step::<3>("authorize", true)
        },
        step::<4>("confirm", false),
    ],
};

/// Each step goes to an aggregate of its own in the other service.
fn work(trip: &Trip, at: usize, what: Work) -> Message {
    Message::to(format!("{}-{at}", trip.id), &what)
}

impl Orchestrator for Trip {
    fn saga(&self) -> &SagaState {
        &self.saga
    }
    fn saga_event(event: SagaEvent) -> TripEvent {
        Moved { saga: event }.into()
    }
}

impl Aggregate for Trip {
    const NAME: &'static str = "trip";
    type Command = TripCommand;
    type Event = TripEvent;

    fn decide(&self, command: TripCommand, cx: &Context<'_>) -> Result<Decision<TripEvent>, Rejection> {
        let mut draft = Draft::new(self, cx);
        match command {
            TripCommand::Open { .. } if self.saga.run > 0 => {}
            TripCommand::Open { declines } => {
                draft.emit(Opened {
                    id: cx.address.id.clone(),
                    declines,
                });
                STEPS.start(&mut draft, cx);
            }
            TripCommand::Step(reply) => STEPS.reply(&mut draft, cx, reply, |_, ()| {}),
            TripCommand::Overdue(step) => STEPS.overdue(&mut draft, cx, &step),
        }
        Ok(draft.finish())
    }

    fn evolve(&mut self, event: &TripEvent, _: Timestamp) {
        match event {
            TripEvent::Opened(opened) => {
                self.id.clone_from(&opened.id);
                self.declines = opened.declines;
            }
            TripEvent::Moved(moved) => self.saga.evolve(&moved.saga),
        }
    }

    fn deadlines(&self) -> Vec<Deadline> {
        self.saga.deadlines()
    }

    fn deadline_reached(name: &str) -> Option<TripCommand> {
        SagaState::step_of(name).map(|step| TripCommand::Overdue(step.to_owned()))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Worked {
    what: Work,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Work {
    Do,
    Decline,
    Undo,
}

events! {
    pub enum WorkerEvent {
        Worked(Worked) = "worker.worked.v1",
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Worker {
    last: Option<Work>,
}

impl AddressedCommand for Work {
    const SERVICE: &'static str = "work";
    const AGGREGATE: &'static str = "worker";
}

impl Aggregate for Worker {
    const NAME: &'static str = "worker";
    type Command = Work;
    type Event = WorkerEvent;

    fn decide(&self, what: Work, cx: &Context<'_>) -> Result<Decision<WorkerEvent>, Rejection> {
        let outcome = match what {
            Work::Do => StepOutcome::Done(()),
            Work::Decline => StepOutcome::Refused {
                code: "declined".to_owned(),
            },
            Work::Undo => StepOutcome::Undone,
        };
        let decision = if self.last == Some(what) {
            Decision::nothing()
        } else {
            Decision::event(Worked { what })
        };
        Ok(cx.step.iter().fold(decision, |decision, step| {
            decision.send(Message::answer(step, outcome.clone()))
        }))
    }

    fn evolve(&mut self, event: &WorkerEvent, _: Timestamp) {
        let WorkerEvent::Worked(worked) = event;
        self.last = Some(worked.what);
    }
}

type Ends = Arc<Mutex<HashMap<String, oneshot::Sender<bool>>>>;

/// Tells whoever waits for a saga that it has ended, and whether well.
async fn follow(env: Env, partition: u32, ends: Ends) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut reader = env.log.read(&Topic::events("trips"), partition, 0).await?;
    let mut batches = Batches::new("trips".into(), partition, 0, 0);
    loop {
        for stored in reader.next(1_000).await?.records {
            let Some(batch) = batches.push(&stored)? else {
                continue;
            };
            for event in batch.events {
                if let TripEvent::Moved(moved) = event.decode()? {
                    let completed = match moved.saga {
                        SagaEvent::Completed => true,
                        SagaEvent::Unwound { .. } => false,
                        _ => continue,
                    };
                    let end = ends
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .remove(&event.subject);
                    if let Some(end) = end {
                        let _ = end.send(completed);
                    }
                }
            }
        }
    }
}

pub async fn run(count: usize, concurrency: usize) -> Result<(), Box<dyn Error>> {
    let trips = Service::new("trips").aggregate::<Trip>();
    let work = Service::new("work").aggregate::<Worker>();
    let node = node::start(vec![trips.clone(), work]).await?;
    let ends: Ends = Arc::default();
    for partition in 0..trips.partition_count() {
        let (env, ends) = (node.env.clone(), ends.clone());
        tokio::spawn(async move {
            if let Err(error) = follow(env, partition, ends).await {
                eprintln!("following the sagas: {error}");
            }
        });
    }
    measure(&node, &ends, "warm", 500.min(count), concurrency).await?;
    let cpu = figures::cpu_ms();
    let started = Instant::now();
    let (mut latencies, wrong) = measure(&node, &ends, "run", count, concurrency).await?;
    let seconds = started.elapsed().as_secs_f64();
    let cpu = (figures::cpu_ms() - cpu) as f64 / count as f64;
    latencies.sort_unstable();
    println!(
        "{}",
        serde_json::json!({
            "what": "saga", "sagas": count, "concurrency": concurrency, "wrong": wrong,
            "per_second": (count as f64 / seconds).round(),
            "p50_ms": figures::percentile(&latencies, 0.5), "p99_ms": figures::percentile(&latencies, 0.99),
            "cpu_ms_each": cpu,
        })
    );
    node.host.stop().await;
    match wrong {
        0 => Ok(()),
        wrong => Err(format!("{wrong} sagas ended as they should not").into()),
    }
}

async fn measure(
    node: &node::Node,
    ends: &Ends,
    tag: &str,
    count: usize,
    concurrency: usize,
) -> Result<(Vec<std::time::Duration>, usize), Box<dyn Error>> {
    let next = Arc::new(AtomicUsize::new(0));
    let clients = (0..concurrency).map(|_| {
        let (commands, ends, next, tag) = (node.commands.clone(), ends.clone(), next.clone(), tag.to_owned());
        tokio::spawn(async move {
            let (mut latencies, mut wrong) = (Vec::new(), 0);
            loop {
                let n = next.fetch_add(1, Ordering::Relaxed);
                if n >= count {
                    return (latencies, wrong);
                }
                let (id, declines) = (format!("{tag}-{n}"), n % 50 == 49);
                let (end, ended) = oneshot::channel();
                ends.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(id.clone(), end);
                let began = Instant::now();
                let asked = commands
                    .ask(Ask::to(&id, &TripCommand::Open { declines }, Actor::System))
                    .await;
                let completed = ended.await;
                latencies.push(began.elapsed());
                if asked.is_err() || completed != Ok(!declines) {
                    wrong += 1;
                }
            }
        })
    });
    let (mut latencies, mut wrong) = (Vec::new(), 0);
    for client in futures::future::join_all(clients).await {
        let (found, bad) = client?;
        latencies.extend(found);
        wrong += bad;
    }
    Ok((latencies, wrong))
}
