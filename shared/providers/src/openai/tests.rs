//! The client against a server that answers from a script: what leaves, how often, and what is made of the answers.

use std::time::Duration;

use serde_json::json;
use switchboard_core::{Effect, Failure, Fault, LegId};

use super::*;
use crate::scripted::{Kept, LOST, Scripted, Still, http, now};
use crate::{Account, Decline, KnownCall, ProviderError, ProviderErrorKind, RungResult};

mod ends;
mod sdk;
mod settings;

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
const ANSWER: &str = "v=0\r\no=- 2 2 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\n";

fn config(base_url: &str) -> OpenaiConfig {
    OpenaiConfig {
        base_url: format!("{base_url}/v1"),
        secret_name: "switchboard/openai".to_owned(),
        organization: Some("org-1".to_owned()),
        project: Some("proj_1".to_owned()),
    }
}

fn client(server: &Scripted, secrets: Kept) -> Openai {
    Openai::new(config(&server.base_url), Arc::new(secrets), Arc::new(Still), http())
}

fn scripted(script: &[(u16, &str)]) -> (Openai, Scripted) {
    let server = Scripted::answering(script);
    (client(&server, Kept::key(API_KEY, "sk-test")), server)
}

fn located(script: &[(u16, &str, &str)]) -> (Openai, Scripted) {
    let server = Scripted::located(script);
    (client(&server, Kept::key(API_KEY, "sk-test")), server)
}

fn user() -> SafetyId {
    SafetyId::of(&[0xab; 32])
}

fn id(text: &str) -> ExternalId {
    ExternalId::parse(text).unwrap()
}

fn session(options: &serde_json::Value) -> SessionConfig {
    translate::session(options.as_object().unwrap(), false).unwrap().session
}

fn plain() -> SessionConfig {
    session(&json!({"voice": "marin", "instructions": "Be brief."}))
}

async fn secret(openai: &Openai) -> Result<ClientSecret, ProviderError> {
    openai.client_secret(&plain(), Duration::from_secs(60), &user()).await
}

async fn broker(openai: &Openai) -> Result<Brokered, ProviderError> {
    openai.broker(OFFER, &plain(), &user()).await
}

#[tokio::test]
async fn a_client_secret_holds_as_long_as_is_asked_for_within_what_the_api_allows() {
    let answer =
        json!({"value": "ek_1", "expires_at": 1_795_169_268, "session": {"model": "gpt-realtime-2"}}).to_string();
    for (asked, sent) in [(60, 60), (0, 10), (10, 10), (7_200, 7_200), (86_400, 7_200)] {
        let (openai, server) = scripted(&[(200, &answer)]);
        let secret = openai.client_secret(&plain(), Duration::from_secs(asked), &user()).await.unwrap();
        assert_eq!((secret.value.expose(), secret.expires_at.epoch_secs()), ("ek_1", 1_795_169_268));
        assert_eq!((secret.model.as_str(), secret.voice.as_deref()), ("gpt-realtime-2", Some("marin")));
        assert_eq!(server.bodies()[0]["expires_after"], json!({"anchor": "created_at", "seconds": sent}));
    }
}

#[tokio::test]
async fn a_session_is_sent_with_its_model_even_where_none_is_named() {
    let (openai, server) = scripted(&[(200, "{}")]);
    assert!(secret(&openai).await.is_err());
    let mut sent = server.bodies().remove(0);
    let expected = json!({
        "type": "realtime",
        "model": "gpt-realtime-2.1",
        "instructions": "Be brief.",
        "audio": {"output": {"voice": "marin"}},
    });
    assert_eq!(sent["session"].take(), expected);
}

#[tokio::test]
async fn a_brokered_call_is_known_by_the_end_of_its_location() {
    for location in [
        "/v1/realtime/calls/rtc_u1_9",
        "https://api.openai.com/v1/realtime/calls/rtc_u1_9",
        "/v1/realtime/calls/rtc_u1_9/",
        "/v1/realtime/calls/rtc_u1_9?x=/calls/rtc_2#y",
        "calls/rtc_u1_9",
    ] {
        for status in [200, 201] {
            let (openai, server) = located(&[(status, location, ANSWER)]);
            let brokered = broker(&openai).await.unwrap();
            assert_eq!((brokered.call.as_str(), brokered.answer.as_str()), ("rtc_u1_9", ANSWER), "{location}");
            assert_eq!(server.lines(), ["POST /v1/realtime/calls"]);
        }
    }
}

