//! Realtime: secrets for browsers, calls that are opened for them, calls that come in by telephone, and their ends.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use serde_json::json;
use switchboard_core::{Effect, Secret, Timestamp};

use super::client::{ACCEPT, BROKER, CLIENT_SECRET, HANG_UP, HANG_UP_AGAIN, REJECT};
use super::form::{CallForm, SDP};
use super::session::SessionConfig;
use super::{CALL_ID, Openai, SafetyId, wire};
use crate::keyed_api::Ask;
use crate::{Decline, ExternalId, HangUp, KnownCall, ProviderError, ProviderErrorKind, RungResult};

/// How long a client secret may hold, in seconds (the API's bounds).
const SECRET_SECS: std::ops::RangeInclusive<u64> = 10..=7_200;

/// What lets a browser open sessions until it expires. A session that was opened outlives it, and nothing takes it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSecret {
    /// The credential, `ek_…`.
    pub value: Secret,
    /// Until when it opens sessions.
    pub expires_at: Timestamp,
    /// The model of those sessions.
    pub model: String,
    /// Their voice: its name, or the id of one of the account's own.
    pub voice: Option<String>,
}

/// A call that was opened for a browser.
#[derive(Clone, PartialEq, Eq)]
pub struct Brokered {
    /// Its name, `rtc_…`, by which it can be ended.
    pub call: ExternalId,
    /// The SDP answer to the browser's offer. It names addresses, so that it is not printed.
    pub answer: String,
}

impl fmt::Debug for Brokered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brokered").field("call", &self.call).finish_non_exhaustive()
    }
}

impl Openai {
    /// Where a page that has a client secret posts its offer.
    #[must_use]
    pub fn calls_url(&self) -> String {
        format!("{}/realtime/calls", self.config.base_url)
    }

    /// Makes a secret with which a browser opens sessions like this one itself. `ttl` is held within 10 s to 2 h.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn client_secret(
        &self,
        session: &SessionConfig,
        ttl: Duration,
        user: &SafetyId,
    ) -> Result<ClientSecret, ProviderError> {
        let seconds = ttl.as_secs().clamp(*SECRET_SECS.start(), *SECRET_SECS.end());
        let body = json!({
            "expires_after": { "anchor": "created_at", "seconds": seconds },
            "session": session.to_wire(),
        });
        let ask = self.ask_for("/realtime/client_secrets", user).body(&body);
        let answer = self.api.json(CLIENT_SECRET, &ask).await?;
        wire::client_secret(&answer, session).ok_or_else(|| {
            self.api.transport.unreadable(CLIENT_SECRET, "the answer has no `value` with an `expires_at`")
        })
    }

    /// Opens a call for a browser by its SDP offer. Never tried again once bytes have left.
    ///
    /// # Errors
    /// [`ProviderError`], whose `effect` says whether a call may be up all the same. One whose answer cannot be read carries
    /// nothing to the browser; it is ended where its name is known.
    pub async fn broker(
        &self,
        offer: &str,
        session: &SessionConfig,
        user: &SafetyId,
    ) -> Result<Brokered, ProviderError> {
        let form = CallForm::new(offer, &session.to_wire()).map_err(|_| {
            let kind = ProviderErrorKind::Unreachable("no random numbers for a form's boundary");
            self.api.transport.error(BROKER, kind, Effect::None, None)
        })?;
        let ask = self.ask_for("/realtime/calls", user).accepting(SDP).carrying(form.media_type, form.body);
        let answer = self.api.send(BROKER, &ask).await?;
        let call = answer
            .location
            .as_deref()
            .and_then(wire::call_of)
            .ok_or_else(|| self.api.transport.unreadable(BROKER, "the answer's Location does not name the call"))?;
        match wire::sdp_answer(&answer.body) {
            Some(answer) => Ok(Brokered { call, answer }),
            None => {
                // Whether this reaches it or not: without an answer no voice ever does.
                let _ = self.api.send(HANG_UP_AGAIN, &self.hang_up_of(&call)).await;
                Err(self.api.transport.unreadable(BROKER, "the answer is no session description"))
            }
        }
    }

    /// Ends a call. A success says only that the end was begun, so that it is asked for once more: what is not known any more
    /// has ended.
    ///
    /// # Errors
    /// [`ProviderError`] if the end could not be asked for.
    pub async fn end_call(&self, call: &ExternalId) -> Result<RungResult, ProviderError> {
        let ask = self.hang_up_of(call);
        match self.api.send(HANG_UP, &ask).await {
            Ok(_) => {}
            Err(error) if is_over(&error) => return Ok(RungResult::AlreadyOver),
            Err(error) => return Err(error),
        }
        match self.api.send(HANG_UP_AGAIN, &ask).await {
            Err(error) if is_over(&error) => Ok(RungResult::Ended),
            // Whatever else comes of the look, the request to end it has been taken.
            Ok(_) | Err(_) => Ok(RungResult::Accepted),
        }
    }

    /// Accepts an incoming call and has this session talk to the caller.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn accept(&self, call: &ExternalId, session: &SessionConfig) -> Result<(), ProviderError> {
        match self.api.send(ACCEPT, &self.about(call, "accept").body(&session.to_wire())).await {
            // The answer to an earlier request was lost: nobody else of this project accepts.
            Err(error) if matches!(error.kind, ProviderErrorKind::Declined(Decline::AlreadyTaken)) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Rejects an incoming call, with a SIP status or with OpenAI's own (603, declined).
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn reject(&self, call: &ExternalId, status_code: Option<u16>) -> Result<(), ProviderError> {
        let body = status_code.map_or_else(|| json!({}), |status| json!({ "status_code": status }));
        self.api.send(REJECT, &self.about(call, "reject").body(&body)).await.map(drop)
    }

    fn hang_up_of(&self, call: &ExternalId) -> Ask {
        self.about(call, "hangup")
    }

    /// A request about one call. Their answers are empty.
    fn about(&self, call: &ExternalId, what: &str) -> Ask {
        self.ask(Method::POST, format!("/realtime/calls/{call}/{what}")).accepting("*/*")
    }
}

/// Whether a refusal says that there is no such call any more.
fn is_over(error: &ProviderError) -> bool {
    matches!(error.kind, ProviderErrorKind::NotFound(_) | ProviderErrorKind::Declined(Decline::AlreadyOver))
}

#[async_trait]
impl HangUp for Openai {
    async fn hang_up(&self, call: &KnownCall<'_>) -> Result<RungResult, ProviderError> {
        match call.ids.get(CALL_ID).and_then(|id| ExternalId::parse(id)) {
            Some(id) => self.end_call(&id).await,
            None => Ok(RungResult::NotKnown),
        }
    }
}
