//! A Redis server's address, and connections to it that are looked over before they are used.

use super::LiveError;
use interstate_config::{RedisAddress, Secret};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, IntoConnectionInfo, RedisConnectionInfo, RedisError,
    TlsCertificates,
    aio::{MultiplexedConnection, PubSub},
};
use std::time::Duration;

/// A connection is there within this time, or the server is away.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// An answer is there within this time: most of them take a tenth of a millisecond.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_millis(250);
/// Questions that are under way at a time; the next one waits.
const AT_ONCE: usize = 1_024;
/// The oldest server that knows all commands that are used: GEOSEARCH came with it.
const OLDEST: (u32, u32) = (6, 2);

/// Whether a server can be used. Returns its clock in milliseconds of Unix time, where the user may ask for it.
pub(crate) async fn look(address: &RedisAddress) -> Result<Option<i64>, LiveError> {
    let mut connection = Server::new(address)?.connect().await?;
    let told: Result<(i64, i64), _> = redis::cmd("TIME").query_async(&mut connection).await;
    Ok(told
        .ok()
        .map(|(seconds, micros)| seconds * 1_000 + micros / 1_000))
}

/// A server.
#[derive(Debug)]
pub(super) struct Server {
    client: Client,
    at: String,
    tls: bool,
}

impl Server {
    /// Reads the authority's file where one is named; nothing is connected yet.
    pub(super) fn new(address: &RedisAddress) -> Result<Self, LiveError> {
        let at = format!("{}:{}/{}", address.host, address.port, address.database);
        let client = client(address, &at)?;
        Ok(Self {
            client,
            at,
            tls: address.tls,
        })
    }

    /// `host:port/database`.
    pub(super) fn at(&self) -> &str {
        &self.at
    }

    /// A connection for questions, to a server that can be used.
    pub(super) async fn connect(&self) -> Result<MultiplexedConnection, LiveError> {
        // The time-out around all of it says more than the driver's.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(Some(CONNECT_WITHIN))
            .set_pipeline_buffer_size(AT_ONCE)
            .set_concurrency_limit(AT_ONCE);
        let connecting = async {
            let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
            let mut connection = connecting.await.map_err(|error| self.said(&error))?;
            let info: String = redis::cmd("INFO")
                .arg("server")
                .query_async(&mut connection)
                .await
                .map_err(|error| self.said(&error))?;
            self.known(&info)?;
            connection.set_response_timeout(ANSWER_WITHIN);
            Ok(connection)
        };
        self.in_time(connecting).await
    }

    /// A connection for messages.
    pub(super) async fn listen(&self) -> Result<PubSub, LiveError> {
        let connecting = async {
            self.client
                .get_async_pubsub()
                .await
                .map_err(|error| self.said(&error))
        };
        self.in_time(connecting).await
    }

    /// What an error of the driver means here.
    pub(super) fn said(&self, error: &RedisError) -> LiveError {
        LiveError::of(&self.at, error)
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, LiveError>>) -> Result<T, LiveError> {
        match tokio::time::timeout(CONNECT_WITHIN, work).await {
            Ok(done) => done,
            Err(_) => {
                let with = if self.tls {
                    ", with TLS (rediss://), which the server may not have"
                } else {
                    ""
                };
                let problem = format!("no connection within {} s{with}", CONNECT_WITHIN.as_secs());
                Err(LiveError::away(&self.at, problem))
            }
        }
    }

    /// Whether this build speaks to a server that says this of itself.
    fn known(&self, info: &str) -> Result<(), LiveError> {
        let field = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name));
            line.map(|value| value.trim_start_matches(':').trim())
        };
        if field("redis_mode") == Some("cluster") {
            return Err(LiveError::wrong(
                &self.at,
                "the server is a node of a cluster",
                "name a server that is none: clusters are not supported",
            ));
        }
        let Some(version) = field("redis_version") else {
            // What speaks the protocol and hides its version is tried.
            return Ok(());
        };
        let mut numbers = version.split('.').map_while(|part| part.parse::<u32>().ok());
        let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if found < OLDEST {
            return Err(LiveError::wrong(
                &self.at,
                format!("the server is Redis {version}"),
                format!("Redis {}.{} or newer is needed", OLDEST.0, OLDEST.1),
            ));
        }
        Ok(())
    }
}

fn client(address: &RedisAddress, at: &str) -> Result<Client, LiveError> {
    let place = if address.tls {
        // Where a process has chosen already, its choice stands.
        let _ = rustls::crypto::ring::default_provider().install_default();
        ConnectionAddr::TcpTls {
            host: address.host.clone(),
            port: address.port,
            insecure: false,
            tls_params: None,
        }
    } else {
        ConnectionAddr::Tcp(address.host.clone(), address.port)
    };
    let mut who = RedisConnectionInfo::default().set_db(i64::from(address.database));
    if let Some(user) = &address.user {
        who = who.set_username(user);
    }
    if let Some(password) = address.password.as_ref().map(Secret::expose) {
        who = who.set_password(password);
    }
    let failed = |error: RedisError| LiveError::of(at, &error);
    let info = place
        .into_connection_info()
        .map_err(failed)?
        .set_redis_settings(who);
    let Some(file) = &address.ca else {
        return Client::open(info).map_err(failed);
    };
    let unreadable = |why: String| {
        LiveError::wrong(
            at,
            format!(
                "the authority's certificate {} cannot be read: {why}",
                file.display()
            ),
            "name a PEM file with `ca` in REDIS_URL",
        )
    };
    let certificate = std::fs::read(file).map_err(|error| unreadable(error.to_string()))?;
    let certificates = TlsCertificates {
        client_tls: None,
        root_cert: Some(certificate),
    };
    Client::build_with_tls(info, certificates).map_err(|error| unreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said_of(info: &str) -> Result<(), LiveError> {
        let address =
            RedisAddress::parse("redis://u:hunter2@cache").map_err(|why| LiveError::away("", why))?;
        Server::new(&address)?.known(info)
    }

    #[test]
    fn an_old_server_and_a_cluster_are_refused_by_what_they_say() {
        assert_eq!(
            said_of("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n"),
            Ok(())
        );
        assert_eq!(said_of("redis_version:6.2.0\r\n"), Ok(()));
        assert_eq!(said_of("# Server\r\n"), Ok(()));
        let old = said_of("redis_version:6.0.16\r\n").unwrap_err();
        assert!(
            old.for_good && old.to_string().contains("Redis 6.2 or newer"),
            "{old}"
        );
        assert_eq!(old.at, "cache:6379/0");
        let cluster = said_of("redis_version:7.0.15\r\nredis_mode:cluster\r\n").unwrap_err();
        assert!(cluster.to_string().contains("cluster"), "{cluster}");
    }
}
