//! OmniDimension's post-call report: its only webhook, unsigned.
//!
//! Follows `webhooks/README.md` and its fixture of the vendor's examples (`Omnidim/examples`), and the longer form in the log's own
//! example, read 2026-11. What proves a report is the address it came to.

use std::borrow::Cow;

use serde_json::Value;
use switchboard_core::{InboundCall, PhoneNumber, ProviderId, Timestamp};

use super::wire::log::{observe_report, report_names};
use crate::capability_url::UrlProof;
use crate::lenient::Field;
use crate::{CallNews, Inbound, News, ProviderEvent, Rejection, Verified, WebhookError, Webhooks};

/// What a report is called; it has no name of its own.
const KIND: &str = "post_call";
/// What stands before an agent's secret in the `call_sid` of a chat.
const SECRET_MARK: &[u8] = b"secret_key_";

/// Reads OmniDimension's webhooks.
#[derive(Clone, Debug)]
pub struct OmnidimensionWebhooks {
    proof: UrlProof,
}

impl OmnidimensionWebhooks {
    /// A reader of what came to a proved address.
    #[must_use]
    pub fn new(proof: UrlProof) -> Self {
        Self { proof }
    }

    /// A report as it may be kept: chats carry the agent's secret in their `call_sid`, which is cut out.
    #[must_use]
    pub fn storable(body: &[u8]) -> Cow<'_, [u8]> {
        let mut kept = Vec::new();
        let mut rest = body;
        while let Some(at) = rest.windows(SECRET_MARK.len()).position(|window| window == SECRET_MARK) {
            let (before, secret) = rest.split_at(at.saturating_add(SECRET_MARK.len()).min(rest.len()));
            kept.extend_from_slice(before);
            kept.extend_from_slice(b"[removed]");
            let end = secret.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"_-".contains(byte));
            rest = secret.split_at(end.unwrap_or(secret.len())).1;
        }
        if kept.is_empty() {
            return Cow::Borrowed(body);
        }
        kept.extend_from_slice(rest);
        Cow::Owned(kept)
    }
}

impl Webhooks for OmnidimensionWebhooks {
    fn verify<'a>(&self, request: &Inbound<'a>, _now: Timestamp) -> Result<Verified<'a>, Rejection> {
        self.proof.verified(ProviderId::Omnidimension.as_str(), request)
    }

    fn normalise(&self, verified: &Verified<'_>) -> Result<Vec<ProviderEvent>, WebhookError> {
        let body: Value = serde_json::from_slice(verified.body()).map_err(|_| WebhookError::NotTheirJson)?;
        let report = Field::whole(&body);
        let names = report_names(report).ok_or(WebhookError::NotTheirJson)?;
        let observation = observe_report(report, KIND);
        let at = observation.at;
        let news = if is_chat(report) {
            News::Nothing
        } else {
            let inbound = inbound(report);
            News::Call(Box::new(CallNews {
                reference: names.reference(),
                names_record: true,
                leg: None,
                observation,
                inbound,
            }))
        };
        Ok(vec![ProviderEvent { kind: KIND.to_owned(), at, session: None, news }])
    }
}

/// Whether a report is of a chat in a widget, which is no call.
fn is_chat(report: Field<'_>) -> bool {
    let text = |name: &str| report.at(name).text().unwrap_or_default();
    let marked = text("call_sid").as_bytes().starts_with(SECRET_MARK);
    marked || text("channel_type").eq_ignore_ascii_case("Widget-Chat") || text("from_number") == "Chat"
}

/// Who rang whom, only where the report says that the call came in.
fn inbound(report: Field<'_>) -> Option<InboundCall> {
    let number = |name: &str| report.at(name).text().and_then(PhoneNumber::from_e164);
    let came_in = report.at("call_direction").text()?.eq_ignore_ascii_case("inbound");
    came_in.then(|| InboundCall {
        from: number("from_number").or_else(|| number("phone_number")),
        to: number("to_number"),
        agent_id: report.at("bot_id").id().map(|id| id.as_str().to_owned()),
    })
}

#[cfg(test)]
mod tests;
