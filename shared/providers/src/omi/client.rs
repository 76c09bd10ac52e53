//! Requests to OMI: `Authorization: Bearer`, `X-OMI-App-Id` and, where a secret is configured, `X-OMI-Signature`.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use serde_json::{Map, Value};
use sha2::Sha256;
use switchboard_core::{Effect, Freshness, Secret, SecretUnavailable, SessionId, Timestamp};

use super::Omi;
use super::form::{AudioForm, Chunks};
use super::wire;
use crate::transport::Answer;
use crate::{
    Account, OpenSession, Operation, ProviderError, ProviderErrorKind, Sessions, TurnInput, TurnReply, TurnRequest,
    Turns,
};

/// Opening a session. The id is ours, so that opening it again finds the same one.
pub const SESSION_OPEN: Operation =
    Operation { name: "session open", timeout: Duration::from_secs(8), attempts: 2, idempotent: true };
/// Changing a context. The patch sets values, so that applying it again changes nothing.
pub const SESSION_UPDATE: Operation =
    Operation { name: "session update", timeout: Duration::from_secs(5), attempts: 2, idempotent: true };
/// Closing a session.
pub const SESSION_CLOSE: Operation =
    Operation { name: "session close", timeout: Duration::from_secs(5), attempts: 2, idempotent: true };
/// A turn in writing. Not idempotent: the agent would hear it twice.
pub const PROCESS: Operation =
    Operation { name: "process", timeout: Duration::from_secs(20), attempts: 2, idempotent: false };
/// A turn by voice.
pub const PROCESS_AUDIO: Operation =
    Operation { name: "process audio", timeout: Duration::from_secs(20), attempts: 2, idempotent: false };
/// Whether OMI answers.
const HEALTH: Operation = Operation { name: "health", timeout: PROBE_TIMEOUT, attempts: 1, idempotent: true };
/// Whether it accepts our key.
const AUTH_VERIFY: Operation = Operation { name: "auth verify", timeout: PROBE_TIMEOUT, attempts: 1, idempotent: true };

/// A probe takes at most this long (api: "one probe of at most 2 s"), connecting and fetching the secret included.
const PROBE_TIMEOUT: Duration = Duration::from_millis(1_800);

/// Every operation, for the check of their time limits against the functions'.
pub const OPERATIONS: [Operation; 7] =
    [SESSION_OPEN, SESSION_UPDATE, SESSION_CLOSE, PROCESS, PROCESS_AUDIO, HEALTH, AUTH_VERIFY];

/// What OMI knows us by.
#[derive(Clone, PartialEq)]
struct Credentials {
    api_key: Secret,
    api_secret: Option<Secret>,
    app_id: Secret,
}

/// A request, ready to be signed.
struct Outgoing {
    method: Method,
    /// Behind the base URL, beginning with a slash.
    path: String,
    content_type: Option<String>,
    body: Chunks,
}

impl Outgoing {
    fn json(method: Method, path: String, body: &Value) -> Self {
        let bytes = Bytes::from(body.to_string());
        Self { method, path, content_type: Some("application/json".to_owned()), body: Chunks::one(bytes) }
    }

    fn empty(method: Method, path: String) -> Self {
        Self { method, path, content_type: None, body: Chunks::none() }
    }
}

impl Omi {
    /// Sends a request; if OMI does not accept our credentials, once more with freshly fetched ones, should they differ.
    async fn send(&self, operation: Operation, outgoing: Outgoing) -> Result<Answer, ProviderError> {
        let begun_at = tokio::time::Instant::now();
        let credentials = self.credentials(operation, Freshness::Cached).await?;
        let error = match self.send_as(operation, &outgoing, &credentials).await {
            Err(error) if matches!(error.kind, ProviderErrorKind::Unauthorised(_)) => error,
            other => return other,
        };
        let renewed = self.credentials(operation, Freshness::Refetched).await?;
        if renewed == credentials {
            return Err(error);
        }
        // Whatever the refusal took is gone: the second try has what is left of the first one's time, or at least a second.
        let left = operation.timeout.saturating_sub(begun_at.elapsed()).max(Duration::from_secs(1));
        self.send_as(Operation { timeout: left, ..operation }, &outgoing, &renewed).await
    }

    async fn send_as(
        &self,
        operation: Operation,
        outgoing: &Outgoing,
        credentials: &Credentials,
    ) -> Result<Answer, ProviderError> {
        let url = format!("{}{}", self.config.base_url, outgoing.path);
        self.transport
            .send(operation, |http| {
                let url = reqwest::Url::parse(&url)
                    .map_err(|_| ProviderErrorKind::Unreachable("OMI_BASE_URL is not a URL"))?;
                let mut request = http
                    .request(outgoing.method.clone(), url.clone())
                    .header("user-agent", concat!("switchboard/", env!("CARGO_PKG_VERSION")))
                    .header("authorization", bearer(&credentials.api_key)?)
                    .header("x-omi-app-id", sensitive(credentials.app_id.expose())?);
                if let Some(content_type) = &outgoing.content_type {
                    request = request.header("content-type", content_type);
                }
                if let Some(secret) = &credentials.api_secret {
                    let now = self.clock.now();
                    let signature = signature(secret, now, &outgoing.method, &url, &outgoing.body);
                    request = request
                        .header("x-omi-timestamp", now.epoch_secs())
                        .header("x-omi-signature", format!("v1={signature}"));
                }
                Ok(if outgoing.body.is_empty() { request } else { request.body(outgoing.body.to_body()) })
            })
            .await
    }

