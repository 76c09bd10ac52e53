//! Answers.
//!
//! What an answer is made from is kept for 24 hours where the request had an idempotency key, so it may hold no token. A
//! [`Mint`] stands for one: it is made anew each time the answer is given.

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use switchboard_auth::{LeaseSecret, SessionToken};
use switchboard_core::{Freshness, Lease, RealtimeId, SessionId, TenantId, Timestamp};
use switchboard_store::FirstAnswer;

use crate::{ApiError, HookAddress, Shell};

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Body,
    pub(crate) mints: Vec<(String, Mint)>,
    pub(crate) headers: Vec<(http::HeaderName, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    Empty,
    Json(Map<String, Value>),
    /// Text for people, in UTF-8.
    Text(String),
}

/// Something that grants access and is therefore made anew for each answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mint", rename_all = "camelCase")]
pub enum Mint {
    /// The token of a session.
    SessionToken {
        /// The session.
        session: SessionId,
        /// Its tenant.
        tenant: TenantId,
        /// When the token must stop holding, if sooner than by itself: a token that is shown gets no longer life.
        not_after: Option<Timestamp>,
    },
    /// The URL to read an object of the bucket.
    Download {
        /// The object.
        key: String,
        /// How long the URL holds, in seconds.
        valid_secs: u64,
    },
    /// The URL and the headers to put an object into the bucket, as an object `{url, headers}` laid over its place's parent.
    Upload {
        /// The object.
        key: String,
        /// Its media type.
        content_type: String,
        /// Its size, in bytes.
        bytes: u64,
        /// When the URL stops holding.
        expires_at: Timestamp,
    },
    /// The secret that renews a realtime call's lease next.
    LeaseSecret {
        /// The call's session.
        session: RealtimeId,
        /// Which of the lease's secrets. An answer that is given again says the one that counts by then.
        #[serde(skip)]
        generation: Option<u32>,
    },
    /// The servers that help a person's peer connection through.
    IceServers {
        /// The name that their credentials carry.
        user: String,
    },
    /// The whole answer: it is a credential that a provider makes, and given again it is another one.
    Anew,
    /// The address of a hook.
    HookUrl {
        /// Where it is.
        address: HookAddress,
    },
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// JSON as text: a context may be as deep as a JSON reader goes, and must not get deeper by being kept.
    body: Option<String>,
    mints: Vec<(String, Mint)>,
}

