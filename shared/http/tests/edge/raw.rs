//! What only a socket can do: endless heads, dawdling clients.

use crate::api::Running;
use interstate_http::{EdgeOptions, ServerOptions};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Sends the text and reads until the server closes.
async fn talk(edge: &Running, text: &str) -> String {
    let mut stream = TcpStream::connect(edge.address).await.unwrap();
    // The server may close before it has read everything.
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer))
        .await
        .expect("no close");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn heads_are_bounded() {
    let edge = Running::with_defaults().await;
    let many: String = (0..100).map(|n| format!("x-{n}: 1\r\n")).collect();
    let answer = talk(&edge, &format!("GET /v1/rides HTTP/1.1\r\nhost: x\r\n{many}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let long = "y".repeat(40_000);
    let answer = talk(
        &edge,
        &format!("GET /v1/rides HTTP/1.1\r\nhost: x\r\nx: {long}\r\n\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    assert!(talk(&edge, "nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
    assert_eq!(edge.get("/v1/rides").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_client_that_dawdles_over_its_head_is_cut() {
    let server = ServerOptions {
        head_timeout: Duration::from_millis(200),
        ..ServerOptions::default()
    };
    let edge = Running::start(EdgeOptions::default(), server).await;
    for begun in ["GET /v1/rides HT", ""] {
        let started = Instant::now();
        talk(&edge, begun).await;
        assert!(
            started.elapsed() < Duration::from_secs(3),
            "an open connection costs a slot: {begun:?}"
        );
    }
}

#[tokio::test]
async fn a_client_that_dawdles_over_its_body_is_cut_too() {
    let options = EdgeOptions {
        timeout: Duration::from_millis(200),
        ..EdgeOptions::default()
    };
    let edge = Running::start(options, ServerOptions::default()).await;
    let head =
        "POST /v1/rides HTTP/1.1\r\nhost: x\r\nidempotency-key: k\r\ncontent-type: application/json\r\n";
    let answer = talk(
        &edge,
        &format!("{head}content-length: 20\r\nconnection: close\r\n\r\n{{"),
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 504 ") && answer.contains("timed-out"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_body_that_nobody_reads_does_not_cost_the_next_request() {
    let edge = Running::with_defaults().await;
    let mut stream = TcpStream::connect(edge.address).await.unwrap();
    let unread = "x".repeat(1_000_000);
    let post = format!(
        "POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{unread}",
        unread.len()
    );
    let get = "GET /v1/rides HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let talk = async {
        stream.write_all(post.as_bytes()).await.unwrap();
        stream.write_all(get.as_bytes()).await.unwrap();
        let mut answers = Vec::new();
        stream.read_to_end(&mut answers).await.unwrap();
        String::from_utf8(answers).unwrap()
    };
    let answers = tokio::time::timeout(Duration::from_secs(10), talk)
        .await
        .expect("both answers");
    assert!(answers.starts_with("HTTP/1.1 404 "), "{answers}");
    assert!(answers.contains("HTTP/1.1 200 "), "{answers}");
}

#[tokio::test]
async fn who_sends_far_too_much_in_vain_is_told_that_the_connection_ends() {
    let edge = Running::with_defaults().await;
    let head = "POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 100000000\r\n\r\n";
    let answer = talk(&edge, head).await;
    assert!(
        answer.starts_with("HTTP/1.1 404 ") && answer.contains("connection: close"),
        "{answer}"
    );
}
