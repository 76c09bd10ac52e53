//! Placing calls with OmniDimension, by phone and in the browser. Nothing here ends one.

use std::sync::PoisonError;

use async_trait::async_trait;
use http::Method;
use serde_json::{Map, Value, json};
use switchboard_core::{Effect, Observation, Progress, Secret, Source};

use super::Omnidimension;
use super::client::{AGENTS, PLACE, SESSION};
use super::wire::log::{REQUEST_ID, SESSION_ID};
use super::wire::{self, Dispatched};
use crate::keyed_api::Ask;
use crate::lenient::Field;
use crate::{
    Agents, Check, Connected, Decline, ExternalId, KnownCall, Operation, PhoneCalls, PlaceCall, Placed, ProviderError,
    ProviderErrorKind, RungResult, WebCalls, WouldSend,
};

const DISPATCH_PATH: &str = "/calls/dispatch";
const SESSION_PATH: &str = "/sessions/create";
/// Pages of numbers that are looked through for the one a call is to come from.
const MAX_NUMBER_PAGES: u32 = 4;

impl Omnidimension {
    fn agent_of(&self, call: &PlaceCall<'_>) -> Option<ExternalId> {
        let named = call.agent_id.map(ExternalId::parse);
        named.unwrap_or_else(|| self.config.agent_id.clone()).filter(|id| wire::number_of(id.as_str()).is_some())
    }

    fn agent_number(&self, operation: Operation, call: &PlaceCall<'_>) -> Result<u64, ProviderError> {
        let number = self.agent_of(call).and_then(|id| wire::number_of(id.as_str()));
        number.ok_or_else(|| self.decline(operation, Decline::UnknownAgent))
    }

    fn decline(&self, operation: Operation, decline: Decline) -> ProviderError {
        self.api.refuse(operation, ProviderErrorKind::Declined(decline))
    }

    fn to<'a>(&self, call: &PlaceCall<'a>) -> Result<&'a str, ProviderError> {
        call.to.map(|to| to.expose()).ok_or_else(|| self.decline(PLACE, Decline::InvalidNumber))
    }

    /// The id of the number that a call is to come from; what is dispatched takes no number.
    async fn origin(&self, call: &PlaceCall<'_>) -> Result<Option<Value>, ProviderError> {
        let Some(from) = call.from else {
            let configured = self.config.from_number_id.as_ref();
            return Ok(configured.and_then(|id| wire::number_of(id.as_str())).map(Value::from));
        };
        if let Some(id) = wire::number_of(from) {
            return Ok(Some(json!(id)));
        }
        let mut page = Some(1);
        while let Some(number) = page.filter(|page| *page <= MAX_NUMBER_PAGES) {
            // Whatever became of this request, nothing was dialled.
            let nothing_done = |error| ProviderError { effect: Effect::None, ..error };
            let listed = self.numbers(number).await.map_err(nothing_done)?;
            let own = listed.items.into_iter().find(|own| own.number == from);
            if let Some(id) = own.and_then(|own| wire::number_of(own.id.as_str())) {
                return Ok(Some(json!(id)));
            }
            page = listed.next;
        }
        Err(self.decline(PLACE, Decline::NotPermitted))
    }

    /// Whether the agent ends its calls in time, as nobody else can; what is learnt is remembered for [`PhoneCalls::cap_secs`].
    fn check_limit(&self, agent: &ExternalId, limit: Option<u32>, call: &PlaceCall<'_>) -> Check {
        const CHECK: &str = "max_duration";
        let asked = call.max_duration.as_secs();
        let Some(limit) = limit else {
            let message = format!(
                "the agent {agent} says no longest call, and OmniDimension offers no request that ends one: the call may last \
                 longer than the {asked} s asked for"
            );
            return Check::failed(CHECK, message);
        };
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).insert(agent.clone(), limit);
        if u64::from(limit) > asked {
            let message = format!(
                "the agent {agent} ends its calls after {limit} s, and OmniDimension offers no request that ends one earlier: the \
                 call may last longer than the {asked} s asked for"
            );
            return Check::failed(CHECK, message);
        }
        Check::held(CHECK, format!("the agent {agent} ends its calls after {limit} s"))
    }
}

#[async_trait]
impl PhoneCalls for Omnidimension {
    async fn would_send(&self, call: &PlaceCall<'_>) -> Result<WouldSend, ProviderError> {
        // A number is looked up when the call is placed; until then it stands for its id.
        let configured = self.config.from_number_id.as_ref().map(ExternalId::as_str);
        let from = call.from.or(configured).map(|from| wire::number_of(from).map_or_else(|| json!(from), Value::from));
        let body = wire::dispatch(call, self.to(call)?, self.agent_number(PLACE, call)?, from);
        Ok(WouldSend { method: "POST", path: DISPATCH_PATH.to_owned(), body })
    }

