//! What OpenAI's answers say: lenient in everything but what is needed.

use serde_json::Value;
use switchboard_core::{Secret, Timestamp};

use super::calls::ClientSecret;
use super::chat::ChatSession;
use super::session::SessionConfig;
use crate::lenient::Field;
use crate::{Decline, ExternalId};

/// Reads a refusal, `{"error": {"message", "type", "param", "code"}}`.
pub(super) fn decline(status: u16, body: &[u8]) -> Option<Decline> {
    /// How a message words that a call is over. No code for it is documented.
    const OVER: [&str; 4] = ["already ended", "has ended", "already been ended", "no longer active"];
    /// How one words that a call was accepted before. No code for that is documented either.
    const TAKEN: [&str; 2] = ["already accepted", "already been accepted"];
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = Field::whole(&body).at("error");
    let decline = match error.at("code").text() {
        Some("beta_api_shape_disabled") => Decline::RetiredApi,
        Some("insufficient_quota") => Decline::NoCredit,
        Some("model_not_found") => Decline::UnknownModel,
        _ => {
            let message = error.at("message").text()?.to_ascii_lowercase();
            let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
            return match status {
                400 | 409 if says(&OVER) => Some(Decline::AlreadyOver),
                400 | 409 if says(&TAKEN) => Some(Decline::AlreadyTaken),
                _ => None,
            };
        }
    };
    Some(decline)
}

/// A client secret with the session it opens; what the answer does not say of that is as it was asked for.
pub(super) fn client_secret(answer: &Value, asked: &SessionConfig) -> Option<ClientSecret> {
    let answer = Field::whole(answer);
    let session = answer.at("session");
    let voice = session.at("audio").at("output").at("voice");
    Some(ClientSecret {
        value: Secret::new(answer.at("value").text()?),
        expires_at: time(answer.at("expires_at"))?,
        model: session.at("model").text().unwrap_or(asked.model()).to_owned(),
        voice: voice.text().or(voice.at("id").text()).or(asked.voice()).map(str::to_owned),
    })
}

/// A chat. Its secret is a text of its own, not the object of the realtime beta.
pub(super) fn chat_session(answer: &Value) -> Option<ChatSession> {
    let answer = Field::whole(answer);
    Some(ChatSession {
        id: answer.at("id").id()?,
        client_secret: Secret::new(answer.at("client_secret").text()?),
        expires_at: time(answer.at("expires_at"))?,
    })
}

/// A call's name as `Location` gives it: `/v1/realtime/calls/rtc_…`, as a path or a whole address.
pub(super) fn call_of(location: &str) -> Option<ExternalId> {
    let path = location.split(['?', '#']).next()?.trim().trim_end_matches('/');
    let (before, id) = path.rsplit_once('/')?;
    ExternalId::parse(id).filter(|_| before.rsplit('/').next() == Some("calls"))
}

/// An answer to an offer (RFC 8866: a description begins with its version, which is 0).
pub(super) fn sdp_answer(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    text.starts_with("v=0").then(|| text.to_owned())
}

/// A point in time in seconds.
fn time(field: Field<'_>) -> Option<Timestamp> {
    field.whole_number().map(|secs| Timestamp::from_epoch_secs(i64::from(secs)))
}

#[cfg(test)]
mod tests;
