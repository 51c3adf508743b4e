//! Carries one partition's task out on the log: takes over, replays, decides in batches, and finds out after
//! every failure which of two states the log is in.

use super::{
    env::Env,
    forwarder::{Acknowledgement, Forwarders},
    mend::{self, Ended, Stopped},
    meter,
    replay::{self, CHUNK, FLUSH_EVERY, ReplayError},
    reply_out::ReplyOut,
    snapshots::Taking,
    spans,
    status::Activity,
};
use crate::{
    Service,
    plant::{self, Bug},
    receipt::{Channel, Receipt},
    task::{Step, Task, TaskError},
};
use interstate_log::{AppendError, Chunk, Lease, LogError, PartitionId, Reader, Stored, Topic, Writer};
use interstate_schemas::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, watch};

/// Commands read ahead, about.
const MOST_BUFFERED: usize = 8 * CHUNK;
/// The wait before a failed operation is tried again.
const BACKOFF: Duration = Duration::from_millis(100);
/// How long commands of this process take the detour through a durable topic after its start. One that kills its
/// task is found by its place in the topic, and put among the dead letters: what comes directly has none.
const DETOUR: Duration = Duration::from_secs(10);
/// The longest wait without looking around, in log time.
const LOOK_AROUND: SignedDuration = SignedDuration::from_mins(1);

/// Why a partition is not run any more.
#[derive(Debug, thiserror::Error)]
pub(super) enum End {
    /// It was asked to stop, and did so in order.
    #[error("stopped")]
    Stopped,
    /// It belongs to another instance.
    #[error("it belongs to another instance now")]
    NotOurs,
    /// The task cannot go on.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The log cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Everything that one ownership of a partition needs.
pub(super) struct Partition {
    pub(super) env: Env,
    pub(super) service: Service,
    pub(super) id: PartitionId,
    pub(super) lease: Arc<dyn Lease>,
    pub(super) stop: watch::Receiver<bool>,
    /// Its task, where this instance has followed it so far.
    pub(super) followed: Option<Task>,
    /// Whether the owner before was this same process, and no command ended it.
    pub(super) survived: bool,
}

/// An owned partition between two failures.
struct Tenure<'p> {
    owner: &'p mut Partition,
    task: Task,
    writer: Box<dyn Writer>,
    commands: Box<dyn Reader>,
    forwarders: Forwarders,
    acknowledgements: mpsc::UnboundedReceiver<Acknowledgement>,
    replies: ReplyOut,
    /// Channels that stand still here, for whoever asks their senders.
    stopped: watch::Sender<Stopped>,
    /// Channels whose receivers miss something that is being looked for.
    searched: BTreeSet<Channel>,
    searches: (mpsc::UnboundedSender<Ended>, mpsc::UnboundedReceiver<Ended>),
    /// Read and not decided.
    buffer: VecDeque<Stored>,
    /// Everything below has been decided.
    position: u64,
    /// What comes before deadlines that are due.
    backlog: Option<Backlog>,
    /// From when on commands of this process may come directly, where they do not yet.
    direct_from: Option<Timestamp>,
    /// A task ended at this position before, and it has not been said yet that it is tried again.
    suspicious: bool,
    unflushed: u32,
    snapshots: Taking,
}

/// What stood in the partition when deadlines fell due: it is decided first.
struct Backlog {
    /// They may fire up to here.
    through: Timestamp,
    /// Once the commands up to this position are decided,
    end: u64,
    /// and so many of those in the buffer, for what comes directly has no position.
    behind: usize,
}

/// How a tenure ends when the partition itself does not.
enum Next {
    /// Take over again and replay: only the log knows what is in it.
    TakeOver,
    End(End),
}

impl From<TaskError> for Next {
    fn from(error: TaskError) -> Self {
        Next::End(End::Task(error))
    }
}

impl From<LogError> for Next {
    fn from(error: LogError) -> Self {
        Next::End(End::Log(error))
    }
}

impl From<ReplayError> for Next {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Task(error) => error.into(),
            ReplayError::Log(error) => error.into(),
        }
    }
}

