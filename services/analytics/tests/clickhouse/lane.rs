//! A way to the server on which a test holds what passes: a process that stands still, or a network that is slow.

use crate::server::{PATIENCE, database};
use interstate_analytics::read::clickhouse::ClickHouse;
use interstate_engines::within;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    sync::watch,
};

/// What is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Nothing.
    Nothing,
    /// Requests with these words, before the server sees them.
    Request(&'static str),
    /// The answers to requests with these words.
    Answer(&'static str),
}

#[derive(Clone)]
struct Gate {
    hold: watch::Sender<Hold>,
    caught: Arc<AtomicU32>,
}

impl Gate {
    async fn passed(&self) {
        let mut held = self.hold.subscribe();
        held.wait_for(|hold| *hold == Hold::Nothing).await.unwrap();
    }
}

pub struct Lane {
    port: u16,
    gate: Gate,
}

impl Lane {
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let lane = Self {
            port: listener.local_addr().unwrap().port(),
            gate: Gate {
                hold: watch::Sender::new(Hold::Nothing),
                caught: Arc::default(),
            },
        };
        let gate = lane.gate.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (from, back) = client.into_split();
                let (answers, to) = TcpStream::connect(("127.0.0.1", server))
                    .await
                    .unwrap()
                    .into_split();
                let answer_held = Arc::<AtomicBool>::default();
                tokio::spawn(requests(from, to, gate.clone(), answer_held.clone()));
                tokio::spawn(answered(answers, back, gate.clone(), answer_held));
            }
        });
        lane
    }

    /// The database behind it.
    pub fn database(&self) -> ClickHouse {
        database(&format!("http://127.0.0.1:{}/facts", self.port))
    }

    pub fn hold(&self, hold: Hold) {
        self.gate.caught.store(0, Ordering::SeqCst);
        self.gate.hold.send_replace(hold);
    }

    /// Waits until something is held.
    pub async fn caught(&self) {
        within(PATIENCE, "something is held", async || {
            self.gate.caught.load(Ordering::SeqCst) > 0
        })
        .await;
    }
}

async fn requests(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, gate: Gate, answer_held: Arc<AtomicBool>) {
    let mut read = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut read).await {
        let text = String::from_utf8_lossy(&read[..count]).into_owned();
        let hold = *gate.hold.borrow();
        match hold {
            Hold::Request(words) if text.contains(words) => {
                gate.caught.fetch_add(1, Ordering::SeqCst);
                gate.passed().await;
            }
            Hold::Answer(words) if text.contains(words) => {
                gate.caught.fetch_add(1, Ordering::SeqCst);
                answer_held.store(true, Ordering::SeqCst);
            }
            _ => {}
        }
        if to.write_all(&read[..count]).await.is_err() {
            return;
        }
    }
}

async fn answered(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, gate: Gate, held: Arc<AtomicBool>) {
    let mut read = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut read).await {
        if held.swap(false, Ordering::SeqCst) {
            gate.passed().await;
        }
        if to.write_all(&read[..count]).await.is_err() {
            return;
        }
    }
}
