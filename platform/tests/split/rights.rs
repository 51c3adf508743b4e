//! A broker to which each service comes under its own name, with the rights that `interstate topics create` prints and
//! no others.

use crate::{
    brokers::{Brokers, output},
    process::PROGRAMS,
};
use futures::{StreamExt, TryStreamExt, stream};
use std::path::{Path, PathBuf};

/// The port for those who have to say who they are, counted from the administrator's.
const GUARDED: u16 = 50;
/// So many of Kafka's tools run at once.
const AT_ONCE: usize = 3;

/// A broker that asks who is there.
pub struct Guarded {
    pub broker: Brokers,
    /// Where services reach it.
    pub address: String,
}

impl Guarded {
    /// Starts it, and has the topics made and the rights given.
    pub async fn start(dir: &Path) -> Self {
        let port = interstate_engines::free_ports([0, GUARDED, 100]);
        let plain = format!("PLAINTEXT://127.0.0.1:{port}");
        let guarded = format!("GUARDED://127.0.0.1:{}", port + GUARDED);
        let users: String = PROGRAMS
            .iter()
            .map(|(name, ..)| format!(r#" user_interstate-{name}="{name} knows""#))
            .collect();
        let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
        let settings = [
            format!(
                "listeners={plain},CONTROLLER://127.0.0.1:{},{guarded}",
                port + 100
            ),
            format!("advertised.listeners={plain},{guarded}"),
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,GUARDED:SASL_PLAINTEXT"
                .to_owned(),
            "sasl.enabled.mechanisms=PLAIN".to_owned(),
            format!("listener.name.guarded.plain.sasl.jaas.config={module} required{users};"),
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
            // Brokers, controllers and the administrator's tools come by the other listener.
            "super.users=User:ANONYMOUS".to_owned(),
        ];
        let guarded = Self {
            broker: Brokers::start_with(1, port, &settings).await,
            address: format!("127.0.0.1:{}", port + GUARDED),
        };
        introduce(dir);
        guarded.give_rights().await;
        guarded
    }

    async fn give_rights(&self) {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_interstate"));
        command.args(["topics", "create", "--kafka-brokers", &self.broker.addresses]);
        command.args(["--copies", "1", "--min-insync", "1"]);
        let made = output(command).await;
        let told = String::from_utf8_lossy(&made.stdout);
        assert!(
            made.status.success(),
            "{told}{}",
            String::from_utf8_lossy(&made.stderr)
        );
        let lines: Vec<&str> = told.lines().filter(|line| line.starts_with("--add ")).collect();
        assert!(lines.len() > PROGRAMS.len(), "{told}");
        let given = stream::iter(lines).map(|line| async move {
            let mut arguments = vec!["tool", "org.apache.kafka.tools.AclCommand", "--force"];
            arguments.extend(["--bootstrap-server", &self.broker.addresses]);
            arguments.extend(line.split_whitespace());
            self.broker.run(&arguments).await;
            Ok::<_, std::convert::Infallible>(())
        });
        let given: Result<Vec<()>, _> = given.buffer_unordered(AT_ONCE).try_collect().await;
        given.unwrap();
    }
}

/// Writes the file by which each service says who it is.
fn introduce(dir: &Path) {
    for (name, ..) in PROGRAMS {
        let how = "security.protocol=sasl_plaintext\nsasl.mechanism=PLAIN\n";
        let who = format!("sasl.username=interstate-{name}\nsasl.password={name} knows\n");
        std::fs::write(properties(dir, name), format!("{how}{who}")).unwrap();
    }
}

/// Where that file is.
pub fn properties(dir: &Path, service: &str) -> PathBuf {
    dir.join(format!("{service}.properties"))
}
