//! Twilio's forms and JSON: strict in what is sent, lenient in what is read. Requests are forms with names in PascalCase,
//! answers JSON with names in snake_case; times are RFC 2822, numbers texts.

use reqwest::Url;
use serde_json::Value;
use switchboard_core::{Artifact, Currency, Micros, Money, Observation, PhoneNumber, Progress, Source, Timestamp};

use super::status::{Meaning, Standing};
use super::{CALL_SID, TwilioConfig};
use crate::lenient::Field;
use crate::{Decline, ExternalId, FoundCall, PlaceCall};

/// How long a phone rings at most, in seconds: Twilio's own default. It bounds what a call can last beyond its `TimeLimit`.
const RING_SECS: u32 = 60;
/// The most that Twilio takes as `TimeLimit`, in seconds.
const MAX_TIME_LIMIT_SECS: u32 = 14_400;

/// What we ask of Twilio where a delivery fails: try again five times, also after a 5xx of ours, which says that the trouble was
/// ours and passes. By default only a failed connection is tried again, and once. A fragment of the callback's address
/// (webhook connection overrides).
pub(super) const RETRY_OVERRIDES: &str = "rc=5&rp=5xx,ct,rt";

/// The names of a form and their values; a name may stand there several times.
pub(super) type Form = Vec<(&'static str, String)>;

/// The form that places a call.
///
/// # Errors
/// [`Decline`] if this installation cannot place it: no agent, no caller's number.
pub(super) fn place_form(config: &TwilioConfig, call: &PlaceCall<'_>) -> Result<Form, Decline> {
    let to = call.to.ok_or(Decline::InvalidNumber)?;
    let from = caller(config, call).ok_or(Decline::NotPermitted)?;
    let agent = agent_url(config, call).ok_or(Decline::UnknownAgent)?;
    let mut form = vec![
        ("To", to.expose().to_owned()),
        ("From", from.expose().to_owned()),
        ("Url", agent),
        ("Timeout", RING_SECS.to_string()),
        ("TimeLimit", time_limit_secs(call).to_string()),
    ];
    if let Some(report_to) = call.report_to {
        let callback = with_retries(report_to.url.expose());
        form.push(("StatusCallback", callback.clone()));
        form.push(("StatusCallbackMethod", "POST".to_owned()));
        form.extend(
            ["initiated", "ringing", "answered", "completed"].map(|event| ("StatusCallbackEvent", event.to_owned())),
        );
        if config.record {
            form.push(("RecordingStatusCallback", callback));
            form.push(("RecordingStatusCallbackMethod", "POST".to_owned()));
            form.extend(["completed", "absent"].map(|event| ("RecordingStatusCallbackEvent", event.to_owned())));
        }
    }
    if config.record {
        form.push(("Record", "true".to_owned()));
    }
    if config.detect_machines {
        form.push(("MachineDetection", "Enable".to_owned()));
    }
    Ok(form)
}

/// After how many seconds of talk Twilio ends the call by itself.
pub(super) fn time_limit_secs(call: &PlaceCall<'_>) -> u32 {
    u32::try_from(call.max_duration.as_secs()).unwrap_or(MAX_TIME_LIMIT_SECS).clamp(1, MAX_TIME_LIMIT_SECS)
}

/// The caller's number: the one asked for, else the configured one.
pub(super) fn caller(config: &TwilioConfig, call: &PlaceCall<'_>) -> Option<PhoneNumber> {
    match call.from {
        Some(asked) => PhoneNumber::from_e164(asked),
        None => config.phone_number.clone(),
    }
}

/// Where Twilio fetches the TwiML: the configured address, told which call it is for. Twilio holds no agents, so that a call
/// that names one cannot be placed.
pub(super) fn agent_url(config: &TwilioConfig, call: &PlaceCall<'_>) -> Option<String> {
    let mut url = Url::parse(config.agent_url.as_deref()?).ok()?;
    url.query_pairs_mut().append_pair("callId", &call.call.to_string()).append_pair("legId", &call.leg.to_string());
    call.agent_id.is_none().then(|| url.into())
}

fn with_retries(url: &str) -> String {
    if url.contains('#') { url.to_owned() } else { format!("{url}#{RETRY_OVERRIDES}") }
}

/// Twilio's record of a call.
#[derive(Clone, Debug)]
pub(super) struct CallRecord {
    pub(super) sid: ExternalId,
    status: String,
    answered_by: Option<String>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    duration_secs: Option<u32>,
    cost: Option<Money>,
}

impl CallRecord {
    /// Reads a record; without a name it is none.
    pub(super) fn read(record: Field<'_>) -> Option<Self> {
        let moment = |name| record.at(name).text().and_then(read_time);
        Some(Self {
            sid: record.at("sid").id()?,
            status: record.at("status").text().unwrap_or_default().to_owned(),
            answered_by: record.at("answered_by").text().map(str::to_owned),
            created_at: moment("date_created"),
            updated_at: moment("date_updated"),
            started_at: moment("start_time"),
            ended_at: moment("end_time"),
            duration_secs: record.at("duration").whole_number(),
            cost: read_price(record),
        })
    }

    /// Reads an answer that is a record.
    pub(super) fn read_answer(body: &[u8]) -> Option<Self> {
        Self::read(Field::whole(&read_json(body)?))
    }

    fn standing(&self) -> Standing<'_> {
        Standing { status: &self.status, sip_code: None, answered_by: self.answered_by.as_deref() }
    }

    /// How far it has come; `None` once it is over.
    pub(super) fn progress(&self) -> Option<Progress> {
        match self.standing().meaning() {
            Meaning::Live(progress) => Some(progress),
            Meaning::Over(_) | Meaning::Unheard => None,
        }
    }

    /// Whether somebody, or something, has answered and it goes on.
    pub(super) fn is_talking(&self) -> bool {
        self.progress() == Some(Progress::InProgress)
    }

    /// Whether it is over.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.standing().meaning(), Meaning::Over(_))
    }

    /// When it was taken, else when it was dialled.
    pub(super) fn begun_at(&self) -> Option<Timestamp> {
        self.created_at.or(self.started_at)
    }

    /// What it says, in our words.
    pub(super) fn observation(&self, kind: &'static str) -> Observation {
        let mut said = Observation::new(Source::Carrier, kind);
        said.at = self.updated_at;
        self.standing().tell(&mut said);
        said.dialed_at = self.started_at;
        if self.is_over() {
            said.ended_at = self.ended_at;
            said.duration_secs = self.duration_secs;
        }
        // The price comes some time after the end. Until then nobody knows it, and null is not zero.
        said.cost = self.cost.map(Artifact::Ready);
        said.external_ids.insert(CALL_SID.to_owned(), self.sid.to_string());
        said
    }

    /// The record as what was found.
    pub(super) fn found(&self, kind: &'static str) -> FoundCall {
        FoundCall { reference: self.sid.clone(), leg: None, observation: self.observation(kind) }
    }
}

