//! The thread that writes a file. What has come while it wrote goes into the next transaction together: a commit
//! costs more than the rows of a few events.

use super::{ProjectionError, error};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::{
    io,
    sync::mpsc::{self, Receiver, Sender},
    time::Duration,
};
use tokio::sync::oneshot;

/// Batches of one transaction, so that nobody waits for a very long one.
const TOGETHER: usize = 64;

/// After a transaction of several batches there is traffic: what comes within this time goes into the next one
/// together. A batch that came alone is followed at once, for then somebody may wait for each.
const REST: Duration = Duration::from_millis(3);

/// Events on their way into rows.
pub(crate) trait TakeUp {
    /// Takes all of them up in the open transaction; what it has done is taken back after an error.
    fn take_up(&mut self, tx: &Connection) -> Result<(), ProjectionError>;
    /// Takes them up one by one; those that fail are parked.
    fn take_up_each(&mut self, tx: &Connection) -> rusqlite::Result<()>;
}

/// Events that a runner wants in the file.
pub(crate) trait Batch: TakeUp + Send {
    /// They are committed, or nothing of them happened.
    fn done(self: Box<Self>, rows: &Connection, how: rusqlite::Result<()>);
}

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

enum Job {
    Batch(Box<dyn Batch>),
    Alone(Work),
    Held(Receiver<Work>),
}

/// The way to the thread; it ends with the last clone.
#[derive(Clone)]
pub(crate) struct Writer {
    jobs: Sender<Job>,
}

impl Writer {
    pub fn start(db: Connection) -> io::Result<Self> {
        let (jobs, coming) = mpsc::channel();
        std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || write(db, &coming))?;
        Ok(Self { jobs })
    }

    /// Puts events into the next transaction. The batch is told what became of it.
    pub fn take_up(&self, batch: Box<dyn Batch>) {
        // Without the thread the batch is dropped, and so is whatever it would answer with.
        let _ = self.jobs.send(Job::Batch(batch));
    }

    /// Does something between two transactions.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> rusqlite::Result<T> {
        let (work, answer) = answering(work);
        let _ = self.jobs.send(Job::Alone(work));
        answer.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Keeps everybody else away until the hold is dropped; a transaction that is open then is taken back.
    pub fn hold(&self) -> Hold {
        let (work, coming) = mpsc::channel();
        let _ = self.jobs.send(Job::Held(coming));
        Hold { work }
    }
}

/// The thread for one caller alone.
pub(crate) struct Hold {
    work: Sender<Work>,
}

impl Hold {
    /// Does something on the connection.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> rusqlite::Result<T> {
        let (work, answer) = answering(work);
        let _ = self.work.send(work);
        answer.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn answering<T: Send + 'static>(
    work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> (Work, oneshot::Receiver<rusqlite::Result<T>>) {
    let (tell, answer) = oneshot::channel();
    let work = move |db: &mut Connection| {
        let _ = tell.send(work(db));
    };
    (Box::new(work), answer)
}

pub(crate) fn gone() -> rusqlite::Error {
    error::of_the_store("the thread that writes the file has ended")
}

fn write(mut db: Connection, jobs: &Receiver<Job>) {
    let mut next = None;
    while let Some(job) = next.take().or_else(|| jobs.recv().ok()) {
        match job {
            Job::Alone(work) => work(&mut db),
            Job::Held(coming) => {
                while let Ok(work) = coming.recv() {
                    work(&mut db);
                }
                if !db.is_autocommit()
                    && let Err(error) = db.execute_batch("ROLLBACK")
                {
                    tracing::warn!(%error, "a transaction that nobody wants any more was not taken back");
                }
            }
            Job::Batch(first) => {
                let mut group = vec![first];
                while group.len() < TOGETHER {
                    match jobs.try_recv() {
                        Ok(Job::Batch(batch)) => group.push(batch),
                        other => {
                            next = other.ok();
                            break;
                        }
                    }
                }
                let together = group.len() > 1;
                commit(&mut db, group);
                if together {
                    std::thread::sleep(REST);
                }
            }
        }
    }
}

/// Commits them together or, where one fails, each by itself.
fn commit(db: &mut Connection, mut group: Vec<Box<dyn Batch>>) {
    if group.len() > 1 && transaction(db, &mut group).is_ok() {
        for batch in group {
            batch.done(db, Ok(()));
        }
        return;
    }
    for mut batch in group {
        let how = alone(db, &mut *batch);
        batch.done(db, how);
    }
}

fn alone(db: &Connection, batch: &mut dyn Batch) -> rusqlite::Result<()> {
    filled(db, batch)?.commit()
}

/// A transaction in which events are taken up, whole or, where one fails, one by one.
pub(crate) fn filled<'d>(db: &'d Connection, events: &mut dyn TakeUp) -> rusqlite::Result<Transaction<'d>> {
    let immediate = || Transaction::new_unchecked(db, TransactionBehavior::Immediate);
    let tx = immediate()?;
    match events.take_up(&tx) {
        Ok(()) => Ok(tx),
        Err(ProjectionError::Store(error)) => Err(error),
        Err(ProjectionError::Event(_)) => {
            tx.rollback()?;
            let tx = immediate()?;
            events.take_up_each(&tx)?;
            Ok(tx)
        }
    }
}

