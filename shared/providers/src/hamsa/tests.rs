//! The client against a server that answers from a script: what leaves, how often, and what is made of the answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use switchboard_core::{CallId, Effect, EndReason, LegId, Personal, Progress, Timestamp};

use super::*;
use crate::scripted::{Given, Kept, LOST, Scripted, Still, http, now};
use crate::{CallSearch, Check, Decline, KnownCall, PlaceCall, Placed, ProviderError, ProviderErrorKind, RungResult};

const JOB: &str = "conv-123-abc";

fn config(base_url: &str) -> HamsaConfig {
    HamsaConfig {
        base_url: base_url.to_owned(),
        secret_name: "switchboard/hamsa".to_owned(),
        voice_agent_id: ExternalId::parse("agent-1"),
        phone_number: None,
        project_id: None,
        livekit_url: LIVEKIT_URL.to_owned(),
        media_hosts: vec![".tryhamsa.com".to_owned()],
    }
}

fn hamsa(config: HamsaConfig, secrets: Kept) -> Hamsa {
    Hamsa::new(config, Arc::new(secrets), Arc::new(Still), http())
}

fn scripted(script: &[(u16, &str)]) -> (Hamsa, Scripted) {
    let server = Scripted::answering(script);
    (hamsa(config(&server.base_url), Kept::key(API_KEY, "Token_k1")), server)
}

fn envelope(data: serde_json::Value) -> String {
    json!({"success": true, "message": "ok", "data": data}).to_string()
}

fn number(text: &str) -> PhoneNumber {
    PhoneNumber::from_e164(text).unwrap()
}

/// What a call is made of.
struct Wish {
    to: PhoneNumber,
    params: BTreeMap<String, Personal>,
}

impl Wish {
    fn new() -> Self {
        let params = BTreeMap::from([("customerName".to_owned(), Personal::new("Jane"))]);
        Self { to: number("+15005550001"), params }
    }

    fn call(&self) -> PlaceCall<'_> {
        PlaceCall {
            call: CallId::generate(now()),
            leg: LegId::generate(now()),
            to: Some(&self.to),
            from: None,
            agent_id: None,
            params: &self.params,
            max_duration: Duration::from_secs(600),
            report_to: None,
        }
    }
}

async fn place(hamsa: &Hamsa, from: Option<&str>) -> Result<Placed, ProviderError> {
    hamsa.place(&PlaceCall { from, ..Wish::new().call() }).await
}

fn known() -> KnownCall<'static> {
    let ids = BTreeMap::from([("jobId", JOB)]);
    KnownCall { leg: LegId::generate(now()), ids, to: None, dialed_at: now(), answered: true }
}

#[tokio::test]
async fn a_call_is_placed_once_over_the_number_that_fits_and_known_by_its_job() {
    let (by_id, by_job) = (envelope(json!({"id": JOB, "status": "PENDING"})), envelope(json!({"jobId": JOB})));
    for (own, from, answer, path) in [
        (None, None, &by_id, "/v1/voice-agents/call"),
        (Some("+15005550100"), None, &by_job, "/v1/voice-agents/phone-number/call"),
        (Some("+15005550100"), Some("+15005550100"), &by_job, "/v1/voice-agents/phone-number/call"),
        (Some("+15005550100"), Some("+18449292835"), &by_id, "/v1/voice-agents/call"),
    ] {
        let server = Scripted::answering(&[(201, answer)]);
        let config = HamsaConfig { phone_number: own.map(number), ..config(&server.base_url) };
        let hamsa = hamsa(config, Kept::key(API_KEY, "Token_k1"));
        let placed = place(&hamsa, from).await.unwrap();
        assert_eq!(placed.reference.as_str(), JOB);
        assert_eq!((placed.observation.progress, placed.observation.end), (Some(Progress::Dialing), None));
        assert_eq!(placed.observation.external_ids.get("jobId").map(String::as_str), Some(JOB));
        assert_eq!(server.lines(), [format!("POST {path}")]);
        assert_eq!(server.credentials(), ["Token k1"]);
        let sent = server.bodies().remove(0);
        assert_eq!((&sent["toNumber"], &sent["params"]["customerName"]), (&json!("+15005550001"), &json!("Jane")));
        assert_eq!(
            sent.get("fromNumber"),
            from.filter(|_| path.ends_with("agents/call")).map(|from| json!(from)).as_ref()
        );
    }
}

