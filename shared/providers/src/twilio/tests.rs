//! The client against a server that answers from a script: what leaves, how often, and what is made of the answers.

mod seams;
mod server;

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use switchboard_core::{Artifact, CallId, EndReason, LegId, Personal, Progress, Secret, Timestamp};

use self::seams::{Kept, Still, http_client};
use self::server::Scripted;
use super::*;
use crate::{CallSearch, Decline, ExternalId, KnownCall, PlaceCall, ProviderErrorKind, ReportTo, RungResult};

const CALL: &str = "CA00000000000000000000000000000001";
const RECORDING: &str = "RE00000000000000000000000000000001";
const ACCOUNT_PATH: &str = "/2010-04-01/Accounts/AC00000000000000000000000000000000";

fn now() -> Timestamp {
    Timestamp::parse("2026-11-20T10:06:48Z").unwrap()
}

const TOKEN: &str = r#"{"TWILIO_ACCOUNT_SID":"AC00000000000000000000000000000000","TWILIO_AUTH_TOKEN":"12345"}"#;
const API_KEY: &str = r#"{"TWILIO_ACCOUNT_SID":"AC00000000000000000000000000000000","TWILIO_API_KEY_SID":"SK1","TWILIO_API_KEY_SECRET":"s","TWILIO_AUTH_TOKEN":"12345"}"#;

fn twilio_with(base_url: &str, secrets: Kept) -> Twilio {
    let config = TwilioConfig {
        base_url: base_url.to_owned(),
        secret_name: "switchboard/twilio".to_owned(),
        agent_url: Some("https://agent.example.com/voice".to_owned()),
        phone_number: PhoneNumber::from_e164("+15005550100"),
        detect_machines: false,
        record: false,
    };
    Twilio::new(config, Arc::new(secrets), Arc::new(Still), Arc::new(LazyLock::new(http_client)))
}

fn scripted(script: &[(u16, &str)]) -> (Twilio, Scripted) {
    let script = script.iter().map(|(status, body)| (*status, body.as_bytes().to_vec())).collect();
    let server = Scripted::answering(script);
    (twilio_with(&server.base_url, Kept(TOKEN, TOKEN)), server)
}

fn call_is(status: &str) -> String {
    format!(
        r#"{{"sid":"{CALL}","status":"{status}","date_created":"Fri, 20 Nov 2026 10:06:48 +0000","start_time":null}}"#
    )
}

fn known(answered: bool) -> KnownCall<'static> {
    let ids = BTreeMap::from([(CALL_SID, CALL)]);
    KnownCall { leg: LegId::generate(now()), ids, to: None, dialed_at: now(), answered }
}

/// A call whose parts live as long as this.
struct Order {
    to: PhoneNumber,
    params: BTreeMap<String, Personal>,
    report_to: ReportTo,
}

impl Order {
    fn new() -> Self {
        let report_to = ReportTo { url: Secret::new("https://sb.example.com/webhooks/twilio?leg=x"), credential: None };
        Self { to: PhoneNumber::from_e164("+15005550001").unwrap(), params: BTreeMap::new(), report_to }
    }

    fn call(&self) -> PlaceCall<'_> {
        PlaceCall {
            call: CallId::generate(now()),
            leg: LegId::generate(now()),
            to: Some(&self.to),
            from: None,
            agent_id: None,
            params: &self.params,
            max_duration: Duration::from_secs(60),
            report_to: Some(&self.report_to),
        }
    }
}

async fn place(twilio: &Twilio) -> Result<crate::Placed, crate::ProviderError> {
    twilio.place(&Order::new().call()).await
}

#[tokio::test]
async fn what_would_be_sent_is_what_is_sent_without_our_address() {
    let (twilio, server) = scripted(&[(201, &call_is("queued"))]);
    let order = Order::new();
    let call = order.call();
    let shown = twilio.would_send(&call).await.unwrap();
    assert_eq!((shown.method, shown.path.as_str()), ("POST", "/2010-04-01/Accounts/{AccountSid}/Calls.json"));
    assert!(server.lines().is_empty());
    twilio.place(&call).await.unwrap();
    let mut names: Vec<String> =
        form_urlencoded::parse(server.bodies()[0].as_bytes()).map(|(name, _)| name.into_owned()).collect();
    names.sort();
    names.dedup();
    let mut told: Vec<String> = shown.body.as_object().unwrap().keys().cloned().collect();
    told.sort();
    assert_eq!(told, names);
    assert_eq!(shown.body["StatusCallback"], "[redacted]");
    assert_eq!(shown.body["StatusCallbackEvent"], serde_json::json!(["initiated", "ringing", "answered", "completed"]));
    assert_eq!(shown.body["TimeLimit"], twilio.cap_secs(&call).unwrap().to_string());
}

