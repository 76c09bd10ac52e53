//! The client against a server that answers from a script: what leaves, how often, and what is made of the answers.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::{CallId, Effect, EndReason, LegId, Personal, PhoneNumber, Progress, Secret};

use super::*;
use crate::scripted::{Given, Kept, LOST, Scripted, Still, http, now};
use crate::{Appears, CallSearch, Decline, KnownCall, PlaceCall, Placed, ProviderError, ProviderErrorKind};

const REQUEST: &str = "3166940";

fn config(base_url: &str) -> OmnidimensionConfig {
    OmnidimensionConfig {
        base_url: base_url.to_owned(),
        secret_name: "switchboard/omnidimension".to_owned(),
        agent_id: ExternalId::parse("6340"),
        from_number_id: None,
        media_hosts: vec![".omnidim.io".to_owned()],
        agent: AgentDraft {
            name: Some("1930".to_owned()),
            welcome_message: Some("Hello".to_owned()),
            max_call_secs: Some(600),
            ..AgentDraft::default()
        },
    }
}

fn scripted_with(script: &[(u16, &str)], change: impl FnOnce(&mut OmnidimensionConfig)) -> (Omnidimension, Scripted) {
    let server = Scripted::answering(script);
    let mut config = config(&server.base_url);
    change(&mut config);
    (Omnidimension::new(config, Arc::new(Kept::key(API_KEY, "k1")), Arc::new(Still), http()), server)
}

fn scripted(script: &[(u16, &str)]) -> (Omnidimension, Scripted) {
    scripted_with(script, |_| {})
}

/// What a call is made of.
struct Wish {
    to: PhoneNumber,
    params: BTreeMap<String, Personal>,
}

