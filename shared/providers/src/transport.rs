//! Sending a request to a provider: once, unless it is safe to send it again.
//!
//! The one question that decides everything here is whether bytes have left. What was certainly not sent (no connection)
//! may be tried again; what may have been carried out is tried again only if doing it twice is the same as doing it once.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use switchboard_core::{Effect, ProviderId};

use crate::media::is_public;
use crate::operation::MAX_PAUSE;
use crate::{Decline, Operation, ProviderError, ProviderErrorKind};

/// An HTTP client that is built when it is first needed: building one costs milliseconds that most cold starts can save.
pub type HttpClient = Arc<LazyLock<Result<reqwest::Client, String>>>;

/// The largest answer that is read, in bytes: a spoken reply of some minutes in base64.
const MAX_ANSWER_BYTES: usize = 8 * 1024 * 1024;
/// How much of a refusal is read, in bytes: every provider's is a short JSON object.
const MAX_REFUSAL_BYTES: usize = 16 * 1024;
/// The first pause between two attempts; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(150);

/// A provider's answer, whole, with a status that says success.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Where what was made is to be found (`Location`), where the answer says.
    pub(crate) location: Option<String>,
    pub(crate) body: Bytes,
}

/// Sends requests of one provider.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    pub(crate) provider: ProviderId,
    pub(crate) http: HttpClient,
    /// Reads what a refusal (a status from 400 to 499, and its body) means, where the provider's words say more than the
    /// status. Only what says that nothing was done may be read so.
    pub(crate) declines: fn(u16, &[u8]) -> Option<Decline>,
}

/// How an answer is to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Most bytes.
    pub(crate) max_bytes: usize,
    /// What is said of more.
    pub(crate) too_large: &'static str,
    /// Whether it must come from an address of the public internet.
    pub(crate) public_only: bool,
}

/// An answer of an API at the address that it is configured at.
const API_ANSWER: Reading = Reading { max_bytes: MAX_ANSWER_BYTES, too_large: "larger than 8 MiB", public_only: false };

impl Transport {
    /// Sends what `build` makes, as often as `operation` allows. `build` is called once per attempt, because a signature
    /// carries the time.
    pub(crate) async fn send(
        &self,
        operation: Operation,
        build: impl Fn(&reqwest::Client) -> Result<reqwest::RequestBuilder, ProviderErrorKind> + Send + Sync,
    ) -> Result<Answer, ProviderError> {
        self.send_reading(operation, API_ANSWER, build).await
    }

    /// Sends, and reads the answer in a way of its own.
    pub(crate) async fn send_reading(
        &self,
        operation: Operation,
        reading: Reading,
        build: impl Fn(&reqwest::Client) -> Result<reqwest::RequestBuilder, ProviderErrorKind> + Send + Sync,
    ) -> Result<Answer, ProviderError> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let error = match self.attempt(operation, reading, &build).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let wait = error.retry_after.unwrap_or(pause);
            if attempt >= operation.attempts || !may_repeat(operation, &error) || wait > MAX_PAUSE {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            pause = pause.saturating_mul(2).min(MAX_PAUSE);
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        operation: Operation,
        reading: Reading,
        build: &(impl Fn(&reqwest::Client) -> Result<reqwest::RequestBuilder, ProviderErrorKind> + Send + Sync),
    ) -> Result<Answer, ProviderError> {
        let not_sent = |kind| self.error(operation, kind, Effect::None, None);
        let client = match LazyLock::force(&self.http) {
            Ok(client) => client,
            Err(_) => return Err(not_sent(ProviderErrorKind::Unreachable("no HTTP client can be built"))),
        };
        let request = build(client).map_err(not_sent)?.timeout(operation.timeout);
        let response = request.send().await.map_err(|error| self.broken(operation, &error))?;
        // The address that was connected to, not one that a name stood for a moment ago.
        if reading.public_only && !response.remote_addr().is_some_and(|peer| is_public(peer.ip())) {
            return Err(not_sent(ProviderErrorKind::Unreachable("its address is not one of the public internet")));
        }
        if response.status().is_success() {
            let location = response.headers().get(http::header::LOCATION);
            let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
            let body = self.read(operation, reading, response).await?;
            return Ok(Answer { location, body });
        }
        Err(self.refused(operation, response).await)
    }

    /// What an answer means that says no.
    async fn refused(&self, operation: Operation, mut response: reqwest::Response) -> ProviderError {
        let status = response.status();
        let retry_after = retry_after(response.headers());
        if status.is_client_error() {
            let mut body = BytesMut::new();
            // A body that breaks off says nothing more than the status does.
            while let Ok(Some(chunk)) = response.chunk().await {
                if body.len() + chunk.len() > MAX_REFUSAL_BYTES {
                    break;
                }
                body.extend_from_slice(&chunk);
            }
            if let Some(decline) = (self.declines)(status.as_u16(), &body) {
                return self.error(operation, ProviderErrorKind::Declined(decline), Effect::None, retry_after);
            }
        }
        let (kind, effect) = meaning(status);
        self.error(operation, kind, effect, retry_after)
    }

