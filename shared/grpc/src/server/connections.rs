//! Connections that come in, with who stands at their other end.

use crate::{Identity, ServerOptions, Tls};
use interstate_http::Shutdown;
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

/// Who asks: an address, and what its certificate says where connections show them.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Where the connection comes from.
    pub address: SocketAddr,
    /// Whose certificate it showed.
    pub identity: Option<Arc<Identity>>,
}

/// A connection that may be served.
pub(super) struct Connection {
    stream: Stream,
    caller: Caller,
    _place: OwnedSemaphorePermit,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Accepts connections until the process stops. Handshakes go on side by side: a caller that takes its time keeps
/// nobody else waiting.
pub(super) fn accept(
    listener: TcpListener,
    options: &ServerOptions,
    tls: Option<Tls>,
    shutdown: Shutdown,
) -> ReceiverStream<io::Result<Connection>> {
    let (send, accepted) = mpsc::channel(16);
    let places = Arc::new(Semaphore::new(options.connections));
    let limit = options.handshake;
    tokio::spawn(async move {
        loop {
            let place = tokio::select! {
                () = shutdown.cancelled() => return,
                place = places.clone().acquire_owned() => place.expect("it is never closed"),
            };
            let (stream, address) = tokio::select! {
                () = shutdown.cancelled() => return,
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, or a caller that left already: neither ends the server.
                        tracing::warn!(%error, "a gRPC connection was not accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let (send, tls) = (send.clone(), tls.clone());
            tokio::spawn(async move {
                // Small answers must not wait for more to send.
                let _ = stream.set_nodelay(true);
                if let Some(connection) = greet(stream, address, tls, limit, place).await {
                    // Nobody takes it where the server has ended.
                    let _ = send.send(Ok(connection)).await;
                }
            });
        }
    });
    ReceiverStream::new(accepted)
}

async fn greet(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<Tls>,
    limit: Duration,
    place: OwnedSemaphorePermit,
) -> Option<Connection> {
    let Some(tls) = tls else {
        return Some(Connection {
            stream: Stream::Plain(stream),
            caller: Caller {
                address,
                identity: None,
            },
            _place: place,
        });
    };
    match tokio::time::timeout(limit, tls.accept(stream)).await {
        Ok(Ok((stream, identity))) => Some(Connection {
            stream: Stream::Tls(Box::new(stream)),
            caller: Caller {
                address,
                identity: Some(Arc::new(identity)),
            },
            _place: place,
        }),
        Ok(Err(why)) => {
            tracing::warn!(%address, why, "a caller was refused: its certificate does not hold");
            None
        }
        Err(_) => {
            tracing::warn!(%address, "a caller was refused: it did not show its certificate in time");
            None
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = Caller;

    fn connect_info(&self) -> Caller {
        self.caller.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
