//! A driver's phone: it signs up like everybody, and then sends over one connection that stays open.

use super::{BATCH, request::Request};
use interstate_eventing::runtime::MachineClock;
use interstate_schemas::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    error::Error,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// No answer takes longer than this, or the measurement has failed.
const PATIENCE: Duration = Duration::from_secs(20);

type Failed = Box<dyn Error + Send + Sync>;

/// A driver's phone.
pub(super) struct Device {
    host: String,
    token: String,
    number: usize,
}

/// What a device looks at in an answer.
#[derive(Debug, Deserialize)]
struct Taken {
    accepted: usize,
}

impl Device {
    /// A driver who has signed up and in at the platform of this URL.
    pub(super) async fn signed_up(url: &str, number: usize) -> Result<Self, Box<dyn Error>> {
        let http = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let (email, password) = (format!("driver{number}@example.org"), "correct horse battery");
        let post = async |path: &str, body: Value| -> Result<Value, reqwest::Error> {
            let request = http.post(format!("{url}{path}"));
            let request = request.header("Idempotency-Key", format!("{path}-{number}"));
            request.json(&body).send().await?.error_for_status()?.json().await
        };
        let person = json!({ "name": format!("Driver {number}"), "email": email, "password": password,
            "phone": format!("+91981{number:07}"), "role": "driver" });
        post("/v1/users", person).await?;
        let login = json!({ "email": email, "password": password });
        let tokens = post("/v1/sessions", login).await?;
        Ok(Self {
            host: url.trim_start_matches("http://").to_owned(),
            token: tokens["access_token"]
                .as_str()
                .ok_or("no access token")?
                .to_owned(),
            number,
        })
    }

    /// One batch after the other; how long each took that was sent while it counts.
    pub(super) async fn send(self, from: Instant, until: Instant) -> Result<Vec<Duration>, Failed> {
        // What a device could not send for most of a day: many fixes, none of them too old.
        let start = MachineClock::machine_now() - SignedDuration::from_hours(23);
        let mut request = Request::new(&self.host, &self.token, self.number, start);
        let mut stream = TcpStream::connect(&self.host).await?;
        stream.set_nodelay(true)?;
        let (mut took, mut answer) = (Vec::new(), Vec::with_capacity(4_096));
        while Instant::now() < until {
            let request = request.next();
            let began = Instant::now();
            let answered = async {
                stream.write_all(request).await?;
                read(&mut stream, &mut answer).await
            };
            let taken = tokio::time::timeout(PATIENCE, answered).await??;
            if taken.accepted != BATCH {
                return Err(format!(
                    "not all fixes were accepted: {}",
                    String::from_utf8_lossy(&answer)
                )
                .into());
            }
            if began >= from && Instant::now() < until {
                took.push(began.elapsed());
            }
        }
        Ok(took)
    }
}

/// One answer, to its end.
async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<Taken, Failed> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err("the connection ended in the middle of an answer".into());
        }
        if let Some(body) = body(answer)? {
            return Ok(serde_json::from_slice(body)?);
        }
    }
}

/// The body, once all of it is there.
fn body(answer: &[u8]) -> Result<Option<&[u8]>, Failed> {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&answer[..end])?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(String::from_utf8_lossy(answer).into());
    }
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find_map(|(name, value)| {
            let wanted = name.eq_ignore_ascii_case("content-length");
            wanted.then(|| value.parse::<usize>())
        });
    let length = length.ok_or("an answer without its length")??;
    Ok(answer[end + 4..].get(..length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_once_all_of_it_is_there() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 2\r\n\r\n{}";
        for cut in 0..answer.len() {
            assert_eq!(body(&answer[..cut]).unwrap(), None, "{cut}");
        }
        assert_eq!(body(answer).unwrap(), Some(&b"{}"[..]));
        let error = body(b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 2\r\n\r\n{}").unwrap_err();
        assert!(error.to_string().contains("503"), "{error}");
    }
}
