//! A Kafka broker that asks who is there.

use crate::free_ports;

/// The port for those who have to say who they are, counted from the administrator's.
const GUARDED: u16 = 50;
/// That of its controller.
const CONTROLLER: u16 = 100;

/// The ports of one broker with a second listener, `GUARDED`, at which nobody has a right that was not given. Brokers,
/// controllers and the administrator's tools come by the first one and may do everything.
pub struct Guarded {
    /// The first listener's.
    pub port: u16,
    /// `host:port` of the second.
    pub address: String,
    /// What the broker is started with.
    pub settings: Vec<String>,
}

/// On free ports; the second listener speaks this protocol, `SASL_SSL` for instance.
///
/// # Panics
/// No ports are free.
pub fn guarded(protocol: &str) -> Guarded {
    let port = free_ports([0, GUARDED, CONTROLLER]);
    let address = format!("127.0.0.1:{}", port + GUARDED);
    let open = format!("PLAINTEXT://127.0.0.1:{port}");
    let controller = format!("CONTROLLER://127.0.0.1:{}", port + CONTROLLER);
    let settings = [
        format!("listeners={open},{controller},GUARDED://{address}"),
        format!("advertised.listeners={open},GUARDED://{address}"),
        format!("listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,GUARDED:{protocol}"),
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned(),
        "super.users=User:ANONYMOUS".to_owned(),
    ];
    Guarded {
        port,
        address,
        settings: settings.into(),
    }
}
