//! How a connection is made, and what its refusals mean.

use super::Options;
use crate::JobsError;
use interstate_config::RabbitMq;
use lapin::{
    Connection, ConnectionProperties, Error, ErrorKind,
    tcp::OwnedTLSConfig,
    uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo},
};
use std::{io::ErrorKind::InvalidData, time::Duration};

/// Seconds between two signs of life; a connection without two of them is dead.
const HEARTBEAT: u16 = 10;
/// How long a connection that ends may say so.
pub(super) const GOODBYE: Duration = Duration::from_secs(1);

/// Reply codes of the protocol.
const ACCESS_REFUSED: u16 = 403;
const PRECONDITION_FAILED: u16 = 406;
const NOT_ALLOWED: u16 = 530;

/// A broker's virtual host, and who goes there.
pub(super) struct Address {
    /// Host, port and virtual host, for people.
    pub(super) at: String,
    user: String,
    vhost: String,
    uri: AMQPUri,
    authorities: Option<String>,
}

impl Address {
    /// Reads the file of certificates, where one is named.
    pub(super) fn new(address: &RabbitMq) -> Result<Self, JobsError> {
        let RabbitMq {
            tls,
            host,
            port,
            user,
            password,
            vhost,
            ca_file,
        } = address;
        let at = format!("{host}:{port}, virtual host {vhost}");
        let authorities = match ca_file {
            None => None,
            Some(file) => match std::fs::read_to_string(file) {
                Ok(text) if text.contains("BEGIN CERTIFICATE") => Some(text),
                read => {
                    return Err(JobsError::Tls {
                        at: file.display().to_string(),
                        why: read.err().map_or_else(
                            || "there is no certificate in PEM in it".to_owned(),
                            |error| error.to_string(),
                        ),
                    });
                }
            },
        };
        let uri = AMQPUri {
            scheme: if *tls { AMQPScheme::AMQPS } else { AMQPScheme::AMQP },
            authority: AMQPAuthority {
                userinfo: AMQPUserInfo {
                    username: user.clone(),
                    password: password.expose().to_owned(),
                },
                host: host.clone(),
                port: *port,
            },
            vhost: vhost.clone(),
            query: AMQPQueryString {
                heartbeat: Some(HEARTBEAT),
                ..AMQPQueryString::default()
            },
        };
        Ok(Self {
            at,
            user: user.clone(),
            vhost: vhost.clone(),
            uri,
            authorities,
        })
    }

    /// Connects, within the time for it.
    pub(super) async fn connect(&self, options: &Options) -> Result<Connection, JobsError> {
        let properties = ConnectionProperties::default().with_connection_name(options.queue.as_str().into());
        let tls = OwnedTLSConfig {
            identity: None,
            cert_chain: self.authorities.clone(),
        };
        let runtime = lapin::runtime::default_runtime().map_err(|error| self.connecting(&error))?;
        let connection = Connection::connect_uri_with_config(self.uri.clone(), properties, tls, runtime);
        match tokio::time::timeout(options.connect, connection).await {
            Ok(connected) => connected.map_err(|error| self.connecting(&error)),
            Err(_) => Err(self.away(format!("no answer within {:?}", options.connect))),
        }
    }

    pub(super) fn away(&self, why: impl Into<String>) -> JobsError {
        JobsError::Away {
            at: self.at.clone(),
            why: why.into(),
        }
    }

    /// What a failure means while a connection is made.
    fn connecting(&self, error: &Error) -> JobsError {
        let (at, why) = (self.at.clone(), said(error));
        match (error.kind(), reply_code(error)) {
            (_, Some(ACCESS_REFUSED)) => JobsError::Refused {
                at,
                user: self.user.clone(),
                why,
            },
            (_, Some(NOT_ALLOWED)) => JobsError::VirtualHost {
                at,
                user: self.user.clone(),
                vhost: self.vhost.clone(),
                why,
            },
            (ErrorKind::InvalidProtocolVersion(_) | ErrorKind::ParsingError(_), _) => {
                JobsError::NotABroker { at, why }
            }
            // rustls says so of whatever is no TLS, or not what it trusts.
            (ErrorKind::IOError(error), _) if error.kind() == InvalidData => JobsError::Tls { at, why },
            _ => JobsError::Away { at, why },
        }
    }

    /// What a failure means once there is a connection.
    pub(super) fn working(&self, options: &Options, error: &Error) -> JobsError {
        let (at, why) = (self.at.clone(), said(error));
        match reply_code(error) {
            Some(ACCESS_REFUSED) => JobsError::Forbidden {
                at,
                user: self.user.clone(),
                queue: options.queue.clone(),
                why,
            },
            Some(PRECONDITION_FAILED) => JobsError::Topology { at, why },
            _ => JobsError::Away { at, why },
        }
    }
}

fn reply_code(error: &Error) -> Option<u16> {
    match error.kind() {
        ErrorKind::ProtocolError(error) => Some(error.get_id()),
        _ => None,
    }
}

/// The broker's own words where there are some.
fn said(error: &Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_message().to_string(),
        _ => error.to_string(),
    }
}
