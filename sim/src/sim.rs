//! One thread, virtual time, and processes that die, stand still and wake at the wrong moment.
//!
//! Tasks that are ready run in an order drawn from the seed. When none is, time jumps to the next timer. A
//! process is a set of tasks that a crash drops all at once.

use crate::{
    faults::Faults,
    rng::{Rng, mix},
};
use futures::future::BoxFuture;
use std::{
    collections::{BTreeMap, BTreeSet},
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

/// A process from its start to its end. A restart is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub u32);

/// The world itself: brokers, network, clients. It never dies.
pub const WORLD: ProcessId = ProcessId(0);

type Call = Box<dyn FnOnce() + Send>;

enum Timer {
    Wake(Waker),
    Call(Call),
}

struct Task {
    process: ProcessId,
    future: Option<BoxFuture<'static, ()>>,
    waker: Arc<Ready>,
}

struct Ready {
    id: u64,
    queued: AtomicBool,
    queue: Arc<Mutex<BTreeSet<u64>>>,
}

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::Relaxed) {
            lock(&self.queue).insert(self.id);
        }
    }
}

struct Process {
    name: String,
    alive: bool,
    paused_since: Option<u64>,
    /// Tasks that were woken while it stood still.
    waiting: Vec<u64>,
    /// What its clock is off by, in nanoseconds.
    clock: i64,
}

struct State {
    rng: Rng,
    faults: Faults,
    now: u64,
    next: u64,
    tasks: BTreeMap<u64, Task>,
    timers: BTreeMap<(u64, u64), Timer>,
    processes: BTreeMap<ProcessId, Process>,
    doomed: Vec<ProcessId>,
    hash: u64,
    polls: u64,
    story: Option<Vec<String>>,
    fastest_clock: i64,
}

/// A world's scheduler. Clones share it.
#[derive(Clone)]
pub struct Sim {
    state: Arc<Mutex<State>>,
    ready: Arc<Mutex<BTreeSet<u64>>>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sim {
    /// An empty world. With `told`, it keeps the story of what happens.
    pub fn new(seed: u64, faults: Faults, told: bool) -> Self {
        let world = Process {
            name: "the world".into(),
            alive: true,
            paused_since: None,
            waiting: Vec::new(),
            clock: 0,
        };
        Self {
            state: Arc::new(Mutex::new(State {
                rng: Rng::new(seed),
                faults,
                now: 0,
                next: 0,
                tasks: BTreeMap::new(),
                timers: BTreeMap::new(),
                processes: BTreeMap::from([(WORLD, world)]),
                doomed: Vec::new(),
                hash: seed,
                polls: 0,
                story: told.then(Vec::new),
                fastest_clock: 0,
            })),
            ready: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Nanoseconds since the world began.
    pub fn now(&self) -> u64 {
        self.state().now
    }

    /// The hash of everything that has happened.
    pub fn hash(&self) -> u64 {
        self.state().hash
    }

    /// How often tasks have run.
    pub fn polls(&self) -> u64 {
        self.state().polls
    }

    /// Takes bytes into the hash of what has happened.
    pub fn note(&self, bytes: &[u8]) {
        let mut state = self.state();
        let mut hash = state.hash;
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            hash = mix(hash ^ u64::from_le_bytes(word));
        }
        state.hash = hash;
    }

    /// Draws from the world's chance.
    pub fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.state().rng)
    }

    /// Whether a fault strikes now.
    pub fn strikes(&self, fault: impl FnOnce(&Faults) -> u64) -> bool {
        let state = &mut *self.state();
        let times = fault(&state.faults);
        state.rng.once_in(times)
    }

    /// Another weather from here on.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// A line of the story, if it is told.
    pub fn tell(&self, line: impl FnOnce() -> String) {
        if self.state().story.is_none() {
            return;
        }
        let line = line();
        let mut state = self.state();
        let seconds = state.now as f64 / 1e9;
        if let Some(story) = &mut state.story {
            story.push(format!("{seconds:>11.6} s  {line}"));
        }
    }

    /// Whether the story is told.
    pub fn is_told(&self) -> bool {
        self.state().story.is_some()
    }

    /// The story so far.
    pub fn story(&self) -> Vec<String> {
        self.state().story.clone().unwrap_or_default()
    }

