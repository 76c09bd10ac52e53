//! Recordings that are too large for a request: a ticket, a presigned PUT that is really done, and the turn that uses it.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::provider::Operation;

use crate::harness::{Answer, Caller, TestWorld};
use crate::talk::{ALWAYS, PROCESS, UPLOADS, asked_of_omi, go_wrong, mend, open, read, upload};

/// The largest recording, in bytes.
const MOST: usize = 10 * 1024 * 1024;

/// A WAV of so many bytes in all, which is not silent.
pub(crate) fn wav(bytes: usize) -> Vec<u8> {
    let size = |less: usize| u32::try_from(bytes - less).unwrap().to_le_bytes();
    let mut wav = [b"RIFF", size(8).as_slice(), b"WAVEfmt ", &16_u32.to_le_bytes()].concat();
    // PCM, one channel, 8 000 samples a second of one byte each.
    wav.extend([1_u16, 1].iter().flat_map(|number| number.to_le_bytes()));
    wav.extend([8_000_u32, 8_000].iter().flat_map(|number| number.to_le_bytes()));
    wav.extend([1_u16, 8].iter().flat_map(|number| number.to_le_bytes()));
    wav.extend([b"data".as_slice(), &size(44)].concat());
    wav.extend((0..bytes - 44).map(|at| u8::try_from(at * 31 % 251).unwrap()));
    assert_eq!(wav.len(), bytes);
    wav
}

/// In lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Asks for an upload.
async fn ticket(caller: &Caller<'_>, session: &str, mime_type: &str, bytes: usize) -> Answer {
    let ticket = caller.post(UPLOADS, &upload(session, mime_type, bytes)).await;
    ticket.expect(201);
    ticket
}

/// Uploads as the ticket says, some of its headers replaced.
async fn put(world: &TestWorld, ticket: &Answer, bytes: &[u8], replaced: &[(&str, &str)]) -> u16 {
    let mut request = world.http().put(ticket.text("/url")).body(bytes.to_vec());
    for (name, value) in ticket.json["headers"].as_object().unwrap() {
        let value =
            replaced.iter().find(|(other, _)| other == name).map_or(value.as_str().unwrap(), |(_, value)| value);
        // The client writes the length itself, and an empty replacement stands for leaving out.
        if name != "content-length" && !value.is_empty() {
            request = request.header(name, value);
        }
    }
    request.send().await.unwrap().status().as_u16()
}

/// The body of a turn by what was uploaded.
fn spoken(session: &str, ticket: &Answer) -> Value {
    json!({"sessionId": session, "input": {"type": "audio", "uploadId": ticket.text("/uploadId")}})
}

/// What OMI last heard: size and hash of the recording.
fn last_heard(world: &TestWorld) -> Value {
    let heard = asked_of_omi(world).into_iter().rev().find(|request| request.path == "/v1/process/audio").unwrap();
    let parts = heard.body["parts"].as_array().unwrap();
    let part = parts.iter().find(|part| part["name"] == "audio").unwrap();
    json!({"bytes": part["bytes"], "sha256": part["sha256"], "contentType": part["contentType"]})
}

#[tokio::test]
async fn a_ticket_is_answered_with_exactly_what_the_contract_names() {
    let world = TestWorld::start().await;
    let session = open(&world.as_local()).await;
    let ticket = ticket(&world.as_local(), &session, "audio/webm;codecs=opus", 1_000).await;
    assert_eq!(ticket.members(""), ["expiresAt", "headers", "method", "uploadId", "url"]);
    assert_eq!(ticket.text("/method"), "PUT");
    assert!(ticket.text("/uploadId").starts_with("upl_"));
    assert_eq!(ticket.text("/expiresAt"), world.now().plus(Duration::from_secs(900)).to_string());
    let headers = json!({"content-type": "audio/webm", "content-length": "1000", "if-none-match": "*"});
    assert_eq!(ticket.json["headers"], headers);
    assert!(ticket.text("/url").starts_with(&world.world.endpoints().s3));
}

#[tokio::test]
async fn what_is_uploaded_is_heard_byte_for_byte_and_only_once() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let audio = wav(100_000);
    let ticket = ticket(&caller, &session, "audio/wav", audio.len()).await;
    assert_eq!(put(&world, &ticket, &audio, &[]).await, 200);
    let answer = caller.post(PROCESS, &spoken(&session, &ticket)).await;
    answer.expect(200);
    assert!(!answer.text("/transcription").is_empty());
    let expected = json!({"bytes": audio.len(), "sha256": sha256(&audio), "contentType": "audio/wav"});
    assert_eq!(last_heard(&world), expected);
    let turns = read(&caller, &session).await.json["turns"].clone();
    assert_eq!(turns[0]["text"].as_str(), Some(answer.text("/transcription").as_str()));

    let asked = asked_of_omi(&world).len();
    caller.post(PROCESS, &spoken(&session, &ticket)).await.refused(409, "conflict");
    assert_eq!(asked_of_omi(&world).len(), asked);
}

