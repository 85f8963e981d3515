//! Where connections come in: no more at once than the limit; the others wait in the backlog of the system. It knows
//! nothing of what is spoken over them.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::extract::connect_info::Connected;
use axum_server::Address;
use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Connection, Wire};

/// A listener that accepts a connection only when one more may be served.
pub struct Gate {
    listener: TcpListener,
    permits: Arc<Semaphore>,
}

impl Gate {
    /// Listens on an address.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub async fn bind(address: SocketAddr, permits: Arc<Semaphore>) -> io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await?, permits })
    }

    /// Where it listens, with the port that was really taken.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    async fn permit(&self) -> OwnedSemaphorePermit {
        self.permits.clone().acquire_owned().await.expect("the semaphore is never closed")
    }
}

/// A connection that may be served.
pub struct Admitted {
    stream: TcpStream,
    connection: Connection,
    permit: OwnedSemaphorePermit,
}

impl Address for Connection {
    type Stream = Admitted;
    type Listener = Gate;
}

impl axum_server::AddrListener<Admitted, Connection> for Gate {
    async fn bind_to(_: Connection) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn accept_stream(&self) -> io::Result<(Admitted, Connection)> {
        // Not kept while nobody comes: another listener may need the last one.
        drop(self.permit().await);
        let (stream, _) = self.listener.accept().await?;
        let permit = self.permit().await;
        let connection = Connection::new(stream.local_addr()?.ip());
        Ok((Admitted { stream, connection: connection.clone(), permit }, connection))
    }

    fn get_local_addr(&self) -> io::Result<Connection> {
        Ok(Connection::new(self.address()?.ip()))
    }
}

impl Connected<Self> for Connection {
    fn connect_info(connection: Self) -> Self {
        connection
    }
}

/// Makes the wire of a connection, over TLS where `A` speaks it.
#[derive(Clone, Debug)]
pub struct WireAcceptor<A>(pub A);

impl<A, S> Accept<Admitted, S> for WireAcceptor<A>
where
    A: Accept<TcpStream, S>,
    A::Future: Send + 'static,
    A::Stream: AsyncRead + AsyncWrite + Unpin,
{
    type Stream = Wire<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, admitted: Admitted, service: S) -> Self::Future {
        let Admitted { stream, connection, permit } = admitted;
        // An answer in two segments would wait for the caller's delayed acknowledgement.
        let prepared = stream.set_nodelay(true);
        let accepted = self.0.accept(stream, service);
        Box::pin(async move {
            prepared?;
            let (stream, service) = accepted.await?;
            Ok((Wire::new(stream, connection, Some(permit)), service))
        })
    }
}
