//! OpenAI's deliveries: Standard Webhooks signatures, bodies `{id, object, created_at, type, data}`.
//!
//! One kind says something about a call: `realtime.call.incoming`. The same line may be announced as `live.transport.incoming` as
//! well, for another API that is not spoken here; that and every other kind is kept and says nothing.

use serde_json::Value;
use switchboard_core::{InboundCall, KeyedSecret, Observation, Progress, Source, Timestamp};

use super::CALL_ID;
use super::sip::number_in;
use crate::lenient::Field;
use crate::standard_webhooks::{BadSecret, StandardWebhooks};
use crate::{CallNews, Inbound, News, ProviderEvent, Rejection, Verified, WebhookError, Webhooks};

/// Longest name of an event that is kept, in characters.
const MAX_KIND_CHARS: usize = 64;
/// A call that comes in by telephone and waits to be accepted.
const INCOMING: &str = "realtime.call.incoming";

/// Reads OpenAI's webhooks.
#[derive(Clone, Debug)]
pub struct OpenaiWebhooks(StandardWebhooks);

impl OpenaiWebhooks {
    /// A reader that believes deliveries signed with any of `accepted`.
    ///
    /// # Errors
    /// [`BadSecret`] if there is none or one cannot be used.
    pub fn new(accepted: &[KeyedSecret], retired: &[KeyedSecret]) -> Result<Self, BadSecret> {
        StandardWebhooks::new(accepted, retired).map(Self)
    }
}

impl Webhooks for OpenaiWebhooks {
    fn verify<'a>(&self, request: &Inbound<'a>, now: Timestamp) -> Result<Verified<'a>, Rejection> {
        self.0.verify(request, now)
    }

    fn normalise(&self, verified: &Verified<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
        let body: Value = serde_json::from_slice(verified.body()).map_err(|_| WebhookError::NotTheirJson)?;
        let event = Field::whole(&body);
        let kind = event.at("type").text().ok_or(WebhookError::NotTheirJson)?;
        let at = event.at("created_at").whole_number().map(|secs| Timestamp::from_epoch_secs(i64::from(secs)));
        let news = match kind {
            INCOMING => incoming(event.at("data"), at),
            _ => None,
        };
        Ok(vec![ProviderEvent {
            kind: kind.chars().filter(|char| !char.is_control()).take(MAX_KIND_CHARS).collect(),
            at,
            session: None,
            news: news.map_or(News::Nothing, |news| News::Call(Box::new(news))),
        }])
    }
}

/// A call that waits. `None` if it has no name by which it could be accepted or rejected.
fn incoming(data: Field<'_>, at: Option<Timestamp>) -> Option<CallNews> {
    let call = data.at("call_id").id()?;
    let headers = data.at("sip_headers");
    let mut observation = Observation::new(Source::SignedWebhook, INCOMING);
    observation.at = at;
    observation.progress = Some(Progress::Ringing);
    observation.external_ids.insert(CALL_ID.to_owned(), call.to_string());
    let (from, to) = (number_in(headers, "From"), number_in(headers, "To"));
    Some(CallNews {
        reference: Some(call),
        names_record: true,
        leg: None,
        observation,
        inbound: Some(InboundCall { from, to, agent_id: None }),
    })
}

#[cfg(test)]
mod tests;
