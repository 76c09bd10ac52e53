//! Placing and ending calls (API reference, Call resource, read 2026-11).

use async_trait::async_trait;
use serde_json::{Map, Value};
use switchboard_core::{Effect, PhoneNumber};

use super::client::{CALL_END, CALL_PLACE, Outgoing};
use super::wire::{self, CallRecord, Form};
use super::{CALL_SID, Twilio};
use crate::{
    Check, Decline, ExternalId, KnownCall, PhoneCalls, PlaceCall, Placed, ProviderError, ProviderErrorKind, RungResult,
    WouldSend,
};

/// Where calls are placed, as it is shown: the account's name is not anybody's business who may ask.
const SHOWN_PATH: &str = "/2010-04-01/Accounts/{AccountSid}/Calls.json";

/// How a call is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    /// Ends it whatever it is doing.
    Completed,
    /// Ends it only while it is queued or ringing; it is then known as cancelled and not as talked.
    Canceled,
}

/// What came of one verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Taken, and it fits what the call was doing.
    Taken,
    /// Taken, but the call is talking, which this verb does not end.
    TakenInVain,
    /// Twilio says that the call is in no state that can be changed.
    Unchangeable,
    NotKnown,
}

impl Verb {
    fn status(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Canceled => "canceled",
        }
    }
}

#[async_trait]
impl PhoneCalls for Twilio {
    async fn would_send(&self, call: &PlaceCall<'_>) -> Result<WouldSend, ProviderError> {
        let form = self.form(call)?;
        Ok(WouldSend { method: "POST", path: SHOWN_PATH.to_owned(), body: shown(form) })
    }

    async fn checks(&self, call: &PlaceCall<'_>) -> Result<Vec<Check>, ProviderError> {
        let agent = match (call.agent_id, &self.config.agent_url, wire::agent_url(&self.config, call)) {
            (Some(_), ..) => Err("Twilio has no agents of its own; leave agentId out"),
            (None, None, _) => Err("no agent is configured for Twilio (TWILIO_AGENT_URL)"),
            (None, Some(_), None) => Err("TWILIO_AGENT_URL is not a URL"),
            (None, Some(_), Some(_)) => {
                Ok("the TwiML at TWILIO_AGENT_URL talks; it is told the call's id, and reads its parameters by that")
            }
        };
        let from = match (call.from, wire::caller(&self.config, call)) {
            (_, Some(_)) => Ok("the caller's number has the form of one; Twilio checks whose it is"),
            (Some(_), None) => Err("Twilio calls from a number in E.164 form, as in +15005550006"),
            (None, None) => Err("no caller's number is named or configured (TWILIO_PHONE_NUMBER)"),
        };
        let check = |check, found: Result<&str, &str>| match found {
            Ok(fine) => Check::held(check, fine),
            Err(wrong) => Check::failed(check, wrong),
        };
        let limit = "Twilio ends the call by itself at the time limit";
        Ok(vec![check("agent", agent), check("from", from), check("max_duration", Ok(limit))])
    }

    async fn place(&self, call: &PlaceCall<'_>) -> Result<Placed, ProviderError> {
        let form = self.form(call)?;
        let answer =
            self.send(CALL_PLACE, Outgoing::post("/Calls.json", form)).await.map_err(|error| match error.kind {
                // There is nothing yet that it could not know: the address, or the account in it, is wrong.
                ProviderErrorKind::NotFound(status) => {
                    ProviderError { kind: ProviderErrorKind::Failed(status), ..error }
                }
                _ => error,
            })?;
        let record = CallRecord::read_answer(&answer.body)
            .ok_or_else(|| self.transport.unreadable(CALL_PLACE, "the call has no `sid`"))?;
        Ok(Placed { reference: record.sid.clone(), observation: record.observation(CALL_PLACE.name) })
    }

    fn can_end(&self) -> bool {
        true
    }