#[tokio::test]
async fn a_call_that_cannot_be_named_may_be_up_all_the_same() {
    for location in ["", "/v1/realtime/calls", "/v1/realtime/calls/", "/v1/realtime/sessions/rtc_1", "/calls/rtc_1/.."]
    {
        let (openai, server) = located(&[(201, location, ANSWER)]);
        let error = broker(&openai).await.unwrap_err();
        assert!(matches!(error.kind, ProviderErrorKind::Unreadable(_)), "{location}: {error}");
        assert_eq!((error.effect, server.lines().len()), (Effect::Possible, 1), "{location}");
    }
}

#[tokio::test]
async fn a_call_whose_answer_cannot_be_read_is_ended() {
    for ended in [(200, "", ""), (500, "", "")] {
        let (openai, server) = located(&[(201, "/v1/realtime/calls/rtc_1", "<html>"), ended]);
        let error = broker(&openai).await.unwrap_err();
        assert!(matches!(error.kind, ProviderErrorKind::Unreadable("the answer is no session description")));
        assert_eq!(error.effect, Effect::Possible);
        assert_eq!(server.lines(), ["POST /v1/realtime/calls", "POST /v1/realtime/calls/rtc_1/hangup"]);
    }
}

#[tokio::test]
async fn what_makes_something_new_is_never_tried_again_once_it_was_sent() {
    for (answer, effect) in [
        (LOST, Effect::Possible),
        ((500, "{}"), Effect::Possible),
        ((200, "<html>"), Effect::Possible),
        ((429, "{}"), Effect::None),
        ((503, "{}"), Effect::None),
        ((400, "{}"), Effect::None),
    ] {
        let wish = ChatWish { user: user(), workflow: "wf_1".to_owned() };
        for what in ["secret", "broker", "chat"] {
            let (openai, server) = scripted(&[answer, (200, "{}")]);
            let failed = match what {
                "secret" => secret(&openai).await.map(drop),
                "broker" => broker(&openai).await.map(drop),
                _ => openai.chat_session(&wish).await.map(drop),
            };
            assert_eq!(failed.unwrap_err().effect, effect, "{what} {answer:?}");
            assert_eq!(server.lines().len(), 1, "{what} {answer:?}");
        }
    }
}

#[tokio::test]
async fn what_names_one_thing_is_tried_again() {
    for answer in [LOST, (500, "{}"), (503, "{}")] {
        for what in ["accept", "reject", "cancel"] {
            let (openai, server) = scripted(&[answer, (200, "")]);
            let done = match what {
                "accept" => openai.accept(&id("rtc_1"), &plain()).await,
                "reject" => openai.reject(&id("rtc_1"), None).await,
                _ => openai.cancel_chat(&id("cksess_1")).await,
            };
            assert!(done.is_ok(), "{what} {answer:?}");
            assert_eq!(server.lines().len(), 2, "{what} {answer:?}");
        }
    }
}

