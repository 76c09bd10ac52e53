//! An API of JSON that knows us by one key in `Authorization`, as Hamsa's, OmniDimension's and OpenAI's do.
//!
//! What this module must not know: any provider's paths or fields.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::Value;
use switchboard_core::{Clock, Effect, Freshness, Secret, SecretSource, SecretUnavailable};

use crate::transport::{Answer, Transport};
use crate::{Operation, ProviderError, ProviderErrorKind};

/// How an API is reached and knows us.
#[derive(Clone)]
pub(crate) struct KeyedApi {
    /// Where it is, without a final slash.
    pub(crate) base_url: String,
    /// The secret that holds the key.
    pub(crate) secret_name: String,
    /// The key's name in the secret's JSON.
    pub(crate) key_name: &'static str,
    /// The word before the key in `Authorization`.
    pub(crate) scheme: &'static str,
    pub(crate) secrets: Arc<dyn SecretSource>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) transport: Transport,
}

/// A request.
#[derive(Clone)]
pub(crate) struct Ask {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    /// The media type that the answer is to have.
    accept: &'static str,
    body: Option<Body>,
}

/// What a request carries.
#[derive(Clone)]
struct Body {
    media_type: String,
    bytes: Bytes,
}

impl Ask {
    /// A request without a body. `path` begins with a slash; what varies in it is an [`crate::ExternalId`].
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            accept: "application/json",
            body: None,
        }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// A header more. Nothing secret: the key is added to every request anyway.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Wants another answer than JSON.
    pub(crate) fn accepting(mut self, media_type: &'static str) -> Self {
        self.accept = media_type;
        self
    }

    pub(crate) fn body(self, body: &Value) -> Self {
        self.carrying("application/json".to_owned(), Bytes::from(body.to_string()))
    }

    /// A body that is not JSON.
    pub(crate) fn carrying(mut self, media_type: String, bytes: Bytes) -> Self {
        self.body = Some(Body { media_type, bytes });
        self
    }
}

impl KeyedApi {
    /// Sends a request; if the key is not accepted, once more with a freshly fetched one, should it differ.
    pub(crate) async fn send(&self, operation: Operation, ask: &Ask) -> Result<Answer, ProviderError> {
        let begun_at = tokio::time::Instant::now();
        let key = self.key(operation, Freshness::Cached).await?;
        let error = match self.send_as(operation, ask, &key).await {
            Err(error) if matches!(error.kind, ProviderErrorKind::Unauthorised(_)) => error,
            other => return other,
        };
        let renewed = self.key(operation, Freshness::Refetched).await?;
        if renewed == key {
            return Err(error);
        }
        // Whatever the refusal took is gone: the second try has what is left of the first one's time, or at least a second.
        let left = operation.timeout.saturating_sub(begun_at.elapsed()).max(Duration::from_secs(1));
        self.send_as(Operation { timeout: left, ..operation }, ask, &renewed).await
    }

    /// Sends a request and reads the answer as JSON.
    pub(crate) async fn json(&self, operation: Operation, ask: &Ask) -> Result<Value, ProviderError> {
        let answer = self.send(operation, ask).await?;
        serde_json::from_slice(&answer.body).map_err(|_| self.transport.unreadable(operation, "the answer is not JSON"))
    }

    /// A refusal of our own, before anything is sent.
    pub(crate) fn refuse(&self, operation: Operation, kind: ProviderErrorKind) -> ProviderError {
        self.transport.error(operation, kind, Effect::None, None)
    }

    async fn send_as(&self, operation: Operation, ask: &Ask, key: &Secret) -> Result<Answer, ProviderError> {
        let url = format!("{}{}", self.base_url, ask.path);
        self.transport
            .send(operation, |http| {
                let mut url = reqwest::Url::parse(&url)
                    .map_err(|_| ProviderErrorKind::Unreachable("the configured base URL is not a URL"))?;
                if !ask.query.is_empty() {
                    url.query_pairs_mut().extend_pairs(&ask.query);
                }
                let mut request = http
                    .request(ask.method.clone(), url)
                    .header("user-agent", concat!("switchboard/", env!("CARGO_PKG_VERSION")))
                    .header("accept", ask.accept)
                    .header("authorization", self.authorization(key)?);
                for (name, value) in &ask.headers {
                    request = request.header(*name, value);
                }
                Ok(match &ask.body {
                    Some(body) => request.header("content-type", &body.media_type).body(body.bytes.clone()),
                    // A POST says so if it carries nothing (RFC 9110 §8.6); some servers refuse one that does not.
                    None if ask.method == Method::POST => request.header("content-length", "0"),
                    None => request,
                })
            })
            .await
    }

    /// A header value that debug output leaves out.
    fn authorization(&self, key: &Secret) -> Result<http::HeaderValue, ProviderErrorKind> {
        let mut value = http::HeaderValue::from_str(&format!("{} {}", self.scheme, self.bare(key)))
            .map_err(|_| ProviderErrorKind::Unreachable("the configured key cannot stand in a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// The key without the word before it, which dashboards show as part of it (`Token xyz`, `Token_xyz`, `Bearer xyz`).
    fn bare<'a>(&self, key: &'a Secret) -> &'a str {
        let text = key.expose().trim();
        let behind = text.strip_prefix(self.scheme).and_then(|rest| rest.strip_prefix([' ', '_']));
        behind.map_or(text, str::trim_start)
    }

    async fn key(&self, operation: Operation, freshness: Freshness) -> Result<Secret, ProviderError> {
        let not_configured =
            |unavailable: SecretUnavailable| self.refuse(operation, ProviderErrorKind::NotConfigured(unavailable));
        let bundle = self.secrets.secret(&self.secret_name, freshness).await.map_err(not_configured)?;
        bundle.current(self.key_name, self.clock.now()).ok_or_else(|| {
            let what = "it is missing or empty".to_owned();
            not_configured(SecretUnavailable::Incomplete { name: self.secret_name.clone(), key: self.key_name, what })
        })
    }
}