impl Wish {
    fn new() -> Self {
        let params = BTreeMap::from([("customerName".to_owned(), Personal::new("Jane"))]);
        Self { to: PhoneNumber::from_e164("+15005550001").unwrap(), params }
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

async fn place(provider: &Omnidimension, from: Option<&str>) -> Result<Placed, ProviderError> {
    provider.place(&PlaceCall { from, ..Wish::new().call() }).await
}

fn dispatched() -> String {
    json!({"success": true, "status": "dispatched", "requestId": 3_166_940, "custom_variables_count": 1}).to_string()
}

fn numbers() -> String {
    json!({"success": true, "phone_numbers": [{"id": 77, "phone_number": "+15005550100", "active_bot_id": false}]})
        .to_string()
}

#[tokio::test]
async fn a_call_is_dispatched_once_and_known_by_its_request() {
    let (provider, server) = scripted(&[(200, &dispatched())]);
    let placed = place(&provider, None).await.unwrap();
    assert_eq!((placed.reference.as_str(), placed.observation.progress), (REQUEST, Some(Progress::Dialing)));
    assert_eq!(placed.observation.external_ids.get("requestId").map(String::as_str), Some(REQUEST));
    assert_eq!(
        (server.lines(), server.credentials()),
        (vec!["POST /calls/dispatch".to_owned()], vec!["Bearer k1".to_owned()])
    );
    let sent = server.bodies().remove(0);
    assert_eq!((&sent["agent_id"], &sent["to_number"]), (&json!(6_340), &json!("+15005550001")));
    assert_eq!(sent["call_context"]["customerName"], json!("Jane"));
    assert!(sent["call_context"]["switchboardLegId"].as_str().unwrap().starts_with("leg_"));
    assert_eq!(sent.get("from_number_id"), None);
}

#[tokio::test]
async fn placing_is_never_tried_again_once_it_was_sent() {
    for (answer, effect) in [
        (LOST, Effect::Possible),
        ((502, "{}"), Effect::Possible),
        ((200, r#"{"success":true}"#), Effect::Possible),
        ((429, "{}"), Effect::None),
    ] {
        let (provider, server) = scripted(&[answer, (200, &dispatched())]);
        assert_eq!(place(&provider, None).await.unwrap_err().effect, effect, "{answer:?}");
        assert_eq!(server.lines().len(), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn a_refusal_under_a_status_of_success_is_one() {
    let (provider, _server) =
        scripted(&[(200, r#"{"success":false,"plan_expire":false,"error":"Invalid phone number"}"#)]);
    let error = place(&provider, None).await.unwrap_err();
    assert!(matches!(error.kind, ProviderErrorKind::Declined(Decline::InvalidNumber)));
    assert_eq!((error.effect, error.end_reason()), (Effect::None, EndReason::InvalidNumber));
}

#[tokio::test]
async fn a_call_comes_from_the_number_that_is_named_by_its_id_or_its_digits() {
    for (configured, from, script, id) in [
        (Some("5"), None, vec![(200, dispatched())], 5),
        (Some("5"), Some("77"), vec![(200, dispatched())], 77),
        (None, Some("+15005550100"), vec![(200, numbers()), (200, dispatched())], 77),
    ] {
        let script: Vec<(u16, &str)> = script.iter().map(|(status, body)| (*status, body.as_str())).collect();
        let (provider, server) =
            scripted_with(&script, |config| config.from_number_id = configured.and_then(ExternalId::parse));
        place(&provider, from).await.unwrap();
        assert_eq!(server.bodies().last().unwrap()["from_number_id"], json!(id));
    }
}

#[tokio::test]
async fn nothing_is_dialled_from_a_number_that_is_not_the_accounts_or_cannot_be_looked_up() {
    let (foreign, server) = scripted(&[(200, &numbers())]);
    let error = place(&foreign, Some("+15005550101")).await.unwrap_err();
    assert!(matches!(error.kind, ProviderErrorKind::Declined(Decline::NotPermitted)));
    assert_eq!((error.effect, server.lines().len()), (Effect::None, 1));
    let (down, _server) = scripted(&[(500, "{}"), (500, "{}")]);
    assert_eq!(place(&down, Some("+15005550100")).await.unwrap_err().effect, Effect::None);
}

#[tokio::test]
async fn the_agents_limit_is_held_against_the_call_and_remembered() {
    let wish = Wish::new();
    let agent = |secs: u32| {
        json!({"id": 6_340, "max_call_duration_in_sec": secs, "context": "Hi {{customerName}}"}).to_string()
    };
    for (secs, fits, cap) in [(600, true, Some(600)), (601, false, Some(601)), (0, false, None)] {
        let (provider, server) = scripted(&[(200, &agent(secs))]);
        assert_eq!(provider.cap_secs(&wish.call()), None);
        let checks = provider.checks(&wish.call()).await.unwrap();
        let seen: Vec<_> = checks.iter().map(|check| (check.check, check.ok)).collect();
        assert_eq!(seen, [("agent", true), ("max_duration", fits), ("placeholders", true)], "{secs}");
        assert_eq!(provider.cap_secs(&wish.call()), cap, "{secs}");
        assert_eq!(server.lines(), ["GET /agents/6340"]);
    }
    let (provider, server) = scripted(&[]);
    assert!(!provider.checks(&PlaceCall { agent_id: Some("not-a-number"), ..wish.call() }).await.unwrap()[0].ok);
    assert!(server.lines().is_empty() && !PhoneCalls::can_end(&provider));
}

fn entry(id: u64, request: Value, to: &str, time: &str) -> Value {
    json!({"id": id, "call_status": "completed", "call_request_id": {"id": request}, "to_number": to,
        "call_direction": "outbound", "time_of_call": time})
}

fn log(entries: Vec<Value>) -> String {
    json!({"call_log_data": entries, "total_records": 151}).to_string()
}

fn known(ids: &[(&'static str, &'static str)]) -> KnownCall<'static> {
    KnownCall {
        leg: LegId::generate(now()),
        ids: ids.iter().copied().collect(),
        to: None,
        dialed_at: now(),
        answered: false,
    }
}

#[tokio::test]
async fn a_record_is_read_by_its_entry_or_looked_for_by_its_request() {
    let time = "11/20/2026 10:07:00";
    let first = (0..150).map(|id| entry(id, json!(id), "+15005550002", time)).collect();
    let second = vec![entry(900, json!(3_166_940), "+15005550001", time)];
    let (provider, server) =
        scripted(&[(200, &log(first)), (200, &log(second.clone())), (200, &log(second)), (404, "{}")]);
    let found = provider.read(&known(&[("requestId", REQUEST)])).await.unwrap().unwrap();
    assert_eq!(found.reference.as_str(), REQUEST);
    assert_eq!(found.observation.external_ids.get("callLogId").map(String::as_str), Some("900"));
    assert!(provider.read(&known(&[("requestId", REQUEST), ("callLogId", "900")])).await.unwrap().is_some());
    assert!(provider.read(&known(&[("callLogId", "901")])).await.unwrap().is_none());
    assert!(provider.read(&known(&[])).await.unwrap().is_none());
    assert_eq!(
        server.lines(),
        [
            "GET /calls/logs?pageno=1&pagesize=150",
            "GET /calls/logs?pageno=2&pagesize=150",
            "GET /calls/logs/900",
            "GET /calls/logs/901",
        ]
    );
}

#[tokio::test]
async fn looking_stops_where_everything_is_older() {
    let old = (0..150).map(|id| entry(id, json!(id), "+15005550002", "11/18/2026 10:07:00")).collect();
    let (provider, server) = scripted(&[(200, &log(old))]);
    assert!(provider.read(&known(&[("requestId", REQUEST)])).await.unwrap().is_none());
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_lost_call_is_looked_for_among_those_to_its_number_in_its_window() {
    let entries = vec![
        entry(1, json!(11), "+15005550001", "11/20/2026 10:07:00"),
        entry(2, json!(12), "+15005550002", "11/20/2026 10:07:00"),
        entry(3, json!(13), "+15005550001", "11/20/2026 15:37:00"),
        entry(4, json!(14), "+15005550001", "11/20/2026 09:00:00"),
        json!({"id": 5, "call_request_id": {"id": false}, "to_number": "+15005550001", "call_direction": "inbound", "time_of_call": "11/20/2026 10:07:00"}),
    ];
    let (provider, _server) = scripted(&[(200, &log(entries))]);
    let wish = Wish::new();
    let search = CallSearch {
        leg: LegId::generate(now()),
        to: &wish.to,
        since: now(),
        until: now().plus(Duration::from_secs(60)),
    };
    let found = provider.find(&search).await.unwrap();
    assert_eq!(found.iter().map(|call| call.reference.as_str()).collect::<Vec<_>>(), ["11"]);
    assert_eq!(provider.appears(), Appears::WhenOver);
}

#[tokio::test]
async fn a_lost_call_is_not_taken_for_missing_where_there_are_more_newer_ones_than_are_looked_through() {
    let page = log((0..150).map(|id| entry(id, json!(id), "+15005550002", "11/20/2026 10:07:00")).collect());
    let mut page: Value = serde_json::from_str(&page).unwrap();
    page["total_records"] = json!(9_999);
    let page = page.to_string();
    let (provider, server) = scripted(&[(200, page.as_str()); 9]);
    let wish = Wish::new();
    let until = now().plus(Duration::from_secs(60));
    let search = CallSearch { leg: LegId::generate(now()), to: &wish.to, since: now(), until };
    assert!(provider.find(&search).await.is_err());
    assert_eq!(server.lines().len(), 8);
}

#[tokio::test]
async fn that_the_account_holds_no_call_is_believed_only_where_it_is_said() {
    for (status, body, none) in [
        (200, r#"{"concurrency":{"limit":5,"in_use":0}}"#, Some(true)),
        (200, r#"{"concurrency":{"limit":5,"in_use":2}}"#, Some(false)),
        (200, r#"{"concurrency":{"limit":5,"in_use":false}}"#, Some(false)),
        (200, r#"{"balance":{}}"#, Some(false)),
        (403, "{}", Some(false)),
        (400, "{}", None),
    ] {
        let (provider, _server) = scripted(&[(status, body)]);
        assert_eq!(provider.holds_none().await.ok(), none, "{status} {body}");
    }
}

#[tokio::test]
async fn an_agent_is_made_whole_and_shown_as_it_became() {
    let shown =
        json!({"id": 7, "name": "1930", "secret_key": "0123456789", "max_call_duration_in_sec": 600}).to_string();
    let (provider, server) = scripted(&[(200, r#"{"id":7,"name":"1930","status":"Completed"}"#), (200, &shown)]);
    let hook = Secret::new("https://x.example/webhooks/omnidimension/t");
    let draft = AgentDraft { model: Some("gpt-5.1".to_owned()), ..AgentDraft::default() };
    let made = provider.writing().unwrap().create(&draft, Some(&hook)).await.unwrap();
    assert_eq!((made.id.as_str(), made.max_call_secs, made.details.get("secret_key")), ("7", Some(600), None));
    assert_eq!(server.lines(), ["POST /agents/create", "GET /agents/7"]);
    let sent = server.bodies().remove(0);
    assert_eq!((&sent["name"], &sent["model"]), (&json!("1930"), &json!({"model": "gpt-5.1"})));
    assert_eq!(sent["transcriber"]["max_call_duration_in_sec"], json!(600));
    assert_eq!(sent["post_call_actions"]["webhook"]["url"], json!(hook.expose()));
}

#[tokio::test]
async fn an_agent_that_is_made_but_cannot_be_read_is_made_all_the_same() {
    let (provider, server) =
        scripted(&[(200, r#"{"id":7,"name":"1930","status":"Completed"}"#), (500, "{}"), (500, "{}")]);
    let made = provider.writing().unwrap().create(&AgentDraft::default(), None).await.unwrap();
    assert_eq!((made.id.as_str(), made.details.len()), ("7", 0));
    assert_eq!(server.lines().iter().filter(|line| line.starts_with("POST")).count(), 1);
}

#[tokio::test]
async fn removing_an_agent_that_is_gone_removes_it() {
    let (provider, _server) = scripted(&[(404, r#"{"error":"not_found","error_description":"Agent not found"}"#)]);
    provider.writing().unwrap().delete(&ExternalId::parse("7").unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_key_that_may_not_see_bills_has_no_balance_and_is_accepted() {
    let (provider, server) = scripted(&[(403, "{}"), (200, r#"{"bots":[],"total_records":0}"#)]);
    assert_eq!(provider.balance().await.unwrap(), None);
    provider.credentials_accepted().await.unwrap();
    assert_eq!(server.lines(), ["GET /account/balance", "GET /agents?pageno=1&pagesize=1"]);
}

#[tokio::test]
async fn a_browser_gets_a_session_of_its_own() {
    let answer = json!({"session_id": "s-1", "token": "sess_x", "ws_url": "wss://live.example/x?request_token=sess_x"})
        .to_string();
    let (provider, server) = scripted(&[(200, &answer)]);
    let connected = provider.connect(&PlaceCall { to: None, ..Wish::new().call() }).await.unwrap();
    assert_eq!((connected.kind, connected.token.expose(), connected.reference), ("websocket", "sess_x", None));
    assert_eq!(connected.observation.external_ids.get("sessionId").map(String::as_str), Some("s-1"));
    let sent = server.bodies().remove(0);
    assert_eq!((&sent["agent_id"], &sent["type"]), (&json!(6_340), &json!("voice")));
}

#[test]
fn the_configured_agent_is_the_older_deployments_with_an_end_to_its_calls() {
    let mut given = Given::new(&[
        ("OMNIDIMENSION_BASE_URL", "https://backend.omnidim.io/api/v1/"),
        ("OMNIDIMENSION_SECRET_NAME", "switchboard/omnidimension"),
        ("AGENT_TEMPERATURE", "0.5"),
    ]);
    let config = OmnidimensionConfig::read(&mut given);
    assert!(given.wrong.is_empty(), "{:?}", given.wrong);
    assert_eq!((config.base_url.as_str(), &config.agent_id), ("https://backend.omnidim.io/api/v1", &None));
    let agent = config.agent_draft();
    assert_eq!((agent.name.as_deref(), agent.model.as_deref()), (Some("1930"), Some("gpt-4.1-mini")));
    assert_eq!((agent.temperature, agent.max_call_secs), (Some(0.5), Some(600)));
    assert_eq!(
        (agent.voice_id.as_deref(), agent.voice_provider.as_deref()),
        (Some("9NQoUbj2TvirWemhZkpT"), Some("eleven_labs"))
    );
}

#[test]
fn an_id_that_is_no_number_is_a_wrong_setting() {
    for wrong in ["agent-1", "+5", "-1", "1.5"] {
        let mut given = Given::new(&[
            ("OMNIDIMENSION_BASE_URL", "https://x.example"),
            ("OMNIDIMENSION_SECRET_NAME", "s"),
            ("OMNIDIMENSION_AGENT_ID", wrong),
        ]);
        OmnidimensionConfig::read(&mut given);
        assert_eq!(given.wrong, ["OMNIDIMENSION_AGENT_ID"], "{wrong}");
    }
}
