//! Processes that are killed in mid-write.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// A `log-writer` process.
pub struct LogWriter {
    /// It, for signals.
    pub child: Child,
    lines: mpsc::Receiver<String>,
    reader: JoinHandle<()>,
}

impl LogWriter {
    /// Starts one, and waits until it has taken over; gives the number of batches that it found.
    pub fn start(engine: &str, place: &str, service: &str) -> (Self, u64) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_log-writer"))
            .args([engine, place, service])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let mut writer = Self { child, lines, reader };
        let first = writer.lines.recv_timeout(Duration::from_secs(60));
        let restored = first
            .ok()
            .and_then(|line| line.strip_prefix("restored ")?.parse().ok());
        match restored {
            Some(count) => (writer, count),
            None => panic!("the writer did not start: {}", writer.complaint()),
        }
    }

    /// Waits until it has had this many more batches acknowledged.
    pub fn wait_for(&mut self, batches: usize) {
        let until = Instant::now() + Duration::from_secs(60);
        for _ in 0..batches {
            let left = until.saturating_duration_since(Instant::now());
            if self.lines.recv_timeout(left).is_err() {
                panic!("the writer stopped: {}", self.complaint());
            }
        }
    }

    /// Kills it as it stands, and gives the number of batches that were acknowledged in all, if any were.
    pub fn kill(mut self) -> Option<u64> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.reader.join().unwrap();
        self.lines
            .try_iter()
            .last()
            .map(|line| line.parse::<u64>().unwrap() + 1)
    }

    /// What it said on the way out.
    pub fn complaint(&mut self) -> String {
        let mut text = String::new();
        let _ = self.child.kill();
        if let Some(mut out) = self.child.stderr.take() {
            let _ = out.read_to_string(&mut text);
        }
        text
    }
}

/// Kills a writer again and again; every start must find what was acknowledged before, and no more than the one
/// batch on top that was under way.
pub fn survives_kills(engine: &str, place: &str, service: &str, rounds: u64) {
    let mut acknowledged = 0;
    for round in 0..rounds {
        let (mut writer, restored) = LogWriter::start(engine, place, service);
        assert!(
            (acknowledged..=acknowledged + 1).contains(&restored),
            "round {round}: {acknowledged} acknowledged, {restored} found"
        );
        writer.wait_for(20);
        std::thread::sleep(Duration::from_micros(700 * round * round));
        acknowledged = writer.kill().unwrap_or(restored + 20).max(restored + 20);
    }
}
