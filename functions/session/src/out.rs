//! A session as callers see it.

use serde::Serialize;
use serde_json::{Map, Value};
use switchboard_auth::{Caller, Principal};
use switchboard_core::{
    MAX_AUDIO_BYTES, Personal, ProviderId, Scope, Session, SessionError, SessionId, SessionStatus, Timestamp,
};
use switchboard_lambda::{Mint, Reply};

use crate::Limits;

/// The answer of open, read and update.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionOut<'a> {
    session_id: SessionId,
    provider: ProviderId,
    status: Option<SessionStatus>,
    user_id: &'a Personal,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<&'a str>,
    context: &'a Map<String, Value>,
    created_at: Timestamp,
    expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Timestamp>,
    /// Whether the provider's side of an ended session is known to be closed too.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_closed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<&'a SessionError>,
    limits: LimitsOut,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LimitsOut {
    audio_bytes: u64,
    timeout_secs: u64,
    concurrent_sessions: u32,
}

impl<'a> SessionOut<'a> {
    pub(crate) fn new(session: &'a Session, limits: &Limits, now: Timestamp) -> Self {
        Self {
            session_id: session.id,
            provider: session.provider,
            status: session.status(now),
            user_id: &session.user_id,
            language: session.language.as_deref(),
            context: session.context.as_object(),
            created_at: session.created_at,
            expires_at: session.expires_at,
            ended_at: session.ended_at,
            provider_closed: session.ended_at.map(|_| session.upstream_closed),
            last_error: session.last_error.as_ref(),
            limits: LimitsOut {
                audio_bytes: MAX_AUDIO_BYTES,
                timeout_secs: limits.timeout.as_secs(),
                concurrent_sessions: limits.concurrent_sessions,
            },
        }
    }
}

/// Puts the session's token into an answer, if the caller may have it: a token talks, so that a key which may only read gets
/// none. Whoever shows a token gets one that lives no longer.
pub(crate) fn with_token(reply: Reply, session: &Session, caller: &Caller) -> Reply {
    let not_after = match caller.principal() {
        Principal::Session { token_expires_at, .. } => Some(*token_expires_at),
        Principal::ApiKey { .. } if caller.require(Scope::VoiceWrite).is_err() => return reply,
        Principal::ApiKey { .. } | Principal::Anonymous { .. } => None,
    };
    reply.minting("token", Mint::SessionToken { session: session.id, tenant: session.tenant.clone(), not_after })
}
