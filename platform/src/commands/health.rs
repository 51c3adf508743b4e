//! `health`: asks the process on this machine how it is, for images that have neither a shell nor curl.

use super::{settings::checked, up::Outcome};
use crate::{
    cli::{Health, Look},
    node::edges,
};
use interstate_config::Common;
use std::{net::IpAddr, time::Duration};

/// Longer than a process takes that is well.
const WITHIN: Duration = Duration::from_secs(3);

/// Asks the process of all services, or of those on this port.
pub async fn platform(args: Health) -> Outcome {
    let (common, _) = checked(&args.common, &[], |_| None)?;
    ask(&common, common.port.unwrap_or(edges::MAIN), args.look).await
}

/// Asks the process that is this service alone.
pub async fn service(common: &Common, service: &str, look: Look) -> Outcome {
    ask(common, edges::port(common, service, true), look).await
}

/// An error where it does not answer, or answers that it is not well, with what it says.
async fn ask(common: &Common, port: u16, look: Look) -> Outcome {
    if port == 0 {
        return Err(
            "SERVICE_PORT is 0: nobody knows which port the process took; give the port that it said".into(),
        );
    }
    let path = if look.ready { "/ready" } else { "/health" };
    let url = format!("http://{}{path}", at(common.bind, port));
    let client = reqwest::Client::builder().timeout(WITHIN).no_proxy().build()?;
    let answer = match client.get(&url).send().await {
        Ok(answer) => answer,
        Err(error) if error.is_timeout() => {
            return Err(format!("{url} has not answered within {WITHIN:?}").into());
        }
        Err(_) => {
            return Err(format!("nobody answers at {url}; is the process running, and on this port?").into());
        }
    };
    let (status, text) = (answer.status(), answer.text().await.unwrap_or_default());
    if !status.is_success() {
        return Err(format!("{url} answers {status}: {text}").into());
    }
    println!("{text}");
    Ok(())
}

/// Where a process that listens there is asked from the same machine.
fn at(bind: IpAddr, port: u16) -> String {
    match bind {
        IpAddr::V4(all) if all.is_unspecified() => format!("127.0.0.1:{port}"),
        IpAddr::V6(all) if all.is_unspecified() => format!("[::1]:{port}"),
        IpAddr::V4(one) => format!("{one}:{port}"),
        IpAddr::V6(one) => format!("[{one}]:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_are_asked_at_one() {
        let ask = |bind: &str| at(bind.parse().unwrap(), 1);
        assert_eq!(ask("0.0.0.0"), "127.0.0.1:1");
        assert_eq!(ask("::"), "[::1]:1");
        assert_eq!(ask("10.0.0.7"), "10.0.0.7:1");
    }
}
