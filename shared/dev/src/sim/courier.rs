//! Posts one webhook to the gateway and says whether it was taken. Knows nothing of queues and retries.

use std::sync::Arc;
use std::time::Duration;

use reqwest::redirect::Policy;

use super::deliveries::Delivery;
use super::signature::WebhookSecret;

/// How long the gateway may take to answer, in wall time. Longer than any function may run.
const ATTEMPT: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(crate) struct Courier(reqwest::Client);

/// Why there is no HTTP client.
#[derive(Debug, thiserror::Error)]
pub enum CourierError {
    /// TLS.
    #[error("cannot configure TLS")]
    Tls(#[from] rustls::Error),
    /// The rest.
    #[error("cannot make an HTTP client")]
    Client(#[from] reqwest::Error),
}

impl Courier {
    pub(crate) fn new() -> Result<Self, CourierError> {
        // The gateway is on loopback without TLS, so no certificate is trusted; the client wants a configuration
        // nevertheless, and given its own it leaves the process-wide one alone.
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent("OMI-Webhooks/1.0")
            .no_proxy()
            .redirect(Policy::none())
            .timeout(ATTEMPT)
            .build()?;
        Ok(Self(client))
    }

    /// Taken is a 2xx; anything else is a reason to try again.
    pub(crate) async fn deliver(
        &self,
        gateway: &str,
        delivery: &Delivery,
        secret: &WebhookSecret,
        sent_at_secs: i64,
    ) -> Result<(), String> {
        let signature = secret.sign(&delivery.webhook_id, sent_at_secs, delivery.body.as_bytes());
        let answer = self
            .0
            .post(format!("{gateway}{}", delivery.path))
            .header("content-type", "application/json")
            .header("webhook-id", &delivery.webhook_id)
            .header("webhook-timestamp", sent_at_secs)
            .header("webhook-signature", signature)
            .body(delivery.body.clone())
            .send()
            .await
            .map_err(|error| if error.is_connect() { "no connection".to_owned() } else { "no answer".to_owned() })?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("answered {}", answer.status().as_u16())) }
    }
}