    async fn read(
        &self,
        operation: Operation,
        reading: Reading,
        mut response: reqwest::Response,
    ) -> Result<Bytes, ProviderError> {
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > reading.max_bytes => {
                    return Err(self.unreadable(operation, reading.too_large));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => return Ok(body.freeze()),
                Err(error) => return Err(self.broken(operation, &error)),
            }
        }
    }

    /// What a transport error means: was anything sent?
    fn broken(&self, operation: Operation, error: &reqwest::Error) -> ProviderError {
        let (kind, effect) = if error.is_connect() {
            (ProviderErrorKind::NotConnected, Effect::None)
        } else if error.is_timeout() {
            (ProviderErrorKind::Timeout, Effect::Possible)
        } else if error.is_builder() {
            (ProviderErrorKind::Unreachable("the request cannot be built"), Effect::None)
        } else {
            (ProviderErrorKind::Unreachable("the connection broke"), Effect::Possible)
        };
        self.error(operation, kind, effect, None)
    }

    /// An error of an operation of this provider.
    pub(crate) fn error(
        &self,
        operation: Operation,
        kind: ProviderErrorKind,
        effect: Effect,
        retry_after: Option<Duration>,
    ) -> ProviderError {
        ProviderError { provider: self.provider, operation: operation.name, kind, effect, retry_after }
    }

    /// An answer that arrived but makes no sense: whatever was asked has probably been done.
    pub(crate) fn unreadable(&self, operation: Operation, what: &'static str) -> ProviderError {
        self.error(operation, ProviderErrorKind::Unreadable(what), Effect::Possible, None)
    }
}

/// The one place that says what a provider's status means. 429 and 503 say that nothing was done (RFC 6585 §4, RFC 9110
/// §15.6.4); any other 5xx leaves it open.
fn meaning(status: StatusCode) -> (ProviderErrorKind, Effect) {
    let code = status.as_u16();
    match code {
        401 | 403 => (ProviderErrorKind::Unauthorised(code), Effect::None),
        404 | 410 => (ProviderErrorKind::NotFound(code), Effect::None),
        429 | 503 => (ProviderErrorKind::Busy(code), Effect::None),
        400..=499 => (ProviderErrorKind::Rejected(code), Effect::None),
        // Redirects are not followed: an API that moved is a matter for configuration, not for our credentials to chase.
        300..=399 => (ProviderErrorKind::Failed(code), Effect::None),
        _ => (ProviderErrorKind::Failed(code), Effect::Possible),
    }
}

fn may_repeat(operation: Operation, error: &ProviderError) -> bool {
    match &error.kind {
        ProviderErrorKind::NotConnected => true,
        ProviderErrorKind::Unreachable(_) | ProviderErrorKind::Timeout | ProviderErrorKind::Unreadable(_) => {
            operation.idempotent
        }
        ProviderErrorKind::Busy(_) | ProviderErrorKind::Failed(500..) => operation.idempotent,
        ProviderErrorKind::Failed(_)
        | ProviderErrorKind::Unauthorised(_)
        | ProviderErrorKind::NotFound(_)
        | ProviderErrorKind::Rejected(_)
        | ProviderErrorKind::Declined(_)
        | ProviderErrorKind::NotConfigured(_) => false,
    }
}

/// `Retry-After` in seconds; the date form is not used by any provider here.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_have_been_done_is_said_to_have_no_effect() {
        for (status, effect) in [
            (400, Effect::None),
            (401, Effect::None),
            (404, Effect::None),
            (429, Effect::None),
            (503, Effect::None),
            (500, Effect::Possible),
            (502, Effect::Possible),
            (504, Effect::Possible),
        ] {
            assert_eq!(meaning(StatusCode::from_u16(status).unwrap()).1, effect, "{status}");
        }
    }

    #[test]
    fn what_is_not_idempotent_is_repeated_only_if_it_was_not_sent() {
        let once = Operation { name: "turn", timeout: Duration::from_secs(1), attempts: 2, idempotent: false };
        let http: HttpClient = Arc::new(LazyLock::new(|| Err(String::new())));
        let transport = Transport { provider: ProviderId::Omi, http, declines: |_, _| None };
        let repeat = |kind, effect| may_repeat(once, &transport.error(once, kind, effect, None));
        assert!(repeat(ProviderErrorKind::NotConnected, Effect::None));
        assert!(!repeat(ProviderErrorKind::Unreachable("the connection broke"), Effect::Possible));
        assert!(!repeat(ProviderErrorKind::Timeout, Effect::Possible));
        assert!(!repeat(ProviderErrorKind::Busy(429), Effect::None));
        assert!(!repeat(ProviderErrorKind::Failed(500), Effect::Possible));
        assert!(!repeat(ProviderErrorKind::Declined(Decline::Other), Effect::None));
    }
}
