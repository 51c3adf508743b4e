//! What a person must mend is said in words that help.

use crate::server::{Server, database};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn complaint(url: &str) -> (String, bool) {
    let began = Instant::now();
    let error = database(url).prepare().await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(10), "it hangs: {error}");
    let looked = database(url).look().await.unwrap_err();
    assert_eq!(looked.to_string(), error.to_string());
    (error.to_string(), error.may_pass())
}

/// Answers every request with this.
async fn impostor(answer: &'static str) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://asha:hunter2@{}/facts", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 4096];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    url
}

#[tokio::test]
async fn whoever_is_not_there_or_is_somebody_else_is_named() {
    let (nobody, may_pass) = complaint("http://127.0.0.1:9/facts").await;
    assert!(
        nobody.contains("http://127.0.0.1:9 does not answer") && may_pass,
        "{nobody}"
    );

    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/facts", silent.local_addr().unwrap());
    let (silent, may_pass) = complaint(&url).await;
    assert!(
        silent.contains("no answer within 5 seconds") && may_pass,
        "{silent}"
    );

    let page = "HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\nnot found";
    let (page, may_pass) = complaint(&impostor(page).await).await;
    assert!(page.contains("is not ClickHouse") && !may_pass, "{page}");

    let denied = "HTTP/1.1 403 Forbidden\r\nX-ClickHouse-Exception-Code: 516\r\ncontent-length: 78\r\n\r\n\
                  Code: 516. DB::Exception: asha: Authentication failed. (AUTHENTICATION_FAILED)";
    let (denied, may_pass) = complaint(&impostor(denied).await).await;
    assert!(denied.contains("refuses the user") && !may_pass, "{denied}");
    assert!(!denied.contains("hunter2"), "{denied}");
}

#[tokio::test]
async fn a_schema_of_a_later_release_is_left_alone() {
    let server = Server::start();
    server.database().look().await.unwrap();
    server.database().prepare().await.unwrap();
    server.database().prepare().await.unwrap();
    server.database().look().await.unwrap();
    assert_eq!(server.number("SELECT max(version) FROM migrations").await, 3);
    server
        .change("INSERT INTO migrations (version, name) VALUES (99, 'later')")
        .await;
    let (ahead, may_pass) = complaint(&server.url()).await;
    assert!(
        ahead.contains("`facts` has schema 99") && ahead.contains("start the later release"),
        "{ahead}"
    );
    assert!(!may_pass);
}
