//! The cryptography of a peer: hashes, ciphers and DTLS without any library in C.
//!
//! The WebRTC library takes its cryptography from outside. Its own choices bring OpenSSL or AWS-LC with them, which this
//! workspace keeps out, so the pieces are put together here.

use std::sync::Arc;
use std::time::Instant;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use str0m::crypto::dtls::{DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion};
use str0m::crypto::{CryptoError, CryptoProvider, Sha1HmacProvider, Sha1Provider, Sha256Provider};

use super::cipher::Ciphers;

/// Everything that a peer needs.
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider {
        srtp_provider: &Ciphers,
        sha1_hmac_provider: &Hashes,
        sha1_provider: &Hashes,
        sha256_provider: &Hashes,
        dtls_provider: &Handshakes,
    }
}

/// A certificate that nobody has signed: peers know each other by its fingerprint in the session description.
pub(super) fn certificate() -> Result<DtlsCert, rcgen::Error> {
    let key = rcgen::KeyPair::generate()?;
    let certificate = rcgen::CertificateParams::new(Vec::new())?.self_signed(&key)?;
    Ok(DtlsCert { certificate: certificate.der().to_vec(), private_key: key.serialize_der() })
}

#[derive(Debug)]
struct Hashes;

impl Sha1HmacProvider for Hashes {
    fn sha1_hmac(&self, key: &[u8], payloads: &[&[u8]]) -> [u8; 20] {
        // HMAC takes keys of any length, so the error cannot occur; an empty tag would match nothing.
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(key) else { return [0; 20] };
        for payload in payloads {
            mac.update(payload);
        }
        mac.finalize().into_bytes().into()
    }
}

impl Sha1Provider for Hashes {
    fn sha1(&self, data: &[u8]) -> [u8; 20] {
        Sha1::digest(data).into()
    }
}

impl Sha256Provider for Hashes {
    fn sha256(&self, data: &[u8]) -> [u8; 32] {
        Sha256::digest(data).into()
    }
}

#[derive(Debug)]
struct Handshakes;

impl DtlsProvider for Handshakes {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        certificate().ok()
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: str0m::config::DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        // Who is reached over ICE has shown already that it is where it says; a cookie would only take a round trip.
        let config = dimpl::Config::builder().use_server_cookie(false);
        let config = mtu.map_or_else(|| dimpl::Config::builder().use_server_cookie(false), |mtu| config.mtu(mtu));
        let config = Arc::new(config.build()?);
        let own = dimpl::DtlsCertificate {
            certificate: certificate.certificate.clone(),
            private_key: certificate.private_key.clone(),
        };
        Ok(Box::new(Handshake(match version {
            str0m::config::DtlsVersion::Dtls13 => dimpl::Dtls::new_13(config, own, now),
            str0m::config::DtlsVersion::Auto => dimpl::Dtls::new_auto(config, own, now),
            _ => dimpl::Dtls::new_12(config, own, now),
        })))
    }
}

struct Handshake(dimpl::Dtls);

impl std::fmt::Debug for Handshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handshake(redacted)")
    }
}

impl DtlsInstance for Handshake {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buffer: &'a mut [u8]) -> DtlsOutput<'a> {
        self.0.poll_output(buffer)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}
