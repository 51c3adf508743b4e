//! A broker to which each service comes under its own name, with the rights that `interstate topics create` prints and
//! no others.

use crate::{
    brokers::{Brokers, output},
    process::PROGRAMS,
};
use futures::{StreamExt, TryStreamExt, stream};
use std::path::{Path, PathBuf};

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
        let interstate_engines::Guarded {
            port,
            address,
            mut settings,
        } = interstate_engines::guarded("SASL_PLAINTEXT");
        let users: String = PROGRAMS
            .iter()
            .map(|(name, ..)| format!(r#" user_interstate-{name}="{name} knows""#))
            .collect();
        let module = "org.apache.kafka.common.security.plain.PlainLoginModule";
        settings.extend([
            "sasl.enabled.mechanisms=PLAIN".to_owned(),
            format!("listener.name.guarded.plain.sasl.jaas.config={module} required{users};"),
        ]);
        let guarded = Self {
            broker: Brokers::start_with(1, port, &settings).await,
            address,
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
