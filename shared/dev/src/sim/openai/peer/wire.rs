//! A WebRTC connection on a socket of this machine: packets in and out, and what they mean told one thing at a time.
//!
//! It drives the library, which itself does no input and output. Who is at which end, and what is said, it does not know.
//! Media run on wall time, whatever the world's clock says: the network is a real one.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use str0m::channel::ChannelId;
use str0m::format::Codec;
use str0m::media::{MediaTime, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;
use tokio::time::{Instant, sleep_until};

use super::crypto;
use super::tone::PACKET_MILLIS;

/// The longest datagram that is taken, in bytes: what browsers send keeps to an Ethernet's 1500.
const LONGEST_DATAGRAM: usize = 2000;

/// Who checks that the two ends reach each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers checks only, as servers that everybody reaches do.
    Server,
    /// Makes the checks.
    Page,
}

/// What has happened.
pub(crate) enum Step {
    /// Something on the connection.
    Event(Box<Event>),
    /// The time has come that was waited for.
    Due,
    /// It is over.
    Closed,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error("cannot open a socket for media on loopback")]
    Socket(#[from] io::Error),
    #[error("cannot make a certificate for a call")]
    Certificate(#[from] rcgen::Error),
    #[error("cannot offer an address for media")]
    Candidate(#[from] str0m::error::IceError),
}

/// One end of a connection.
pub(crate) struct Wire {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    buffer: Box<[u8; LONGEST_DATAGRAM]>,
    /// When anything came from the other end.
    heard_at: Instant,
}

impl Wire {
    /// An end with a socket of its own, ready for an offer or to make one.
    pub(crate) fn open(role: Role) -> Result<Self, WireError> {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let address = socket.local_addr()?;
        let now = Instant::now();
        let mut rtc = RtcConfig::new()
            .set_crypto_provider(Arc::new(crypto::provider()))
            .set_dtls_cert(crypto::certificate()?)
            .set_ice_lite(role == Role::Server)
            .clear_codecs()
            .enable_opus(true, false)
            .build(now.into_std());
        rtc.add_local_candidate(Candidate::host(address, "udp")?);
        Ok(Self { rtc, socket, address, buffer: Box::new([0; LONGEST_DATAGRAM]), heard_at: now })
    }

    /// The library's end, to describe sessions with.
    pub(crate) fn rtc(&mut self) -> &mut Rtc {
        &mut self.rtc
    }

    /// How long the other end has said nothing at all.
    pub(crate) fn silent_for(&self) -> Duration {
        self.heard_at.elapsed()
    }

    /// Says goodbye. What is still to be sent goes out with the next steps; the last of them is [`Step::Closed`].
    pub(crate) fn close(&mut self) {
        if let Err(error) = self.rtc.close() {
            tracing::debug!(%error, "a call's connection did not close in order");
            self.rtc.disconnect();
        }
    }

    /// Waits for the next thing to happen, until `due` at most. May be dropped while it waits: nothing is lost.
    pub(crate) async fn next(&mut self, due: Instant) -> Step {
        loop {
            if !self.rtc.is_alive() {
                return Step::Closed;
            }
            let wake = match self.rtc.poll_output() {
                Ok(Output::Event(event)) => return Step::Event(Box::new(event)),
                Ok(Output::Transmit(packet)) => {
                    // What the kernel does not take at once is lost, as packets may be.
                    let _ = self.socket.try_send_to(&packet.contents, packet.destination);
                    continue;
                }
                Ok(Output::Timeout(wake)) => Instant::from_std(wake),
                Err(error) => return self.broken(&error),
            };
            if !self.rtc.is_alive() {
                return Step::Closed;
            }
            tokio::select! {
                received = self.socket.recv_from(&mut self.buffer[..]) => match received {
                    Ok((length, source)) => self.take(length, source),
                    // On loopback that is a port where nobody listens any more.
                    Err(error) => tracing::debug!(%error, "nothing received for a call"),
                },
                () = sleep_until(wake.min(due)) => {
                    let now = Instant::now();
                    if let Err(error) = self.rtc.handle_input(Input::Timeout(now.into_std())) {
                        return self.broken(&error);
                    }
                    if now >= due {
                        return Step::Due;
                    }
                }
            }
        }
    }

    fn take(&mut self, length: usize, source: SocketAddr) {
        let now = Instant::now();
        let datagram = self.buffer.get(..length).unwrap_or_default();
        let Ok(received) = Receive::new(Protocol::Udp, source, self.address, datagram) else { return };
        self.heard_at = now;
        if let Err(error) = self.rtc.handle_input(Input::Receive(now.into_std(), received)) {
            tracing::debug!(%error, "a packet of a call cannot be used");
        }
    }

    fn broken(&mut self, error: &str0m::RtcError) -> Step {
        tracing::debug!(%error, "a call's connection broke");
        self.rtc.disconnect();
        Step::Closed
    }

    /// Sends packet number `index` of a voice or of silence, and answers whether there is anybody to send it to.
    pub(crate) fn play(&mut self, mid: Mid, index: u64, packet: Arc<[u8]>) -> bool {
        let Some(writer) = self.rtc.writer(mid) else { return false };
        let opus = writer.payload_params().find(|parameters| parameters.spec().codec == Codec::Opus);
        let Some(pt) = opus.map(|parameters| parameters.pt()) else { return false };
        let played = MediaTime::from_millis(index.saturating_mul(PACKET_MILLIS));
        writer.write(pt, Instant::now().into_std(), played, packet).is_ok()
    }

    /// Sends a text over a data channel, and answers whether there was room for it.
    pub(crate) fn say(&mut self, channel: ChannelId, text: &str) -> bool {
        let channel = self.rtc.channel(channel);
        channel.is_some_and(|mut channel| matches!(channel.write(false, text.as_bytes()), Ok(true)))
    }
}
