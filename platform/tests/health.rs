//! `health`, by the programs themselves: what an image without a shell has to check its process with.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use interstate::node::{Node, Settings};
use interstate_config::CommonArgs;
use std::process::{Command, Output};

fn asked(program: &str, port: u16, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).env("SERVICE_PORT", port.to_string());
    command.env("BIND", "0.0.0.0").output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_says_how_its_process_is() {
    let dir = tempfile::tempdir().unwrap();
    let common = CommonArgs {
        data_dir: Some(dir.path().display().to_string()),
        port: Some("0".to_owned()),
        ..CommonArgs::default()
    };
    let settings = Settings {
        common: common.validate().unwrap(),
        provider: None,
        services: vec!["user".to_owned()],
        alone: true,
        demonstration: true,
    };
    let node = Node::start(settings).await.unwrap();
    let port = node.address().port();
    let programs = [
        env!("CARGO_BIN_EXE_interstate-user"),
        env!("CARGO_BIN_EXE_interstate"),
    ];
    for program in programs {
        let well = asked(program, port, &["health"]);
        assert!(well.status.success(), "{well:?}");
        assert!(String::from_utf8_lossy(&well.stdout).contains("up"));
        let mut ready = asked(program, port, &["health", "--ready"]);
        for _ in 0..100 {
            if ready.status.success() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            ready = asked(program, port, &["health", "--ready"]);
        }
        assert!(ready.status.success(), "{ready:?}");
    }
    node.stop().await;
    for program in programs {
        let gone = asked(program, port, &["health"]);
        let text = String::from_utf8_lossy(&gone.stderr);
        assert_eq!(gone.status.code(), Some(1), "{gone:?}");
        assert!(text.contains(&format!("127.0.0.1:{port}")), "{text}");
    }
}