impl Partition {
    /// Runs until it is stopped, loses the partition, or cannot go on.
    pub(super) async fn run(mut self) -> End {
        let mut survived = self.survived;
        loop {
            // The assignment may be old news by now; only the log can tell whose the partition is.
            if !plant::on(Bug::MutualFencing) {
                match self.lease.prove().await {
                    Ok(true) => {}
                    Ok(false) => return End::NotOurs,
                    Err(error) => return End::Log(error),
                }
            }
            self.env.statuses.set(&self.id, Activity::TakingOver);
            let next = match self.take_over(std::mem::replace(&mut survived, true)).await {
                Ok(mut tenure) => match tenure.serve().await {
                    Ok(never) => match never {},
                    Err(next) => next,
                },
                Err(next) => next,
            };
            match next {
                Next::TakeOver => tracing::info!(partition = %self.id, "taking over again"),
                Next::End(end) => return end,
            }
        }
    }

    async fn take_over(&mut self, survived: bool) -> Result<Tenure<'_>, Next> {
        let env = self.env.clone();
        let mut writer = env.log.take_over(&self.id).await?;
        let (mut stop, followed) = (self.stop.clone(), self.followed.take());
        let caught_up = caught_up(&env, &self.service, &self.id, followed);
        // Which may take minutes; whoever gets the partition next goes on from what is flushed.
        let (mut task, replayed) = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => return Err(Next::End(End::Stopped)),
            caught_up = caught_up => caught_up?,
        };
        tracing::debug!(partition = %self.id, replayed, "taken over");
        task.check_clock(env.clock.now())?;

        let durable = env.log.commands_are_durable();
        let commands_topic = Topic::commands(self.id.service.clone());
        let commands_end = if durable {
            env.log.end(&commands_topic, self.id.index).await?
        } else {
            0
        };
        let survived = survived || task.is_new();
        let receipt = task.takeover(env.clock.now(), commands_end, survived);
        let next = append(&mut *writer, vec![task.record_of(&receipt)]).await?;
        task.commit_control(&receipt, next);
        task.flush()?;
        let snapshots = Taking::default();
        snapshots.consider(&env, &self.id, &task);

        let from = if durable { task.position() } else { 0 };
        let mut commands = env.log.read(&commands_topic, self.id.index, from).await?;
        let chunk = commands.poll(CHUNK).await?;
        let position = chunk.records.first().map_or(chunk.next, |first| first.offset);
        let now = env.clock.now();
        let direct_from = if survived {
            now
        } else {
            now.saturating_add(env.clock.log_duration(DETOUR)).unwrap_or(now)
        };
        let (mut forwarders, acknowledgements) = Forwarders::new(env.clone(), self.id.service.clone());
        let (resent, id) = (env.resent.clone(), self.id.clone());
        forwarders.resend(task.unsent().cloned().collect(), move || resent.mark(&id));
        env.statuses.update(&self.id, |status| {
            status.activity = Activity::Running;
            status.sequence = task.sequence();
            status.replayed = replayed;
            status.unsent = task.unsent().count();
        });
        let (stopped, shown) = watch::channel(Stopped::new());
        env.spawn
            .spawn(Box::pin(mend::ask(env.clone(), self.id.clone(), shown)));
        Ok(Tenure {
            replies: ReplyOut::new(env, self.id.clone()),
            owner: self,
            task,
            writer,
            commands,
            forwarders,
            acknowledgements,
            stopped,
            searched: BTreeSet::new(),
            searches: mpsc::unbounded_channel(),
            buffer: chunk.records.into(),
            position,
            backlog: None,
            direct_from: Some(direct_from),
            suspicious: durable,
            unflushed: 0,
            snapshots,
        })
    }
}

/// The task as of the log's end, and how many records that took.
async fn caught_up(
    env: &Env,
    service: &Service,
    id: &PartitionId,
    followed: Option<Task>,
) -> Result<(Task, u64), Next> {
    let mut task = match followed {
        Some(task) => task,
        None => replay::open(env, service, id).await?,
    };
    let topic = Topic::events(id.service.clone());
    let end = env.log.end(&topic, id.index).await?;
    if task.next() > end {
        return Err(Next::End(End::Task(TaskError::LogTooShort {
            partition: id.to_string(),
            log: end,
            cached: task.next(),
        })));
    }
    let replayed = replay::to(env, id, &mut task, end).await?;
    Ok((task, replayed))
}