    async fn end(&self, call: &KnownCall<'_>) -> Result<RungResult, ProviderError> {
        let Some(sid) = sid_of(call) else { return Ok(RungResult::NotKnown) };
        let verbs = if call.answered { [Verb::Completed, Verb::Canceled] } else { [Verb::Canceled, Verb::Completed] };
        self.end_by(&sid, verbs).await
    }

    fn cap_secs(&self, call: &PlaceCall<'_>) -> Option<u32> {
        Some(wire::time_limit_secs(call))
    }

    fn caller_number(&self) -> Option<&PhoneNumber> {
        self.config.phone_number.as_ref()
    }
}

/// Twilio's name for a call of ours, if it has told us one.
pub(super) fn sid_of(call: &KnownCall<'_>) -> Option<ExternalId> {
    call.ids.get(CALL_SID).copied().and_then(ExternalId::parse)
}

impl Twilio {
    fn form(&self, call: &PlaceCall<'_>) -> Result<Form, ProviderError> {
        wire::place_form(&self.config, call).map_err(|decline| {
            self.transport.error(CALL_PLACE, ProviderErrorKind::Declined(decline), Effect::None, None)
        })
    }

    /// Ends a line, whatever it is doing.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn end_line(&self, sid: &ExternalId) -> Result<RungResult, ProviderError> {
        self.end_by(sid, [Verb::Completed, Verb::Canceled]).await
    }

    /// Asks with one verb, and with the other where the first one does not end the call: what we believe of its state may be
    /// older than the state.
    async fn end_by(&self, sid: &ExternalId, verbs: [Verb; 2]) -> Result<RungResult, ProviderError> {
        let mut refusal = None;
        for verb in verbs {
            match self.ask_to_end(sid, verb).await {
                Ok(Outcome::Taken) => return Ok(RungResult::Accepted),
                Ok(Outcome::NotKnown) => return Ok(RungResult::NotKnown),
                // `completed` ends whatever there is, so that what it cannot change is over.
                Ok(Outcome::Unchangeable) if verb == Verb::Completed => return Ok(RungResult::AlreadyOver),
                // `canceled` cannot change one that talks, either.
                Ok(Outcome::Unchangeable | Outcome::TakenInVain) => {}
                Err(error) if is_refusal(&error) => refusal = Some(error),
                Err(error) => return Err(error),
            }
        }
        refusal.map_or(Ok(RungResult::AlreadyOver), Err)
    }

    async fn ask_to_end(&self, sid: &ExternalId, verb: Verb) -> Result<Outcome, ProviderError> {
        let form = vec![("Status", verb.status().to_owned())];
        match self.send(CALL_END, Outgoing::post(format!("/Calls/{sid}.json"), form)).await {
            Ok(answer) => {
                let talks = CallRecord::read_answer(&answer.body).is_some_and(|record| record.is_talking());
                Ok(if talks && verb == Verb::Canceled { Outcome::TakenInVain } else { Outcome::Taken })
            }
            Err(error) => match error.kind {
                ProviderErrorKind::NotFound(_) => Ok(Outcome::NotKnown),
                ProviderErrorKind::Declined(Decline::AlreadyOver) => Ok(Outcome::Unchangeable),
                _ => Err(error),
            },
        }
    }
}

/// Whether Twilio understood and refused, so that the other verb may do.
fn is_refusal(error: &ProviderError) -> bool {
    matches!(error.kind, ProviderErrorKind::Rejected(_) | ProviderErrorKind::Declined(_))
}

/// A form as an object: repeated names as lists, addresses of ours left out.
fn shown(form: Form) -> Value {
    let mut object = Map::new();
    for (name, value) in form {
        let is_address = matches!(name, "StatusCallback" | "RecordingStatusCallback");
        let value = Value::String(if is_address { "[redacted]".to_owned() } else { value });
        match object.get_mut(name) {
            None => drop(object.insert(name.to_owned(), value)),
            Some(Value::Array(list)) => list.push(value),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
        }
    }
    Value::Object(object)
}
