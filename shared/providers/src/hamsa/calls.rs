//! Placing and ending calls with Hamsa, by phone and in the browser.

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use switchboard_core::{Observation, PhoneNumber, Progress, Secret, Source, Timestamp};

use super::Hamsa;
use super::client::{AGENTS, END, PLACE, TOKEN, TOKEN_INIT};
use super::records::{conversation_path, job_of};
use super::wire;
use super::wire::conversation::{self, JOB_ID};
use crate::keyed_api::Ask;
use crate::lenient::Field;
use crate::{
    Check, Connected, Decline, ExternalId, KnownCall, Operation, PhoneCalls, PlaceCall, Placed, ProviderError,
    ProviderErrorKind, RungResult, WebCalls, WouldSend,
};

/// A request that places a call.
struct Placement {
    path: &'static str,
    body: Value,
}

impl Hamsa {
    fn agent_of(&self, call: &PlaceCall<'_>) -> Option<ExternalId> {
        match call.agent_id {
            Some(id) => ExternalId::parse(id),
            None => self.config.voice_agent_id.clone(),
        }
    }

    fn agent_or_refuse(&self, operation: Operation, call: &PlaceCall<'_>) -> Result<ExternalId, ProviderError> {
        let unknown = ProviderErrorKind::Declined(Decline::UnknownAgent);
        self.agent_of(call).ok_or_else(|| self.api.refuse(operation, unknown))
    }

    /// The account's number, if the call is to come from it: it is asked for, or nothing is and it is configured.
    fn own_number<'a>(&'a self, call: &PlaceCall<'_>) -> Option<&'a PhoneNumber> {
        let own = self.config.phone_number.as_ref()?;
        call.from.is_none_or(|from| from == own.expose()).then_some(own)
    }

    fn placement(&self, call: &PlaceCall<'_>) -> Result<Placement, ProviderError> {
        let agent = self.agent_or_refuse(PLACE, call)?;
        let nobody = ProviderErrorKind::Declined(Decline::InvalidNumber);
        let to = call.to.ok_or_else(|| self.api.refuse(PLACE, nobody))?.expose();
        Ok(match self.own_number(call) {
            Some(own) => Placement {
                path: "/v1/voice-agents/phone-number/call",
                body: wire::place_from_own(call, to, &agent, own.expose()),
            },
            None => {
                Placement { path: "/v1/voice-agents/call", body: wire::place_from_theirs(call, to, &agent, call.from) }
            }
        })
    }

    /// Asks to end a conversation, by phone or in the browser.
    async fn terminate(&self, call: &KnownCall<'_>) -> Result<RungResult, ProviderError> {
        let Some(job) = job_of(call) else { return Ok(RungResult::NotKnown) };
        // A GET with a side effect; nothing on the way may answer it from a cache, and nothing does: it carries a credential.
        match self.api.send(END, &Ask::get(format!("{}/terminate", conversation_path(&job)))).await {
            Ok(_) => Ok(RungResult::Accepted),
            Err(error) => match error.kind {
                ProviderErrorKind::Declined(Decline::AlreadyOver) => Ok(RungResult::AlreadyOver),
                ProviderErrorKind::NotFound(_) => Ok(RungResult::NotKnown),
                _ => Err(error),
            },
        }
    }
}

#[async_trait]
impl PhoneCalls for Hamsa {
    async fn would_send(&self, call: &PlaceCall<'_>) -> Result<WouldSend, ProviderError> {
        let Placement { path, body } = self.placement(call)?;
        Ok(WouldSend { method: "POST", path: path.to_owned(), body: wire::redacted(body, call.report_to) })
    }

    async fn checks(&self, call: &PlaceCall<'_>) -> Result<Vec<Check>, ProviderError> {
        let Some(agent) = self.agent_of(call) else {
            let message = "no agent of Hamsa is named; name one in `agentId`, or configure HAMSA_VOICE_AGENT_ID";
            return Ok(vec![Check::failed("agent", message)]);
        };
        let record = match self.data(AGENTS, &Ask::get(agent_path(&agent))).await {
            Ok(record) => record,
            Err(error) if is_unknown(&error) => {
                return Ok(vec![Check::failed("agent", format!("Hamsa knows no agent {agent}"))]);
            }
            Err(error) => return Err(error),
        };
        let held = Check::held("agent", format!("Hamsa knows the agent {agent}"));
        let Some(fields) = record.as_object() else { return Ok(vec![held]) };
        // Values that the agent itself has for its placeholders.
        let own = Field::whole(&record).at("params").object();
        let provided: Vec<&str> = own.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        Ok(vec![held, crate::agent_record::placeholders(fields, &provided, call.params)])
    }