#[tokio::test]
async fn what_speaks_against_a_call_is_found_without_asking_twilio() {
    let order = Order::new();
    let mut twilio = twilio_with("http://127.0.0.1:9", Kept(TOKEN, TOKEN));
    let failed = async |twilio: &Twilio, call: &PlaceCall<'_>| {
        let checks = twilio.checks(call).await.unwrap();
        checks.into_iter().filter(|check| !check.ok).map(|check| check.check).collect::<Vec<_>>()
    };
    assert!(failed(&twilio, &order.call()).await.is_empty());
    assert_eq!(failed(&twilio, &PlaceCall { agent_id: Some("a"), ..order.call() }).await, ["agent"]);
    assert_eq!(failed(&twilio, &PlaceCall { from: Some("PN1"), ..order.call() }).await, ["from"]);
    twilio.config.agent_url = None;
    twilio.config.phone_number = None;
    assert_eq!(failed(&twilio, &order.call()).await, ["agent", "from"]);
    assert!(matches!(
        place(&twilio).await.unwrap_err().kind,
        ProviderErrorKind::Declined(Decline::UnknownAgent | Decline::NotPermitted)
    ));
}

#[tokio::test]
async fn an_answer_from_inside_the_network_is_not_read_where_a_public_one_is_expected() {
    let (twilio, server) = scripted(&[(200, "inside"), (200, "inside")]);
    for (public_only, read) in [(true, false), (false, true)] {
        let reading = crate::transport::Reading { max_bytes: 100, too_large: "too large", public_only };
        let sent = twilio.transport.send_reading(RECORDING_FETCH, reading, |http| Ok(http.get(&server.base_url))).await;
        assert_eq!(sent.is_ok(), read);
    }
}

#[tokio::test]
async fn a_call_is_placed_by_one_request_in_the_accounts_name() {
    let (twilio, server) = scripted(&[(201, &call_is("queued"))]);
    let placed = place(&twilio).await.unwrap();
    assert_eq!((placed.reference.as_str(), placed.observation.progress), (CALL, Some(Progress::Dialing)));
    assert_eq!(server.lines(), [format!("POST {ACCOUNT_PATH}/Calls.json")]);
    assert_eq!(server.users(), ["AC00000000000000000000000000000000:12345"]);
    assert!(
        server.bodies()[0].starts_with("To=%2B15005550001&From=%2B15005550100&Url=https%3A%2F%2Fagent.example.com")
    );
}

