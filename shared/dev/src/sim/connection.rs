//! A TCP connection that can be cut from inside a handler.
//!
//! HTTP libraries always answer; a provider in trouble does not. A cut connection is closed with a reset, whatever was
//! still to be written. This file knows nothing of HTTP or of faults.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The switch of one connection. Handlers find it as their `ConnectInfo`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Switch(Arc<SwitchState>);

#[derive(Debug, Default)]
struct SwitchState {
    cut: AtomicBool,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl Switch {
    /// Closes the connection with a reset; nothing more is read from or written to it.
    pub(crate) fn cut(&self) {
        self.0.cut();
    }
}

impl SwitchState {
    fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        self.reader.wake();
        self.writer.wake();
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }
}

/// All open connections of one port.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<Vec<Weak<SwitchState>>>);

impl Connections {
    /// Takes an accepted connection into the register.
    pub(crate) fn open(&self, stream: TcpStream) -> Connection {
        let switch = Switch::default();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|connection| connection.strong_count() > 0);
        open.push(Arc::downgrade(&switch.0));
        Connection { stream, switch }
    }

    /// Cuts every connection that is open now.
    pub(crate) fn cut_all(&self) {
        for connection in self.0.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            if let Some(connection) = connection.upgrade() {
                connection.cut();
            }
        }
    }
}

/// One accepted connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    switch: Switch,
}

impl Connection {
    pub(crate) fn switch(&self) -> Switch {
        self.switch.clone()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if self.switch.0.is_cut() {
            // Without this the peer would see an orderly end; where it fails, that is what the peer sees.
            let _ = self.stream.set_zero_linger();
        }
    }
}

fn cut_off<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, "the simulator cut this connection")))
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Registered before the check, so that a cut between the two still wakes us.
        self.switch.0.reader.register(cx.waker());
        if self.switch.0.is_cut() {
            return cut_off();
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.switch.0.writer.register(cx.waker());
        if self.switch.0.is_cut() {
            return cut_off();
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.switch.0.is_cut() {
            return cut_off();
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.switch.0.is_cut() {
            // A shutdown would send an orderly end ahead of the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
