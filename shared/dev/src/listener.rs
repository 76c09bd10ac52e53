//! Listening on loopback: the same port on `127.0.0.1` and `[::1]`, so that `localhost` means one server whichever
//! address a client tries first. Nothing of the local world ever listens anywhere else.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How often an ephemeral port is drawn anew when its IPv6 twin is taken; two draws in a row failing is already rare.
const EPHEMERAL_DRAWS: u32 = 16;

/// How long a stopping server waits for requests that are under way.
const GRACE: Duration = Duration::from_secs(5);

/// A port on loopback that nobody else has.
#[derive(Debug)]
pub struct Listener {
    port: u16,
    v4: TcpListener,
    v6: Option<TcpListener>,
}

/// Why a port could not be had.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}; stop what listens there or choose another port")]
pub struct ListenError {
    address: SocketAddr,
    source: io::Error,
}

impl Listener {
    /// Binds `port` on 127.0.0.1 and, where the machine has IPv6, on `[::1]`. Port 0 takes any free one.
    ///
    /// # Errors
    ///
    /// The port is taken on either address: half of `localhost` would then be somebody else.
    pub async fn bind(port: u16) -> Result<Self, ListenError> {
        if port != 0 {
            return Self::bind_both(port).await;
        }
        let mut last = Self::bind_both(0).await;
        for _ in 1..EPHEMERAL_DRAWS {
            if last.is_ok() {
                break;
            }
            last = Self::bind_both(0).await;
        }
        last
    }

    /// Binds the port that an earlier run had, so that URLs kept by clients stay true, or else any free one.
    ///
    /// # Errors
    ///
    /// No port is free at all.
    pub async fn bind_remembered(port: Option<u16>) -> Result<Self, ListenError> {
        match port {
            Some(port) => match Self::bind(port).await {
                Ok(listener) => Ok(listener),
                Err(_) => Self::bind(0).await,
            },
            None => Self::bind(0).await,
        }
    }

    async fn bind_both(port: u16) -> Result<Self, ListenError> {
        let v4 = bind_at(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let port = v4.local_addr().map_err(|source| ListenError { address: wanted, source })?.port();
        let v6 = match bind_at(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await {
            Ok(listener) => Some(listener),
            Err(error) if error.source.kind() == io::ErrorKind::AddrInUse => return Err(error),
            // No IPv6 on this machine, so nobody can mean it.
            Err(_) => None,
        };
        Ok(Self { port, v4, v6 })
    }

    /// The port that was bound.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serves `router` until the returned value is stopped or dropped. Handlers find the peer's address as
    /// `ConnectInfo<SocketAddr>`.
    #[must_use]
    pub fn serve(self, router: &Router) -> Serving {
        let (stop, _) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for listener in [Some(self.v4), self.v6].into_iter().flatten() {
            // Answers are small and awaited: Nagle's delay would be most of their latency.
            let listener = listener.tap_io(|connection| {
                let _ = connection.set_nodelay(true);
            });
            let service = router.clone().into_make_service_with_connect_info::<SocketAddr>();
            let mut stopped = stop.subscribe();
            tasks.spawn(async move {
                axum::serve(listener, service)
                    .with_graceful_shutdown(async move {
                        // An error means that the other end is gone, which is a wish to stop, too.
                        let _ = stopped.wait_for(|stopped| *stopped).await;
                    })
                    .await
            });
        }
        Serving { port: self.port, stop, tasks }
    }
}

async fn bind_at(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address).await.map_err(|source| ListenError { address, source })
}

/// A server that is running. Dropping it stops it like [`Serving::stop`], without waiting.
#[derive(Debug)]
pub struct Serving {
    port: u16,
    stop: watch::Sender<bool>,
    tasks: JoinSet<io::Result<()>>,
}

impl Serving {
    /// The port that is served.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Takes no more connections, lets requests under way finish for up to five seconds, and returns.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        let finished = async { while self.tasks.join_next().await.is_some() {} };
        // What has not finished by then goes on by itself and is nobody's concern any more.
        let _ = tokio::time::timeout(GRACE, finished).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    async fn get(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn one_port_answers_on_both_loopback_addresses_until_it_is_stopped() {
        let listener = Listener::bind(0).await.unwrap();
        let port = listener.port();
        let has_v6 = listener.v6.is_some();
        let router = Router::new().route("/", axum::routing::get(|| async { "here" }));
        let serving = listener.serve(&router);
        assert!(get(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.ends_with("here"));
        if has_v6 {
            assert!(get(SocketAddr::from((Ipv6Addr::LOCALHOST, port))).await.ends_with("here"));
        }
        serving.stop().await;
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err());
    }

    #[tokio::test]
    async fn a_taken_port_is_an_error_that_names_it_and_a_remembered_one_gives_way_to_another() {
        let taken = Listener::bind(0).await.unwrap();
        let refused = Listener::bind(taken.port()).await.unwrap_err();
        assert!(refused.to_string().contains(&taken.port().to_string()), "{refused}");
        let other = Listener::bind_remembered(Some(taken.port())).await.unwrap();
        assert_ne!(other.port(), taken.port());
        let port = other.port();
        drop(other);
        assert_eq!(Listener::bind_remembered(Some(port)).await.unwrap().port(), port);
    }

    #[tokio::test]
    async fn a_port_whose_ipv6_twin_is_taken_is_refused() {
        let Ok(twin) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else {
            // No IPv6 here, so there are no twins.
            return;
        };
        assert!(Listener::bind(twin.local_addr().unwrap().port()).await.is_err());
    }
}
