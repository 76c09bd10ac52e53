//! The port on which a simulated provider is reached, which can be closed as if the provider were down.
//!
//! `refuse` has to be the real thing: only a connection that the kernel refused tells a client for certain that nothing
//! was sent. So while a refusal is armed the listening socket does not exist, and every open connection is reset.
//!
//! The difficulty is counting, because nobody hears a knock on a closed port. On Linux the port is therefore first
//! *blocked*: a listening socket with a full accept queue lets the client's first packet (SYN) fall on the floor, and
//! the kernel lists the client's socket as half open (`/proc/self/net/tcp`). As soon as one is listed, the socket is
//! closed; the client's kernel repeats the SYN after its usual second and is refused. So `times` is exact, at the
//! price of one second per refused connection. Attempts made during that second, and in the few milliseconds after it in
//! which the port follows, are refused at once and not counted: a client that does not pause before it tries again is
//! refused more often than `times`.
//! [`UNCOUNTED`] times or more are not counted: the port is plainly closed, and refuses at once, until the faults are
//! cleared. Elsewhere than on Linux each of `times` stands for one second of being closed.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::connection::{Connection, Connections, Switch};
use super::faults::{Door, Faults};
use super::provider::Provider;

/// From this many refusals on nobody counts, and each takes no time.
pub const UNCOUNTED: u32 = 100;

/// How often the kernel's list of half-open connections is read, in wall time. Far below the second after which the
/// client's kernel tries again.
const LOOK: Duration = Duration::from_millis(10);

/// When a client's kernel is about to repeat its SYN, in wall time after the first, and how often is looked from then on.
const SYN_REPEAT: Duration = Duration::from_millis(900);
const CLOSE_LOOK: Duration = Duration::from_millis(1);

/// The longest wait, in wall time, for a blocked client to be refused: its kernel's one second, and room.
const PATIENCE: Duration = Duration::from_secs(4);

/// What one refusal stands for where knocks cannot be counted, in wall time.
const UNHEARD: Duration = Duration::from_secs(1);

/// The accept queue of an open port.
const BACKLOG: u32 = 1024;

/// Serves a provider's router on `listener`, with the faults that act on connections. Ends only with its task.
///
/// # Errors
///
/// The listener has no address.
pub(crate) async fn serve(
    listener: TcpListener,
    provider: Provider,
    faults: Arc<Faults>,
    router: Router,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let door = faults.follow(provider);
    let port = Port { address, provider, faults, door, connections: Connections::default(), listener: Some(listener) };
    axum::serve(port, router.into_make_service_with_connect_info::<Switch>()).await
}

#[derive(Debug)]
struct Port {
    address: SocketAddr,
    provider: Provider,
    faults: Arc<Faults>,
    door: watch::Sender<Door>,
    connections: Connections,
    /// Absent only while refusing.
    listener: Option<TcpListener>,
}

impl Connected<IncomingStream<'_, Port>> for Switch {
    fn connect_info(stream: IncomingStream<'_, Port>) -> Self {
        stream.io().switch()
    }
}

