//! A closed loop of sagas: so many at once, each client starts the next when its last has ended.

use crate::saga::{Ended, Trip};
use serde_json::{Value, json};
use std::{
    error::Error,
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// One in so many payments is declined.
const DECLINED: usize = 50;

/// What is run.
pub struct Load {
    pub ingress: String,
    /// Makes the ids differ from those of an earlier run.
    pub tag: String,
    pub count: usize,
    pub concurrency: usize,
}

impl Load {
    /// One line of figures. The processor time is that of the server and of the handlers, not of this process.
    pub async fn run(self, pids: &[&str]) -> Result<Value, Box<dyn Error>> {
        let http = reqwest::Client::builder()
            .pool_max_idle_per_host(self.concurrency)
            .timeout(Duration::from_secs(60))
            .build()?;
        let (load, next) = (Arc::new(self), Arc::new(AtomicUsize::new(0)));
        let (cpu, began) = (cpu_ms(pids), Instant::now());
        let clients: Vec<_> = (0..load.concurrency)
            .map(|_| tokio::spawn(client(load.clone(), http.clone(), next.clone())))
            .collect();
        let (mut took, mut wrong) = (Vec::new(), 0);
        for client in clients {
            let (times, bad) = client.await?;
            took.extend(times);
            wrong += bad;
        }
        let seconds = began.elapsed().as_secs_f64();
        let cpu = (cpu_ms(pids) - cpu) as f64 / load.count as f64;
        took.sort_unstable();
        let at = |share: f64| {
            let index = (took.len().saturating_sub(1) as f64 * share) as usize;
            took.get(index).map_or(0.0, |took| took.as_secs_f64() * 1e3)
        };
        Ok(json!({
            "what": "saga-restate", "sagas": load.count, "concurrency": load.concurrency, "wrong": wrong,
            "per_second": (load.count as f64 / seconds).round(), "p50_ms": at(0.5), "p99_ms": at(0.99),
            "cpu_ms_each": cpu,
        }))
    }

    fn trip(&self, number: usize) -> Trip {
        Trip {
            id: format!("{}-{number}", self.tag),
            rider: number as u64,
            declines: number % DECLINED == DECLINED - 1,
        }
    }
}

/// How long each saga of this client took, and how many ended as they should not.
async fn client(load: Arc<Load>, http: reqwest::Client, next: Arc<AtomicUsize>) -> (Vec<Duration>, usize) {
    let (mut took, mut wrong) = (Vec::new(), 0);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= load.count {
            return (took, wrong);
        }
        let trip = load.trip(number);
        let url = format!("{}/Booking/{}/run", load.ingress, trip.id);
        let began = Instant::now();
        let ended: Option<Ended> = match http.post(url).json(&trip).send().await {
            Ok(answer) if answer.status().is_success() => answer.json().await.ok(),
            _ => None,
        };
        took.push(began.elapsed());
        let right = ended.is_some_and(|ended| ended.id == trip.id && ended.completed != trip.declines);
        wrong += usize::from(!right);
    }
}

/// User and system time so far, in milliseconds (the kernel counts in hundredths of a second).
fn cpu_ms(pids: &[&str]) -> u64 {
    let of = |pid: &&str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let fields = stat.rsplit(") ").next().unwrap_or_default();
        let both = fields.split_whitespace().skip(11).take(2);
        both.filter_map(|field| field.parse::<u64>().ok()).sum::<u64>() * 10
    };
    pids.iter().map(of).sum()
}