/// `price` is what the account's balance changes by, so a charge is negative: `"-0.03000"`.
fn read_price(record: Field<'_>) -> Option<Money> {
    let currency = Currency::parse(record.at("price_unit").text()?)?;
    let charged = record.at("price").money(currency)?;
    Some(Money::new(Micros::new(charged.micros().saturating_abs()), currency))
}

/// What the recordings of a call come to: the one that is ready, or that there is none, or that nobody can say yet.
pub(super) fn read_recordings(recordings: &[Value]) -> Option<Artifact<String>> {
    let status = |recording| Field::whole(recording).at("status").text();
    let ready = recordings.iter().find(|recording| status(recording) == Some("completed"));
    if let Some(sid) = ready.and_then(|recording| Field::whole(recording).at("sid").id()) {
        return Some(Artifact::Ready(sid.to_string()));
    }
    let gone = recordings.iter().all(|recording| matches!(status(recording), Some("absent" | "deleted")));
    gone.then_some(Artifact::None)
}

/// One page of a list.
pub(super) struct ListPage {
    pub(super) items: Vec<Value>,
    /// The path and query of the next page.
    pub(super) next: Option<String>,
}

/// Reads a page whose items stand under `name`.
pub(super) fn read_page(body: &[u8], name: &str) -> Option<ListPage> {
    let mut page = read_json(body)?;
    let next = Field::whole(&page).at("next_page_uri").text().map(str::to_owned);
    match page.get_mut(name)?.take() {
        Value::Array(items) => Some(ListPage { items, next }),
        _ => None,
    }
}

/// An answer's JSON.
pub(super) fn read_json(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}

/// A time: RFC 2822 (`Tue, 10 Aug 2010 08:02:17 +0000`), as the voice API writes it, or RFC 3339, as Twilio's newer APIs do.
pub(super) fn read_time(text: &str) -> Option<Timestamp> {
    /// A weekday that does not fit its date is the sender's slip; the date counts.
    const PARSER: jiff::fmt::rfc2822::DateTimeParser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    match PARSER.parse_timestamp(text) {
        Ok(at) => Some(Timestamp::from_epoch_millis(at.as_millisecond())),
        Err(_) => Timestamp::parse(text),
    }
}

#[cfg(test)]
mod tests;