    async fn checks(&self, call: &PlaceCall<'_>) -> Result<Vec<Check>, ProviderError> {
        let Some(agent) = self.agent_of(call) else {
            let message =
                "no agent of OmniDimension is named; name one in `agentId`, or configure OMNIDIMENSION_AGENT_ID";
            return Ok(vec![Check::failed("agent", message)]);
        };
        let record = match self.api.json(AGENTS, &Ask::get(agent_path(&agent))).await {
            Ok(record) => record,
            Err(error) if is_unknown(&error) => {
                return Ok(vec![Check::failed("agent", format!("OmniDimension knows no agent {agent}"))]);
            }
            Err(error) => return Err(error),
        };
        let field = Field::whole(&record);
        let nothing = Map::new();
        let texts = field.object().unwrap_or(&nothing);
        Ok(vec![
            Check::held("agent", format!("OmniDimension knows the agent {agent}")),
            self.check_limit(&agent, wire::max_call_secs(field), call),
            crate::agent_record::placeholders(texts, &wire::provided(field), call.params),
        ])
    }

    async fn place(&self, call: &PlaceCall<'_>) -> Result<Placed, ProviderError> {
        let agent = self.agent_number(PLACE, call)?;
        let to = self.to(call)?;
        let from = self.origin(call).await?;
        let ask = Ask::new(Method::POST, DISPATCH_PATH).body(&wire::dispatch(call, to, agent, from));
        let answer = self.api.json(PLACE, &ask).await?;
        let reference = match wire::dispatched(&answer) {
            Dispatched::As(reference) => reference,
            Dispatched::Declined(decline) => return Err(self.decline(PLACE, decline)),
            Dispatched::Unreadable => return Err(self.api.transport.unreadable(PLACE, "the call has no `requestId`")),
        };
        // It is with the dialler; whether anything rings is not known before it is over.
        let mut observation = Observation::new(Source::ProviderApi, "place");
        observation.progress = Some(Progress::Dialing);
        observation.external_ids.insert(REQUEST_ID.to_owned(), reference.as_str().to_owned());
        Ok(Placed { reference, observation })
    }

    fn can_end(&self) -> bool {
        false
    }

    async fn end(&self, _call: &KnownCall<'_>) -> Result<RungResult, ProviderError> {
        Err(no_end(self))
    }

    /// The agent's own limit, if it was looked at before ([`PhoneCalls::checks`]).
    fn cap_secs(&self, call: &PlaceCall<'_>) -> Option<u32> {
        let agent = self.agent_of(call)?;
        self.limits.lock().unwrap_or_else(PoisonError::into_inner).get(&agent).copied()
    }
}

/// Nobody who asked [`PhoneCalls::can_end`] first comes here.
fn no_end(provider: &Omnidimension) -> ProviderError {
    const END: Operation = Operation { name: "end", timeout: std::time::Duration::ZERO, attempts: 0, idempotent: true };
    provider.api.refuse(END, ProviderErrorKind::Unreachable("there is no request that ends a call"))
}

/// The path of an agent.
pub(super) fn agent_path(agent: &ExternalId) -> String {
    format!("/agents/{agent}")
}

/// Whether OmniDimension says that it has no such agent.
pub(super) fn is_unknown(error: &ProviderError) -> bool {
    matches!(error.kind, ProviderErrorKind::NotFound(_) | ProviderErrorKind::Declined(Decline::UnknownAgent))
}

#[async_trait]
impl WebCalls for Omnidimension {
    async fn would_send(&self, call: &PlaceCall<'_>) -> Result<WouldSend, ProviderError> {
        let body = wire::session(call, self.agent_number(SESSION, call)?);
        Ok(WouldSend { method: "POST", path: SESSION_PATH.to_owned(), body })
    }

    async fn connect(&self, call: &PlaceCall<'_>) -> Result<Connected, ProviderError> {
        let body = wire::session(call, self.agent_number(SESSION, call)?);
        let answer = self.api.json(SESSION, &Ask::new(Method::POST, SESSION_PATH).body(&body)).await?;
        let session = wire::session_in(&answer)
            .ok_or_else(|| self.api.transport.unreadable(SESSION, "the session has no `token` with a `ws_url`"))?;
        let mut observation = Observation::new(Source::ProviderApi, "token");
        observation.progress = Some(Progress::Dialing);
        observation.external_ids.extend(session.id.map(|id| (SESSION_ID.to_owned(), id.as_str().to_owned())));
        Ok(Connected {
            // No event and no entry of the log is documented to name the session.
            reference: None,
            kind: "websocket",
            token: Secret::new(session.token),
            url: Secret::new(session.url),
            expires_at: session.expires_at,
            observation,
        })
    }

    /// Whoever holds the socket closes it; no request does.
    fn can_end(&self) -> bool {
        false
    }

    async fn end(&self, _call: &KnownCall<'_>) -> Result<RungResult, ProviderError> {
        Err(no_end(self))
    }
}