    async fn place(&self, call: &PlaceCall<'_>) -> Result<Placed, ProviderError> {
        let Placement { path, body } = self.placement(call)?;
        let data = self.data(PLACE, &Ask::new(http::Method::POST, path).body(&body)).await?;
        let reference = wire::job_of(&data)
            .ok_or_else(|| self.api.transport.unreadable(PLACE, "the call has neither `jobId` nor `id`"))?;
        let mut observation = conversation::observe(&data, "place");
        observation.progress = observation.progress.max(Some(Progress::Dialing)).filter(|_| observation.end.is_none());
        observation.external_ids.insert(JOB_ID.to_owned(), reference.as_str().to_owned());
        Ok(Placed { reference, observation })
    }

    fn can_end(&self) -> bool {
        true
    }

    async fn end(&self, call: &KnownCall<'_>) -> Result<RungResult, ProviderError> {
        self.terminate(call).await
    }

    /// Hamsa documents no limit of its own.
    fn cap_secs(&self, _call: &PlaceCall<'_>) -> Option<u32> {
        None
    }

    fn caller_number(&self) -> Option<&PhoneNumber> {
        self.config.phone_number.as_ref()
    }
}

/// The path of an agent.
pub(super) fn agent_path(agent: &ExternalId) -> String {
    format!("/v1/voice-agents/{agent}")
}

/// Whether Hamsa says that it has no such agent.
pub(super) fn is_unknown(error: &ProviderError) -> bool {
    matches!(error.kind, ProviderErrorKind::NotFound(_) | ProviderErrorKind::Declined(Decline::UnknownAgent))
}

const ROOM_TOKEN_PATH: &str = "/v1/voice-agents/room/participant-token";

#[async_trait]
impl WebCalls for Hamsa {
    async fn would_send(&self, call: &PlaceCall<'_>) -> Result<WouldSend, ProviderError> {
        let agent = self.agent_or_refuse(TOKEN, call)?;
        let body = wire::participant_token(call, &agent);
        Ok(WouldSend { method: "POST", path: ROOM_TOKEN_PATH.to_owned(), body })
    }

    /// Does on the server what the SDK does in the browser, where it would need the API key.
    async fn connect(&self, call: &PlaceCall<'_>) -> Result<Connected, ProviderError> {
        let post = |path: &str, body: &Value| Ask::new(http::Method::POST, path).body(body);
        let agent = self.agent_or_refuse(TOKEN, call)?;
        let data = self.data(TOKEN, &post(ROOM_TOKEN_PATH, &wire::participant_token(call, &agent))).await?;
        let room = wire::room_token(&data).ok_or_else(|| {
            self.api.transport.unreadable(TOKEN, "the answer has no `liveKitAccessToken` with a `jobId`")
        })?;
        let prepared = wire::conversation_init(call, &agent, &room.job);
        self.api.send(TOKEN_INIT, &post("/v1/voice-agents/room/conversation-init", &prepared)).await?;
        let mut observation = Observation::new(Source::ProviderApi, "token");
        observation.progress = Some(Progress::Dialing);
        observation.external_ids.insert(JOB_ID.to_owned(), room.job.as_str().to_owned());
        Ok(Connected {
            kind: "livekit",
            token: Secret::new(room.token),
            url: Secret::new(self.config.livekit_url.clone()),
            expires_at: expiry(room.token),
            reference: Some(room.job),
            observation,
        })
    }

    fn can_end(&self) -> bool {
        true
    }

    async fn end(&self, call: &KnownCall<'_>) -> Result<RungResult, ProviderError> {
        self.terminate(call).await
    }
}

/// Until when a LiveKit token opens its room: the `exp` of a JWT (RFC 7519 §4.1.4). Nothing is believed because of it.
fn expiry(token: &str) -> Option<Timestamp> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    claims.get("exp")?.as_i64().map(Timestamp::from_epoch_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_itself_until_when_it_holds() {
        let token = |claims: &str| format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(expiry(&token(r#"{"exp":1795169208}"#)), Some(Timestamp::from_epoch_secs(1_795_169_208)));
        for without in [String::new(), "opaque".to_owned(), token("{}"), token("[]"), token(r#"{"exp":"soon"}"#)] {
            assert_eq!(expiry(&without), None, "{without}");
        }
    }
}