impl Reply {
    /// A JSON answer. `body` must serialise to an object.
    ///
    /// # Errors
    /// [`ApiError`] (500) if it does not, which would be a defect.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, ApiError> {
        match serde_json::to_value(body) {
            Ok(Value::Object(body)) => {
                Ok(Self { status, body: Body::Json(body), mints: Vec::new(), headers: Vec::new() })
            }
            _ => Err(ApiError::internal("an answer is not a JSON object")),
        }
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, body: Body::Empty, mints: Vec::new(), headers: Vec::new() }
    }

    /// An answer in plain text, for people.
    #[must_use]
    pub fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, body: Body::Text(text.into()), mints: Vec::new(), headers: Vec::new() }
    }

    /// An answer that sends the client elsewhere (302).
    #[must_use]
    pub fn found_at(url: impl Into<String>) -> Self {
        Self::empty(StatusCode::FOUND).header(http::header::LOCATION, url)
    }

    /// Says that the same request has been answered before.
    #[must_use]
    pub fn replayed(self) -> Self {
        self.header(crate::idempotency::REPLAYED, "true")
    }

    /// Puts something minted at a place in the body: `token`, or `response.audio.url`.
    #[must_use]
    pub fn minting(mut self, place: &str, mint: Mint) -> Self {
        self.mints.push((place.to_owned(), mint));
        self
    }

    /// Says that nothing of it may be kept: the same request, made again, is carried out again.
    #[must_use]
    pub fn made_anew(self) -> Self {
        self.minting("", Mint::Anew)
    }

    /// Whether it was [`Reply::made_anew`].
    pub(crate) fn is_made_anew(&self) -> bool {
        self.mints.iter().any(|(_, mint)| *mint == Mint::Anew)
    }

    /// Adds a header. A value that cannot stand in one is left out when the answer is written.
    #[must_use]
    pub fn header(mut self, name: http::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The answer's status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn keep(&self) -> Result<FirstAnswer, ApiError> {
        let body = match &self.body {
            Body::Empty => None,
            Body::Json(_) if self.is_made_anew() => None,
            Body::Json(body) => Some(Value::Object(body.clone()).to_string()),
            Body::Text(_) => return Err(ApiError::internal("only JSON answers are kept")),
        };
        serde_json::to_string(&Kept { body, mints: self.mints.clone() })
            .map(|body| FirstAnswer { status: self.status.as_u16(), body })
            .map_err(|_| ApiError::internal("an answer cannot be kept"))
    }

    pub(crate) fn restore(answer: &FirstAnswer) -> Result<Self, ApiError> {
        let unreadable = || ApiError::internal("a kept answer cannot be read");
        let kept: Kept = serde_json::from_str(&answer.body).map_err(|_| unreadable())?;
        let status = StatusCode::from_u16(answer.status).map_err(|_| unreadable())?;
        let body = match kept.body {
            Some(text) => Body::Json(serde_json::from_str(&text).map_err(|_| unreadable())?),
            None => Body::Empty,
        };
        Ok(Self { status, body, mints: kept.mints, headers: Vec::new() })
    }

    /// Makes what is to be minted and puts it in its places.
    pub(crate) async fn mint(&mut self, shell: &Shell) -> Result<(), ApiError> {
        let Body::Json(body) = &mut self.body else { return Ok(()) };
        for (place, mint) in &self.mints {
            match mint {
                Mint::SessionToken { session, tenant, not_after } => {
                    let (keys, now) = (shell.signing_keys(Freshness::Cached).await?, shell.now());
                    let mut token = SessionToken::new(*session, tenant.clone(), now);
                    token.expires_at = not_after.map_or(token.expires_at, |not_after| not_after.min(token.expires_at));
                    let text = token.sign(&keys, now).map_err(|_| ApiError::internal("a token cannot be signed"))?;
                    put(body, place, Value::String(text.expose().to_owned()));
                }
                Mint::Download { key, valid_secs } => {
                    let url = shell.bucket()?.presign_get(key, Duration::from_secs(*valid_secs))?;
                    put(body, place, Value::String(url));
                }
                Mint::Upload { key, content_type, bytes, expires_at } => {
                    let valid_for = expires_at.since(shell.now());
                    let permission = shell.bucket()?.presign_put(key, content_type, *bytes, valid_for)?;
                    let headers = permission
                        .headers
                        .into_iter()
                        .map(|(name, value)| (name.to_owned(), Value::String(value)))
                        .collect();
                    put(body, "url", Value::String(permission.url));
                    put(body, place, Value::Object(headers));
                }
                Mint::LeaseSecret { session, generation } => {
                    let generation = match generation {
                        Some(generation) => *generation,
                        None => {
                            let lease = current_lease(shell, *session).await?;
                            if let Some(lease) = &lease {
                                put(body, "leaseExpiresAt", Value::String(lease.expires_at.to_string()));
                            }
                            // Of a session that is gone none counts.
                            lease.map_or(0, |lease| lease.generation)
                        }
                    };
                    let keys = shell.signing_keys(Freshness::Cached).await?;
                    let secret = LeaseSecret { generation }.sign(&keys, *session);
                    put(body, place, Value::String(secret.expose().to_owned()));
                }
                Mint::IceServers { user } => {
                    put(body, place, shell.ice_servers()?.list(user, shell.now()).await?);
                }
                Mint::Anew => {}
                Mint::HookUrl { address } => {
                    let url = shell.hook_urls()?.url(address).await?;
                    put(body, place, Value::String(url.expose().to_owned()));
                }
            }
        }
        Ok(())
    }
}

/// A session's lease as it is now.
async fn current_lease(shell: &Shell, session: RealtimeId) -> Result<Option<Lease>, ApiError> {
    Ok(shell.store.call_fetch_any(session.call()).await?.and_then(|call| call.lease))
}

/// Puts a value at a dotted place; what is on the way there is made an object.
fn put(body: &mut Map<String, Value>, place: &str, value: Value) {
    match place.split_once('.') {
        None => {
            body.insert(place.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = body.entry(first.to_owned()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}
