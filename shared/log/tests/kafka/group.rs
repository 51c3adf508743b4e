//! Members of a group that come, and that die: their partitions go to the others, who go on exactly where the
//! committed log ends.

use crate::{broker::Brokers, story};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::{Duration, Instant},
};

const PARTITIONS: usize = 4;
/// How long the brokers wait for a sign of life.
const SESSION: Duration = Duration::from_secs(6);
/// How long a change of owners may take, that wait and a busy machine included.
const PATIENCE: Duration = Duration::from_secs(40);

/// One ownership of a partition: how many batches its owner found, and how many there were when it last spoke.
struct Tenure {
    of: &'static str,
    found: u64,
    last: u64,
}

/// What the members have said of each partition. Each speaks in order, but one may be heard before another.
#[derive(Default)]
struct Told {
    owners: BTreeMap<u32, &'static str>,
    tenures: BTreeMap<u32, Vec<Tenure>>,
}

/// A `log-member` process that ends with the test.
struct Member {
    child: Child,
    listening: Option<JoinHandle<()>>,
}

impl Member {
    fn start(name: &'static str, brokers: &Brokers, service: &str, told: &Arc<Mutex<Told>>) -> Self {
        Self::start_with(SESSION, name, brokers, service, told)
    }

    fn start_with(
        session: Duration,
        name: &'static str,
        brokers: &Brokers,
        service: &str,
        told: &Arc<Mutex<Told>>,
    ) -> Self {
        let (partitions, session) = (PARTITIONS.to_string(), session.as_secs().to_string());
        let mut child = Command::new(env!("CARGO_BIN_EXE_log-member"))
            .args([&*brokers.bootstrap, service, &partitions, &session])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let told = told.clone();
        let listening = std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                told.lock().unwrap().hear(name, &line);
            }
        });
        Self {
            child,
            listening: Some(listening),
        }
    }

    /// Has it leave the group and end, and hears the last of it.
    fn end(&mut self) {
        interstate_engines::signal(&[&self.child.id().to_string()], "TERM").unwrap();
        assert!(self.child.wait().unwrap().success());
        self.hear_out();
    }

    /// Kills it, and hears the last of it.
    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.hear_out();
    }

    fn hear_out(&mut self) {
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Told {
    fn hear(&mut self, name: &'static str, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse::<u64>().expect("a number");
        let partition = u32::try_from(number(1)).expect("a partition");
        let tenures = self.tenures.entry(partition).or_default();
        match words[0] {
            "owns" => {
                let found = number(2);
                tenures.push(Tenure {
                    of: name,
                    found,
                    last: found,
                });
                self.owners.insert(partition, name);
            }
            "wrote" => {
                let own = tenures.iter_mut().rev().find(|tenure| tenure.of == name);
                own.expect("it owned the partition").last = number(2);
            }
            _ if self.owners.get(&partition) == Some(&name) => {
                self.owners.remove(&partition);
            }
            _ => {}
        }
    }

    fn of(&self, name: &str) -> usize {
        self.owners.values().filter(|owner| **owner == name).count()
    }

    /// How many batches each partition has.
    fn written(&self) -> BTreeMap<u32, u64> {
        let last = |tenures: &Vec<Tenure>| tenures.iter().map(|tenure| tenure.last).max().unwrap_or(0);
        self.tenures
            .iter()
            .map(|(partition, tenures)| (*partition, last(tenures)))
            .collect()
    }

    /// Each owner found what the one before it was told is written, or one batch more, of which that one could
    /// not speak any more.
    fn check(&mut self) {
        for (partition, tenures) in &mut self.tenures {
            tenures.sort_by_key(|tenure| (tenure.found, tenure.last));
            for pair in tenures.windows(2) {
                let (before, after) = (&pair[0], &pair[1]);
                assert!(
                    (before.last..=before.last + 1).contains(&after.found),
                    "{partition}: {} wrote up to {}, {} found {}",
                    before.of,
                    before.last,
                    after.of,
                    after.found
                );
            }
        }
    }
}

/// Waits until each member owns so many partitions, and all of them have gone on from there.
async fn until(told: &Mutex<Told>, shares: &[(&str, usize)]) -> Duration {
    let began = Instant::now();
    let mut since: Option<BTreeMap<u32, u64>> = None;
    loop {
        {
            let told = told.lock().unwrap();
            let now = told.written();
            match (&since, shares.iter().all(|(name, count)| told.of(name) == *count)) {
                (_, false) => since = None,
                (None, true) => since = Some(now),
                (Some(before), true) => {
                    if now.iter().all(|(partition, now)| *now > before[partition]) {
                        return began.elapsed();
                    }
                }
            }
            assert!(
                began.elapsed() < PATIENCE,
                "not within {PATIENCE:?}: {shares:?}; instead {:?}",
                told.owners
            );
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn a_killed_member_is_replaced_by_the_others_where_the_committed_log_ends() {
    story::tell(|doing| async move {
        let broker = Brokers::start(1);
        let (service, told) = (broker.service(), Arc::new(Mutex::new(Told::default())));
        doing.now("waiting for one member to own everything");
        let mut one = Member::start("one", &broker, &service, &told);
        until(&told, &[("one", 4)]).await;
        doing.now("waiting for two members to share");
        let mut two = Member::start("two", &broker, &service, &told);
        until(&told, &[("one", 2), ("two", 2)]).await;
        for round in 0..2 {
            doing.now(format!("waiting for the other to take over, round {round}"));
            one.kill();
            let took = until(&told, &[("two", 4)]).await;
            println!("{took:?} from kill -9 of a member until its partitions were written by the other");
            doing.now(format!("waiting for the member to come back, round {round}"));
            one = Member::start("one", &broker, &service, &told);
            until(&told, &[("one", 2), ("two", 2)]).await;
        }
        doing.now("hearing the last of both");
        one.kill();
        two.kill();
        told.lock().unwrap().check();
    });
}

#[test]
fn a_member_that_leaves_is_not_waited_for_although_its_process_ends_at_once() {
    story::tell(|doing| async move {
        let broker = Brokers::start(1);
        let (service, told) = (broker.service(), Arc::new(Mutex::new(Told::default())));
        // Longer than anybody here is patient: nobody takes over by its end.
        let session = PATIENCE * 2;
        doing.now("waiting for two members to share");
        let mut one = Member::start_with(session, "one", &broker, &service, &told);
        until(&told, &[("one", 4)]).await;
        let mut two = Member::start_with(session, "two", &broker, &service, &told);
        until(&told, &[("one", 2), ("two", 2)]).await;
        for round in 0..3 {
            doing.now(format!("waiting for the other to take over, round {round}"));
            let began = Instant::now();
            one.end();
            let ended = began.elapsed();
            let took = until(&told, &[("two", 4)]).await;
            println!("{ended:?} to leave, {took:?} until what it had was written by the other");
            one = Member::start_with(session, "one", &broker, &service, &told);
            until(&told, &[("one", 2), ("two", 2)]).await;
        }
        doing.now("hearing the last of both");
        one.kill();
        two.kill();
        told.lock().unwrap().check();
    });
}