    /// Starts a process.
    pub fn process(&self, name: impl Into<String>) -> ProcessId {
        let mut state = self.state();
        let id = ProcessId(state.processes.len() as u32);
        let process = Process {
            name: name.into(),
            alive: true,
            paused_since: None,
            waiting: Vec::new(),
            clock: 0,
        };
        state.processes.insert(id, process);
        id
    }

    /// Its name.
    pub fn name(&self, process: ProcessId) -> String {
        self.state()
            .processes
            .get(&process)
            .map_or_else(String::new, |it| it.name.clone())
    }

    /// Whether it has not died.
    pub fn is_alive(&self, process: ProcessId) -> bool {
        self.state().processes.get(&process).is_some_and(|it| it.alive)
    }

    /// For how long it has stood still, if it does.
    pub fn paused_for(&self, process: ProcessId) -> Option<Duration> {
        let state = self.state();
        let since = state.processes.get(&process)?.paused_since?;
        Some(Duration::from_nanos(state.now - since))
    }

    /// What its clock is off by, in nanoseconds.
    pub fn clock_offset(&self, process: ProcessId) -> i64 {
        self.state().processes.get(&process).map_or(0, |it| it.clock)
    }

    /// The most that any clock has been ahead of the world's, in nanoseconds.
    pub fn fastest_clock(&self) -> i64 {
        self.state().fastest_clock
    }

    /// Sets a process's clock.
    pub fn set_clock(&self, process: ProcessId, offset: i64) {
        let mut state = self.state();
        state.fastest_clock = state.fastest_clock.max(offset);
        if let Some(it) = state.processes.get_mut(&process) {
            it.clock = offset;
        }
    }

    /// Runs a future in a process. In a dead one nothing runs.
    pub fn spawn(&self, process: ProcessId, future: BoxFuture<'static, ()>) {
        let waker = {
            let mut state = self.state();
            if !state.processes.get(&process).is_some_and(|it| it.alive) {
                drop(state);
                drop(future);
                return;
            }
            state.next += 1;
            let id = state.next;
            let waker = Arc::new(Ready {
                id,
                queued: AtomicBool::new(false),
                queue: self.ready.clone(),
            });
            let task = Task {
                process,
                future: Some(future),
                waker: waker.clone(),
            };
            state.tasks.insert(id, task);
            waker
        };
        waker.wake();
    }

    /// Calls something at a time of the world.
    pub fn call_at(&self, at: u64, call: impl FnOnce() + Send + 'static) {
        let mut state = self.state();
        state.next += 1;
        let key = (at.max(state.now), state.next);
        state.timers.insert(key, Timer::Call(Box::new(call)));
    }

