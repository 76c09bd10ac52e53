//! Fetching recordings: only from where a provider keeps them, never from where a stranger points to.
//!
//! An address of a recording comes from a provider's record, and with unsigned senders from whoever wrote into that record. So
//! it is fetched over https from listed hosts only, on the usual port, without following redirects, and what answers must have
//! an address of the public internet: the one connected to is looked at, so that no name can change its meaning in between.
//! The base URL that an operator has configured is trusted as it is; the local world's is a loopback one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::{RequestBuilder, Url};
use switchboard_core::{AudioType, Effect};

use crate::transport::{Reading, Transport};
use crate::{Operation, ProviderError, ProviderErrorKind, Recording};

/// The largest recording that is fetched, in bytes: more than an hour as uncompressed telephone audio (8 kHz, 16 bit).
const MAX_RECORDING_BYTES: usize = 64 * 1024 * 1024;

/// Where a provider keeps recordings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MediaHosts<'a> {
    /// The base URL that is configured: its scheme, host and port are allowed.
    pub(crate) base_url: &'a str,
    /// Host names; one that begins with a dot stands for every name beneath it.
    pub(crate) listed: &'a [&'a str],
}

/// Host names as they are configured: separated by commas.
pub(crate) fn host_list(text: &str) -> Vec<String> {
    text.split(',').map(|host| host.trim().to_ascii_lowercase()).filter(|host| !host.is_empty()).collect()
}

/// An address that may be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Admitted {
    url: Url,
    /// Whether it is on the configured host.
    pub(crate) on_base: bool,
}

impl MediaHosts<'_> {
    /// Whether an address may be fetched.
    ///
    /// # Errors
    /// [`ProviderErrorKind::Unreachable`] with what is wrong with it.
    pub(crate) fn admit(&self, address: &str) -> Result<Admitted, ProviderErrorKind> {
        let refuse = ProviderErrorKind::Unreachable;
        let mut url = Url::parse(address).map_err(|_| refuse("the recording's address is not a URL"))?;
        url.set_fragment(None);
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("the recording's address carries a credential"));
        }
        if Url::parse(self.base_url).is_ok_and(|base| is_web(&base) && base.origin() == url.origin()) {
            return Ok(Admitted { url, on_base: true });
        }
        if url.scheme() != "https" {
            return Err(refuse("the recording's address is not https"));
        }
        // `port` is `None` for the scheme's own.
        if url.port().is_some() {
            return Err(refuse("the recording's address names a port"));
        }
        let listed = url.domain().is_some_and(|host| self.listed.iter().any(|listed| stands_for(listed, host)));
        if listed { Ok(Admitted { url, on_base: false }) } else { Err(refuse("the recording is on a foreign host")) }
    }
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

/// Whether a listed name stands for a host. `Url` has put the host into lower case.
fn stands_for(listed: &str, host: &str) -> bool {
    match listed.strip_prefix('.') {
        Some(parent) => host.strip_suffix(parent).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None => host == listed,
    }
}

impl Transport {
    /// Fetches a recording. `dress` adds what the host needs to know us by; it is called for the configured host alone, so
    /// that no credential goes anywhere else.
    ///
    /// # Errors
    /// [`ProviderError`]; what is fetched changes nothing, so that trying again is safe.
    pub(crate) async fn media(
        &self,
        operation: Operation,
        hosts: MediaHosts<'_>,
        address: &str,
        dress: impl Fn(RequestBuilder) -> RequestBuilder + Send + Sync,
    ) -> Result<Recording, ProviderError> {
        let admitted = hosts.admit(address).map_err(|kind| self.error(operation, kind, Effect::None, None))?;
        let reading = Reading {
            max_bytes: MAX_RECORDING_BYTES,
            too_large: "the recording is larger than 64 MiB",
            public_only: !admitted.on_base,
        };
        let answer = self
            .send_reading(operation, reading, |http| {
                let request = http
                    .get(admitted.url.clone())
                    .header("user-agent", concat!("switchboard/", env!("CARGO_PKG_VERSION")));
                Ok(if admitted.on_base { dress(request) } else { request })
            })
            .await?;
        // What it is, the bytes say: storage servers call everything an octet stream.
        let kind = [AudioType::Wav, AudioType::Mpeg].into_iter().find(|kind| kind.matches(&answer.body));
        match kind {
            Some(kind) => Ok(Recording { mime_type: kind.as_str(), bytes: answer.body }),
            None => Err(self.unreadable(operation, "the recording is neither WAV nor MPEG audio")),
        }
    }
}

