use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::lenient::tests::any_json;
use crate::openai::translate;

fn asked() -> SessionConfig {
    let options = json!({"model": "gpt-realtime-2", "voice": "cedar"});
    translate::session(options.as_object().unwrap(), false).unwrap().session
}

#[test]
fn a_client_secret_says_what_it_opens_or_is_taken_to_open_what_was_asked_for() {
    for (session, model, voice) in [
        (json!({"model": "m", "audio": {"output": {"voice": "marin"}}}), "m", "marin"),
        (json!({"audio": {"output": {"voice": {"id": "voice_1"}}}}), "gpt-realtime-2", "voice_1"),
        (json!({"model": null, "audio": false}), "gpt-realtime-2", "cedar"),
        (json!(null), "gpt-realtime-2", "cedar"),
    ] {
        let answer = json!({"value": "ek_1", "expires_at": 1_795_169_268, "session": session});
        let secret = client_secret(&answer, &asked()).unwrap();
        assert_eq!((secret.model.as_str(), secret.voice.as_deref()), (model, Some(voice)), "{answer}");
    }
}

#[test]
fn a_call_is_over_only_where_a_refusal_of_the_request_says_so() {
    let words = |message: &str| json!({"error": {"message": message, "code": null}}).to_string();
    for (status, body, read) in [
        (400, words("This session has ended."), Some(Decline::AlreadyOver)),
        (409, words("The call has ALREADY ENDED"), Some(Decline::AlreadyOver)),
        (409, words("The call is no longer active"), Some(Decline::AlreadyOver)),
        (403, words("Your trial has ended."), None),
        (429, words("Your trial has ended."), None),
        (400, words("Your account is not active"), None),
        (409, words("Try again"), None),
        (400, json!({"error": "The call has already ended."}).to_string(), None),
        (400, "The call has already ended.".to_owned(), None),
    ] {
        assert_eq!(decline(status, body.as_bytes()), read, "{status} {body}");
    }
}

#[test]
fn an_answer_without_a_secret_or_its_end_is_none() {
    for answer in [
        json!({}),
        json!({"value": "ek_1"}),
        json!({"value": "", "expires_at": 1}),
        json!({"value": "ek_1", "expires_at": "soon"}),
        json!({"expires_at": 1}),
        // The beta's.
        json!({"client_secret": {"value": "ek_1", "expires_at": 1}}),
    ] {
        assert_eq!(client_secret(&answer, &asked()), None, "{answer}");
    }
    for answer in [
        json!({"id": "cksess_1", "client_secret": {"value": "ck"}, "expires_at": 1}),
        json!({"id": "../1", "client_secret": "ck", "expires_at": 1}),
        json!({"id": "cksess_1", "client_secret": "ck"}),
    ] {
        assert_eq!(chat_session(&answer), None, "{answer}");
    }
}

proptest! {
    #[test]
    fn nothing_that_openai_can_answer_makes_reading_panic(
        answer in any_json(),
        body in prop::collection::vec(any::<u8>(), 0..40),
        text in "\\PC{0,40}",
        status in 400_u16..500,
    ) {
        let _ = (client_secret(&answer, &asked()), chat_session(&answer), call_of(&text), sdp_answer(&body));
        let _ = (decline(status, &body), decline(status, answer.to_string().as_bytes()));
        let error = json!({"error": answer}).to_string();
        let _ = decline(status, error.as_bytes());
    }

    #[test]
    fn a_location_names_a_call_only_by_what_can_stand_in_a_path_of_ours(text in "[a-z/.?#_0-9]{0,30}") {
        if let Some(id) = call_of(&text) {
            prop_assert!(ExternalId::parse(id.as_str()).is_some());
            let expected = format!("calls/{id}");
            prop_assert!(text.contains(&expected), "{text} {id}");
        }
    }
}