#[tokio::test]
async fn placing_is_never_tried_again_once_it_was_sent() {
    for (status, body, effect) in [
        (500, "", switchboard_core::Effect::Possible),
        (503, "", switchboard_core::Effect::None),
        (429, r#"{"code":20429}"#, switchboard_core::Effect::None),
        (201, "garbage", switchboard_core::Effect::Possible),
        (201, r#"{"status":"queued"}"#, switchboard_core::Effect::Possible),
        (302, "", switchboard_core::Effect::None),
    ] {
        // A second request would find its answer.
        let (twilio, server) = scripted(&[(status, body), (201, &call_is("queued"))]);
        assert_eq!(place(&twilio).await.unwrap_err().effect, effect, "{status} {body}");
        assert_eq!(server.lines().len(), 1, "{status} {body}");
    }
}

#[tokio::test]
async fn a_refusal_says_why() {
    let refusal = r#"{"code":21211,"message":"The 'To' number 555 is not a valid phone number.","status":400}"#;
    let (twilio, _server) = scripted(&[(400, refusal)]);
    let error = place(&twilio).await.unwrap_err();
    assert!(matches!(error.kind, ProviderErrorKind::Declined(Decline::InvalidNumber)), "{error}");
    assert_eq!(error.end_reason(), EndReason::InvalidNumber);
    assert!(!error.to_string().contains("555"), "{error}");
}

#[tokio::test]
async fn credentials_that_are_not_accepted_are_fetched_again_and_tried_once_more() {
    let script = vec![(401, br#"{"code":20003}"#.to_vec()), (201, call_is("queued").into_bytes())];
    let server = Scripted::answering(script);
    place(&twilio_with(&server.base_url, Kept(TOKEN, API_KEY))).await.unwrap();
    assert_eq!(server.users(), ["AC00000000000000000000000000000000:12345", "SK1:s"]);
    let (twilio, server) = scripted(&[(401, r#"{"code":20003}"#), (201, &call_is("queued"))]);
    assert!(matches!(place(&twilio).await.unwrap_err().kind, ProviderErrorKind::Unauthorised(401)));
    assert_eq!(server.lines().len(), 1, "the same credentials would be refused again");
}

#[tokio::test]
async fn a_secret_that_cannot_stand_in_a_path_sends_nothing() {
    let secret = r#"{"TWILIO_ACCOUNT_SID":"AC1/../x","TWILIO_AUTH_TOKEN":"12345"}"#;
    let twilio = twilio_with("http://127.0.0.1:9", Kept(secret, secret));
    assert!(matches!(place(&twilio).await.unwrap_err().kind, ProviderErrorKind::NotConfigured(_)));
}

#[tokio::test]
async fn a_call_is_ended_by_the_verb_that_fits_and_by_the_other_one_where_it_does_not() {
    let over = r#"{"code":21220,"message":"Call is not in-progress. Cannot redirect.","status":400}"#;
    let unknown = r#"{"code":20404,"status":404}"#;
    let (talking, ended) = (&call_is("in-progress"), &call_is("completed"));
    for (answered, script, result, verbs) in [
        (true, vec![(200, ended.as_str())], Some(RungResult::Accepted), vec!["completed"]),
        (true, vec![(200, talking.as_str())], Some(RungResult::Accepted), vec!["completed"]),
        (true, vec![(400, over)], Some(RungResult::AlreadyOver), vec!["completed"]),
        (true, vec![(404, unknown)], Some(RungResult::NotKnown), vec!["completed"]),
        (true, vec![(400, "{}"), (200, ended.as_str())], Some(RungResult::Accepted), vec!["completed", "canceled"]),
        (false, vec![(200, ended.as_str())], Some(RungResult::Accepted), vec!["canceled"]),
        // Somebody answered meanwhile: cancelling is taken and does nothing.
        (
            false,
            vec![(200, talking.as_str()), (200, ended.as_str())],
            Some(RungResult::Accepted),
            vec!["canceled", "completed"],
        ),
        (false, vec![(400, over), (200, ended.as_str())], Some(RungResult::Accepted), vec!["canceled", "completed"]),
        (false, vec![(400, over), (400, over)], Some(RungResult::AlreadyOver), vec!["canceled", "completed"]),
        (false, vec![(400, "{}"), (400, "{}")], None, vec!["canceled", "completed"]),
        (false, vec![(400, over), (400, "{}")], None, vec!["canceled", "completed"]),
    ] {
        let (twilio, server) = scripted(&script);
        assert_eq!(twilio.end(&known(answered)).await.ok(), result, "{script:?}");
        let sent: Vec<String> = verbs.iter().map(|verb| format!("Status={verb}")).collect();
        assert_eq!(server.bodies(), sent, "{script:?}");
        assert_eq!(server.lines()[0], format!("POST {ACCOUNT_PATH}/Calls/{CALL}.json"));
    }
}

#[tokio::test]
async fn an_end_that_may_not_have_arrived_is_asked_for_again() {
    let (twilio, server) = scripted(&[(500, ""), (200, &call_is("completed"))]);
    assert_eq!(twilio.end(&known(true)).await.unwrap(), RungResult::Accepted);
    assert_eq!(server.bodies(), ["Status=completed", "Status=completed"]);
}

#[tokio::test]
async fn a_call_without_a_name_is_not_known_and_nothing_is_asked() {
    let twilio = twilio_with("http://127.0.0.1:9", Kept(TOKEN, TOKEN));
    for ids in [BTreeMap::new(), BTreeMap::from([(CALL_SID, "../Accounts")]), BTreeMap::from([("jobId", CALL)])] {
        let call = KnownCall { ids, ..known(true) };
        assert_eq!(twilio.end(&call).await.unwrap(), RungResult::NotKnown);
        assert_eq!(twilio.read(&call).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_recordings_of_a_call_are_asked_for_when_it_is_over() {
    let recordings = format!(r#"{{"recordings":[{{"sid":"{RECORDING}","status":"completed"}}],"next_page_uri":null}}"#);
    let (twilio, server) = scripted(&[(200, &call_is("completed")), (200, &recordings)]);
    let found = twilio.read(&known(true)).await.unwrap().unwrap();
    assert_eq!(found.observation.recording, Some(Artifact::Ready(RECORDING.to_owned())));
    assert_eq!(server.lines()[1], format!("GET {ACCOUNT_PATH}/Calls/{CALL}/Recordings.json"));
    for (status, asked) in [("in-progress", 1), ("busy", 1), ("completed", 2)] {
        // That a list of recordings cannot be had does not hide the end.
        let (twilio, server) = scripted(&[(200, &call_is(status)), (400, "{}")]);
        let found = twilio.read(&known(true)).await.unwrap().unwrap();
        assert_eq!(found.observation.end.is_some(), status != "in-progress");
        assert_eq!(server.lines().len(), asked, "{status}");
    }
    let (twilio, _server) = scripted(&[(404, r#"{"code":20404}"#)]);
    assert_eq!(twilio.read(&known(true)).await.unwrap(), None);
}

fn page(calls: &[(&str, &str)], next: Option<&str>) -> String {
    let calls: Vec<_> = calls
        .iter()
        .map(|(sid, created)| serde_json::json!({"sid": sid, "status": "ringing", "date_created": created}))
        .collect();
    serde_json::json!({"calls": calls, "next_page_uri": next}).to_string()
}

#[tokio::test]
async fn a_lost_call_is_looked_for_among_the_queued_and_the_dialled_ones_page_after_page() {
    let within = "Fri, 20 Nov 2026 10:06:50 +0000";
    let next = format!("{ACCOUNT_PATH}/Calls.json?Page=1&PageToken=x");
    let (twilio, server) = scripted(&[
        (200, &page(&[("CA1", within)], None)),
        (200, &page(&[("CA1", within), ("CA2", "Fri, 20 Nov 2026 09:00:00 +0000")], Some(&next))),
        (200, &page(&[("CA3", within), ("CA4", "Fri, 20 Nov 2026 10:09:00 +0000")], None)),
    ]);
    let to = PhoneNumber::from_e164("+15005550001").unwrap();
    let search =
        CallSearch { leg: LegId::generate(now()), to: &to, since: now(), until: now().plus(Duration::from_secs(60)) };
    let found = twilio.find(&search).await.unwrap();
    let names: Vec<&str> = found.iter().map(|call| call.reference.as_str()).collect();
    assert_eq!(names, ["CA1", "CA3"]);
    let calls = format!("GET {ACCOUNT_PATH}/Calls.json?");
    assert_eq!(
        server.lines(),
        [
            format!("{calls}To=%2B15005550001&Status=queued&PageSize=200"),
            format!("{calls}To=%2B15005550001&StartTime%3E=2026-11-20&PageSize=200"),
            format!("{calls}Page=1&PageToken=x"),
        ]
    );
}

#[tokio::test]
async fn a_list_that_leads_elsewhere_or_never_ends_proves_nothing() {
    let to = PhoneNumber::from_e164("+15005550001").unwrap();
    let search = CallSearch { leg: LegId::generate(now()), to: &to, since: now(), until: now() };
    for next in ["https://evil.example/x", "//evil.example/x", "/2010-04-01/Accounts/AC9/Calls.json", "@evil.example"] {
        let (twilio, server) = scripted(&[(200, &page(&[], Some(next))), (200, &page(&[], None))]);
        assert!(twilio.find(&search).await.is_err(), "{next}");
        assert_eq!(server.lines().len(), 1, "{next}");
    }
    let endless = page(&[], Some(&format!("{ACCOUNT_PATH}/Calls.json?Page=1")));
    let (twilio, server) = scripted(&[(200, endless.as_str()); 20]);
    assert!(twilio.find(&search).await.is_err());
    assert_eq!(server.lines().len(), 6);
    for broken in ["[]", r#"{"calls":[{"status":"ringing"}]}"#, "<html>"] {
        let (twilio, _server) = scripted(&[(200, broken)]);
        assert!(twilio.find(&search).await.is_err(), "{broken}");
    }
}

#[tokio::test]
async fn the_lines_between_two_numbers_are_those_that_are_up() {
    let body = serde_json::json!({"next_page_uri": null, "calls": [
        {"sid": "CA1", "status": "ringing", "date_created": "Fri, 20 Nov 2026 10:06:48 +0000"},
        {"sid": "CA2", "status": "completed", "date_created": "Fri, 20 Nov 2026 10:06:48 +0000"},
        {"sid": "CA3", "status": "in-progress", "date_created": "Fri, 20 Nov 2026 09:06:48 +0000"},
    ]});
    let (twilio, server) = scripted(&[(200, body.to_string().as_str()); 3]);
    let (to, from) = (PhoneNumber::from_e164("+15005550001").unwrap(), PhoneNumber::from_e164("+15005550100").unwrap());
    let lines = twilio.lines_to(&to, &from, now()).await.unwrap();
    let expected =
        TwilioLine { sid: ExternalId::parse("CA1").unwrap(), status: Progress::Ringing, started_at: Some(now()) };
    assert_eq!(lines, [expected]);
    let asked =
        |status: &str| format!("GET {ACCOUNT_PATH}/Calls.json?To=%2B15005550001&From=%2B15005550100&Status={status}");
    let mut lines = server.lines();
    lines.sort();
    assert_eq!(lines, [asked("in-progress"), asked("queued"), asked("ringing")]);
}

#[tokio::test]
async fn a_recording_is_fetched_by_its_name_alone() {
    let wav = [b"RIFF".as_slice(), &[0; 4], b"WAVE", &[7; 40]].concat();
    let server = Scripted::answering(vec![(200, wav.clone()), (200, b"<html>".to_vec()), (302, Vec::new())]);
    let twilio = twilio_with(&server.base_url, Kept(TOKEN, TOKEN));
    let recording = twilio.recording(RECORDING).await.unwrap();
    assert_eq!((recording.mime_type, recording.bytes.as_ref()), ("audio/wav", wav.as_slice()));
    assert_eq!(server.lines(), [format!("GET {ACCOUNT_PATH}/Recordings/{RECORDING}.mp3")]);
    assert_eq!(server.users(), ["AC00000000000000000000000000000000:12345"]);
    assert!(matches!(twilio.recording(RECORDING).await.unwrap_err().kind, ProviderErrorKind::Unreadable(_)));
    assert!(matches!(twilio.recording(RECORDING).await.unwrap_err().kind, ProviderErrorKind::Failed(302)));
    for named in ["https://evil.example/x.mp3", "RE1", "../Calls", CALL, ""] {
        assert!(twilio.recording(named).await.is_err(), "{named}");
    }
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn a_suspended_account_says_that_it_places_no_calls() {
    for (status, can_place_calls) in [("active", Some(true)), ("suspended", Some(false)), ("", None)] {
        let account = format!(r#"{{"status":"{status}"}}"#);
        let (twilio, _server) = scripted(&[(200, r#"{"balance":"12.34","currency":"USD"}"#), (200, &account)]);
        let balance = twilio.balance().await.unwrap().unwrap();
        assert_eq!(
            (balance.amount.amount().to_string(), balance.can_place_calls),
            ("12.34".to_owned(), can_place_calls)
        );
    }
    let (twilio, _server) = scripted(&[(404, "{}")]);
    assert_eq!(twilio.balance().await.unwrap(), None);
}

#[tokio::test]
async fn twilio_is_reachable_even_where_it_refuses_us() {
    let (twilio, _server) = scripted(&[(401, "{}"), (401, "{}"), (500, "")]);
    assert!(twilio.reachable().await.is_ok());
    assert!(twilio.credentials_accepted().await.is_err());
    assert!(twilio.reachable().await.is_err());
}

#[tokio::test]
async fn numbers_are_gone_through_page_by_page() {
    let first = serde_json::json!({"incoming_phone_numbers": [{"sid": "PN1", "phone_number": "+15005550100"}],
        "next_page_uri": format!("{ACCOUNT_PATH}/IncomingPhoneNumbers.json?Page=1")});
    let last = serde_json::json!({"incoming_phone_numbers": [{"sid": "PN2", "phone_number": "+15005550101"}]});
    let (twilio, _server) = scripted(&[(200, &first.to_string()), (200, &first.to_string()), (200, &last.to_string())]);
    let page = twilio.numbers(1).await.unwrap();
    assert_eq!((page.items[0].number.as_str(), page.next), ("+15005550100", Some(2)));
    let page = twilio.numbers(2).await.unwrap();
    assert_eq!((page.items[0].number.as_str(), page.next), ("+15005550101", None));
}
