//! What the client is given: secrets, a clock that stands still, a client for HTTP without certificates.

use std::sync::Arc;

use async_trait::async_trait;
use switchboard_core::{
    Clock, Freshness, SecretBundle, SecretSource, SecretStage, SecretUnavailable, SecretVersion, Timestamp,
};

/// One secret, and what it is after it has been fetched again.
#[derive(Debug)]
pub(super) struct Kept(pub(super) &'static str, pub(super) &'static str);

#[async_trait]
impl SecretSource for Kept {
    async fn secret(&self, _name: &str, freshness: Freshness) -> Result<Arc<SecretBundle>, SecretUnavailable> {
        let json = if freshness == Freshness::Cached { self.0 } else { self.1 };
        let version = SecretVersion::from_json(SecretStage::Current, Timestamp::from_epoch_secs(0), json).unwrap();
        Ok(Arc::new(SecretBundle::new(vec![version], None)))
    }
}

#[derive(Debug)]
pub(super) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        super::now()
    }
}

pub(super) fn http_client() -> Result<reqwest::Client, String> {
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy();
    builder.redirect(reqwest::redirect::Policy::none()).build().map_err(|error| error.to_string())
}