impl Listener for Port {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let mut changes = self.faults.changes();
        loop {
            if self.faults.refusing(self.provider).is_some() {
                self.refuse(&mut changes).await;
            }
            let Some(listener) = &self.listener else {
                self.listener = Some(self.listen(BACKLOG).await);
                continue;
            };
            self.door.send_replace(Door::Open);
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        // Small answers must not wait for acknowledgements; a failure costs only that.
                        let _ = stream.set_nodelay(true);
                        return (self.connections.open(stream), peer);
                    }
                    Err(error) => {
                        tracing::warn!(provider = self.provider.as_str(), %error, "cannot accept a connection");
                        // Out of descriptors, most likely: at once again would spin.
                        sleep(LOOK).await;
                    }
                },
                _ = changes.changed() => {}
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Port {
    /// Refuses connections until no refusal is armed.
    async fn refuse(&mut self, changes: &mut watch::Receiver<()>) {
        self.listener = None;
        self.connections.cut_all();
        while let Some(times) = self.faults.refusing(self.provider) {
            let refused = if times >= UNCOUNTED {
                let _closed = self.reserve().await;
                self.door.send_replace(Door::Shut);
                let _ = changes.changed().await;
                0
            } else {
                self.refuse_next(changes).await
            };
            self.faults.refused(self.provider, refused);
        }
    }

    /// Blocks the port, waits for clients to knock, closes it until they were refused, and answers how many they were.
    async fn refuse_next(&self, changes: &mut watch::Receiver<()>) -> u32 {
        if knocking(self.address.port()).await.is_none() {
            let _closed = self.reserve().await;
            self.door.send_replace(Door::Shut);
            tokio::select! { () = sleep(UNHEARD) => {}, _ = changes.changed() => {} }
            return 1;
        }
        // A queue of length zero still takes one connection, so one is put there; a client that comes between the two
        // calls would be reset instead of refused.
        let block = self.listen(0).await;
        let filler = TcpStream::connect(self.address).await;
        self.door.send_replace(Door::Shut);
        let knocks = loop {
            tokio::select! { () = sleep(LOOK) => {}, _ = changes.changed() => {} }
            if self.faults.refusing(self.provider).is_none() {
                return 0;
            }
            let knocks = knocking(self.address.port()).await.unwrap_or_default();
            if !knocks.is_empty() {
                break knocks;
            }
        };
        self.door.send_replace(Door::Busy);
        drop(block);
        drop(filler);
        let _closed = self.reserve().await;
        self.await_refusal(&knocks).await;
        u32::try_from(knocks.len()).unwrap_or(u32::MAX)
    }

    /// Waits until none of these clients is half open any more: refused, or gone by its own limit, which is as good.
    async fn await_refusal(&self, knocks: &BTreeSet<String>) {
        let closed = Instant::now();
        while closed.elapsed() < PATIENCE && self.faults.refusing(self.provider).is_some() {
            let open = knocking(self.address.port()).await.unwrap_or_default();
            if open.is_disjoint(knocks) {
                return;
            }
            // A client that was refused may be back at once, so when it is about to be, we look more closely.
            sleep(if closed.elapsed() < SYN_REPEAT { LOOK } else { CLOSE_LOOK }).await;
        }
    }

    async fn listen(&self, backlog: u32) -> TcpListener {
        loop {
            match self.reserve().await.listen(backlog) {
                Ok(listener) => return listener,
                Err(error) => self.wait_after(&error).await,
            }
        }
    }

    /// Holds the port without listening: connections are refused, and nobody else can take it.
    async fn reserve(&self) -> TcpSocket {
        loop {
            match bound(self.address) {
                Ok(socket) => return socket,
                Err(error) => self.wait_after(&error).await,
            }
        }
    }

    async fn wait_after(&self, error: &io::Error) {
        tracing::warn!(address = %self.address, %error, "cannot have the port back yet");
        sleep(LOOK).await;
    }
}

fn bound(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // The connections that were just reset must not keep the port from us.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// The local ends of half-open connections to `port`, or `None` where the kernel does not list them.
async fn knocking(port: u16) -> Option<BTreeSet<String>> {
    let v4 = tokio::fs::read_to_string("/proc/self/net/tcp").await.ok()?;
    let v6 = tokio::fs::read_to_string("/proc/self/net/tcp6").await.unwrap_or_default();
    Some(v4.lines().chain(v6.lines()).filter_map(|row| half_open_to(port, row)).collect())
}

/// The local end of a row of the kernel's list: `sl local_address rem_address st …`, state 02 being "SYN sent".
fn half_open_to(port: u16, row: &str) -> Option<String> {
    let mut columns = row.split_whitespace().skip(1);
    let (local, remote, state) = (columns.next()?, columns.next()?, columns.next()?);
    let (_, remote_port) = remote.rsplit_once(':')?;
    let matches = state == "02" && u16::from_str_radix(remote_port, 16) == Ok(port);
    matches.then(|| local.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_half_open_connections_to_the_port_count_as_knocks() {
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt";
        let knock = "   5: 0100007F:BAF4 0100007F:9DE1 02 00000001:00000000 01:00000063 00000000";
        assert_eq!(half_open_to(0x9DE1, knock).as_deref(), Some("0100007F:BAF4"));
        assert_eq!(half_open_to(0x9DE2, knock), None);
        assert_eq!(half_open_to(0x9DE1, &knock.replace(" 02 ", " 01 ")), None);
        assert_eq!(half_open_to(0x9DE1, head), None);
        assert_eq!(half_open_to(0x9DE1, ""), None);
    }
}
