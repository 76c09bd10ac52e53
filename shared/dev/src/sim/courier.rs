//! Posts one webhook and says whether it was taken. Knows nothing of queues and retries.

use std::sync::Arc;

use reqwest::redirect::Policy;

use super::deliveries::{Delivery, Failure, Sender};
use super::recorder::form_pairs;
use super::signature::{WebhookSecret, twilio_signature};

#[derive(Debug)]
pub(crate) struct Courier(reqwest::Client);

/// What the senders that sign do it with.
#[derive(Clone)]
pub struct SigningKeys {
    /// OMI's.
    pub omi: WebhookSecret,
    /// The auth token of the account at Twilio.
    pub twilio: String,
    /// OpenAI's.
    pub openai: WebhookSecret,
}

impl std::fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKeys(redacted)")
    }
}

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
        // Receivers are on loopback without TLS, so no certificate is trusted; the client wants a configuration
        // nevertheless, and given its own it leaves the process-wide one alone.
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let client =
            reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().redirect(Policy::none()).build()?;
        Ok(Self(client))
    }

    /// Taken is a 2xx. `base` is where a delivery goes whose target is a path.
    pub(crate) async fn deliver(
        &self,
        base: &str,
        delivery: &Delivery,
        keys: &SigningKeys,
        sent_at_secs: i64,
    ) -> Result<(), Failure> {
        let target = if delivery.target.starts_with('/') {
            format!("{base}{}", delivery.target)
        } else {
            delivery.target.clone()
        };
        // What follows the `#` is for the sender's eyes: it is neither sent nor signed.
        let url = target.split('#').next().unwrap_or_default();
        if !is_here(url) {
            return Err(Failure::Elsewhere);
        }
        let sender = &delivery.sender;
        let request = self
            .0
            .post(url)
            .timeout(sender.patience())
            .header("user-agent", sender.user_agent())
            .header("content-type", sender.content_type())
            .body(delivery.body.clone());
        let request = match sender {
            Sender::Omi | Sender::Openai => {
                let secret = if *sender == Sender::Openai { &keys.openai } else { &keys.omi };
                let signature = secret.sign(&delivery.webhook_id, sent_at_secs, delivery.body.as_bytes());
                request
                    .header("webhook-id", &delivery.webhook_id)
                    .header("webhook-timestamp", sent_at_secs)
                    .header("webhook-signature", signature)
            }
            Sender::Hamsa { bearer: Some(bearer) } => request.bearer_auth(bearer),
            Sender::Hamsa { bearer: None } | Sender::Omnidimension => request,
            Sender::Twilio => request
                .header("x-twilio-signature", twilio_signature(&keys.twilio, url, &form_pairs(&delivery.body)))
                .header("i-twilio-idempotency-token", &delivery.webhook_id),
        };
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(Failure::Status(answer.status().as_u16())),
            Err(error) if error.is_connect() => Err(Failure::Connect),
            Err(_) => Err(Failure::Read),
        }
    }
}

/// Whether a URL names this machine. A local world speaks to nobody else, whatever its callers ask for.
pub(crate) fn is_here(url: &str) -> bool {
    url.parse::<http::Uri>()
        .is_ok_and(|uri| uri.host().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]")))
}