#[tokio::test]
async fn placing_is_never_tried_again_once_it_was_sent() {
    for (answer, effect) in [
        (LOST, Effect::Possible),
        ((500, "{}"), Effect::Possible),
        ((200, "<html>"), Effect::Possible),
        ((429, "{}"), Effect::None),
    ] {
        let (hamsa, server) = scripted(&[answer, (200, &envelope(json!({"jobId": JOB})))]);
        assert_eq!(place(&hamsa, None).await.unwrap_err().effect, effect, "{answer:?}");
        assert_eq!(server.lines().len(), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn a_refusal_says_why_and_that_nothing_was_dialled() {
    let (hamsa, _server) = scripted(&[(400, r#"{"success":false,"message":"toNumber must be a valid phone number"}"#)]);
    let error = place(&hamsa, None).await.unwrap_err();
    assert!(matches!(error.kind, ProviderErrorKind::Declined(Decline::InvalidNumber)));
    assert_eq!((error.effect, error.end_reason()), (Effect::None, EndReason::InvalidNumber));
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_fetched_again_and_tried_once_more_if_it_is_another() {
    let answers = [(401, "{}"), (200, r#"{"data":{"jobId":"j-1"}}"#)];
    let server = Scripted::answering(&answers);
    let renewing = hamsa(config(&server.base_url), Kept::renewed(API_KEY, "Token old", "new"));
    assert!(place(&renewing, None).await.is_ok());
    assert_eq!(server.credentials(), ["Token old", "Token new"]);
    let (hamsa, server) = scripted(&answers);
    assert!(matches!(place(&hamsa, None).await.unwrap_err().kind, ProviderErrorKind::Unauthorised(401)));
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn ending_says_what_became_of_it_and_is_asked_for_again_if_it_may_not_have_arrived() {
    let over =
        r#"{"success":false,"message":"Conversation has already ended.","messageKey":"ConversationAlreadyEnded"}"#;
    for (script, result) in [
        (vec![(200, r#"{"success":true}"#)], RungResult::Accepted),
        (vec![(400, over)], RungResult::AlreadyOver),
        (vec![(404, "{}")], RungResult::NotKnown),
        (vec![LOST, (400, over)], RungResult::AlreadyOver),
    ] {
        let (hamsa, server) = scripted(&script);
        assert_eq!(PhoneCalls::end(&hamsa, &known()).await.unwrap(), result);
        let line = format!("GET /v1/voice-agents/conversation/{JOB}/terminate");
        assert_eq!(server.lines(), vec![line; script.len()]);
    }
    let (hamsa, server) = scripted(&[]);
    let nameless = KnownCall { ids: BTreeMap::new(), ..known() };
    assert_eq!(PhoneCalls::end(&hamsa, &nameless).await.unwrap(), RungResult::NotKnown);
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn a_record_is_read_by_its_job_and_one_that_is_not_there_is_none() {
    let (hamsa, server) = scripted(&[(200, &envelope(json!({"id": JOB, "status": "NO_ANSWER"}))), (404, "{}")]);
    let found = hamsa.read(&known()).await.unwrap().unwrap();
    assert_eq!(found.observation.end.unwrap().reason, EndReason::NoAnswer);
    assert!(hamsa.read(&known()).await.unwrap().is_none());
    assert_eq!(server.lines(), vec![format!("GET /v1/voice-agents/conversation/{JOB}"); 2]);
}

async fn find(hamsa: &Hamsa) -> Result<Vec<String>, ProviderError> {
    let to = number("+15005550001");
    let window = (now().minus(Duration::from_secs(60)), now());
    let search = CallSearch { leg: LegId::generate(now()), to: &to, since: window.0, until: window.1 };
    Ok(hamsa.find(&search).await?.into_iter().map(|found| found.reference.to_string()).collect())
}

fn row(id: usize, to: serde_json::Value) -> serde_json::Value {
    json!({"id": format!("j-{id}"), "createdAt": now(), "status": "PENDING", "callParams": {"userNumber": to}})
}

#[tokio::test]
async fn a_lost_call_is_looked_for_page_after_page_among_the_calls_to_its_number() {
    let mut first: Vec<_> = (0..200).map(|id| row(id, json!("+15005550002"))).collect();
    first[7] = row(7, json!("15005550001"));
    let second = vec![row(200, json!("+15005550001")), row(201, json!("+15005550003"))];
    let page = |calls| envelope(json!({"total": 202, "filtered": 202, "calls": calls}));
    let (hamsa, server) = scripted(&[(200, &page(first)), (200, &page(second))]);
    assert_eq!(find(&hamsa).await.unwrap(), ["j-7", "j-200"]);
    let (since, until) = (now().epoch_millis() - 60_000, now().epoch_millis());
    assert_eq!(
        server.lines(),
        [1, 2].map(|page| format!(
            "GET /v1/voice-agents/conversations/minimal-list?startTime={since}&endTime={until}&page={page}&perPage=200"
        ))
    );
}

#[tokio::test]
async fn a_list_that_may_hide_the_call_proves_nothing() {
    let page = |calls| envelope(json!({"calls": calls}));
    let (unread, _server) = scripted(&[(200, &page(vec![row(1, json!(null))]))]);
    assert!(find(&unread).await.is_err());
    let full = page((0..200).map(|id| row(id, json!("+15005550002"))).collect());
    let (endless, server) = scripted(&[(200, &full), (200, &full), (200, &full), (200, &full)]);
    assert!(find(&endless).await.is_err());
    assert_eq!(server.lines().len(), 4);
    let (empty, _server) = scripted(&[(200, &page(Vec::new()))]);
    assert!(find(&empty).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_browser_gets_a_credential_for_its_room_and_no_key() {
    let token = envelope(json!({"liveKitAccessToken": "h.e30.s", "jobId": JOB}));
    let (hamsa, server) = scripted(&[(200, &token), (200, "{}")]);
    let connected = hamsa.connect(&PlaceCall { to: None, ..Wish::new().call() }).await.unwrap();
    assert_eq!((connected.kind, connected.token.expose(), connected.url.expose()), ("livekit", "h.e30.s", LIVEKIT_URL));
    assert_eq!((connected.reference.unwrap().as_str(), connected.expires_at), (JOB, None));
    let rooms = ["participant-token", "conversation-init"].map(|what| format!("POST /v1/voice-agents/room/{what}"));
    assert_eq!(server.lines(), rooms);
    assert_eq!(server.bodies()[1]["jobId"], json!(JOB));
}

#[tokio::test]
async fn the_agent_is_looked_at_before_a_call() {
    let wish = Wish::new();
    let agent = envelope(json!({"id": "agent-1", "preamble": "Remind {{customerName}} of {{accountBalance}}."}));
    let (hamsa, server) = scripted(&[(200, &agent), (404, r#"{"message":"Voice agent not found."}"#)]);
    let checks = hamsa.checks(&wish.call()).await.unwrap();
    assert_eq!(
        checks.iter().map(|check| (check.check, check.ok)).collect::<Vec<_>>(),
        [("agent", true), ("placeholders", false)]
    );
    assert_eq!(checks[1].missing, ["accountBalance"]);
    let unknown = hamsa.checks(&PlaceCall { agent_id: Some("other"), ..wish.call() }).await.unwrap();
    assert_eq!(unknown, [Check::failed("agent", "Hamsa knows no agent other")]);
    let unnamed = hamsa.checks(&PlaceCall { agent_id: Some("../x"), ..wish.call() }).await.unwrap();
    assert!(!unnamed[0].ok);
    assert_eq!(server.lines(), ["GET /v1/voice-agents/agent-1", "GET /v1/voice-agents/other"]);
}

#[tokio::test]
async fn figures_are_asked_for_in_the_form_that_is_taken_with_a_project_that_is_asked_for_once() {
    let (project, figures) = (envelope(json!({"id": "p-1"})), envelope(json!({"requests": {"value": "3"}})));
    let (hamsa, server) =
        scripted(&[(200, &project), (400, r#"{"message":"startPeriod"}"#), (200, &figures), (200, &figures)]);
    let until = Timestamp::from_epoch_millis(2_000);
    let read = hamsa.statistics(Timestamp::from_epoch_millis(1_000), until).await.unwrap().unwrap();
    assert_eq!(
        (&read["numbers"]["requests"]["value"], &read["chart"]),
        (&json!("3"), &json!({"requests": {"value": "3"}}))
    );
    let rfc3339 = "startPeriod=1970-01-01T00%3A00%3A01.000Z&endPeriod=1970-01-01T00%3A00%3A02.000Z&projectId=p-1";
    assert_eq!(
        server.lines(),
        [
            "GET /v1/projects/by-api-key".to_owned(),
            format!("GET /v1/projects/statistics/numbers?{rfc3339}"),
            "GET /v1/projects/statistics/numbers?startPeriod=1000&endPeriod=2000&projectId=p-1".to_owned(),
            format!("GET /v1/projects/statistics/chart?{rfc3339}"),
        ]
    );
}

#[tokio::test]
async fn hamsa_is_reachable_even_where_it_refuses_our_key() {
    let (hamsa, _server) = scripted(&[(401, "{}"), (401, "{}"), (503, "{}")]);
    assert!(hamsa.reachable().await.is_ok());
    assert!(hamsa.credentials_accepted().await.is_err());
    assert!(hamsa.reachable().await.is_err());
}

#[tokio::test]
async fn a_recording_is_fetched_from_where_they_are_kept_without_our_key() {
    let (hamsa, server) = scripted(&[(200, "ID3\u{4}\0\0\0\0\0\0 ")]);
    let named = format!("{}/media/r.mp3", server.base_url);
    assert_eq!(hamsa.recording(&named).await.unwrap().mime_type, "audio/mpeg");
    assert_eq!(server.credentials(), [""]);
    for foreign in ["https://evil.example/r.mp3", "http://media.tryhamsa.com/r.mp3", "not a url"] {
        assert!(hamsa.recording(foreign).await.is_err(), "{foreign}");
    }
    assert_eq!(server.lines().len(), 1);
}

#[test]
fn nothing_of_the_key_or_the_number_is_printed() {
    let printed = format!(
        "{:?}",
        hamsa(
            HamsaConfig { phone_number: Some(number("+15005550100")), ..config("http://x") },
            Kept::key(API_KEY, "k1")
        )
    );
    assert!(!printed.contains("k1") && !printed.contains("5550100"), "{printed}");
}

#[test]
fn the_settings_of_an_older_deployment_are_taken_as_they_are() {
    let mut given = Given::new(&[
        ("HAMSA_BASE_URL", "https://api.tryhamsa.com/v1"),
        ("HAMSA_SECRET_NAME", "switchboard/hamsa"),
        ("HAMSA_VOICE_AGENT_ID", "d949f13f-40d2-4e48-ac86-b66633070603"),
        ("HAMSA_PHONE_NUMBER", "+15005550100"),
    ]);
    let config = HamsaConfig::read(&mut given);
    assert!(given.wrong.is_empty(), "{:?}", given.wrong);
    assert_eq!((config.base_url.as_str(), config.livekit_url.as_str()), ("https://api.tryhamsa.com", LIVEKIT_URL));
    assert_eq!((config.phone_number, config.project_id), (Some(number("+15005550100")), None));
    assert_eq!(config.media_hosts, [".tryhamsa.com", ".amazonaws.com"]);
}

#[test]
fn every_wrong_setting_is_named() {
    let mut given = Given::new(&[
        ("HAMSA_VOICE_AGENT_ID", "../agents"),
        ("HAMSA_PHONE_NUMBER", "12345"),
        ("HAMSA_PROJECT_ID", "p 1"),
        ("HAMSA_LIVEKIT_URL", "https://rtc.example"),
    ]);
    HamsaConfig::read(&mut given);
    given.wrong.sort();
    assert_eq!(
        given.wrong,
        [
            "HAMSA_BASE_URL",
            "HAMSA_LIVEKIT_URL",
            "HAMSA_PHONE_NUMBER",
            "HAMSA_PROJECT_ID",
            "HAMSA_SECRET_NAME",
            "HAMSA_VOICE_AGENT_ID"
        ]
    );
}
