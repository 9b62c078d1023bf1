//! The address that the service listens on, taken before anything else is started.

use super::ProgramError;
use std::io;
use std::net::{SocketAddr, TcpListener};
use tokio::net::{TcpSocket, lookup_host};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Listens on `address` (`host:port`; port 0 takes any free one).
pub async fn bind(address: &str) -> Result<TcpListener, ProgramError> {
    listen(address).await.map_err(|source| {
        let address = address.to_owned();
        if source.kind() == io::ErrorKind::AddrInUse {
            ProgramError::PortInUse(address)
        } else {
            ProgramError::Listen { address, source }
        }
    })
}

async fn listen(address: &str) -> io::Result<TcpListener> {
    let mut found = lookup_host(address).await?;
    let first = found
        .next()
        .ok_or_else(|| io::Error::other("the name has no address"))?;
    let socket = match first {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(first)?;
    socket.listen(BACKLOG)?.into_std()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_port_in_use_is_told_from_a_wrong_address() {
        let first = bind("127.0.0.1:0").await.unwrap();
        let taken = first.local_addr().unwrap().to_string();
        assert!(matches!(bind(&taken).await, Err(ProgramError::PortInUse(a)) if a == taken));
        assert!(matches!(
            bind("nowhere").await,
            Err(ProgramError::Listen { .. })
        ));
    }
}