#[tokio::test]
async fn a_ticket_admits_one_recording_of_exactly_the_announced_size_and_type() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let audio = wav(5_000);
    let ticket = ticket(&caller, &session, "audio/wav", audio.len()).await;
    for (bytes, replaced) in [
        (&audio[..4_999], [("content-type", "audio/wav")]),
        (&wav(5_001), [("content-type", "audio/wav")]),
        (&audio, [("content-type", "audio/mpeg")]),
        (&audio, [("content-type", "")]),
        (&audio, [("if-none-match", "")]),
    ] {
        assert_eq!(put(&world, &ticket, bytes, &replaced).await, 403, "{} {replaced:?}", bytes.len());
    }
    caller.post(PROCESS, &spoken(&session, &ticket)).await.refused(409, "conflict");
    assert_eq!(put(&world, &ticket, &audio, &[]).await, 200);
    assert_eq!(put(&world, &ticket, &audio, &[]).await, 412, "what was uploaded cannot be replaced");
    caller.post(PROCESS, &spoken(&session, &ticket)).await.expect(200);
}

#[tokio::test]
async fn an_upload_belongs_to_one_session() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let (session, sibling) = (open(&caller).await, open(&caller).await);
    let foreign = open(&world.as_other()).await;
    let audio = wav(5_000);
    let ticket = ticket(&caller, &session, "audio/wav", audio.len()).await;
    assert_eq!(put(&world, &ticket, &audio, &[]).await, 200);
    caller.post(PROCESS, &spoken(&sibling, &ticket)).await.refused(404, "not_found");
    world.as_other().post(PROCESS, &spoken(&foreign, &ticket)).await.refused(404, "not_found");
    caller.post(PROCESS, &spoken(&session, &ticket)).await.expect(200);
}

#[tokio::test]
async fn a_ticket_waits_for_its_recording_and_for_no_longer_than_a_quarter_of_an_hour() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let audio = wav(5_000);
    let ticket = ticket(&caller, &session, "audio/wav", audio.len()).await;
    caller.post(PROCESS, &spoken(&session, &ticket)).await.refused(409, "conflict");
    assert_eq!(put(&world, &ticket, &audio, &[]).await, 200);
    world.advance(Duration::from_secs(15 * 60)).await;
    caller.post(PROCESS, &spoken(&session, &ticket)).await.refused(409, "conflict");
    assert!(asked_of_omi(&world).iter().all(|request| request.path != "/v1/process/audio"));
}

#[tokio::test]
async fn an_upload_that_is_not_what_it_says_is_refused_before_anybody_hears_it() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let html = b"<html><body>This is no recording at all, whatever it was called</body></html>".to_vec();
    for (bytes, mime_type) in [(html, "audio/wav"), (wav(5_000), "audio/ogg")] {
        let ticket = ticket(&caller, &session, mime_type, bytes.len()).await;
        assert_eq!(put(&world, &ticket, &bytes, &[]).await, 200);
        let refused = caller.post(PROCESS, &spoken(&session, &ticket)).await;
        refused.refused_field(400, "invalid_request", "input.uploadId");
    }
    assert!(asked_of_omi(&world).iter().all(|request| request.path != "/v1/process/audio"));
    assert_eq!(read(&caller, &session).await.json["turns"], json!([]));
}

#[tokio::test]
async fn an_upload_is_given_back_where_omi_certainly_did_not_hear_it_and_used_up_where_it_may_have() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let audio = wav(5_000);
    for (effect, given_back) in [
        (Effect::Refuse, true),
        (Effect::Status(503), true),
        (Effect::Status(422), true),
        (Effect::Status(500), false),
        (Effect::ResetAfterSend, false),
        (Effect::Garbage, false),
    ] {
        let ticket = ticket(&caller, &session, "audio/wav", audio.len()).await;
        assert_eq!(put(&world, &ticket, &audio, &[]).await, 200);
        go_wrong(&world, Operation::Process, effect, ALWAYS).await;
        let failed = caller.post(PROCESS, &spoken(&session, &ticket)).await;
        assert!(matches!(failed.status, 422 | 502 | 503), "{effect:?}: {}", failed.json);
        mend(&world).await;
        let again = caller.post(PROCESS, &spoken(&session, &ticket)).await;
        if given_back {
            again.expect(200);
            assert_eq!(last_heard(&world)["sha256"], json!(sha256(&audio)), "{effect:?}");
        } else {
            again.refused(409, "conflict");
        }
    }
}

#[tokio::test]
async fn ten_megabytes_are_taken_and_not_a_byte_more() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    for wrong in [0, MOST + 1, 11 * 1024 * 1024] {
        let refused = caller.post(UPLOADS, &upload(&session, "audio/wav", wrong)).await;
        refused.refused_field(400, "invalid_request", "bytes");
    }
    let audio = wav(MOST);
    let ticket = ticket(&caller, &session, "audio/wav", MOST).await;
    assert_eq!(put(&world, &ticket, &audio, &[]).await, 200);
    caller.post(PROCESS, &spoken(&session, &ticket)).await.expect(200);
    let expected = json!({"bytes": MOST, "sha256": sha256(&audio), "contentType": "audio/wav"});
    assert_eq!(last_heard(&world), expected);
}

#[tokio::test]
async fn a_recording_of_four_and_a_half_megabytes_fits_into_a_request() {
    let world = TestWorld::start().await;
    let caller = world.as_local();
    let session = open(&caller).await;
    let audio = wav(4_500_000);
    let input = json!({"type": "audio", "mimeType": "audio/wav", "content": STANDARD.encode(&audio)});
    caller.post(PROCESS, &json!({"sessionId": session, "input": input})).await.expect(200);
    assert_eq!(last_heard(&world)["sha256"], json!(sha256(&audio)));
}