fn transaction(db: &mut Connection, group: &mut [Box<dyn Batch>]) -> Result<(), ProjectionError> {
    let tx = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for batch in group {
        batch.take_up(&tx)?;
    }
    Ok(tx.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes one row, or fails at first.
    struct Row {
        value: i64,
        fails: bool,
        tries: u32,
        told: Sender<(i64, u32, bool)>,
    }

    impl Row {
        fn write(&mut self, tx: &Connection) -> rusqlite::Result<()> {
            self.tries += 1;
            tx.execute("INSERT INTO written VALUES (?)", [self.value])
                .map(|_| ())
        }
    }

    impl TakeUp for Row {
        fn take_up(&mut self, tx: &Connection) -> Result<(), ProjectionError> {
            self.write(tx)?;
            match self.fails {
                true => Err(ProjectionError::event("it cannot be")),
                false => Ok(()),
            }
        }

        fn take_up_each(&mut self, tx: &Connection) -> rusqlite::Result<()> {
            self.write(tx)
        }
    }

    impl Batch for Row {
        fn done(self: Box<Self>, _: &Connection, how: rusqlite::Result<()>) {
            let _ = self.told.send((self.value, self.tries, how.is_ok()));
        }
    }

    /// What becomes of three batches that have come while something else was written.
    async fn three(failing: i64) -> (Vec<(i64, u32, bool)>, Vec<i64>) {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE written (value INTEGER)").unwrap();
        let writer = Writer::start(db).unwrap();
        let (tell, told) = mpsc::channel();
        let hold = writer.hold();
        for value in 1..=3 {
            writer.take_up(Box::new(Row {
                value,
                fails: value == failing,
                tries: 0,
                told: tell.clone(),
            }));
        }
        drop((hold, tell));
        let rows = writer.run(|db| {
            let mut select = db.prepare("SELECT value FROM written ORDER BY rowid")?;
            let rows = select.query_map([], |row| row.get(0))?;
            rows.collect()
        });
        let rows = rows.await.unwrap();
        (told.iter().collect(), rows)
    }

    #[tokio::test]
    async fn what_waits_is_committed_together() {
        let (told, rows) = three(0).await;
        assert_eq!(told, [(1, 1, true), (2, 1, true), (3, 1, true)]);
        assert_eq!(rows, [1, 2, 3]);
    }

    #[tokio::test]
    async fn one_that_fails_keeps_no_other_from_being_written_once() {
        let (told, rows) = three(2).await;
        // Together up to the failure, then each alone; what failed is tried whole, then event by event.
        assert_eq!(told, [(1, 2, true), (2, 3, true), (3, 1, true)]);
        assert_eq!(rows, [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_transaction_of_somebody_who_went_away_is_taken_back() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE written (value INTEGER)").unwrap();
        let writer = Writer::start(db).unwrap();
        let hold = writer.hold();
        let begun = hold.run(|db| db.execute_batch("BEGIN; INSERT INTO written VALUES (1)"));
        begun.await.unwrap();
        drop(hold);
        let rows =
            writer.run(|db| db.query_row("SELECT count(*) FROM written", [], |row| row.get::<_, i64>(0)));
        assert_eq!(rows.await.unwrap(), 0);
    }
}