/// Whether an address is one of the public internet (IANA's special-purpose registries, RFC 6890 and its updates).
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // "This network"; shared by carriers (RFC 6598); protocol assignments; benchmarks (RFC 2544).
        [0, ..] | [100, 64..=127, ..] | [192, 0, 0, _] | [198, 18..=19, ..] => true,
        // Multicast and what is reserved above it, the broadcast address included.
        [224..=255, ..] => true,
        _ => false,
    };
    let local = address.is_loopback() || address.is_private() || address.is_link_local() || address.is_documentation();
    !special && !local
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    match segments {
        // IPv4 in disguise: mapped (RFC 4291), and as a translator writes it (RFC 6052).
        [0, 0, 0, 0, 0, 0xFFFF, high, low] | [0x64, 0xFF9B, 0, 0, 0, 0, high, low] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            is_public_v4(Ipv4Addr::new(a, b, c, d))
        }
        // Protocol assignments with Teredo among them, documentation, and 6to4, which hides any IPv4 address.
        [0x2001, 0..=0x01FF, ..] | [0x2001, 0x0DB8, ..] | [0x2002, ..] | [0x3FFF, 0..=0x0FFF, ..] => false,
        // Global unicast is 2000::/3; everything outside is local, multicast or unassigned.
        [first, ..] => first & 0xE000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hosts() -> MediaHosts<'static> {
        MediaHosts { base_url: "https://api.twilio.com", listed: &["api.twilio.com", ".media.example.com"] }
    }

    #[test]
    fn a_recording_is_fetched_from_listed_hosts_over_https_alone() {
        for (address, on_base) in [
            ("https://api.twilio.com/2010-04-01/x.mp3", Some(true)),
            ("https://API.twilio.com:443/x.mp3", Some(true)),
            ("https://eu.media.example.com/x.mp3?sig=1#frag", Some(false)),
            ("http://api.twilio.com/x.mp3", None),
            ("https://api.twilio.com:8443/x.mp3", None),
            ("https://user:password@api.twilio.com/x.mp3", None),
            ("https://user@api.twilio.com/x.mp3", None),
            ("https://api.twilio.com.evil.example/x.mp3", None),
            ("https://media.example.com/x.mp3", None),
            ("https://evilmedia.example.com/x.mp3", None),
            ("https://.media.example.com/x.mp3", None),
            ("https://127.0.0.1/x.mp3", None),
            ("https://[::ffff:169.254.169.254]/latest", None),
            ("https://2130706433/x.mp3", None),
            ("file:///etc/passwd", None),
            ("ftp://api.twilio.com/x.mp3", None),
            ("//api.twilio.com/x.mp3", None),
            ("", None),
        ] {
            assert_eq!(hosts().admit(address).ok().map(|admitted| admitted.on_base), on_base, "{address}");
        }
    }

    #[test]
    fn the_configured_address_is_trusted_with_its_scheme_and_port_and_nothing_beside_it_is() {
        let local = MediaHosts { base_url: "http://127.0.0.1:4010", listed: &[] };
        for (address, admitted) in [
            ("http://127.0.0.1:4010/media/1.wav", true),
            ("http://127.0.0.1:4011/media/1.wav", false),
            ("https://127.0.0.1:4010/media/1.wav", false),
            ("http://localhost:4010/media/1.wav", false),
        ] {
            assert_eq!(local.admit(address).is_ok(), admitted, "{address}");
        }
        // Two opaque origins are never one.
        assert!(MediaHosts { base_url: "data:x", listed: &[] }.admit("data:x").is_err());
    }

    #[test]
    fn addresses_inside_a_network_are_told_from_public_ones() {
        for (address, public) in [
            ("8.8.8.8", true),
            ("127.0.0.1", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("224.0.0.1", false),
            ("2606:4700::1", true),
            ("::1", false),
            ("::", false),
            ("::ffff:10.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("::127.0.0.1", false),
            ("64:ff9b::a9fe:a9fe", false),
            ("64:ff9b::808:808", true),
            ("fe80::1", false),
            ("fd00:ec2::254", false),
            ("2002:7f00:1::", false),
            ("2001:0:1::", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    proptest! {
        #[test]
        fn an_ipv4_address_means_the_same_in_its_ipv6_disguises(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let translated = Ipv6Addr::from_bits(0x0064_FF9B_u128 << 96 | u128::from(bits));
            prop_assert_eq!(is_public(IpAddr::V6(v4.to_ipv6_mapped())), is_public(IpAddr::V4(v4)));
            prop_assert_eq!(is_public(IpAddr::V6(translated)), is_public(IpAddr::V4(v4)));
        }

        #[test]
        fn no_text_makes_admitting_panic_or_lets_a_foreign_host_in(address in "(https?://)?[a-z0-9@:./\\[\\]#?%-]{0,40}") {
            if let Ok(admitted) = hosts().admit(&address) {
                let host = admitted.url.host_str().unwrap_or_default().to_owned();
                prop_assert!(host == "api.twilio.com" || host.ends_with(".media.example.com"));
            }
        }
    }
}