    async fn credentials(&self, operation: Operation, freshness: Freshness) -> Result<Credentials, ProviderError> {
        let name = &self.config.secret_name;
        let not_configured = |unavailable: SecretUnavailable| {
            self.transport.error(operation, ProviderErrorKind::NotConfigured(unavailable), Effect::None, None)
        };
        let bundle = self.secrets.secret(name, freshness).await.map_err(not_configured)?;
        let now = self.clock.now();
        let required = |key: &'static str| {
            bundle.current(key, now).ok_or_else(|| {
                let what = "it is missing or empty".to_owned();
                not_configured(SecretUnavailable::Incomplete { name: name.clone(), key, what })
            })
        };
        Ok(Credentials {
            api_key: required("OMI_API_KEY")?,
            api_secret: bundle.current("OMI_API_SECRET", now),
            app_id: required("OMI_APP_ID")?,
        })
    }
}

fn bearer(key: &Secret) -> Result<http::HeaderValue, ProviderErrorKind> {
    sensitive(&format!("Bearer {}", key.expose()))
}

/// A header value that debug output leaves out.
fn sensitive(text: &str) -> Result<http::HeaderValue, ProviderErrorKind> {
    let mut value = http::HeaderValue::from_str(text)
        .map_err(|_| ProviderErrorKind::Unreachable("a credential cannot stand in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Hex HMAC-SHA256 over `{timestamp}.{METHOD}.{path?query}.{raw body}`, the body taken chunk by chunk.
fn signature(secret: &Secret, now: Timestamp, method: &Method, url: &reqwest::Url, body: &Chunks) -> String {
    // HMAC takes keys of any length, so that this is never `None`.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return String::new() };
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    mac.update(format!("{}.{method}.{}{query}.", now.epoch_secs(), url.path()).as_bytes());
    for chunk in body.iter() {
        mac.update(chunk);
    }
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[async_trait]
impl Sessions for Omi {
    async fn open(&self, request: &OpenSession<'_>) -> Result<Option<Map<String, Value>>, ProviderError> {
        let body = wire::open_session(&self.config, request);
        let sent = self.send(SESSION_OPEN, Outgoing::json(Method::POST, "/sessions".to_owned(), &body)).await;
        let answer = sent.map_err(|error| match error.kind {
            // There is nothing yet that it could not know: the address is wrong.
            ProviderErrorKind::NotFound(status) => ProviderError { kind: ProviderErrorKind::Failed(status), ..error },
            _ => error,
        })?;
        let session = wire::read_object(&answer.body)
            .ok_or_else(|| self.transport.unreadable(SESSION_OPEN, "the session is not a JSON object"))?;
        Ok(wire::context_of(session))
    }

    async fn update(&self, session: SessionId, patch: &Map<String, Value>) -> Result<(), ProviderError> {
        let body = serde_json::json!({ "context": patch });
        self.send(SESSION_UPDATE, Outgoing::json(Method::PATCH, session_path(session), &body)).await.map(drop)
    }

    async fn close(&self, session: SessionId) -> Result<(), ProviderError> {
        match self.send(SESSION_CLOSE, Outgoing::empty(Method::DELETE, session_path(session))).await {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.kind, ProviderErrorKind::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn session_path(session: SessionId) -> String {
    format!("/sessions/{session}")
}

#[async_trait]
impl Turns for Omi {
    async fn take(&self, request: TurnRequest<'_>) -> Result<TurnReply, ProviderError> {
        let (operation, outgoing) = match request.input {
            TurnInput::Text(text) => {
                let body = wire::process_text(request.session, text, request.context);
                (PROCESS, Outgoing::json(Method::POST, "/process".to_owned(), &body))
            }
            TurnInput::Audio(audio) => {
                let form = AudioForm::new(request.session, audio, request.context).map_err(|_| {
                    let kind = ProviderErrorKind::Unreachable("no random numbers for a form's boundary");
                    self.transport.error(PROCESS_AUDIO, kind, Effect::None, None)
                })?;
                let outgoing = Outgoing {
                    method: Method::POST,
                    path: "/process/audio".to_owned(),
                    content_type: Some(form.content_type),
                    body: form.body,
                };
                (PROCESS_AUDIO, outgoing)
            }
        };
        let operation = Operation { timeout: operation.timeout.min(request.within), ..operation };
        let answer = self.send(operation, outgoing).await?;
        wire::read_reply(&answer.body)
            .ok_or_else(|| self.transport.unreadable(operation, "the reply has no text in `response`"))
    }
}

#[async_trait]
impl Account for Omi {
    async fn reachable(&self) -> Result<(), ProviderError> {
        self.send(HEALTH, Outgoing::empty(Method::GET, "/health".to_owned())).await.map(drop)
    }

    async fn credentials_accepted(&self) -> Result<(), ProviderError> {
        self.send(AUTH_VERIFY, Outgoing::empty(Method::GET, "/auth/verify".to_owned())).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_covers_time_method_path_query_and_body() {
        // Computed with: printf '%s' '1795169208.POST./v1/process?a=b.{"x":1}' | openssl dgst -sha256 -hmac key
        let url = reqwest::Url::parse("http://localhost/v1/process?a=b").unwrap();
        let body = Chunks::one(Bytes::from_static(br#"{"x":1}"#));
        let now = Timestamp::from_epoch_secs(1_795_169_208);
        assert_eq!(signature(&Secret::new("key"), now, &Method::POST, &url, &body), SIGNATURE);
    }

    const SIGNATURE: &str = "7b10e1ff7c1644978db2e73730853be2c2d7afa0070d936aa1ceedbd8d5f749b";
}
