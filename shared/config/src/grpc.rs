//! Where other services are asked, and the certificates of both sides.

use crate::{
    Broker, Check, Setting,
    check::{environment, given},
};
use std::path::PathBuf;

/// Where location is asked.
pub const LOCATION_GRPC: Setting = Setting::new("location-grpc", "LOCATION_GRPC");
/// Where booking is asked.
pub const BOOKING_GRPC: Setting = Setting::new("booking-grpc", "BOOKING_GRPC");
const CERT: Setting = Setting::new("grpc-tls-cert", "GRPC_TLS_CERT");
const KEY: Setting = Setting::new("grpc-tls-key", "GRPC_TLS_KEY");
const CA: Setting = Setting::new("grpc-tls-ca", "GRPC_TLS_CA");

/// The flags and variables, unchecked.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Services in other processes (flag or environment)")]
pub struct GrpcArgs {
    /// Instances of the location service as host:port,…, where it is not in this process
    #[arg(long, env = LOCATION_GRPC.env, value_name = "ADDRESSES")]
    pub location_grpc: Option<String>,
    /// Instances of the booking service as host:port,…, where it is not in this process
    #[arg(long, env = BOOKING_GRPC.env, value_name = "ADDRESSES")]
    pub booking_grpc: Option<String>,
    /// This process's certificate in PEM, the authority's own left out; read again when it changes
    #[arg(long, env = CERT.env, value_name = "FILE")]
    pub grpc_tls_cert: Option<String>,
    /// Its private key in PEM
    #[arg(long, env = KEY.env, value_name = "FILE")]
    pub grpc_tls_key: Option<String>,
    /// The authority that issues the certificates of all services, in PEM
    #[arg(long, env = CA.env, value_name = "FILE")]
    pub grpc_tls_ca: Option<String>,
}

/// Where other services are asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grpc {
    /// Instances of location; none where it is not elsewhere.
    pub location: Vec<Broker>,
    /// Instances of booking.
    pub booking: Vec<Broker>,
    /// Both sides show certificates where this is given.
    pub tls: Option<GrpcTls>,
}

/// The files of a process that shows a certificate, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcTls {
    /// Its certificate, and what stands between it and the authority.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authority's certificate.
    pub ca: PathBuf,
}

impl GrpcArgs {
    /// Checks into `check`. `None` where something was wrong.
    pub fn check(&self, check: &mut Check) -> Option<Grpc> {
        let mut addresses = |setting, text: &Option<String>, example: &str| match given(text.as_deref()) {
            None => Some(Vec::new()),
            Some(text) => {
                let all = text.split(',').map(|one| Broker::parse(one.trim()));
                let all = all
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(|why| why.replace("a broker", "an address"));
                check.keep(setting, all, example)
            }
        };
        let location = addresses(
            LOCATION_GRPC,
            &self.location_grpc,
            "give e.g. LOCATION_GRPC=localhost:9003",
        );
        let booking = addresses(
            BOOKING_GRPC,
            &self.booking_grpc,
            "give e.g. BOOKING_GRPC=localhost:9002",
        );
        let tls = self.tls(check);
        Some(Grpc {
            location: location?,
            booking: booking?,
            tls: tls?,
        })
    }

    pub(crate) fn environment(&self) -> impl Iterator<Item = (&'static str, String)> {
        let settings = [
            (LOCATION_GRPC, &self.location_grpc),
            (BOOKING_GRPC, &self.booking_grpc),
            (CERT, &self.grpc_tls_cert),
            (KEY, &self.grpc_tls_key),
            (CA, &self.grpc_tls_ca),
        ];
        environment(settings)
    }

    /// All three files or none.
    fn tls(&self, check: &mut Check) -> Option<Option<GrpcTls>> {
        let files = [
            (CERT, given(self.grpc_tls_cert.as_deref())),
            (KEY, given(self.grpc_tls_key.as_deref())),
            (CA, given(self.grpc_tls_ca.as_deref())),
        ];
        if files.iter().all(|(_, file)| file.is_none()) {
            return Some(None);
        }
        let mut complete = true;
        for (setting, file) in files {
            if file.is_none() {
                let remedy = "give GRPC_TLS_CERT, GRPC_TLS_KEY and GRPC_TLS_CA, or none of them";
                check.mistake(setting, "missing, though others of the three are given", remedy);
                complete = false;
            }
        }
        let [(_, cert), (_, key), (_, ca)] = files;
        match (complete, cert, key, ca) {
            (true, Some(cert), Some(key), Some(ca)) => Some(Some(GrpcTls {
                cert: cert.into(),
                key: key.into(),
                ca: ca.into(),
            })),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(args: GrpcArgs) -> Result<Grpc, String> {
        let mut check = Check::new();
        let grpc = args.check(&mut check);
        check
            .finish(|| grpc.expect("no mistake, so there is a value"))
            .map_err(|mistakes| mistakes.to_string())
    }

    #[test]
    fn addresses_are_lists() {
        let grpc = check(GrpcArgs {
            location_grpc: Some("a:9003, b:9003".to_owned()),
            ..GrpcArgs::default()
        })
        .unwrap();
        assert_eq!(grpc.location.len(), 2);
        assert!(grpc.booking.is_empty() && grpc.tls.is_none());
        let wrong = check(GrpcArgs {
            booking_grpc: Some("http://b:9002".to_owned()),
            ..GrpcArgs::default()
        });
        assert!(wrong.unwrap_err().contains("BOOKING_GRPC"));
    }

    #[test]
    fn certificates_come_with_their_keys_and_the_authority() {
        let wrong = check(GrpcArgs {
            grpc_tls_cert: Some("booking.pem".to_owned()),
            ..GrpcArgs::default()
        })
        .unwrap_err();
        assert!(
            wrong.contains("GRPC_TLS_KEY") && wrong.contains("GRPC_TLS_CA"),
            "{wrong}"
        );
        let whole = check(GrpcArgs {
            grpc_tls_cert: Some("booking.pem".to_owned()),
            grpc_tls_key: Some("booking.key".to_owned()),
            grpc_tls_ca: Some("ca.pem".to_owned()),
            ..GrpcArgs::default()
        });
        assert!(whole.unwrap().tls.is_some());
    }
}
