//! Signals to processes that tests have started.

use std::{
    fs, io,
    process::Command,
    time::{Duration, Instant},
};

/// Longer than a machine under load takes to stop a process, or to take its memory from it.
const STOPS_WITHIN: Duration = Duration::from_secs(20);

/// Sends a signal, `STOP`, `CONT`, `KILL`, to these processes. After `STOP` all their threads stand still, after `KILL`
/// they have gone: the kernel wakes each of them for it, and on a busy machine some go on for a while.
///
/// # Errors
/// The first of them does not run, or one does not stop.
pub fn signal(pids: &[&str], signal: &str) -> io::Result<()> {
    let sent = Command::new("kill")
        .arg(format!("-{signal}"))
        .args(pids)
        .output()?;
    if !sent.status.success() {
        let said = String::from_utf8_lossy(&sent.stderr);
        return Err(io::Error::other(format!(
            "kill -{signal} {}: {said}",
            pids.join(" ")
        )));
    }
    let wanted: &[char] = match signal {
        "STOP" => &['T', 't', 'X', 'Z'],
        "KILL" => &['X', 'Z'],
        _ => return Ok(()),
    };
    let began = Instant::now();
    while !pids.iter().all(|pid| is_all(pid, wanted)) {
        if began.elapsed() > STOPS_WITHIN {
            return Err(io::Error::other(format!("{} do not stop", pids.join(" "))));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Whether all threads are in one of these states, or the process is gone.
fn is_all(pid: &str, wanted: &[char]) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return true;
    };
    threads.flatten().all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        // The name before it is in parentheses, and may hold anything.
        let state = stat
            .rsplit_once(')')
            .and_then(|(_, rest)| rest.trim_start().chars().next());
        state.is_none_or(|state| wanted.contains(&state))
    })
}