async fn append(writer: &mut dyn Writer, records: Vec<interstate_log::Record>) -> Result<u64, Next> {
    writer.append(records).await.map_err(|error| match error {
        AppendError::Aborted(error) => Next::End(End::Log(error)),
        AppendError::Unknown(error) => {
            tracing::warn!(%error, "the outcome of a batch is unknown; the log is asked");
            Next::TakeOver
        }
        AppendError::Fenced => Next::TakeOver,
    })
}

/// What ended a wait.
enum Woken {
    Stop,
    Acknowledged(Channel, u64),
    Commands(Chunk),
    Searched(Ended),
    Time,
}

/// There is no way for a tenure to end well: it is ended.
enum Never {}

impl Tenure<'_> {
    async fn serve(&mut self) -> Result<Never, Next> {
        loop {
            self.take_directly();
            self.take_acknowledgements();
            while let Ok(ended) = self.searches.1.try_recv() {
                self.send_again(ended).await?;
            }
            let deadlines = self.due_deadlines().await?;
            if self.buffer.is_empty() {
                if deadlines.is_some() || self.task.has_pending() || self.backlog.is_some() {
                    self.poll().await?;
                    self.look_up()?;
                } else {
                    self.wait().await?;
                }
            }
            let deadlines = deadlines.or(self.due_deadlines().await?);
            if !self.buffer.is_empty() || deadlines.is_some() || self.task.has_pending() {
                self.decide(deadlines).await?;
            } else if self.backlog.is_some() {
                self.owner.env.clock.sleep(Duration::from_millis(1)).await;
            }
        }
    }

    fn take_directly(&mut self) {
        let now = self.owner.env.clock.now();
        if self.direct_from.take_if(|from| *from <= now).is_some() {
            self.commands.take_directly();
        }
    }

    /// Ends in order when asked to, without waiting.
    fn look_up(&mut self) -> Result<(), Next> {
        if *self.owner.stop.borrow() {
            Err(Next::End(End::Stopped))
        } else {
            Ok(())
        }
    }

    /// Waits for something to do.
    async fn wait(&mut self) -> Result<(), Next> {
        let env = self.owner.env.clone();
        let look_around = env
            .clock
            .now()
            .saturating_add(LOOK_AROUND)
            .unwrap_or(Timestamp::MAX);
        let gated = !env.log.commands_are_durable() && !env.resent.is_complete();
        let until = match self.task.next_deadline() {
            Some(due) if !gated => due.min(look_around),
            _ => look_around,
        };
        let resent = async {
            if gated {
                env.resent.complete().await
            } else {
                std::future::pending().await
            }
        };
        let mut stop = self.owner.stop.clone();
        let woken = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => Woken::Stop,
            Some((channel, number)) = self.acknowledgements.recv() => Woken::Acknowledged(channel, number),
            chunk = self.commands.next(CHUNK) => Woken::Commands(chunk?),
            Some(ended) = self.searches.1.recv() => Woken::Searched(ended),
            () = env.clock.sleep_until(until) => Woken::Time,
            () = resent => Woken::Time,
        };
        match woken {
            Woken::Stop => return Err(self.stop_in_order().await),
            Woken::Acknowledged(channel, number) => {
                self.task.acknowledge(&channel, number);
                self.take_acknowledgements();
            }
            Woken::Commands(chunk) => {
                let now = env.clock.now();
                self.buffer.extend(chunk.records);
                env.statuses
                    .update(&self.owner.id, |status| status.oldest_command = Some(now));
            }
            Woken::Searched(ended) => self.send_again(ended).await?,
            Woken::Time => self.flush_when_idle(until == look_around)?,
        }
        Ok(())
    }

    fn flush_when_idle(&mut self, idle: bool) -> Result<(), Next> {
        match idle && self.unflushed > 0 {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), Next> {
        self.unflushed = 0;
        self.task.flush()?;
        self.snapshots
            .consider(&self.owner.env, &self.owner.id, &self.task);
        Ok(())
    }

    fn take_acknowledgements(&mut self) {
        while let Ok((channel, number)) = self.acknowledgements.try_recv() {
            self.task.acknowledge(&channel, number);
        }
        let unsent = self.task.unsent_count();
        let statuses = &self.owner.env.statuses;
        statuses.update(&self.owner.id, |status| status.unsent = unsent);
    }

    /// The time up to which deadlines may fire: everything that stood in the partition when they fell due has
    /// been decided.
    async fn due_deadlines(&mut self) -> Result<Option<Timestamp>, Next> {
        let env = &self.owner.env;
        let now = env.clock.now().max(self.task.time());
        if self.task.next_deadline().is_none_or(|due| due > now) {
            // Nothing waits for a backlog any more: without this the partition would go on polling for it.
            self.backlog = None;
            return Ok(None);
        }
        if plant::on(Bug::DeadlineBeforeBacklog) {
            return Ok(Some(now));
        }
        if !env.log.commands_are_durable() && !env.resent.is_complete() {
            return Ok(None);
        }
        if self.backlog.is_none() {
            let topic = Topic::commands(self.owner.id.service.clone());
            let end = env.log.end(&topic, self.owner.id.index).await?;
            // What has come directly is fetched, as long as it fills its half.
            while self.poll().await? >= CHUNK / 2 && self.buffer.len() < MOST_BUFFERED {}
            self.backlog = Some(Backlog {
                through: now,
                end,
                behind: self.buffer.len(),
            });
        }
        let Some(Backlog { through, end, behind }) = self.backlog else {
            return Ok(None);
        };
        let clear = self.position >= end && behind == 0;
        if clear && self.task.next_deadline().is_none_or(|due| due > through) {
            self.backlog = None;
            return Ok(None);
        }
        Ok(clear.then_some(through))
    }

    /// Takes what has come into the buffer; how much that was.
    async fn poll(&mut self) -> Result<usize, Next> {
        let chunk = self.commands.poll(CHUNK).await?;
        if self.buffer.is_empty() {
            let first = chunk.records.first();
            self.position = self.position.max(first.map_or(chunk.next, |first| first.offset));
        }
        let count = chunk.records.len();
        self.buffer.extend(chunk.records);
        Ok(count)
    }

    /// Before the first command after a takeover, where the task has ended at the same position before.
    async fn say_what_is_tried(&mut self) -> Result<(), Next> {
        if self.suspicious && !self.buffer.is_empty() {
            self.suspicious = false;
            if let Some(receipt) = self.task.try_again(self.owner.env.clock.now()) {
                let next = append(&mut *self.writer, vec![self.task.record_of(&receipt)]).await?;
                self.task.commit_control(&receipt, next);
            }
        }
        Ok(())
    }

    async fn decide(&mut self, deadlines: Option<Timestamp>) -> Result<(), Next> {
        let env = self.owner.env.clone();
        self.say_what_is_tried().await?;
        let commands = self.buffer.make_contiguous();
        let mut step = match self.task.step(commands, deadlines, env.clock.now()) {
            Ok(Some(step)) => step,
            Ok(None) => {
                self.backlog = None;
                return Ok(());
            }
            Err(TaskError::Clock { clock, log }) => {
                let why = TaskError::Clock { clock, log }.to_string();
                tracing::error!(partition = %self.owner.id, why);
                env.statuses.set(&self.owner.id, Activity::Blocked(why));
                env.clock.sleep(Duration::from_secs(1)).await;
                return self.look_up();
            }
            Err(error) => return Err(error.into()),
        };
        if plant::on(Bug::ReplyBeforeCommit) {
            self.replies.send(step.early_replies().to_vec()).await;
        }
        let records = std::mem::take(&mut step.records);
        let decided = &self.buffer.make_contiguous()[..step.consumed];
        let (_spans, began) = (spans::of_commands(&self.owner.id, decided), Instant::now());
        match self.writer.append(records).await {
            Ok(next) => {
                let decided = &self.buffer.make_contiguous()[..step.consumed];
                meter::count(&*env.meter, &self.owner.id, decided, &step, began.elapsed());
                self.commit(step, next).await
            }
            Err(AppendError::Fenced) if plant::on(Bug::FencingOff) => {
                self.commit(step, self.task.next()).await
            }
            Err(AppendError::Aborted(error)) => {
                tracing::warn!(partition = %self.owner.id, %error, "a batch was not written; it is tried again");
                env.statuses
                    .set(&self.owner.id, Activity::Blocked(error.to_string()));
                env.clock.sleep(BACKOFF).await;
                self.look_up()
            }
            Err(AppendError::Unknown(error)) => {
                tracing::warn!(partition = %self.owner.id, %error, "the outcome of a batch is unknown; the log is asked");
                Err(Next::TakeOver)
            }
            Err(AppendError::Fenced) => Err(Next::TakeOver),
        }
    }

    async fn commit(&mut self, step: Step, next: u64) -> Result<(), Next> {
        let consumed = step.consumed;
        if let Some(last) = self.buffer.drain(..consumed).next_back() {
            self.position = last.offset + 1;
        }
        let (replies, messages) = self.task.commit(step, next);
        self.commands.handled(consumed);
        if let Some(backlog) = &mut self.backlog {
            backlog.behind = backlog.behind.saturating_sub(consumed);
        }
        for message in messages {
            self.forwarders.forward(message);
        }
        self.replies.send(replies).await;
        self.mend();
        let (task, buffer) = (&self.task, &self.buffer);
        self.owner.env.statuses.update(&self.owner.id, |status| {
            status.activity = Activity::Running;
            status.commands += consumed as u64;
            status.sequence = task.sequence();
            status.unsent = task.unsent_count();
            status.stopped_channels = task.stopped_channels().count();
            if buffer.is_empty() {
                status.oldest_command = None;
            }
        });
        self.unflushed += 1;
        if self.unflushed >= FLUSH_EVERY {
            self.flush()?;
        }
        Ok(())
    }

    /// Has what is missing here asked for, and what is missing elsewhere looked for.
    fn mend(&mut self) {
        let (task, stopped) = (&self.task, &self.stopped);
        stopped.send_if_modified(|shown| {
            let now: Stopped = task
                .stopped_channels()
                .map(|(channel, next)| (channel.clone(), next))
                .collect();
            let changed = *shown != now;
            *shown = now;
            changed
        });
        let env = &self.owner.env;
        for resend in self.task.take_resends() {
            if self.searched.insert(resend.channel.clone()) {
                let ended = self.searches.0.clone();
                let search = mend::search(env.clone(), self.owner.id.clone(), resend, ended);
                env.spawn.spawn(Box::pin(search));
            }
        }
    }

    /// Sends again what a receiver misses. What was sent since the search is read here, where nothing is sent
    /// meanwhile: all of it arrives in order.
    async fn send_again(&mut self, ended: Ended) -> Result<(), Next> {
        let found = match ended {
            Ok(found) => found,
            Err(channel) => {
                self.searched.remove(&channel);
                return Ok(());
            }
        };
        let channel = found.channel.clone();
        self.searched.remove(&channel);
        let messages = found
            .complete(&self.owner.env, &self.owner.id, self.task.next())
            .await?;
        tracing::warn!(partition = %self.owner.id, ?channel, count = messages.len(), "messages are sent again");
        for message in messages {
            self.forwarders.forward(message);
        }
        Ok(())
    }

    async fn stop_in_order(&mut self) -> Next {
        let receipt: Receipt = self.task.stop(self.owner.env.clock.now());
        let record = self.task.record_of(&receipt);
        match self.writer.append(vec![record]).await {
            Ok(next) => {
                self.task.commit_control(&receipt, next);
                if let Err(error) = self.task.flush() {
                    tracing::warn!(%error, "the state cache was not written; the next start replays more");
                }
                Next::End(End::Stopped)
            }
            // The next takeover finds out; nothing is lost by a stop that was not noted.
            Err(_) => Next::End(End::Stopped),
        }
    }
}