#[tokio::test]
async fn where_nobody_listens_nothing_has_happened() {
    let gone = Scripted::answering(&[]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop((listener, gone));
    let openai = Openai::new(config(&base_url), Arc::new(Kept::key(API_KEY, "sk-test")), Arc::new(Still), http());
    let error = broker(&openai).await.unwrap_err();
    assert!(matches!(error.kind, ProviderErrorKind::NotConnected));
    assert_eq!(error.effect, Effect::None);
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_fetched_again_and_tried_once_more_if_it_is_another() {
    let script = [(401, "", "{}"), (201, "/v1/realtime/calls/rtc_1", ANSWER)];
    let server = Scripted::located(&script);
    let renewing = client(&server, Kept::renewed(API_KEY, "sk-old", "sk-new"));
    assert_eq!(broker(&renewing).await.unwrap().call.as_str(), "rtc_1");
    assert_eq!(server.credentials(), ["Bearer sk-old", "Bearer sk-new"]);
    let (openai, server) = located(&script);
    assert!(matches!(broker(&openai).await.unwrap_err().kind, ProviderErrorKind::Unauthorised(401)));
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_refusal_is_told_by_its_code() {
    let retired = r#"{"error":{"type":"invalid_request_error","code":"beta_api_shape_disabled","message":"The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API."}}"#;
    for (status, body, decline, fault) in [
        (400, retired, Decline::RetiredApi, Fault::ProviderUnavailable),
        (
            429,
            r#"{"error":{"code":"insufficient_quota","message":"x"}}"#,
            Decline::NoCredit,
            Fault::ProviderUnavailable,
        ),
        (404, r#"{"error":{"code":"model_not_found","message":"x"}}"#, Decline::UnknownModel, Fault::ProviderRejected),
    ] {
        let (openai, server) = scripted(&[(status, body)]);
        let error = secret(&openai).await.unwrap_err();
        assert!(matches!(error.kind, ProviderErrorKind::Declined(read) if read == decline), "{error}");
        assert_eq!((error.effect, error.fault(), server.lines().len()), (Effect::None, fault, 1));
    }
    let (openai, _server) =
        scripted(&[(400, r#"{"error":{"code":"unknown_parameter","message":"Unknown parameter: 'x'"}}"#)]);
    assert!(matches!(secret(&openai).await.unwrap_err().kind, ProviderErrorKind::Rejected(400)));
}

#[tokio::test]
async fn a_key_that_nobody_has_given_is_told_from_one_that_is_refused() {
    let server = Scripted::answering(&[]);
    let error = secret(&client(&server, Kept::key("OTHER", "sk-test"))).await.unwrap_err();
    assert!(error.is_not_configured());
    assert_eq!(error.effect, Effect::None);
    let (refusing, _server) = scripted(&[(401, "{}")]);
    assert!(!secret(&refusing).await.unwrap_err().is_not_configured());
}

#[tokio::test]
async fn openai_is_reachable_even_where_it_refuses_our_key() {
    let (openai, server) = scripted(&[(200, r#"{"data":[]}"#), (401, "{}"), (401, "{}"), (503, "{}")]);
    assert!(openai.credentials_accepted().await.is_ok());
    assert!(openai.reachable().await.is_ok());
    assert!(openai.credentials_accepted().await.is_err());
    assert!(openai.reachable().await.is_err());
    let (made, listed) = ("POST /v1/realtime/client_secrets", "GET /v1/models");
    assert_eq!(server.lines(), [made, listed, made, listed]);
}

#[tokio::test]
async fn a_chat_is_opened_with_the_secret_that_stands_in_it_as_a_text() {
    let wish = ChatWish { user: user(), workflow: "wf_1".to_owned() };
    let answer =
        json!({"id": "cksess_1", "client_secret": "ck_secret", "expires_at": 1_795_169_268, "status": "active"});
    let (openai, _server) = scripted(&[(200, &answer.to_string())]);
    let chat = openai.chat_session(&wish).await.unwrap();
    assert_eq!((chat.id.as_str(), chat.client_secret.expose()), ("cksess_1", "ck_secret"));
    assert_eq!(chat.expires_at.epoch_secs(), 1_795_169_268);
    let unknown = r#"{"error":{"message":"No such session"}}"#;
    let (openai, _server) = scripted(&[(404, unknown)]);
    assert!(matches!(openai.cancel_chat(&id("cksess_1")).await.unwrap_err().kind, ProviderErrorKind::NotFound(404)));
}

#[tokio::test]
async fn nothing_secret_and_nothing_personal_is_printed() {
    let (openai, _server) = located(&[(201, "/v1/realtime/calls/rtc_1", ANSWER)]);
    let brokered = broker(&openai).await.unwrap();
    let secret = ClientSecret {
        value: switchboard_core::Secret::new("ek_1"),
        expires_at: now(),
        model: "m".to_owned(),
        voice: None,
    };
    let wish = ChatWish { user: user(), workflow: "wf_1".to_owned() };
    let chat =
        ChatSession { id: id("cksess_1"), client_secret: switchboard_core::Secret::new("ck_1"), expires_at: now() };
    let printed = format!("{openai:?} {brokered:?} {secret:?} {wish:?} {chat:?} {:?} {:?}", plain(), user());
    for hidden in ["sk-test", "ek_1", "ck_1", "192.0.2.7", "Be brief", &"ab".repeat(32)] {
        assert!(!printed.contains(hidden), "{hidden}: {printed}");
    }
    assert!(printed.contains("rtc_1") && printed.contains("cksess_1") && printed.contains("marin"), "{printed}");
}
