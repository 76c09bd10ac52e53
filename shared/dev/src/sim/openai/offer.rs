//! What comes with `POST /v1/realtime/calls`: a page's session description, and the session that it wants.

use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, header};
use serde_json::Value;

use super::access::Caller;
use super::models;
use super::refusal::Refusal;
use super::session::Session;
use crate::sim::form::{Part, parts_of};
use crate::sim::query::Parameters;

const SDP: &str = "application/sdp";
const JSON: &str = "application/json";

/// An offer and the session that goes with it.
pub(super) struct Offer {
    pub(super) sdp: String,
    pub(super) session: Session,
}

impl Offer {
    /// Reads either form of the request.
    pub(super) async fn read(caller: Caller, head: &Parts, raw: &Bytes) -> Result<Self, Refusal> {
        let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let offer = if is(content_type, "multipart/form-data") {
            Self::from_form(caller, &parts_of(head, raw).await.map_err(|what| unreadable(&what))?)?
        } else if is(content_type, SDP) {
            Self::bare(caller, head, raw)?
        } else {
            let message = format!(
                "Unsupported content type: '{content_type}'. This API method only accepts '{SDP}' and \
                 'multipart/form-data' requests, but you specified the header 'Content-Type: {content_type}'. Please try \
                 again with a supported content type."
            );
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "unsupported_content_type", message));
        };
        models::check(&offer.session)?;
        Ok(offer)
    }

    fn bare(caller: Caller, head: &Parts, raw: &Bytes) -> Result<Self, Refusal> {
        let session = match caller {
            Caller::Page(session) => *session,
            Caller::Server => {
                let query = Parameters::read(head.uri.query().unwrap_or_default());
                Session::by_default(query.get("model"))
            }
        };
        Ok(Self { sdp: utf8(raw)?, session })
    }

    fn from_form(caller: Caller, parts: &[Part]) -> Result<Self, Refusal> {
        if let Some(other) = parts.iter().find(|part| part.name != "sdp" && part.name != "session") {
            return Err(Refusal::unknown_parameter(&other.name));
        }
        let sdp = part(parts, "sdp", SDP)?.ok_or_else(|| Refusal::missing_parameter("sdp"))?;
        let wanted = part(parts, "session", JSON)?;
        let session = match (caller, wanted) {
            (Caller::Page(session), None) => *session,
            (Caller::Page(_), Some(_)) => {
                let message = "A session cannot be given together with a client secret, which has one already.";
                return Err(Refusal::invalid("invalid_value", "session", message));
            }
            (Caller::Server, None) => Session::by_default(None),
            (Caller::Server, Some(wanted)) => {
                let wanted: Value = serde_json::from_slice(&wanted.bytes).map_err(|_| {
                    Refusal::invalid("invalid_json", "session", "The part 'session' is not valid JSON.")
                })?;
                Session::read("session", &wanted, None)?
            }
        };
        Ok(Self { sdp: utf8(&sdp.bytes)?, session })
    }
}

/// A part of the form, which must be of its own type.
fn part<'p>(parts: &'p [Part], name: &str, content_type: &str) -> Result<Option<&'p Part>, Refusal> {
    let Some(part) = parts.iter().find(|part| part.name == name) else { return Ok(None) };
    let given = part.content_type.as_deref().unwrap_or("none");
    if is(given, content_type) {
        return Ok(Some(part));
    }
    let message = format!("The part '{name}' must have the content type '{content_type}', but has '{given}'.");
    Err(Refusal::invalid("unsupported_content_type", name, message))
}

/// Whether a header's value is this type, whatever parameters it has.
fn is(given: &str, content_type: &str) -> bool {
    given.split(';').next().is_some_and(|given| given.trim().eq_ignore_ascii_case(content_type))
}

fn utf8(bytes: &[u8]) -> Result<String, Refusal> {
    String::from_utf8(bytes.to_vec()).map_err(|_| Refusal::invalid_offer())
}

fn unreadable(what: &str) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, "invalid_multipart", format!("The form cannot be read: {what}"))
}

/// The offer in a body whose headers are unknown: the whole of it, or the part that is one.
pub(super) fn found_in(body: &Bytes) -> String {
    let text = String::from_utf8_lossy(body);
    let from_offer = text.find("v=0").and_then(|start| text.get(start..)).unwrap_or_default();
    let offer = from_offer.split("\r\n--").next().unwrap_or_default();
    format!("{}\r\n", offer.trim_end())
}
