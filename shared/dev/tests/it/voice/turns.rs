//! `POST /api/voice/process` with a text or a recording in the request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::TestWorld;
use crate::talk::{PROCESS, asked_of_omi, open, read, say};

#[tokio::test]
async fn a_text_is_answered_in_words_and_different_texts_differently() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let first = say(&caller, &session, "Hello, my name is Amal").await;
    let second = say(&caller, &session, "My internet is very slow since yesterday").await;
    for answer in [&first, &second] {
        answer.expect(200);
        assert_eq!(answer.text("/sessionId"), session);
        assert!(answer.text("/turnId").starts_with("trn_"));
        assert!(!answer.text("/response/text").is_empty());
        assert_eq!(answer.json.get("transcription"), None, "nothing was transcribed");
        assert_eq!(answer.json.pointer("/response/audio"), None);
        assert!(answer.json["actions"].is_array());
        assert!(answer.json["latencyMs"].is_u64());
        assert_eq!(answer.json["context"]["customerName"], json!("Amal"));
    }
    assert_ne!(first.text("/response/text"), second.text("/response/text"));
    assert_ne!(first.text("/turnId"), second.text("/turnId"));
    assert_eq!(read(&caller, &session).await.json["context"]["customerName"], json!("Amal"));
}

#[tokio::test]
async fn a_recording_in_the_request_is_heard_and_answered_by_voice() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let audio = crate::uploads::wav(4_000);
    for (content, mime_type) in
        [(STANDARD.encode(&audio), "audio/wav"), (STANDARD.encode(&audio), "audio/x-wav;codecs=1")]
    {
        let input = json!({"type": "audio", "content": content, "mimeType": mime_type});
        let answer = caller.post(PROCESS, &json!({"sessionId": session, "input": input})).await;
        answer.expect(200);
        assert!(!answer.text("/transcription").is_empty());
        assert_eq!(answer.text("/response/audio/mimeType"), "audio/wav");
        let voice = STANDARD.decode(answer.text("/response/audio/content")).unwrap();
        assert!(voice.starts_with(b"RIFF"));
    }
    let heard = asked_of_omi(&world).pop().unwrap();
    assert_eq!(heard.path, "/v1/process/audio");
    let part = heard.body["parts"].as_array().unwrap().iter().find(|part| part["name"] == "audio").cloned().unwrap();
    assert_eq!(part["sha256"], json!(crate::uploads::sha256(&audio)));
    assert_eq!(part["contentType"], json!("audio/wav"));
    let turns = read(&caller, &session).await.json["turns"].clone();
    assert!(turns.as_array().unwrap().iter().all(|turn| turn["text"].as_str().is_some_and(|text| !text.is_empty())));
}

#[tokio::test]
async fn what_omi_hears_is_exactly_what_was_said_with_the_context_as_it_stands() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let text = "  Grüße, 你好 \u{1F600}\n\"quoted\" \\ and\ttabs ";
    say(&caller, &session, text).await.expect(200);
    let heard = asked_of_omi(&world).pop().unwrap();
    assert_eq!(heard.body["input"], json!({"type": "text", "content": text}));
    assert_eq!(heard.body["sessionId"], json!(session));
    assert_eq!(heard.body["context"], json!({}));
    let turns: Value = read(&caller, &session).await.json["turns"].clone();
    assert_eq!(turns[0]["text"], json!(text));
}

#[tokio::test]
async fn the_longest_text_is_counted_in_characters() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    say(&caller, &session, &"é".repeat(8_000)).await.expect(200);
    say(&caller, &session, &"é".repeat(8_001)).await.refused_field(400, "invalid_request", "input.content");
}