    /// Waits in the world's time.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4);
        Sleep {
            at: self.now().saturating_add(nanos),
            sim: self.clone(),
            timer: None,
        }
    }

    /// Lets others run.
    pub async fn yield_now(&self) {
        let mut yielded = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut yielded, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// A process dies after the present moment.
    pub fn doom(&self, process: ProcessId) {
        if process != WORLD {
            self.state().doomed.push(process);
        }
    }

    /// A process stands still until it is resumed.
    pub fn pause(&self, process: ProcessId) {
        let mut state = self.state();
        let now = state.now;
        if let Some(it) = state.processes.get_mut(&process).filter(|it| it.alive) {
            it.paused_since.get_or_insert(now);
        }
    }

    /// It goes on as if nothing had been.
    pub fn resume(&self, process: ProcessId) {
        let mut state = self.state();
        let Some(it) = state.processes.get_mut(&process) else {
            return;
        };
        it.paused_since = None;
        let waiting = std::mem::take(&mut it.waiting);
        drop(state);
        lock(&self.ready).extend(waiting);
    }

    fn bury(&self) {
        loop {
            let doomed = std::mem::take(&mut self.state().doomed);
            if doomed.is_empty() {
                return;
            }
            for process in doomed {
                let dead: Vec<Task> = {
                    let mut state = self.state();
                    let Some(it) = state.processes.get_mut(&process).filter(|it| it.alive) else {
                        continue;
                    };
                    it.alive = false;
                    it.waiting.clear();
                    let ids: Vec<u64> = state
                        .tasks
                        .iter()
                        .filter(|(_, task)| task.process == process)
                        .map(|(id, _)| *id)
                        .collect();
                    ids.iter().filter_map(|id| state.tasks.remove(id)).collect()
                };
                let gone: Vec<u64> = dead.iter().map(|task| task.waker.id).collect();
                lock(&self.ready).retain(|id| gone.binary_search(id).is_err());
                self.tell(|| format!("{} dies", self.name(process)));
                // Dropped without the lock: what they hold may wake others.
                drop(dead);
                lock(&self.ready).retain(|id| gone.binary_search(id).is_err());
            }
        }
    }

    /// Runs the world until `over` says so, at the latest until a time; whether it was said.
    pub fn run(&self, until: Duration, mut over: impl FnMut() -> bool) -> bool {
        let until = u64::try_from(until.as_nanos()).unwrap_or(u64::MAX);
        loop {
            self.bury();
            if over() {
                return true;
            }
            if !self.run_one() && !self.fire(until) {
                return false;
            }
            if self.now() >= until {
                return false;
            }
        }
    }

    /// Runs a ready task; whether there was one.
    fn run_one(&self) -> bool {
        loop {
            let mut ready = lock(&self.ready);
            if ready.is_empty() {
                return false;
            }
            let mut state = self.state();
            let index = state.rng.below(ready.len() as u64) as usize;
            // Drawn from a sorted set: in which order wakers were called does not matter.
            let id = ready.iter().copied().nth(index).expect("below its length");
            ready.remove(&id);
            drop(ready);
            let Some(process) = state.tasks.get(&id).map(|task| task.process) else {
                continue;
            };
            let owner = state.processes.get_mut(&process).expect("tasks have processes");
            if owner.paused_since.is_some() {
                owner.waiting.push(id);
                continue;
            }
            state.polls += 1;
            // Work takes time, so that no loop stands outside of it.
            state.now += 1_000;
            state.hash = mix(state.hash ^ id ^ (state.now << 20));
            let task = state.tasks.get_mut(&id).expect("just found");
            task.waker.queued.store(false, Ordering::Relaxed);
            let (waker, Some(mut future)) = (Waker::from(task.waker.clone()), task.future.take()) else {
                continue;
            };
            drop(state);
            let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
            let mut state = self.state();
            let ended = match (poll, state.tasks.get_mut(&id)) {
                (Poll::Pending, Some(task)) => {
                    task.future = Some(future);
                    None
                }
                _ => {
                    state.tasks.remove(&id);
                    Some(future)
                }
            };
            drop(state);
            drop(ended);
            return true;
        }
    }

    /// Jumps to the next timer; whether there was one in time.
    fn fire(&self, until: u64) -> bool {
        let mut state = self.state();
        let Some((&(at, number), _)) = state.timers.first_key_value() else {
            return false;
        };
        if at > until {
            state.now = until;
            return false;
        }
        state.now = state.now.max(at);
        let timer = state.timers.remove(&(at, number));
        drop(state);
        match timer {
            Some(Timer::Wake(waker)) => waker.wake(),
            Some(Timer::Call(call)) => call(),
            None => {}
        }
        true
    }

    /// Drops everything that still runs, so that what it holds is let go of.
    pub fn end(&self) {
        let (tasks, timers) = {
            let mut state = self.state();
            (
                std::mem::take(&mut state.tasks),
                std::mem::take(&mut state.timers),
            )
        };
        drop(tasks);
        drop(timers);
    }
}

/// Ends at a time of the world.
pub struct Sleep {
    sim: Sim,
    at: u64,
    timer: Option<(u64, u64)>,
}

impl Sleep {
    fn cancel(&mut self, state: &mut State) {
        if let Some(key) = self.timer.take() {
            state.timers.remove(&key);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let sim = self.sim.clone();
        let mut state = sim.state();
        self.cancel(&mut state);
        if state.now >= self.at {
            return Poll::Ready(());
        }
        state.next += 1;
        let key = (self.at, state.next);
        state.timers.insert(key, Timer::Wake(cx.waker().clone()));
        self.timer = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let sim = self.sim.clone();
        self.cancel(&mut sim.state());
    }
}
