//! `Idempotency-Key`: the same request twice is carried out once.

use std::time::Duration;

use http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};
use switchboard_auth::Caller;
use switchboard_core::{Effect, Fault};
use switchboard_store::{Begun, Fence, FirstAnswer, IdempotencyScope};

use crate::error::status_and_code;
use crate::request::{Incoming, canonical};
use crate::{ApiError, Reply, Shell};

/// How long the first request may take before another may take over: the longest function (29 s) and a margin.
const LEASE: Duration = Duration::from_secs(35);
/// When it is worth asking again for an answer that is under way. Most requests take far less than their lease.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// Longest key, in characters (api).
const MAX_KEY_CHARS: usize = 255;

/// The largest answer that is kept, in bytes: a table item holds 400 KB, its other attributes included.
const MAX_KEPT_BYTES: usize = 380_000;

/// The request's header.
pub(crate) const KEY_HEADER: &str = "idempotency-key";
/// Set on an answer that was given before.
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// How a request begins.
pub(crate) enum Start {
    /// It is carried out; with a fence, its answer is kept.
    Fresh(Option<Fence>),
    /// It was carried out: this was the answer.
    Replay(FirstAnswer),
}

/// Looks whether this request was made before. Requests without a key, and callers without a name, begin anew each time.
pub(crate) async fn begin(
    shell: &Shell,
    caller: &Caller,
    route_key: &str,
    repeatable: bool,
    incoming: &Incoming,
) -> Result<Start, ApiError> {
    let Incoming { path, headers, body, id: request_id, .. } = incoming;
    if caller.is_anonymous() {
        return Ok(Start::Fresh(None));
    }
    let Some(key) = read_key(headers)? else { return Ok(Start::Fresh(None)) };
    let principal = caller.principal_key();
    let scope = IdempotencyScope { tenant: caller.tenant(), principal: &principal, route: route_key, key };
    match shell.store.idempotency_begin(scope, &fingerprint(path, body), LEASE).await? {
        Begun::Fresh(fence) => Ok(Start::Fresh(Some(fence))),
        Begun::TakenOver(fence) if repeatable => Ok(Start::Fresh(Some(fence))),
        Begun::TakenOver(fence) => {
            let unknown = ApiError::new(
                Fault::ProviderTimeout,
                "the first request with this Idempotency-Key was cut off, and whether it was carried out is not known; \
                 look at what is there before you send it again with a new key",
            )
            .with_possible_effect();
            let outcome: Result<Reply, ApiError> = Err(unknown);
            finish(shell, &fence, &outcome, request_id).await;
            outcome.map(|_| Start::Fresh(None))
        }
        Begun::Replay(answer) => Ok(Start::Replay(answer)),
        Begun::InProgress(left) => Err(ApiError::new(
            Fault::InProgress,
            "the first request with this Idempotency-Key has not finished; ask again for its answer",
        )
        .with_retry_after(left.clamp(Duration::from_secs(1), ASK_AGAIN))),
        Begun::Mismatch => Err(ApiError::new(
            Fault::IdempotencyMismatch,
            "this Idempotency-Key was used with another request; use a new key for a new request",
        )),
    }
}

/// Keeps the outcome of a first request, or forgets that it was made.
pub(crate) async fn finish(shell: &Shell, fence: &Fence, outcome: &Result<Reply, ApiError>, request_id: &str) {
    let answer = match outcome {
        Ok(reply) => reply.keep().ok(),
        Err(error) if is_kept(error) => keep_error(error, request_id),
        Err(_) => None,
    };
    let answer = match answer {
        // It was done, and must not be done again, even if what was answered cannot be kept.
        Some(answer) if answer.body.len() > MAX_KEPT_BYTES => keep_error(&too_large(), request_id),
        answer => answer,
    };
    let done = match answer {
        Some(answer) => shell.store.idempotency_complete(fence, &answer).await,
        None => shell.store.idempotency_release(fence).await,
    };
    if let Err(error) = done {
        // The record stays `running` until its lease passes: a repetition is told to wait, and then carried out.
        tracing::warn!(%error, "the outcome of a request with a key could not be kept");
    }
}

/// 401, 403, 409 and 429 are not kept, they pass; nor a wrong envelope; nor is a failure that certainly did nothing, because trying again is what
/// the key is for. A failure that may have done something is kept: trying again could do it twice.
fn is_kept(error: &ApiError) -> bool {
    let status = status_and_code(error.fault()).0.as_u16();
    match status {
        401 | 403 | 409 | 429 => false,
        // The envelope was wrong, not the request: the same one in the right envelope is to be carried out.
        413 | 415 => false,
        _ if error.fault() == Fault::ProviderRejected => error.effect() == Effect::Possible,
        500.. => error.effect() == Effect::Possible,
        _ => true,
    }
}

fn too_large() -> ApiError {
    ApiError::new(Fault::Conflict, "this was carried out, but its answer was too large to be given again")
}

fn keep_error(error: &ApiError, request_id: &str) -> Option<FirstAnswer> {
    Reply::json(status_and_code(error.fault()).0, &error.body(request_id)).ok()?.keep().ok()
}

pub(crate) fn read_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(value) = headers.get(KEY_HEADER) else { return Ok(None) };
    let key = value.to_str().unwrap_or("");
    let fits = (1..=MAX_KEY_CHARS).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        Ok(Some(key))
    } else {
        Err(ApiError::invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters"))
    }
}

/// Stands for the request: its path (the route's parameters are in it) and its body.
pub(crate) fn fingerprint(path: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(path.as_bytes());
    hash.update(b"\0");
    hash.update(canonical(body));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_of_a_certain_length() {
        let long = "k".repeat(255);
        for (key, fits) in
            [("a", true), (long.as_str(), true), ("", false), ("a b", false), (&format!("{long}k"), false)]
        {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(KEY_HEADER), key.parse().unwrap())]);
            assert_eq!(read_key(&headers).is_ok(), fits, "{key:?}");
        }
        let latin = http::HeaderValue::from_bytes(b"\xfc").unwrap();
        assert!(read_key(&HeaderMap::from_iter([(HeaderName::from_static(KEY_HEADER), latin)])).is_err());
    }

    #[test]
    fn what_passes_is_not_kept_and_what_may_have_happened_is() {
        for (fault, kept) in [
            (Fault::InvalidRequest, true),
            (Fault::NotFound, true),
            (Fault::ProviderRejected, false),
            (Fault::UnsupportedMediaType, false),
            (Fault::Unauthenticated, false),
            (Fault::Forbidden, false),
            (Fault::SessionExpired, false),
            (Fault::ConcurrencyLimit, false),
            (Fault::ProviderUnavailable, false),
            (Fault::Unavailable, false),
        ] {
            assert_eq!(is_kept(&ApiError::new(fault, "x")), kept, "{fault:?}");
        }
    }

    #[test]
    fn the_path_and_the_body_both_make_a_request() {
        let one = fingerprint("/a", b"{}");
        assert_ne!(one, fingerprint("/b", b"{}"));
        assert_ne!(one, fingerprint("/a", b"[]"));
        assert_eq!(one, fingerprint("/a", b" { } "));
    }
}
