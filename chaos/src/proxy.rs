//! What stands between two ends of a connection, and can make it bad: slow or cut.

use std::{io, net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// Read at once.
const CHUNK: usize = 64 << 10;

/// How the connections through a proxy are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weather {
    /// As if it were not there.
    Clear,
    /// Whatever is sent, either way, arrives so much later, one piece after the other.
    Slow(Duration),
    /// Connections are closed, and so is every new one.
    Cut,
}

/// A proxy to one address. It ends with the value.
pub struct Proxy {
    address: SocketAddr,
    weather: watch::Sender<Weather>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Listens on this port of 127.0.0.1, and passes on to that one.
    pub async fn start(port: u16, to: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let (weather, seen) = watch::channel(Weather::Clear);
        let task = tokio::spawn(async move {
            loop {
                // A connection that breaks before it is taken is its opener's trouble.
                let Ok((near, _)) = listener.accept().await else {
                    continue;
                };
                tokio::spawn(carry(near, to, seen.clone()));
            }
        });
        Ok(Self {
            address,
            weather,
            task,
        })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Changes how all connections are, those that stand included.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.set(Weather::Cut);
    }
}

async fn carry(near: TcpStream, to: SocketAddr, mut weather: watch::Receiver<Weather>) {
    if *weather.borrow() == Weather::Cut {
        return;
    }
    let Ok(far) = TcpStream::connect(to).await else {
        return;
    };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = pump(near_in, far_out, weather.clone()) => {}
        () = pump(far_in, near_out, weather.clone()) => {}
        _ = weather.wait_for(|now| *now == Weather::Cut) => {}
    }
}

/// Until one end closes.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, weather: watch::Receiver<Weather>) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        let now = *weather.borrow();
        match now {
            Weather::Clear | Weather::Cut => {}
            Weather::Slow(by) => tokio::time::sleep(by).await,
        }
        if to.write_all(&chunk[..read]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use std::time::Instant;

    /// A server that says everything back, a proxy to it, and a connection through that.
    async fn through() -> (Proxy, TcpStream) {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = server.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = server.accept().await {
                let (mut read, mut write) = stream.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut read, &mut write).await });
            }
        });
        let proxy = Proxy::start(0, to).await.unwrap();
        let stream = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        (proxy, stream)
    }

    async fn echoed(stream: &mut TcpStream) -> io::Result<Duration> {
        let began = Instant::now();
        stream.write_all(b"!").await?;
        stream.read_exact(&mut [0]).await?;
        Ok(began.elapsed())
    }

    #[tokio::test]
    async fn weather_changes_connections_that_stand() {
        let (proxy, mut stream) = through().await;
        echoed(&mut stream).await.unwrap();

        proxy.set(Weather::Slow(Duration::from_millis(60)));
        assert!(echoed(&mut stream).await.unwrap() >= Duration::from_millis(120));

        proxy.set(Weather::Cut);
        assert!(echoed(&mut stream).await.is_err(), "closed");
        let mut again = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        assert!(echoed(&mut again).await.is_err(), "and every new one too");

        proxy.set(Weather::Clear);
        let mut again = TcpStream::connect(("127.0.0.1", proxy.port())).await.unwrap();
        echoed(&mut again).await.unwrap();
    }
}
